"""Where a part of a document is used: by which operation, in its request or in its answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from rulewright.openapi.operations import operations
from rulewright.openapi.pointer import Location, decode, encode

_DATA: Final = frozenset({"example", "examples", "default", "enum", "x-rules"})


@dataclass(frozen=True)
class Use:
    """One use of a part: the operation, the side, and where on that side."""

    operation: str
    side: Literal["request", "response"]
    where: str

    def __str__(self) -> str:
        return f"{self.operation} ({self.where})"


class Usage:
    """The uses of every part of a document, found by following its references."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._uses: dict[str, dict[Use, None]] = {}
        self._operations: dict[str, dict[str, str]] = {}
        for operation in operations(document):
            name = f"{operation.method.upper()} {operation.path}"
            self._operations.setdefault(operation.path, {})[operation.method] = name
            shared = document["paths"][operation.path].get("parameters", [])
            for parameter in (*_listed(shared), *_listed(operation.body.get("parameters"))):
                shown = parameter.get("name", parameter.get("$ref", "?")) if isinstance(parameter, dict) else "?"
                self._follow(parameter, Use(name, "request", f"parameter {shown}"))
            self._follow(operation.body.get("requestBody"), Use(name, "request", "request body"))
            for status, response in _mapping(operation.body.get("responses")):
                self._follow(response, Use(name, "response", f"answer {status}"))

    def of(self, location: Location) -> tuple[Use, ...]:
        """Return the uses of the part at a location."""
        if location[:1] == ("paths",):
            return tuple(self._inline(location))
        if location[:1] == ("components",):
            return tuple(self._uses.get(encode(location[:3]), {}))
        return ()

    def _inline(self, location: Location) -> Iterator[Use]:
        if len(location) < 3:
            return
        path, method = str(location[1]), str(location[2])
        rest, here = location[3:], self._operations.get(path, {})
        if method in {"parameters", "servers", "summary", "description"}:
            found, rest = [*here.values()], location[2:]
        else:
            found = [here[method]] if method in here else []
        for name in found:
            if rest[:1] == ("responses",):
                yield Use(name, "response", f"answer {rest[1]}" if len(rest) > 1 else "answers")
            elif rest[:1] == ("parameters",) and len(rest) > 1:
                yield Use(name, "request", f"parameter {self._parameter(location)}")
            else:
                yield Use(name, "request", "request body" if rest[:1] == ("requestBody",) else "operation")

    def _parameter(self, location: Location) -> str:
        value: Any = self._document
        end = location.index("parameters") + 2
        for key in location[:end]:
            try:
                value = value[key]
            except (LookupError, TypeError):
                return "?"
        return str(value.get("name", value.get("$ref", "?"))) if isinstance(value, dict) else "?"

    def _follow(self, value: Any, use: Use) -> None:
        """Note a use of every component that a value leads to, however long the chain of references."""
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, list):
                waiting += part
            elif isinstance(part, dict):
                reference = part.get("$ref")
                if isinstance(reference, str) and reference.startswith("#/"):
                    waiting.append(self._component(reference, use))
                waiting += (part[key] for key in part if key not in _DATA)

    def _component(self, reference: str, use: Use) -> Any:
        """Note the use of a component, and return it where that is new."""
        try:
            location = decode(reference)[:3]
        except ValueError:
            return None
        uses = self._uses.setdefault(encode(location), {})
        if use in uses:
            return None
        uses[use] = None
        value: Any = self._document
        for key in location:
            value = value.get(key) if isinstance(value, dict) else None
        return value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []
