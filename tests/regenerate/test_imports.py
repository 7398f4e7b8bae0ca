"""Imports of the generated package resolve."""

from __future__ import annotations

from types import CodeType

import pytest
from rulewright.errors import InputError
from rulewright.generate.build import check_imports

RIGHT = {
    "api/__init__.py": "from ._a import A\nfrom . import b",
    "api/_a.py": "try:\n    import json\nexcept ImportError:\n    A = 1\nelse:\n    A = 2",
    "api/b/__init__.py": "def __getattr__(name): ...",
    "api/b/c.py": "from .._a import json\nfrom . import whatever, c as itself",
}


def compile_modules(modules: dict[str, str]) -> list[tuple[str, CodeType]]:
    """Return some modules compiled."""
    return [(path, compile(code, path, "exec")) for path, code in modules.items()]


def test_imports_of_modules_and_of_their_names_pass() -> None:
    """Names may be bound by any statement, in any module."""
    check_imports(compile_modules(RIGHT))


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
def test_an_unresolved_import_is_refused(code: str, place: str) -> None:
    """Imports in functions and for type checkers are checked too."""
    with pytest.raises(InputError, match=rf"the generated module api\.d imports {place}, which"):
        check_imports(compile_modules({**RIGHT, "api/d.py": code}))
