"""Let every import of httpx in this interpreter be one of httpx2; first on PYTHONPATH in `nox -s httpx2`."""

import httpx2

httpx2.alias_httpx()
