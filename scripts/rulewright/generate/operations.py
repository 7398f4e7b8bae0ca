"""The operations of the effective spec, and the module that lists them for callers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.credentials import credentials, joined
from rulewright.generate.names import Names, OperationName
from rulewright.generate.source import constant, docstring, literal
from rulewright.openapi.parameters import METHODS, operation_parameters
from rulewright.openapi.pointer import encode


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


def descriptions(document: Any, operation: Operation) -> dict[str, str]:
    """Return what the document says of each parameter, by place and name; one line each."""
    return {
        f"{parameter.get('in')}:{parameter['name']}": " ".join(str(parameter["description"]).split())
        for parameter in operation_parameters(document, operation.path, operation.body)
        if parameter.get("description")
    }


def operations_module(document: Any, names: Names) -> str:
    """Return the source of `operations.py`."""
    constants = operation_constants(document)
    made = [operation for operation in operations(document) if not names.lacks(operation.method, operation.path)]
    named = {operation.id: names.operation(operation.method, operation.path) for operation in made}
    servers = [server["url"] for server in document.get("servers", []) if isinstance(server.get("url"), str)]
    return "\n".join(
        [
            docstring(
                "The operations of the API: how to address each, how to build its request, and what it gives.\n\n"
                "The module of an operation, and with it the HTTP library, is loaded when its first request is built.\n"
            ),
            "from __future__ import annotations",
            "from collections.abc import Mapping",
            "from typing import TYPE_CHECKING, Any, Final",
            "from ._operation import Credential, Deferred",
            "from ._operation import Operation as Operation",
            "",
            "if TYPE_CHECKING:",
            *[f"    {line}" for line in type_imports([name.answer for name in named.values()], names)],
            *[
                f"    from .{named[each.id].module} import _get_kwargs as {_builder(constants[each.id])}"
                for each in made
            ],
            *["    pass"][len(made) :],
            "else:",
            *[
                f"    {_builder(constants[each.id])} = Deferred({literal(named[each.id].module)}, '_get_kwargs')"
                for each in made
            ],
            *["    pass"][len(made) :],
            "",
            f"SERVERS: Final[tuple[str, ...]] = {literal(tuple(servers))}",
            *[
                line
                for each in made
                for line in _declaration(each, constants[each.id], named[each.id], document, names)
            ],
            "OPERATIONS: Final[Mapping[str, Operation[..., Any]]] = {",
            *[f"    {constants[each.id]}.id: {constants[each.id]}," for each in made],
            "}",
            "",
        ]
    )


def _builder(constant_name: str) -> str:
    return f"_{constant_name.lower()}"


def _declaration(operation: Operation, name: str, named: OperationName, document: Any, names: Names) -> list[str]:
    given = operation_parameters(document, operation.path, operation.body)
    read = f"{_builder(name)}_read"
    data = (
        f"id={literal(operation.id)}, method={literal(operation.method)}, path={literal(operation.path)}, "
        f"request={_builder(name)}, read={read}, module={literal(named.module)}, "
        f"arguments={literal(dict(named.arguments))}, joined={literal(joined(given))}, "
        f"credentials={credentials(document, operation.body)}, "
        f"certainty={literal(str(operation.body.get('x-certainty', 'published')))}"
    )
    return [
        f"{read}: Deferred[{type_text(named.answer, names)}] = Deferred({literal(named.module)}, '_parse_response')",
        f"{name}: Final = Operation({data})",
    ]


_IMPORTED: Final = {
    "datetime": "import datetime",
    "UUID": "from uuid import UUID",
    "File": "from .types import File",
    "Literal": "from typing import Literal",
}


def type_text(text: str, names: Names) -> str:
    """Return a type as the generator wrote it, its classes found in `models`, where no name of ours can hide them."""
    own = {*names.models, *names.enums}
    return re.sub(
        r"(?<![\w.'\"])[A-Za-z_]\w*", lambda found: f"models.{found[0]}" if found[0] in own else found[0], text
    )


def type_imports(types: Iterable[str], names: Names) -> Iterator[str]:
    """Yield the imports that some types need, given as `type_text` returns them."""
    words = {word for text in types for word in re.findall(r"\w+", text)}
    yield from (line for word, line in _IMPORTED.items() if word in words)
    if words & {*names.models, *names.enums}:
        yield "from . import models"
