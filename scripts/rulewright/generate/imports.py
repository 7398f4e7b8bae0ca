"""The imports of a generated package, each of which must lead to something."""

from __future__ import annotations

import dis
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any, Final

from rulewright.errors import InputError

_DYNAMIC: Final = "__getattr__"
_IMPORT: Final = dis.opmap["IMPORT_NAME"]
_CONSTANT: Final = dis.opmap["LOAD_CONST"]
_LOADS: Final = frozenset({_CONSTANT, dis.opmap.get("LOAD_SMALL_INT", _CONSTANT)})
"""With these an import is given its level and its names."""


def check_imports(compiled: Iterable[tuple[str, CodeType]]) -> None:
    """Refuse a package with a relative import that leads nowhere, in a function or for type checkers included.

    The imports are read from the compiled modules: syntax trees of a large package take seconds and much memory.

    Args:
        compiled: The path of each module and its code.

    Raises:
        InputError: Names the module, and what it imports from where.
    """
    names: dict[str, frozenset[str]] = {}
    imports: list[tuple[str, str, tuple[str, ...]]] = []
    for path, code in compiled:
        package = path.removesuffix(".py").removesuffix("/__init__").split("/")
        module = ".".join(package)
        if not path.endswith("/__init__.py"):
            package.pop()
        names[module] = frozenset(code.co_names)
        for level, source, wanted in _relative(code):
            above = package[: max(0, len(package) + 1 - level)]
            imports.append((module, ".".join([*above, *([source] if source else [])] if above else []), wanted))
    for module, source, wanted in imports:
        known = names.get(source, frozenset())
        for name in wanted:
            if not (name in known or _DYNAMIC in known or f"{source}.{name}" in names):
                raise InputError(
                    f"the generated module {module} imports {name} from {source or 'above the package'}, which does "
                    "not have it; correct what the document says of it in an overlay"
                )


def _relative(code: CodeType) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield the level, the module and the names of each relative import in some code and its functions."""
    loaded: list[Any] = []
    extended = 0
    for operation, low in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument = extended | low
        extended = argument << 8 if operation == dis.EXTENDED_ARG else 0
        if operation in _LOADS:
            loaded.append(code.co_consts[argument] if operation == _CONSTANT else argument)
        elif operation == _IMPORT and loaded[-2]:
            yield loaded[-2], code.co_names[argument], loaded[-1]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _relative(constant)
