"""The operations of the effective spec, and the module that lists them for callers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.names import Names
from rulewright.generate.source import constant, in_raw, render
from rulewright.openapi.operations import Operation, operations
from rulewright.openapi.references import follow


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


def descriptions(operation: Operation) -> dict[str, str]:
    """Return the description of each parameter, by place and name; one line each."""
    return {
        f"{parameter.get('in')}:{parameter['name']}": " ".join(str(parameter["description"]).split())
        for parameter in operation.parameters
        if parameter.get("description")
    }


@dataclass(frozen=True)
class _Entry:
    """One operation as the template of `operations.py` needs it: names, and data that is written as literals."""

    id: str
    method: str
    path: str
    constant: str
    module: str
    answer: str
    arguments: Mapping[str, str]
    joined: tuple[str, ...]
    credentials: tuple[tuple[str, str, str], ...]
    certainty: str


def operations_module(document: Any, names: Names) -> str:
    """Return the source of `operations.py`."""
    constants = operation_constants(document)
    entries = []
    for each in operations(document):
        if not names.lacks(each.method, each.path):
            named = names.operation(each.method, each.path)
            entries.append(
                _Entry(
                    each.id,
                    each.method,
                    each.path,
                    constants[each.id],
                    named.module,
                    type_text(named.answer, names),
                    dict(named.arguments),
                    joined(each.parameters),
                    credentials(each),
                    str(each.body.get("x-certainty", "published")),
                )
            )
    servers = [server["url"] for server in document.get("servers", []) if isinstance(server.get("url"), str)]
    return render(
        "operations.py.jinja",
        operations=entries,
        servers=tuple(servers),
        imports=list(type_imports([each.answer for each in entries], names)),
    )


_IMPORTED: Final = {
    "datetime": "import datetime",
    "UUID": "from uuid import UUID",
    "File": f"from {in_raw('types')} import File",
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
        yield f"from {in_raw()} import models"


def credentials(operation: Operation) -> tuple[tuple[str, str, str], ...]:
    """Return place, name and scheme of an operation's credentials: the first alternative that a single token serves."""
    alternatives = operation.security
    schemes = operation.document.get("components", {}).get("securitySchemes", {})
    for alternative in alternatives if isinstance(alternatives, list) else ():
        carriers = [_carrier(follow(operation.document, schemes.get(name))) for name in alternative]
        found = tuple(carrier for carrier in carriers if carrier is not None)
        if len(found) == len(carriers):
            return found
    return ()


def joined(given: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the query parameters, of some, whose values the document wants in one, joined by commas."""
    return tuple(
        parameter["name"]
        for parameter in given
        if parameter.get("in") == "query"
        and parameter.get("explode") is False
        and parameter.get("style", "form") == "form"
    )


def _carrier(scheme: Any) -> tuple[str, str, str] | None:
    if not isinstance(scheme, dict):
        return None
    kind, word = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    if kind == "apiKey" and isinstance(scheme.get("name"), str) and scheme.get("in") in {"header", "query", "cookie"}:
        return (scheme["in"], scheme["name"], "")
    if kind in {"oauth2", "openIdConnect"} or (kind == "http" and word == "bearer"):
        return ("header", "Authorization", "bearer")
    return ("header", "Authorization", "basic") if kind == "http" and word == "basic" else None
