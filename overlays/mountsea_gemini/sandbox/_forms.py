"""Read a form, urlencoded or in parts, as the object its schema describes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from ._http import LATIN
from ._sample import properties_of
from ._spec import Schema, Spec

_PARTS: Final = "multipart/form-data"
_FORMS: Final = frozenset({"application/x-www-form-urlencoded", _PARTS})
_STEP: Final = re.compile(r"\[([^\[\]]*)\]")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,300})(?:\.\d{1,300})?\Z")


def is_form(media: str) -> bool:
    """Tell whether a media type is a form's."""
    return media.partition(";")[0].strip().lower() in _FORMS


class Form:
    """One form of an operation.

    Args:
        spec: The document, for references.
        schema: The object the form stands for.
    """

    def __init__(self, spec: Spec, schema: Schema) -> None:
        self._spec = spec
        self._schema = schema

    def read(self, raw: bytes, content_type: bytes) -> dict[str, Any]:
        """Return the object: repeated fields and `name[]` are lists, `name[key]` is a field of an object.

        Raises:
            ValueError: The body is not of the announced type.
        """
        kind = content_type.partition(b";")[0].strip().lower().decode(LATIN)
        fields = _parts(raw, content_type) if kind == _PARTS else parse_qsl(raw.decode("utf-8"), keep_blank_values=True)
        found: dict[str, Any] = {}
        for name, value in fields:
            _put(found, _path(name), value)
        return {
            name: self._typed(value, properties_of(self._spec, self._schema).get(name)) for name, value in found.items()
        }

    def _typed(self, value: Any, schema: Any) -> Any:
        schema = self._spec.resolve(schema)
        if not isinstance(schema, Mapping):
            return value
        kinds = schema.get("type", ())
        kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
        if isinstance(value, dict):
            properties, others = properties_of(self._spec, schema), schema.get("additionalProperties")
            return {name: self._typed(child, properties.get(name, others)) for name, child in value.items()}
        if "array" in kinds:
            return [self._typed(item, schema.get("items")) for item in (value if isinstance(value, list) else [value])]
        return value if isinstance(value, list) or "string" in kinds else _scalar(value, kinds)


def _scalar(text: Any, kinds: tuple[str, ...]) -> Any:
    """Read text as a number or a boolean where the schema asks for one; the schema judges the rest."""
    if not isinstance(text, str):
        return text
    if "boolean" in kinds and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if {"number", "integer"} & set(kinds) and _NUMBER.match(text):
        return json.loads(text)
    return text


def _path(name: str) -> list[str]:
    first, bracket, rest = name.partition("[")
    steps = _STEP.findall(bracket + rest)
    if not first or "".join(f"[{step}]" for step in steps) != bracket + rest:
        return [name]
    return [first, *steps]


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    *above, last = path[:-1] if path[-1] == "" and len(path) > 1 else path
    for step in above:
        below = target.setdefault(step, {})
        if not isinstance(below, dict):
            raise ValueError(f"the field {step[:60]!r} is both a value and an object")  # noqa: TRY004  the body's fault
        target = below
    if path[-1] == "" and len(path) > 1:
        value = [value]
    if last not in target:
        target[last] = value
        return
    before = target[last]
    target[last] = [
        *(before if isinstance(before, list) else [before]),
        *(value if isinstance(value, list) else [value]),
    ]


def _parts(raw: bytes, content_type: bytes) -> Iterable[tuple[str, Any]]:
    from email.parser import BytesParser  # noqa: PLC0415  only a form in parts needs it
    from email.policy import HTTP  # noqa: PLC0415

    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type + b"\r\n\r\n" + raw)
    if not message.is_multipart():
        raise ValueError("no part was found; is the boundary the announced one?")
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str) or not name:
            raise ValueError("a part has no name")
        content = part.get_payload(decode=True)
        binary = part.get_filename() is not None
        text = content.decode(LATIN if binary else "utf-8", "replace") if isinstance(content, bytes) else ""
        yield name, json.loads(text) if part.get_content_type() == "application/json" else text
