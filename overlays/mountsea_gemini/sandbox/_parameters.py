"""Check the parameters of a request, each by its schema and all together by the rules of the operation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ._checks import Checks, Entry, schema_entry
from ._http import LATIN, Request
from ._schema import Schemas
from ._spec import Operation, Parameter, Spec


class Parameters:
    """The parameter checks of one operation.

    Args:
        spec: The document.
        schemas: Its schemas.
        operation: The operation.
        strict: Whether rules of level "warning" refuse a request too.
    """

    def __init__(self, spec: Spec, schemas: Schemas, operation: Operation, *, strict: bool) -> None:
        self._checks = [
            (parameter, *_types(spec, parameter), schemas.validator(parameter.schema))
            for parameter in operation.parameters
        ]
        self._names = rule_names(operation)
        self.rules = Checks(schemas, {"x-rules": operation.rules}, strict=strict)

    def read(self, request: Request, in_path: Mapping[str, str]) -> tuple[dict[str, Any], list[Entry], list[str]]:
        """Return the values by name, an entry for each thing wrong, and the ids of the warnings there is cause for."""
        values: dict[str, Any] = {}
        entries: list[Entry] = []
        if not self._checks:
            return values, entries, []
        given: dict[str, Any] = {}
        query = request.arguments
        for parameter, types, items, validator in self._checks:
            texts = _given(parameter, request, in_path, query)
            above = (parameter.place, parameter.name)
            if not texts:
                if parameter.required:
                    entries.append(_entry("required", above, "absent", "must be present"))
                continue
            if len(texts) > 1 and "array" not in types:
                entries.append(_entry("type", above, f"{len(texts)} values", "must be given once"))
                continue
            value = _converted(texts, types, items)
            values[parameter.name] = given[self._names[parameter.place, parameter.name]] = value
            entries += [schema_entry(error, above) for error in validator.iter_errors(value)]
        broken, warnings = self.rules.check(given)
        return values, entries + broken, warnings


def rule_names(operation: Operation) -> dict[tuple[str, str], str]:
    """Return what the rules call each parameter: its name, or `place:name` where several places share the name."""
    shared = Counter(parameter.name for parameter in operation.parameters)
    return {
        (each.place, each.name): each.name if shared[each.name] == 1 else f"{each.place}:{each.name}"
        for each in operation.parameters
    }


def _given(
    parameter: Parameter, request: Request, in_path: Mapping[str, str], query: Mapping[str, list[str]]
) -> list[str]:
    if parameter.place == "query":
        return query.get(parameter.name, [])
    if parameter.place == "path":
        return [in_path[parameter.name]] if parameter.name in in_path else []
    if parameter.place == "cookie":
        cookie = request.cookies.get(parameter.name)
        return [] if cookie is None else [unquote(cookie)]
    header = request.header(parameter.name.lower().encode(LATIN, "replace"))
    return [] if header is None else [header]


def _types(spec: Spec, parameter: Parameter) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the types a parameter may have, and those its items may."""
    schema = spec.resolve(parameter.schema) or {}
    return _kinds(spec, schema), _kinds(spec, spec.resolve(schema.get("items")) or {})


def _kinds(spec: Spec, schema: Mapping[str, Any]) -> tuple[str, ...]:
    kind = schema.get("type")
    if kind is None:
        members = [spec.resolve(member) or {} for key in ("allOf", "anyOf", "oneOf") for member in schema.get(key, ())]
        return tuple(each for member in members for each in _kinds(spec, member)) or ("string",)
    return tuple(kind) if isinstance(kind, list) else (kind,)


def _converted(given: list[str], types: tuple[str, ...], items: tuple[str, ...] = ("string",)) -> Any:
    """Read text as the type the schema asks for, where it can be read so; the schema judges the rest."""
    if "array" in types:
        return [_converted([text], items) for text in given]
    text = given[0]
    if "string" not in types and (text in {"true", "false"} or _is_number(text)):
        return json.loads(text)
    return text


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdecimal() and len(digits) <= 300 and _reads_as_json(text)


def _reads_as_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _entry(keyword: str, at: tuple[str, str], got: str, message: str) -> Entry:
    return {"keyword": keyword, "pointer": f"/{at[0]}/{at[1]}", "got": got, "message": message}
