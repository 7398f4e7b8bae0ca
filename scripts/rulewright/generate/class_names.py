"""Names for the generator: one class a schema, and none that its templates use for something of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from openapi_python_client import strings
from openapi_python_client.config import ClassOverride
from openapi_python_client.strings import ClassName, PythonIdentifier

PREFIX: Final = "field_"
_OWN_NAMES: Final = frozenset(
    {
        "additional_keys", "additional_properties", "cast", "cls", "d", "field_dict", "from_dict", "prop", "prop_dict",
        "prop_name", "src_dict", "to_dict", "to_multipart",
    }
)  # fmt: skip
"""What the templates of a model call something beside the attributes they make."""
OWN_ARGUMENTS: Final = frozenset({"body", "cookies", "headers", "kwargs", "params", "quote", "response"})
"""What those of an operation call something beside the arguments they make, `client` and `url` excepted."""
_OWN_CLASSES: Final = frozenset(
    {
        "Any", "AuthenticatedClient", "BinaryIO", "BytesIO", "Client", "File", "FileTypes", "Generator",
        "HTTPStatus", "Literal", "Mapping", "RequestFiles", "Response", "T", "TextIO", "TypeVar", "Unset", "UUID",
    }
)  # fmt: skip
"""What the templates import beside the classes they make."""


_DEVICE: Final = re.compile(r"con|prn|aux|nul|(?:com|lpt)_?[0-9]")


def reserve() -> None:
    """Let the generator write a line below a name of the document that its templates use themselves."""
    strings.RESERVED_WORDS = strings.RESERVED_WORDS | _OWN_NAMES


def overrides(document: Any) -> dict[str, ClassOverride]:
    """Return another class or module name for each schema that needs one, by the name of its class.

    A class like `Response` would hide the one that the templates import. A module gets another name where a
    property has its name: the generated code holds the new object in a variable named like its module, beside one
    for each property; and where it would be the name of a device, which no file of Windows can have.
    """
    found = {name: _override(_other(name), None) for name in _OWN_CLASSES}
    for name, schema in _components(document).items():
        title = _title(schema, name)
        own = str(PythonIdentifier(title, PREFIX))
        properties = schema.get("properties")
        named = {str(PythonIdentifier(each, PREFIX)) for each in properties} if isinstance(properties, dict) else set()
        if own in named or _DEVICE.fullmatch(own):
            class_name = str(ClassName(title, PREFIX))
            other = _other(class_name) if class_name in _OWN_CLASSES else None
            found[class_name] = _override(other, f"{own}_model")
    return found


def _other(class_name: str) -> str:
    return f"{class_name}Model"


def _override(class_name: str | None, module_name: str | None) -> ClassOverride:
    return ClassOverride.model_validate({"class_name": class_name, "module_name": module_name})


def name_apart(document: Any) -> None:
    """Give a title of its own to each schema whose class, or the module it stands in, would have another's name.

    Such as `Item-Input` and `Item-Output`, both with the title `Item`; or the list of states within `Job`, which
    would become `JobStatus` where there is a schema of that name.
    """
    taken: dict[str, Any] = {}
    components = _components(document)
    for name, schema in components.items():
        if _module(_class(_title(schema, name), "")) in taken:
            schema.pop("title", None)
            _free(schema, name, "", taken)
        taken[_module(_class(_title(schema, name), ""))] = schema
    for name, schema in components.items():
        _name_inner(schema, str(ClassName(_title(schema, name), PREFIX)), taken)


def _components(document: Any) -> dict[str, Any]:
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    found = schemas if isinstance(schemas, dict) else {}
    return {name: schema for name, schema in found.items() if isinstance(schema, dict)}


def _title(schema: Any, name: str) -> str:
    title = schema.get("title") if isinstance(schema, dict) else None
    return title if isinstance(title, str) and title else name


def _free(schema: dict[str, Any], name: str, parent: str, taken: dict[str, Any]) -> str:
    """Give a schema the first title that makes a class nobody has, if its name alone makes none, and return that."""
    title, number = _title(schema, name), 1
    while (own := _module(made := _class(title, parent))) in taken and not _same_words(taken[own], schema):
        number += 1
        title = schema["title"] = f"{name}{number}"
    return made


def _class(title: str, parent: str) -> str:
    return str(ClassName(f"{parent}{strings.pascal_case(title)}" if parent else title, PREFIX))


def _module(class_name: str) -> str:
    """Return the module of a class: two that differ in capitals only would stand in one file."""
    return str(PythonIdentifier(class_name, PREFIX))


def _same_words(first: Any, second: Any) -> bool:
    """Tell whether two schemas list the same words: such share a class."""
    words = first.get("enum")
    return isinstance(words, list) and words == second.get("enum")


def _name_inner(schema: dict[str, Any], parent: str, taken: dict[str, Any]) -> None:
    for name, child in _inner(schema):
        made = parent
        if _makes_class(child):
            made = _free(child, name, parent, taken)
            taken[_module(made)] = child
        _name_inner(child, made, taken)


def _inner(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the schemas written within a schema, with the names that the generator knows them by."""
    properties = schema.get("properties")
    named = dict(properties) if isinstance(properties, dict) else {}
    members = schema.get("allOf")
    for member in members if isinstance(members, list) else ():
        if isinstance(member, dict) and isinstance(member.get("properties"), dict):
            named |= member["properties"]
    for name, child in named.items():
        if isinstance(child, dict) and "$ref" not in child:
            yield name, child
            yield from _items(name, child)
    if isinstance(schema.get("additionalProperties"), dict) and "$ref" not in schema["additionalProperties"]:
        yield "AdditionalProperty", schema["additionalProperties"]


def _items(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    items = schema.get("items")
    if isinstance(items, dict) and "$ref" not in items:
        yield f"{name}_item", items
        yield from _items(f"{name}_item", items)


def _makes_class(schema: dict[str, Any]) -> bool:
    if schema.get("type") in ("array", "boolean"):
        return False
    members = [each for key in ("allOf", "anyOf", "oneOf") for each in schema.get(key) or ()]
    if len(members) == 1 and isinstance(members[0], dict) and "$ref" in members[0]:
        return False
    return bool(schema.get("enum")) or schema.get("type") == "object" or "properties" in schema or "allOf" in schema
