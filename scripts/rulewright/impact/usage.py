"""The uses of the parts of a document: by which operation, on which side, and how they are reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from rulewright.impact.containment import Side
from rulewright.impact.grammar import resolve
from rulewright.openapi.operations import operations
from rulewright.openapi.pointer import Location, decode

_REVERSING: Final = ("not", "if", "contains", "dependentSchemas", "oneOf")
_DATA: Final = frozenset({"example", "examples", "default", "enum", "x-rules"})
"""Keys whose values are no part of the document, though they may look like one."""
HIDING: Final[Mapping[Side, str]] = {"request": "readOnly", "response": "writeOnly"}
Path = tuple[str | None, ...]
"""The way into a body: the name of a property, or None for the items of a list."""


class _Way(NamedTuple):
    """How a part is reached: the path to it, if one leads there, and whether it is within a reversing keyword."""

    path: Path | None
    turned: bool


class Use(NamedTuple):
    """One use of a part: the operation, the side, and where on that side."""

    operation: str
    side: Side
    where: str

    def __str__(self) -> str:
        return f"{self.operation} ({self.where})"


class Usage:
    """The uses of every part of a document, found by following its references."""

    def __init__(self, document: Any, renamed: Mapping[str, str]) -> None:
        self._document = document
        self._uses: dict[Location, dict[Use, Path | None]] = defaultdict(dict)
        self._operations: dict[str, dict[str, str]] = defaultdict(dict)
        self.roots: dict[tuple[Use, str], Any] = {}
        self.reversed: set[Location] = set()
        for operation in operations(document):
            title = f"{operation.method.upper()} {renamed.get(operation.path, operation.path)}"
            self._operations[operation.path][operation.method] = title
            listed = operation.body.get("parameters")
            for parameter in listed if isinstance(listed, list) else ():
                label = _parameter_label(resolve(parameter, document))
                self._follow(parameter, Use(title, "request", f"parameter {label}"))
            self._follow(operation.body.get("requestBody"), Use(title, "request", "request body"))
            responses = operation.body.get("responses")
            for status, response in responses.items() if isinstance(responses, dict) else ():
                self._follow(response, Use(title, "response", f"answer {status}"))

    def of(self, location: Location) -> tuple[Use, ...]:
        """Return the uses of the part at a location."""
        if location[:1] == ("paths",):
            return tuple(self._inline(location))
        return tuple(self._uses.get(location[:3], ())) if location[:1] == ("components",) else ()

    def path(self, location: Location, use: Use) -> Path | None:
        """Return the way into a body or parameter to the part at a location; None if it cannot be named."""
        if location[:1] == ("components",):
            before, rest = self._uses.get(location[:3], {}).get(use), location[3:]
        elif "schema" in location:
            before, rest = (), location[location.index("schema") + 1 :]
        else:
            return None
        inner = _path(rest)
        return None if before is None or inner is None else (*before, *inner)

    def _inline(self, location: Location) -> Iterator[Use]:
        if len(location) < 3:
            return
        method, rest = str(location[2]), location[3:]
        here = self._operations.get(str(location[1]), {})
        for name in [here[method]] if method in here else here.values() if method in {"parameters", "servers"} else ():
            if rest[:1] == ("responses",):
                yield Use(name, "response", f"answer {rest[1]}" if len(rest) > 1 else "answers")
            elif rest[:1] == ("parameters",) and len(rest) > 1:
                parameter = resolve(at(self._document, location[:5]), self._document)
                yield Use(name, "request", f"parameter {_parameter_label(parameter)}")
            else:
                yield Use(name, "request", "request body" if rest[:1] == ("requestBody",) else "operation")

    def _follow(self, value: Any, use: Use) -> None:
        """Note a use of every component that a value leads to, however long the chain of references."""
        found = resolve(value, self._document)
        content = found.get("content") if isinstance(found, dict) else None
        for name, media in content.items() if isinstance(content, dict) else ():
            self.roots[use, name] = media.get("schema") if isinstance(media, dict) else None
        if isinstance(found, dict) and "schema" in found:
            self.roots[use, ""] = found["schema"]
        waiting = [(value, _Way((), turned=False))]
        while waiting:
            part, way = waiting.pop()
            if isinstance(part, list):
                waiting += ((each, way) for each in part)
            elif isinstance(part, dict) and part.get(HIDING[use.side]) is not True:
                reference = part.get("$ref")
                if isinstance(reference, str) and reference.startswith("#/"):
                    waiting += self._component(reference, use, way)
                waiting += self._children(part, way)

    def _children(self, part: dict[str, Any], way: _Way) -> Iterator[tuple[Any, _Way]]:
        for key, child in part.items():
            path = way.path
            if key == "properties" and isinstance(child, dict):
                yield from (
                    (each, _Way(None if path is None else (*path, name), way.turned)) for name, each in child.items()
                )
            elif key not in _DATA:
                inner = path if key in _THROUGH else (*path, None) if key == "items" and path is not None else None
                turned = key in _REVERSING and not (key == "oneOf" and "discriminator" in part)
                yield child, _Way(inner, way.turned or turned)

    def _component(self, reference: str, use: Use, way: _Way) -> list[tuple[Any, _Way]]:
        """Note the use of a component, and return it if that is new."""
        try:
            location = decode(reference)[:3]
        except ValueError:
            return []
        uses = self._uses[location]
        known = use in uses and (location in self.reversed or not way.turned)
        if way.turned and use.side == "request":
            self.reversed.add(location)
        uses.setdefault(use, way.path)
        return [] if known else [(at(self._document, location), way)]


_THROUGH: Final = frozenset({"allOf", "anyOf", "oneOf", "content", "schema", "application/json"})


def _path(location: Location) -> Path | None:
    """Return the way into a value that a location within its schema stands for."""
    path: list[str | None] = []
    tokens = iter(location)
    for key in tokens:
        if key == "properties":
            name = next(tokens, None)
            if name is None:
                break
            path.append(str(name))
        elif key == "items":
            path.append(None)
        elif key in {"allOf", "anyOf", "oneOf"}:
            next(tokens, None)
        elif key in {"not", "if", "then", "else", "patternProperties", "additionalProperties", "contains"}:
            return None
    return tuple(path)


def _parameter_label(parameter: Any) -> str:
    return str(parameter.get("name", parameter.get("$ref", "?"))) if isinstance(parameter, dict) else "?"


def at(value: Any, location: Location, default: Any = None) -> Any:
    """Return the part of a document at a location, references on the way followed, or the default if there is none."""
    document = value
    for key in location:
        try:
            value = value[key] if not isinstance(value, dict) or key in value else resolve(value, document)[key]
        except (LookupError, TypeError):
            return default
    return value
