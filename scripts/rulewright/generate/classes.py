"""Give every schema that becomes a class a component and a name of its own.

openapi-python-client names a class by where its schema stands, drops the second of two with one name, and cannot read
a schema again whose first reading failed half-way. With a component for each it has nothing to name or to undo.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from openapi_python_client import strings
from openapi_python_client.config import ClassOverride
from openapi_python_client.strings import ClassName, PythonIdentifier

from rulewright.generate.rewrites import redirect
from rulewright.openapi.operations import METHODS, essence_of
from rulewright.openapi.pointer import Location, encode
from rulewright.openapi.schemas import SCHEMAS

PREFIX: Final = "field_"
_OWN_CLASSES: Final = frozenset(
    {
        "Any", "BinaryIO", "BytesIO", "File", "FileTypes", "Generator", "Literal", "Mapping", "RequestFiles", "T",
        "TextIO", "TypeVar", "Unset", "UUID",
    }
)  # fmt: skip
"""What the templates import beside the classes they make."""
_DEVICE: Final = re.compile(r"con|prn|aux|nul|(?:com|lpt)_?[0-9]")
_UNIONS: Final = ("anyOf", "oneOf")
_BODIES: Final = {
    "application/x-www-form-urlencoded": "data",
    "multipart/form-data": "files",
    "application/octet-stream": "content",
}


class Classes:
    """Moves the schemas of a document into components, and names each.

    Args:
        document: The document for the generator; it is changed.

    Attributes:
        moved: The component of each schema that was moved, by the pointer of where it stood.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        components = document.setdefault("components", {})
        self._components: dict[str, Any] = components.setdefault("schemas", {})
        self._taken: dict[str, Any] = {}
        self.moved: dict[str, str] = {}

    def separate(self) -> None:
        """Change the document."""
        self._split_null()
        for name, schema in self._components.items():
            if isinstance(schema, dict):
                self._claim(schema, name, component=True)
        for name, schema in list(self._components.items()):
            self._inner(schema, class_of(schema, name), ("components", "schemas", name))
        for section in ("parameters", "headers"):
            for name, holder in _items(self._document["components"].get(section)):
                self._move_in(holder, "schema", "", name, ("components", section, name))
        for section, ending in (("responses", "response"), ("requestBodies", "body")):
            for name, holder in _items(self._document["components"].get(section)):
                self._content(holder, name, ending, ("components", section, name), first=section == "responses")
        for path, item in _items(self._document.get("paths")):
            self._path(path, item)

    def _split_null(self) -> None:
        """Let references to a nullable object lead to a union of it and null: it would be a class without a component.

        Such a class cannot be read where it leads back to itself.
        """
        nullable = [name for name, schema in self._components.items() if _take_null(schema)]
        redirect(self._document, {SCHEMAS + name: f"{SCHEMAS}{name}-or-null" for name in nullable}, composed=True)
        for name in nullable:
            self._components[f"{name}-or-null"] = _or_null({"$ref": SCHEMAS + name})

    def _path(self, path: str, item: dict[str, Any]) -> None:
        for method, operation in item.items():
            if method not in METHODS or not isinstance(operation, dict):
                continue
            place: Location = ("paths", path, method)
            name = operation_name(method, path, operation)
            for index, parameter in enumerate(_list(operation.get("parameters"))):
                if isinstance(parameter, dict):
                    own = str(parameter.get("name"))
                    self._move_in(parameter, "schema", name, own, (*place, "parameters", index))
            self._content(operation.get("requestBody"), name, "body", (*place, "requestBody"))
            for code, answer in _items(operation.get("responses")):
                ending = f"response_{code}"
                self._content(answer, name, ending, (*place, "responses", code), first=True)
        for index, parameter in enumerate(_list(item.get("parameters"))):
            if isinstance(parameter, dict):
                own = str(parameter.get("name"))
                self._move_in(
                    parameter, "schema", PythonIdentifier(path, PREFIX), own, ("paths", path, "parameters", index)
                )

    def _content(self, holder: Any, name: str, ending: str, place: Location, *, first: bool = False) -> None:
        """Move the schemas of a body or an answer; of an answer, that of the first type the generator reads."""
        content = holder.get("content") if isinstance(holder, dict) else None
        several = isinstance(content, dict) and len(content) > 1 and not first
        for media, found in _items(content):
            if first and not _is_read(media):
                continue
            kind = _BODIES.get(essence_of(media), "json")
            self._move_in(found, "schema", f"{name}_{kind}" if several else name, ending, (*place, "content", media))
            if first:
                break

    def _move_in(self, holder: dict[str, Any], key: str, parent: str, name: str, place: Location) -> None:
        """Move the schema under a key of something, or what it holds, leaving a reference."""
        schema = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(schema, dict):
            holder[key] = self._move(schema, parent, name, (*place, key))

    def _move(self, schema: dict[str, Any], parent: str, name: str, place: Location) -> dict[str, Any]:
        if "$ref" in schema:
            return schema
        if _take_null(schema):
            return _or_null(self._move(schema, parent, name, place))
        if not _makes_class(schema):
            self._inner(schema, parent, place, name)
            return schema
        title = schema.get("title")
        words = title if isinstance(title, str) and title else name
        only = {"default": schema.pop("default")} if "default" in schema else {}  # others were dropped
        schema["title"] = f"{strings.pascal_case(parent)}{strings.pascal_case(words)}" if parent else words
        same = self._claim(schema, str(ClassName(schema["title"], PREFIX)))
        if same is None:
            same = schema["title"]
            while same in self._components:
                same += "_"
            self._components[same] = schema
            self._inner(schema, class_of(schema, same), place)
        self.moved[encode(place)] = same
        reference = {"$ref": SCHEMAS + same}
        return {"allOf": [reference], **only} if only else reference

    def _claim(self, schema: dict[str, Any], name: str, *, component: bool = False) -> str | None:
        """Give a schema the first title that makes an unused class; return the component of an equal enum instead."""
        title, number = class_of(schema, name), 1
        while (module := module_of(title)) in self._taken:
            first = self._taken[module]
            if first is schema:
                return None
            if schema.get("enum") and _without_annotations(first) == _without_annotations(schema) and not component:
                return next((key for key, each in self._components.items() if each is first), None)
            if number == 1 and class_of({}, name) != title and module_of(class_of({}, name)) not in self._taken:
                title = schema["title"] = name
            else:
                number += 1
                title = schema["title"] = f"{name}{number}"
            title = class_of(schema, name)
        self._taken[module] = schema
        return None

    def _inner(self, schema: Any, parent: str, place: Location, name: str = "") -> None:
        """Move what a schema holds, which is named after the class it stands in."""
        if not isinstance(schema, dict):
            return
        for index, member in enumerate(_list(schema.get("allOf"))):
            self._inner(member, parent, (*place, "allOf", index))
        for key, child in _items(schema.get("properties")):
            schema["properties"][key] = self._move(child, parent, key, (*place, "properties", key))
        for key, ending in (("items", "item"), ("additionalProperties", "AdditionalProperty")):
            child = schema.get(key)
            if isinstance(child, dict):
                own = f"{name}_{ending}" if key == "items" and name else ending
                schema[key] = self._move(child, parent, own, (*place, key))
        for kind in _UNIONS:
            members = _list(schema.get(kind))
            for index, member in enumerate(members):
                if isinstance(member, dict):
                    own = f"{name}_type_{index}" if name else f"type_{index}"
                    members[index] = self._move(member, parent, own, (*place, kind, index))


