"""Read a form, urlencoded or in parts, as the object its schema describes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from rulewright.sandbox._http import LATIN
from rulewright.sandbox._sample import properties_of
from rulewright.sandbox._spec import Schema, Spec, essence_of
from rulewright.sandbox._texts import kinds_of, said_of, typed

if TYPE_CHECKING:
    from email.message import Message

_PARTS: Final = "multipart/form-data"
FORMS: Final = frozenset({"application/x-www-form-urlencoded", _PARTS})
_TYPE: Final = b"Content-Type: "
_DISPOSITION: Final = "Content-Disposition"
_INDEX: Final = re.compile("[0-9]{1,9}")
_STEP: Final = re.compile(r"\[([^\[\]]*)\]")


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
        """Return the object: repeated fields, `name[]` and `name[0]` are lists, `name[key]` is a field of an object.

        Raises:
            ValueError: The body is not of the announced type.
        """
        if essence_of(content_type.decode(LATIN)) == _PARTS:
            fields = _parts(raw, content_type)
        else:
            fields = parse_qsl(raw.decode(), keep_blank_values=True)
        found: dict[str, Any] = {}
        for name, value in fields:
            _put(found, _path(name), value)
        return self._object(found, self._schema)

    def _object(self, value: Mapping[str, Any], schema: Any) -> dict[str, Any]:
        properties = properties_of(self._spec, schema)
        others = _first(said_of(self._spec, schema, "additionalProperties"))
        return {name: self._typed(child, properties.get(name, others)) for name, child in value.items()}

    def _typed(self, value: Any, schema: Any) -> Any:
        kinds = kinds_of(self._spec, [schema])
        if isinstance(value, dict):
            if "array" not in kinds or not all(map(_INDEX.fullmatch, value)):
                return self._object(value, schema)
            value = [value[index] for index in sorted(value, key=int)]
        if "array" in kinds:
            items = _first(said_of(self._spec, schema, "items"))
            return [self._typed(item, items) for item in _listed(value)]
        if not isinstance(value, str):
            return value
        word = value.lower()  # some clients write what their language calls it: True
        return typed(word if word in {"true", "false"} and "string" not in kinds else value, kinds)


def _first(found: list[Any]) -> Any:
    return found[0] if found else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _path(name: str) -> list[str]:
    first, bracket, rest = name.partition("[")
    steps = _STEP.findall(bracket + rest)
    if not first or "".join(f"[{step}]" for step in steps) != bracket + rest:
        return [name]
    return [first, *steps]


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    if len(path) > 1 and path[-1] == "":
        path, value = path[:-1], [value]
    for step in path[:-1]:
        target = target.setdefault(step, {})
        if not isinstance(target, dict):
            raise ValueError(f"the field {step[:60]!r} is both a value and an object")  # noqa: TRY004  the body's fault
    last = path[-1]
    target[last] = [*_listed(target[last]), *_listed(value)] if last in target else value


def _parts(raw: bytes, content_type: bytes) -> Iterable[tuple[str, Any]]:
    from email.parser import BytesParser  # noqa: PLC0415  only a form in parts needs it
    from email.policy import HTTP  # noqa: PLC0415

    message = BytesParser(policy=HTTP).parsebytes(_TYPE + content_type + b"\r\n\r\n" + raw)
    if not message.is_multipart():
        raise ValueError("no part was found; is the boundary the announced one?")
    for part in message.iter_parts():
        name = part.get_param("name", header=_DISPOSITION)
        if not isinstance(name, str) or not name:
            raise ValueError("a part has no name")
        text = _text(part)
        yield name, json.loads(text) if part.get_content_type() == "application/json" else text


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""  # it holds parts itself
    return content.decode(errors="replace") if part.get_filename() is None else content.decode(LATIN)
