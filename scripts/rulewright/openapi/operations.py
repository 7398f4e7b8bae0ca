"""The operations of a document, their parameters, and which of their answers come item by item.

All parameters of an operation also count as one object, for rules about them.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from rulewright.openapi.pointer import PLAIN_SIGNS, Location, encode, resolve
from rulewright.openapi.references import follow, follow_schema, objects, references

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_IGNORED: Final = frozenset({"accept", "authorization", "content-type"})
_SCHEMA_AT: Final = frozenset({("schema",), ("items",), ("additionalProperties",)})
_SCHEMAS_BELOW: Final = frozenset({("properties",), ("schemas",)})
"""Where a schema stands that is no condition of another."""
_UNIONS: Final = frozenset({("anyOf",), ("oneOf",)})
_OF_A_NULL: Final = frozenset({"nullable", "title", "description"})


_PLACEHOLDER: Final = re.compile(r"(\{[^{}]+\})")
_BARE_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Operation:
    """One operation of a document: a method and a path.

    Args:
        document: The document it stands in, for references and defaults.
        method: The method, in lower case as in the document.
        path: The path template.
        body: The operation as written.
    """

    document: Any = field(repr=False, compare=False)
    method: str
    path: str
    body: dict[str, Any]

    @property
    def id(self) -> str:
        """Its operationId, or a name made of method and path."""
        return str(self.body.get("operationId") or f"{self.method}{self.path}")

    @property
    def title(self) -> str:
        """Method and path as people write them: `GET /orders`."""
        return f"{self.method.upper()} {self.path}"

    @property
    def location(self) -> Location:
        """Where it stands in the document."""
        return ("paths", self.path, self.method)

    @property
    def pointer(self) -> str:
        """JSON pointer of the operation."""
        return encode(self.location)

    @property
    def parameters(self) -> tuple[dict[str, Any], ...]:
        """Its parameters with those of its path, references followed."""
        return operation_parameters(self.document, self.path, self.body)

    @property
    def security(self) -> Any:
        """Its security requirements, or those of the document where it has none of its own."""
        return self.body.get("security", self.document.get("security", []))


def operations(document: Any) -> Iterator[Operation]:
    """Yield every operation in document order."""
    paths = document.get("paths")
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for method, body in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(body, dict):
                yield Operation(document, method, path, body)


def sent_path(template: str) -> str:
    """Return a path template as requests have it: signs encoded, but for placeholders, and without a fragment."""
    return "".join(
        part if index % 2 else quote(_BARE_PERCENT.sub("%25", part), safe=f"{PLAIN_SIGNS}%")
        for index, part in enumerate(_PLACEHOLDER.split(template.partition("#")[0]))
    )


def server_url(server: Any) -> str:
    """Return the URL of a server with the default of each variable in it; empty where it has none."""
    url = server.get("url") if isinstance(server, dict) else None
    variables = (server.get("variables") if isinstance(server, dict) else None) or {}
    for name, variable in variables.items():
        if isinstance(url, str) and isinstance(variable, dict):
            url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    return url if isinstance(url, str) else ""


def with_path_items(document: Any) -> Any:
    """Return a document whose paths hold their operations themselves, not as references to Path Items elsewhere.

    Source: OpenAPI 3.1, Path Item Object, `$ref`. A field beside the reference wins over the one it names. A component
    that only paths referred to is dropped, or its operations would be there twice.
    """
    paths = document.get("paths") if isinstance(document, dict) else None
    if not isinstance(paths, dict) or not any(map(_refers, paths.values())):
        return document
    result = {**document, "paths": {path: _path_item(document, item) for path, item in paths.items()}}
    components = document.get("components")
    items = components.get("pathItems") if isinstance(components, dict) else None
    if isinstance(components, dict) and isinstance(items, dict):
        moved = {item["$ref"] for item in paths.values() if _refers(item)}
        moved -= {reference for _, reference in references(result)}
        kept = {name: item for name, item in items.items() if f"#/components/pathItems/{name}" not in moved}
        result["components"] = {**components, "pathItems": kept}
    return result


def _refers(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("$ref"), str)


def _path_item(document: Any, item: Any) -> Any:
    target = follow(document, item)
    if not _refers(item) or not isinstance(target, dict) or _refers(target):
        return item
    copied: dict[str, Any] = copy.deepcopy(target)
    return copied | {key: value for key, value in item.items() if key != "$ref"}


def with_meant_types(document: Any) -> Any:
    """Return a document that says what its author meant and a validator would not know.

    A schema with properties is an object, though it has no type. A member of a union that is no more than nullable is
    null, which OpenAPI 3.0 has no type for. A required list among the parameters holds an item: an empty one is sent as
    nothing.
    """
    lists, untyped, nulls = [], [], []
    for location, each in objects(document):
        is_schema = location[-1:] in _SCHEMA_AT or location[-2:-1] in _SCHEMAS_BELOW
        if is_schema and isinstance(each.get("properties"), dict) and "type" not in each:
            untyped.append(location)
        if location[-2:-1] in _UNIONS and each.get("nullable") is True and not each.keys() - _OF_A_NULL:
            nulls.append(location)
        schema = follow(document, each.get("schema")) if each.get("required") is True and "in" in each else None
        if isinstance(schema, dict) and schema.get("type") == "array" and not schema.get("minItems"):
            lists.append(location)
    if not (lists or untyped or nulls):
        return document
    result = copy.deepcopy(document)
    for location in untyped:
        resolve(result, encode(location))["type"] = "object"
    for location in nulls:
        resolve(result, encode(location))["enum"] = [None]
    for location in lists:
        parameter = resolve(result, encode(location))
        schema = parameter["schema"]
        parameter["schema"] = {**({"allOf": [schema]} if "$ref" in schema else schema), "minItems": 1}
    return result


def parameters(document: Any, given: Any) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a list, references followed."""
    for parameter in given if isinstance(given, list) else ():
        found = follow(document, parameter)
        if isinstance(found, dict) and isinstance(found.get("name"), str):
            yield found


