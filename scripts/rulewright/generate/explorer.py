"""explorer.html: one page on which a reader picks the fields of a request and sees which rules refuse it, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rulewright.errors import printable
from rulewright.generate.operations import Method
from rulewright.generate.schemas import body_schemas
from rulewright.generate.source import render
from rulewright.rules.definition import RuledSchema
from rulewright.rules.space import Length, Space, concrete
from rulewright.rules.verdict import Verdict

LIMIT: Final = 20_000
"""Requests of one operation that the page holds; a larger space is shown by the fields alone that a rule reads."""

_LEVELS: Final = ("error", "warning")


def explorer_page(document: Any, ruled: Sequence[RuledSchema], methods: Sequence[Method], program: str) -> str | None:
    """Return the page of a document's rules; None where no request body has rules over fields that can be listed.

    Args:
        document: The document with all overlays applied.
        ruled: Its rules.
        methods: The methods of its operations.
        program: The name of the client's command.
    """
    found = [each for method in methods for each in _operations(document, ruled, method)]
    if not found:
        return None
    title = str((document.get("info") or {}).get("title") or "the API")
    # In a script element nothing but "<" can end the data, or begin a comment; no other script or sign is left in it.
    data = json.dumps({"program": program, "operations": found}).replace("<", "\\u003c")
    return render("explorer.html.jinja", title=printable(title), data=data)


def _operations(document: Any, ruled: Sequence[RuledSchema], method: Method) -> Iterator[dict[str, Any]]:
    bodies = set(dict(body_schemas(document, method.operation)).values())
    for schema in ruled:
        if schema.rules and schema.pointer in bodies:
            space = Space(schema, document)
            verdict = Verdict(schema, levels=_LEVELS)
            fields = {name: space.alternatives(name) for name in space.domains}
            if _size(fields) > LIMIT:
                fields = {name: values for name, values in fields.items() if verdict.mentions(name)}
            if fields and _size(fields) <= LIMIT:
                yield {
                    "id": method.operation.id,
                    "function": method.function,
                    "keywords": {each.record["name"]: each.keyword for each in method.inputs},
                    "fixed": {name: value for name, value in space.with_required({}).items() if name not in fields},
                    "fields": [_field(name, values) for name, values in fields.items()],
                    "rules": [
                        {"id": rule.id, "level": rule.level, "message": rule.message, "quote": rule.source.quote}
                        for rule in verdict.rules
                    ],
                    "broken": list(_broken_masks(space, verdict, fields)),
                }


def _size(fields: Mapping[str, Sequence[Any]]) -> int:
    result = 1
    for values in fields.values():
        result *= len(values)
    return result


def _field(name: str, alternatives: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    return {"name": name, "options": [_option(alternative) for alternative in alternatives]}


def _option(alternative: tuple[Any, ...]) -> dict[str, Any]:
    if not alternative:
        return {"label": "absent"}
    (value,) = alternative
    plain = concrete(value)
    if isinstance(value, Length):
        return {"label": f"{value.count} item{'' if value.count == 1 else 's'}", "value": plain}
    return {"label": plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False), "value": plain}


def _broken_masks(space: Space, verdict: Verdict, fields: Mapping[str, Sequence[Any]]) -> Iterator[int]:
    """Yield the rules that each request breaks, as a sum of powers of two, the last field changing fastest."""
    places = {rule.id: 1 << index for index, rule in enumerate(verdict.rules)}
    points: list[dict[str, Any]] = [{}]
    for name, alternatives in fields.items():
        points = [{**point, name: concrete(value[0])} if value else point for point in points for value in alternatives]
    for point in points:
        yield sum(places[rule] for rule in verdict.broken(space.with_required(point)))
