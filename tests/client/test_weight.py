"""What importing and building a client loads; `bench/weight.py` measures what that costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Final

import pytest

LIMIT: Final = 240
"""Modules a client ready to be called may have loaded, Python's own included."""


def modules_after(program: str) -> list[str]:
    """Return the modules that are loaded after `program` has run."""
    asked = [sys.executable, "-S", "-c", program + "\nimport json, sys; print(json.dumps(sorted(sys.modules)))"]
    places = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    names: list[str] = json.loads(subprocess.run(asked, check=True, capture_output=True, env=places).stdout)
    return names


def test_importing_the_package_loads_nothing() -> None:
    """A program that may not need the client does not pay for it."""
    found = modules_after("import mountsea_gemini")
    assert [name for name in found if name.startswith("mountsea_gemini")] == ["mountsea_gemini"]
    assert not {"httpx", "attrs", "asyncio", "ssl"} & {*found}


@pytest.mark.parametrize("client", ["Client", "AsyncClient"])
def test_building_a_client_loads_no_http_library(client: str) -> None:
    """Nor an operation's module: the first call loads them."""
    found = modules_after(f"from mountsea_gemini import {client}; {client}('key')")
    tops = {name.partition(".")[0] for name in found} - {*sys.stdlib_module_names}
    assert {name for name in tops if not name.startswith("_")} == {
        "attr",
        "attrs",
        "mountsea_gemini",
    }
    assert not [name for name in found if name.startswith("mountsea_gemini.raw.api")]
    assert len(found) <= LIMIT
