"""Check the parameters of a request, each by its schema and all together by the rules of the operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from rulewright.sandbox._checks import Checks, Entry, schema_entry
from rulewright.sandbox._http import LATIN, Request
from rulewright.sandbox._pointer import Location, pointer
from rulewright.sandbox._schema import Schemas
from rulewright.sandbox._spec import Operation, Parameter, Schema, Spec
from rulewright.sandbox._texts import TEXT, Kinds, kinds_of, said_of, typed


class Parameters:
    """The parameter checks of one operation.

    Args:
        spec: The document.
        schemas: Its schemas.
        operation: The operation.
        keys: The places and names, in small letters, that carry its key; what is right there is no parameter's affair.
        strict: Whether rules of level "warning" refuse a request too.
    """

    def __init__(
        self,
        spec: Spec,
        schemas: Schemas,
        operation: Operation,
        keys: frozenset[tuple[str, str]] = frozenset(),
        *,
        strict: bool,
    ) -> None:
        self._checks = [
            (parameter, *_types(spec, parameter.schema), schemas.validator(parameter.schema))
            for parameter in operation.parameters
            if (parameter.place, parameter.name.lower()) not in keys
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
) -> list[str] | None:
    name = parameter.name
    if parameter.place == "query":
        return query.get(name)
    if parameter.place == "path":
        text = in_path.get(name)
    elif parameter.place == "cookie":
        cookie = request.cookies.get(name)
        text = None if cookie is None else unquote(cookie)
    else:
        text = request.header(name.lower().encode(LATIN, "replace"))
    return None if text is None else [text]


def _types(spec: Spec, schema: Schema) -> tuple[Kinds, Kinds]:
    """Return the types a parameter may have, and those its items may."""
    return kinds_of(spec, [schema]), kinds_of(spec, said_of(spec, schema, "items"))


def _converted(given: list[str], types: Kinds, items: Kinds = TEXT) -> Any:
    return [_converted([text], items) for text in given] if "array" in types else typed(given[0], types)


def _entry(keyword: str, at: Location, got: str, message: str) -> Entry:
    return {"keyword": keyword, "pointer": pointer(at), "got": got, "message": message}
