"""`python -m ...sandbox`."""

from ._main import main

raise SystemExit(main())
