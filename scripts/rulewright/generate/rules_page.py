"""The rules for people: RULES.md with the vendor's words and decision tables, and a page to try requests on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rulewright.errors import printable
from rulewright.generate.operations import Method
from rulewright.generate.schemas import body_schemas
from rulewright.generate.source import cell, render
from rulewright.openapi.tasks import INFERRED, task_links
from rulewright.rules.definition import RuledSchema, Verdict
from rulewright.rules.sources import HOLES
from rulewright.rules.space import Given, Length, Space, concrete, concretes, product
from rulewright.rules.variants import ABSENT, Allowed, Variant, VariantSet


def rules_page(document: Any, ruled: Sequence[RuledSchema], sets: Sequence[VariantSet]) -> str:
    """Return the page of a document's rules; a document without rules gets a page without sections."""
    declared = [schema for schema in ruled if schema.rules]
    return (
        render(
            "RULES.md.jinja",
            title=document.get("info", {}).get("title") or "the API",
            sections=[{"heading": _title(schema), "rules": schema.rules} for schema in declared],
            tasks=[
                {"submit": submit, "poll": poll, "known": "its answer" if INFERRED in link else "a link"}
                for submit, poll, link in task_links(document)
            ],
            holes=document.get(HOLES, []),
            tables=[table for variants in sets if (table := _decisions(variants))],
        ).rstrip()
        + "\n"
    )


def _title(ruled: RuledSchema) -> str:
    """Return what people call a schema: its name, or that of the operation whose body it is written into."""
    match ruled.location:
        case ("paths", path, method, "requestBody", *_):
            return f"{str(method).upper()} {path}"
    return ruled.name


def _decisions(variants: VariantSet) -> dict[str, Any] | None:
    """Return the table: one row for each value of the first other restricted field, one column per variant."""
    verdict = Verdict(variants.ruled)
    restricted = list(dict.fromkeys(name for variant in variants.variants for case in variant.cases for name in case))
    rows = next((name for name in restricted if _is_listed(variants.domains[name])), None)
    if rows is None:
        return None
    details = [
        f"{_code(name)}{' by number of items' if _is_counted(variants.domains[name]) else ''}"
        for name in restricted
        if name != rows
    ]
    about = f"What each {_code(variants.by)} allows with each {_code(rows)}"
    return {
        "heading": about + (f" ({', '.join(details)})" if details else ""),
        "columns": [_code(rows), *(_code(variant.value) for variant in variants.variants)],
        "rows": [
            [
                _code(value) if value != ABSENT else "(absent)",
                *(_decision(variants, verdict, variant, rows, value) for variant in variants.variants),
            ]
            for value in variants.domains[rows]
        ],
    }


def _decision(variants: VariantSet, verdict: Verdict, variant: Variant, rows: str, value: Any) -> str:
    cases = [case for case in variant.cases if value in case[rows]]
    if cases:
        return " or ".join(_describe_allowed(case, rows, variants) for case in cases)
    others = [name for name in variants.domains if name not in (rows, variants.by) and verdict.mentions(name)]
    points = [{name: other} for name in others for other in variants.domains[name]] or [{}]
    broken = [_unavoidable(verdict, {variants.by: variant.value, rows: value, **point}) for point in points]
    found = dict.fromkeys(rule for rules in broken for rule in rules)
    always = [rule for rule in found if all(rule in rules for rules in broken)]  # whatever the other fields hold
    return "no: " + ", ".join(f"`{rule}`" for rule in always or found)


def _unavoidable(verdict: Verdict, point: dict[str, Any]) -> tuple[str, ...]:
    """Return the rules a point breaks, whichever sample is taken for a field that cannot be listed."""
    given = {name: value for name, value in point.items() if value != ABSENT}
    samples = map(concretes, given.values())
    broken = [
        set(verdict.violated_rules(dict(zip(given, values, strict=True)))) for values in itertools.product(*samples)
    ]
    return tuple(rule.id for rule in verdict.rules if all(rule.id in ids for ids in broken))


def _describe_allowed(case: Allowed, rows: str, variants: VariantSet) -> str:
    restricted = [name for name, values in case.items() if name != rows and values != variants.domains[name]]
    several = len([name for name in case if name != rows]) > 1
    texts = [(f"{_code(name)} " if several else "") + _span(case[name], variants.domains[name]) for name in restricted]
    return ", ".join(texts) or "any"


def _span(values: Sequence[Any], domain: Sequence[Any]) -> str:
    counts = sorted(value.count for value in values if isinstance(value, Length))
    if not counts:
        return ", ".join("absent" if value == ABSENT else _alternative(value) for value in values)
    largest = max(value.count for value in domain if isinstance(value, Length))
    low, high = counts[0], counts[-1]
    text = str(low) if low == high else f"{low}-{high}"
    text = f"{low} or more" if high == largest else text
    return f"none or {text}" if ABSENT in values else text


def _alternative(value: Any) -> str:
    return "given" if isinstance(value, Given) else _code(value)


def _is_counted(domain: Sequence[Any]) -> bool:
    return any(isinstance(value, Length) for value in domain)


def _is_listed(domain: Sequence[Any]) -> bool:
    return not any(isinstance(value, Length | Given) for value in domain)


def _code(value: Any) -> str:
    return f"`{cell(str(value))}`"


_MOST_REQUESTS: Final = 20_000
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
            if product(map(len, fields.values())) > _MOST_REQUESTS:
                fields = {name: values for name, values in fields.items() if verdict.mentions(name)}
            if fields and product(map(len, fields.values())) <= _MOST_REQUESTS:
                yield {
                    "id": method.operation.id,
                    "function": method.function,
                    "keywords": {each.record["name"]: each.keyword for each in method.inputs},
                    "fixed": {name: value for name, value in space.with_required({}).items() if name not in fields},
                    "fields": [
                        {"name": name, "options": [_option(each) for each in values]} for name, values in fields.items()
                    ],
                    "rules": [
                        {"id": rule.id, "level": rule.level, "message": rule.message, "quote": rule.source.quote}
                        for rule in verdict.rules
                    ],
                    "broken": list(_broken_masks(space, verdict, fields)),
                }


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
        yield sum(places[rule] for rule in verdict.violated_rules(space.with_required(point)))
