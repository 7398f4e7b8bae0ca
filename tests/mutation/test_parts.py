"""The parts that are broken on purpose name files, tests and lines that exist."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from tests.mutation.parts import PARTS, UNFIT

ROOT: Final = Path(__file__).resolve().parents[2]
EQUIVALENT: Final[list[dict[str, Any]]] = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text("utf-8"))[
    "equivalent"
]
MODULES: Final = {module: tests for part in PARTS.values() for module, tests in part.items()}


def source(module: str) -> Path:
    """Return the file of a module: of the tool, or of the generated package."""
    return ROOT / module if module.startswith("scripts/") else ROOT / "generated" / module


def functions(module: str) -> dict[str, str]:
    """Return the text of each function of a module by its qualified name, without white space."""
    text = source(module).read_text(encoding="utf-8")
    found: dict[str, str] = {}

    def walk(node: ast.AST, above: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{above}{child.name}"
                found[name] = squeezed(ast.get_source_segment(text, child) or "")
                walk(child, f"{name}.")

    walk(ast.parse(text), "")
    return found


def squeezed(text: str) -> str:
    """Return a text without what a formatter decides: white space, and commas before a bracket."""
    return re.sub(r",(?=[)\]}])", "", re.sub(r"\s+", "", text))


def test_every_file_and_test_exists() -> None:
    """A module that moved would silently be broken no more."""
    named = {*map(source, MODULES), *(ROOT / test for tests in MODULES.values() for test in tests)}
    assert sorted(str(path) for path in named if not path.is_file()) == []
    for test in UNFIT:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_every_equivalent_mutant_is_of_a_line_that_exists() -> None:
    """An entry that is left over would excuse a mutant that somebody should see."""
    stale = [
        f"{each['module']}, {each['function']}: {each['was']}"
        for each in EQUIVALENT
        if each["module"] not in MODULES
        or squeezed(each["was"]) not in functions(each["module"]).get(each["function"], "")
    ]
    assert stale == []