def class_of(schema: Any, name: str) -> str:
    """Return the class that the generator makes of a component."""
    title = schema.get("title") if isinstance(schema, dict) else None
    return str(ClassName(title if isinstance(title, str) and title else name, PREFIX))


def module_of(class_name: str) -> str:
    """Return the module of a class: two that differ in capitals only share a file."""
    return str(PythonIdentifier(class_name, PREFIX))


def operation_name(method: str, path: str, operation: dict[str, Any]) -> str:
    """Return what the generator calls an operation."""
    given = operation.get("operationId")
    own = path.replace("{", "").replace("}", "").replace("/", "_").strip("_")
    return str(PythonIdentifier(given if isinstance(given, str) else f"{method}_{own}", PREFIX))


def _makes_class(schema: dict[str, Any]) -> bool:
    """Return whether the generator makes a class of a schema itself, or cannot read it a second time."""
    if schema.get("type") in ("array", "boolean"):
        return False
    if isinstance(schema.get("enum"), list):
        return True
    kind = schema.get("type")
    return "object" in (kind if isinstance(kind, list) else [kind]) or bool({"properties", "allOf"} & set(schema))


def _take_null(schema: Any) -> bool:
    """Make a nullable object one that is not, and return whether it was."""
    if not isinstance(schema, dict) or any(kind in schema for kind in _UNIONS):
        return False
    given = schema.get("type")
    kinds = {*given} if isinstance(given, list) else {given}
    is_composed = given is None and len(_list(schema.get("allOf"))) > 1  # other members were joined
    if "null" not in kinds and schema.get("nullable") is not True:
        return False
    if not is_composed and kinds - {"null"} != {"object"}:
        return False
    schema.pop("nullable", None)
    schema |= {} if is_composed else {"type": "object"}
    return True


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _without_annotations(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in {"title", "description", "example", "examples"}}


def _is_read(media: str) -> bool:
    essence = essence_of(media)
    return essence.startswith("text/") or essence in {"application/json", "*/*"} or essence.endswith("+json")


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    yield from list(value.items()) if isinstance(value, dict) else ()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def class_overrides(document: Any) -> dict[str, ClassOverride]:
    """Return another class or module name for each schema that needs one, by the name of its class.

    A class like `File` would hide the one that the templates import. A module gets another name where a
    property has its name: the generated code holds the new object in a variable named like its module, beside one
    for each property; and where it would be the name of a device, which no file of Windows can have.
    """
    found = {name: _override(_other(name), None) for name in _OWN_CLASSES}
    for name, schema in document["components"]["schemas"].items():
        class_name = class_of(schema, name)
        own = module_of(class_name)
        properties = schema.get("properties") if isinstance(schema, dict) else None
        named = {module_of(each) for each in properties} if isinstance(properties, dict) else set()
        if own in named or _DEVICE.fullmatch(own):
            other = _other(class_name) if class_name in _OWN_CLASSES else None
            found[class_name] = _override(other, f"{own}_model")
    return found


def _other(class_name: str) -> str:
    return f"{class_name}Model"


def _override(class_name: str | None, module_name: str | None) -> ClassOverride:
    return ClassOverride.model_validate({"class_name": class_name, "module_name": module_name})