def operation_parameters(document: Any, path: str, operation: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the parameters of an operation, with those of its path that it does not override.

    Without those whose definition OpenAPI ignores: bodies, responses and security schemes define them.
    """
    found = {}
    for given in (document["paths"][path].get("parameters"), operation.get("parameters")):
        for parameter in parameters(document, given):
            if not is_ignored(parameter):
                found[_place(parameter)] = parameter
    return tuple(found.values())


def is_ignored(parameter: Mapping[str, Any]) -> bool:
    """Return whether OpenAPI ignores the definition of a parameter: a header Accept, Authorization or Content-Type."""
    return parameter.get("in") == "header" and str(parameter.get("name")).lower() in _IGNORED


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
    properties = {names[_place(parameter)]: _value_schema(document, parameter) for parameter in found}
    required = [names[_place(parameter)] for parameter in found if parameter.get("required") is True]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _value_schema(document: Any, parameter: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter's value; a list that must be sent holds an item, as an empty one is not sent."""
    schema = parameter_schema(parameter)
    meant = follow_schema(document, schema)
    is_text = "schema" not in parameter
    if parameter.get("required") is not True or meant.get("type") != "array" or meant.get("minItems") or is_text:
        return schema
    return {**meant, "minItems": 1}


def parameter_schema(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter's value; one written in a media type has it there."""
    content = parameter.get("content")
    media: Any = next(iter(content.values()), None) if isinstance(content, dict) else None
    found = parameter.get("schema", media.get("schema") if isinstance(media, dict) else None)
    return found if isinstance(found, dict) else {}


def essence_of(media: str) -> str:
    """Return a media type without its parameters."""
    return media.partition(";")[0].strip().lower()


def is_json(media: str) -> bool:
    """Return whether a media type stands for JSON."""
    essence = essence_of(media)
    return essence in {"application/json", "*/*", "application/*"} or essence.endswith("+json")


EVENTS: Final = "text/event-stream"
LINES: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
END: Final = "x-stream-end"
"""The extension of a media type that names the data of the event that means the end of a stream."""
_EVENT: Final = frozenset({"data", "event", "id", "retry"})


def is_stream(media: str) -> bool:
    """Return whether a media type is one of a stream of items."""
    return essence_of(media) in {EVENTS, *LINES}


def item_schema(document: Any, media: str, entry: Any) -> Any:
    """Return the schema of the items of a stream: of events that of their data, which is a text where none is given.

    OpenAPI 3.2 writes `itemSchema`, and an event as an object; older documents write the schema of an item, or a list.
    """
    given = entry if isinstance(entry, Mapping) else {}
    schema = given.get("itemSchema", given.get("schema"))
    found = follow_schema(document, schema)
    if "itemSchema" not in given and found.get("type") == "array":
        schema = found.get("items")
        found = follow_schema(document, schema)
    if essence_of(media) != EVENTS:
        return {} if schema is None else schema
    properties = found.get("properties")
    if isinstance(properties, Mapping) and "data" in properties and set(properties) <= _EVENT:
        data = follow_schema(document, properties["data"])
        return data.get("contentSchema", properties["data"])
    return {"type": "string"} if schema is None else schema


def success_contents(operation: Operation) -> list[Mapping[str, Any]]:
    """Return the content of each success of an operation, or of its default answer where it has no other."""
    answers = operation.body.get("responses") or {}
    codes = [code for code in answers if str(code).startswith("2")] or [code for code in answers if code == "default"]
    found = [follow(operation.document, answers[code]) for code in codes]
    return [each["content"] for each in found if isinstance(each, Mapping) and isinstance(each.get("content"), Mapping)]


def has_items(operation: Operation) -> bool:
    """Return whether every success of an operation is a stream."""
    found = success_contents(operation)
    return bool(found) and all(content and all(map(is_stream, content)) for content in found)
