"""The imports of a generated package, each of which must lead to something."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from rulewright.errors import InputError
from rulewright.generate.tree import Tree

_DYNAMIC: Final = "__getattr__"


def check_imports(tree: Tree) -> None:
    """Refuse a package with a relative import that leads nowhere, in a function or for type checkers included.

    Args:
        tree: The package.

    Raises:
        InputError: Names the module, and what it imports from where.
    """
    packages = {_module(path) for path in tree if path.endswith("__init__.py")}
    names: dict[str, frozenset[str]] = {}
    imports: list[tuple[str, ast.ImportFrom]] = []
    for path, code in tree.items():
        if path.endswith(".py"):
            module, parsed = _module(path), ast.parse(code)
            names[module] = frozenset(_bound(parsed))
            found = (each for each in _statements(parsed) if isinstance(each, ast.ImportFrom) and each.level)
            imports += [(module, each) for each in found]
    for module, statement in imports:
        parts = module.split(".")
        above = parts[: max(0, len(parts) + (module in packages) - statement.level)]
        source = ".".join([*above, *([statement.module] if statement.module else [])])
        known = names.get(source, frozenset()) if above else frozenset()
        for each in statement.names:
            if not (each.name in known or _DYNAMIC in known or f"{source}.{each.name}" in names):
                raise InputError(
                    f"the generated module {module} (line {statement.lineno}) imports {each.name} from "
                    f"{source or '.'}, which does not have it; correct what the document says of it in an overlay"
                )


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _statements(holder: ast.AST, *, scopes: bool = True) -> Iterator[ast.stmt]:
    """Yield the statements in a block and in those below it; of functions and classes only with `scopes`."""
    for block in ("body", "orelse", "handlers", "finalbody"):
        for child in getattr(holder, block, ()):
            if isinstance(child, ast.stmt):
                yield child
            if scopes or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _statements(child, scopes=scopes)


def _bound(module: ast.Module) -> Iterator[str]:
    """Yield the names that a module binds."""
    for statement in _statements(module, scopes=False):
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield statement.name
            case ast.Import() | ast.ImportFrom():
                yield from ((each.asname or each.name).partition(".")[0] for each in statement.names)
            case ast.Assign() | ast.AnnAssign():
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case _:
                pass
