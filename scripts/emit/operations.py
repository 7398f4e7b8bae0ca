"""The operations of the effective spec, and the module that lists them for callers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from scripts.emit.names import Names
from scripts.emit.source import constant, docstring, literal
from scripts.errors import InputError
from scripts.pointer import encode

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Operation:
    """One operation of the document, with its place."""

    method: str
    path: str
    body: dict[str, Any]

    @property
    def id(self) -> str:
        """Its operationId, or a name made of method and path."""
        return str(self.body.get("operationId") or f"{self.method}{self.path}")

    @property
    def pointer(self) -> str:
        """JSON pointer of the operation."""
        return encode(("paths", self.path, self.method))


def operations(document: Any) -> Iterator[Operation]:
    """Yield every operation in document order."""
    for path, item in document.get("paths", {}).items():
        for method, body in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(body, dict):
                yield Operation(method, path, body)


def operation_constants(document: Any) -> dict[str, str]:
    """Return the constant that names each operation.

    Raises:
        InputError: Two operations would share one name.
    """
    result: dict[str, str] = {}
    owners: dict[str, Operation] = {}
    for operation in operations(document):
        name = constant(operation.id)
        if name in owners:
            raise InputError(
                f"the operations {owners[name].id!r} and {operation.id!r} would both be named {name}; "
                "give one another operationId in an overlay",
                pointer=operation.pointer,
            )
        owners[name] = operation
        result[operation.id] = name
    return result


def operations_module(document: Any, names: Names) -> str:
    """Return the source of `operations.py`."""
    constants = operation_constants(document)
    builders, lines = [], []
    made = [operation for operation in operations(document) if not names.lacks(operation.method, operation.path)]
    for operation in made:
        named = names.operation(operation.method, operation.path)
        builder = f"_{constants[operation.id].lower()}"
        builders += [
            f"def {builder}(**arguments: Any) -> dict[str, Any]:",
            f"    from .{named.module} import _get_kwargs",
            "    return _get_kwargs(**arguments)",
        ]
        lines.append(
            f"{constants[operation.id]}: Final = Operation(id={literal(operation.id)}, "
            f"method={literal(operation.method)}, path={literal(operation.path)}, request={builder}, "
            f"module={literal(named.module)}, arguments={literal(dict(named.arguments))}, "
            f"certainty={literal(str(operation.body.get('x-certainty', 'published')))})"
        )
    servers = [server["url"] for server in document.get("servers", []) if isinstance(server.get("url"), str)]
    return "\n".join(
        [
            docstring(
                "The operations of the API: how to address each, and the call that builds its request.\n\n"
                "The module of an operation, and with it the HTTP library, is loaded when its first request is built.\n"
            ),
            "from __future__ import annotations",
            "from collections.abc import Mapping",
            "from typing import Any, Final",
            "from ._operation import Operation as Operation",
            "",
            f"SERVERS: Final[tuple[str, ...]] = {literal(tuple(servers))}",
            *builders,
            *lines,
            "OPERATIONS: Final[Mapping[str, Operation]] = {",
            *[f"    {name}.id: {name}," for name in (constants[operation.id] for operation in made)],
            "}",
            "",
        ]
    )
