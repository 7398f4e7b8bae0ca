"""No import of a generated package leads nowhere."""

from __future__ import annotations

from types import CodeType

import pytest
from rulewright.errors import InputError
from rulewright.generate.imports import check_imports

RIGHT = {
    "api/__init__.py": "from ._a import A\nfrom . import b",
    "api/_a.py": "try:\n    import json\nexcept ImportError:\n    A = 1\nelse:\n    A = 2",
    "api/b/__init__.py": "def __getattr__(name): ...",
    "api/b/c.py": "from .._a import json\nfrom . import whatever, c as itself",
}


def compiled(modules: dict[str, str]) -> list[tuple[str, CodeType]]:
    """Return some modules compiled."""
    return [(path, compile(code, path, "exec")) for path, code in modules.items()]


def test_imports_of_modules_and_of_their_names_pass() -> None:
    """Whatever binds the name, and wherever the module stands."""
    check_imports(compiled(RIGHT))


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("from ._a import B", "B from api._a"),
        ("from .missing import B", "B from api.missing"),
        ("from . import missing", "missing from api"),
        ("from ... import b", "b from above the package"),
        ("def late():\n    from .b.c import B", "B from api.b.c"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ._a import B", "B from api._a"),
    ],
)
def test_one_that_leads_nowhere_is_refused(code: str, place: str) -> None:
    """In a function and for type checkers alone as well, by module and name."""
    with pytest.raises(InputError, match=rf"the generated module api\.d imports {place}, which"):
        check_imports(compiled({**RIGHT, "api/d.py": code}))
