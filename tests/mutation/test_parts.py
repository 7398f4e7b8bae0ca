"""The parts that are broken on purpose name files, tests and functions that exist."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
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


def functions(node: ast.AST, above: str = "") -> Iterator[str]:
    """Yield the qualified name of each function below a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield above + child.name
            yield from functions(child, f"{above}{child.name}.")


def test_every_file_and_test_exists() -> None:
    """A module that moved would silently be broken no more."""
    named = {*map(source, MODULES), *(ROOT / test for tests in MODULES.values() for test in tests)}
    assert sorted(str(path) for path in named if not path.is_file()) == []
    for test in UNFIT:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_every_equivalent_mutant_is_of_a_function_that_exists() -> None:
    """An entry that is left over would excuse nothing; the run itself compares the lines."""
    named = {module: set(functions(ast.parse(source(module).read_text("utf-8")))) for module in MODULES}
    stale = [each for each in EQUIVALENT if each["function"] not in named.get(each["module"], ())]
    assert stale == []
