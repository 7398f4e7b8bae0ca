"""The parameters of an operation, and all of them as one object, so that rules can speak of them as of a body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rulewright.openapi.pointer import resolve

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MOST_REFERENCES: Final = 32
_UNSAID: Final = frozenset({"accept", "authorization", "content-type"})


def parameters(document: Any, given: Any) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a list, references followed."""
    for parameter in given if isinstance(given, list) else ():
        found = resolved(document, parameter)
        if isinstance(found, dict) and isinstance(found.get("name"), str):
            yield found


def operation_parameters(document: Any, path: str, operation: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the parameters of an operation, with those of its path that it does not override.

    Without those whose definition OpenAPI has ignored, as bodies, answers and security schemes say what they hold.
    """
    found = {}
    for given in (document["paths"][path].get("parameters"), operation.get("parameters")):
        for parameter in parameters(document, given):
            if not is_unsaid(parameter):
                found[_place(parameter)] = parameter
    return tuple(found.values())


def is_unsaid(parameter: Mapping[str, Any]) -> bool:
    """Tell whether OpenAPI has the definition of a parameter ignored (Parameter Object, `name`)."""
    return parameter.get("in") == "header" and str(parameter.get("name")).lower() in _UNSAID


def _place(parameter: Mapping[str, Any]) -> str:
    return f"{parameter.get('in')}:{parameter['name']}"


def parameter_names(found: tuple[dict[str, Any], ...]) -> dict[str, str]:
    """Return what a rule calls each parameter: its name, or `place:name` where several places share the name.

    Args:
        found: The parameters of an operation.

    Returns:
        The names by place and name, such as `query:limit`, in the document's order.
    """
    shared = Counter(parameter["name"] for parameter in found)
    places = {_place(parameter): parameter["name"] for parameter in found}
    return {place: name if shared[name] == 1 else place for place, name in places.items()}


def parameters_schema(document: Any, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that holds an operation's parameters by the names rules call them."""
    found = operation_parameters(document, path, operation)
    names = parameter_names(found)
    properties = {names[_place(parameter)]: _schema(parameter) for parameter in found}
    required = [names[_place(parameter)] for parameter in found if parameter.get("required") is True]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _schema(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter's value; one written in a media type has it there."""
    content = parameter.get("content")
    media: Any = next(iter(content.values()), None) if isinstance(content, dict) else None
    found = parameter.get("schema", media.get("schema") if isinstance(media, dict) else None)
    return found if isinstance(found, dict) else {}


def resolved(document: Any, value: Any) -> Any:
    """Return what references lead to; None where they lead nowhere."""
    for _ in range(_MOST_REFERENCES):
        if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
            break
        try:
            value = resolve(document, value["$ref"])
        except (LookupError, ValueError):
            return None
    return value
