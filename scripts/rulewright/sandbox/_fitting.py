"""Whether a value that a document shows for a schema fits it: documents are often wrong in their own examples.

It knows what a reader of the answer would stumble over: types, words, fields and the forms of dates and ids. It is
no validator; what a request must be like is judged by one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from rulewright.sandbox._spec import Spec

_MAX_DEPTH: Final = 12
_KINDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
_FORMS: Final = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
}


def fits(spec: Spec, schema: Any, value: Any, depth: int = 0) -> bool:
    """Tell whether a value fits a schema, as far as a reader cares."""
    said = spec.resolve(schema)
    if not isinstance(said, Mapping) or depth > _MAX_DEPTH:
        return True
    if value is None and said.get("nullable") is True:
        return True
    words = [said["const"]] if "const" in said else said.get("enum")
    if isinstance(words, list) and value not in words:
        return False
    below = depth + 1
    if not all(fits(spec, member, value, below) for member in said.get("allOf") or ()):
        return False
    for keyword in ("anyOf", "oneOf"):
        if said.get(keyword) and not any(fits(spec, member, value, below) for member in said[keyword]):
            return False
    return _is_of_kind(said, value) and _parts_fit(spec, said, value, below)


def _is_of_kind(said: Mapping[str, Any], value: Any) -> bool:
    kinds = said.get("type")
    if kinds is not None:
        wanted = kinds if isinstance(kinds, list) else [kinds]
        if not any(_is_a(value, kind) for kind in wanted):
            return False
    form = _FORMS.get(str(said.get("format")))
    return form is None or not isinstance(value, str) or form.fullmatch(value) is not None


def _is_a(value: Any, kind: object) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    whole = kind == "integer" and isinstance(value, float) and value.is_integer()
    return whole or isinstance(value, _KINDS.get(str(kind), object))


def _parts_fit(spec: Spec, said: Mapping[str, Any], value: Any, depth: int) -> bool:
    if isinstance(value, list):
        return all(fits(spec, said.get("items"), item, depth) for item in value)
    if not isinstance(value, dict):
        return True
    properties, others = said.get("properties") or {}, said.get("additionalProperties")
    return all(name in value for name in said.get("required") or ()) and all(
        fits(spec, properties.get(name, others), child, depth) for name, child in value.items()
    )
