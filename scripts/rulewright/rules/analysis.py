"""What the rules of a schema mean together: what they allow, what they make useless, where they contradict.

Nothing is sampled. Fields that no rule looks at multiply the count and are not walked; fields that share a rule
are walked together, every combination. Where that is more than `LIMIT`, nothing is counted, and what is impossible is
proven by containment.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import jsonschema_rs
from jsonschema_rs.canonical import Satisfiability

from rulewright.openapi.document import to_yaml
from rulewright.openapi.schemas import Schemas
from rulewright.overlay import Overlay, notes
from rulewright.rules.definition import Rule, RuledSchema, Verdict
from rulewright.rules.space import Length, Space, concrete, inner_values, product

ACCEPTED: Final = "x-accepted-findings"
LIMIT: Final = 2_000_000
_SCHEMA: Final = ("type", "properties", "required", "additionalProperties")
Point = tuple[Any, ...]
Walked = Mapping[str, Sequence[Point]]


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing about the rules together.

    Args:
        id: Stable name, to accept it by.
        text: What was found.
        rules: The rules that make it so.
        witness: The smallest request that shows it, or None where there is none to show.
        accepted: Why somebody decided to live with it, if so.
    """

    id: str
    text: str
    rules: tuple[str, ...]
    witness: Mapping[str, Any] | None
    accepted: str | None = None

    def data(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {**vars(self), "rules": list(self.rules)}


@dataclass(frozen=True)
class SchemaReport:
    """The analysis of one schema's rules."""

    schema: str
    total: int
    valid: int | None
    valid_strict: int | None
    method: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Report:
    """The analysis of a document's rules."""

    schemas: tuple[SchemaReport, ...]
    expired: tuple[tuple[str, str], ...]

    @property
    def unaccepted(self) -> tuple[Finding, ...]:
        """The findings nobody has accepted."""
        return tuple(each for schema in self.schemas for each in schema.findings if each.accepted is None)

    def data(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "schemas": [
                {**vars(schema), "findings": [finding.data() for finding in schema.findings]} for schema in self.schemas
            ],
            "expired": [name for name, _ in self.expired],
        }

    def text(self) -> str:
        """Return the report for people."""
        lines = []
        for schema in self.schemas:
            if schema.valid is None:
                lines.append(f"{schema.schema}: {schema.total} requests")
            else:
                lines.append(f"{schema.schema}: {schema.valid} of {schema.total} requests are valid")
                lines.append(f"  in strict mode: {schema.valid_strict}")
            lines.append(f"  method: {schema.method}")
            for finding in schema.findings:
                lines += ["", f"  {finding.id}", f"    {finding.text}"]
                if finding.rules:
                    lines.append(f"    because of: {', '.join(finding.rules)}")
                if finding.witness is not None:
                    lines.append(f"    smallest request: {json.dumps(finding.witness, ensure_ascii=False)}")
                lines.append(f"    accepted: {finding.accepted}" if finding.accepted else "    NOT ACCEPTED")
            lines.append("")
        lines += [f"{place}: the accepted finding {name!r} no longer holds; remove it" for name, place in self.expired]
        if self.unaccepted:
            lines.append(f"NOT ACCEPTED: {len(self.unaccepted)}; change the rules, or accept them in an overlay:")
            entry = {"findings": [each.id for each in self.unaccepted], "reason": "why this is right"}
            lines += [f"  {line}" for line in to_yaml({ACCEPTED: [entry]}).splitlines()]
        return "\n".join(lines).rstrip() + "\n" if lines else "no schema has rules\n"


def analyse(document: Any, ruled: Sequence[RuledSchema], overlays: Sequence[Overlay]) -> Report:
    """Analyse every schema that has rules.

    Args:
        document: The document with all overlays applied.
        ruled: Its schemas that have rules.
        overlays: The overlays, for the findings that somebody accepted.

    Raises:
        InputError: An accepted finding is malformed.
    """
    accepted: dict[str, tuple[str, str]] = {}
    for overlay, index, entry in notes(overlays, ACCEPTED):
        valid = isinstance(entry, dict) and set(entry) == {"findings", "reason"} and isinstance(entry["findings"], list)
        if not valid or not isinstance(entry["reason"], str) or not entry["reason"].strip():
            message = "an accepted finding has findings (a list of ids) and a reason"
            raise overlay.document.error(message, (ACCEPTED, index))
        for number, name in enumerate(entry["findings"]):
            line = overlay.document.line((ACCEPTED, index, "findings", number))
            accepted[str(name)] = entry["reason"], f"{overlay.path}:{line}"
    reasons = {name: accepted[name][0] for name in sorted(accepted, key=lambda name: "*" in name)}
    schemas = tuple(_analyse(schema, document, reasons) for schema in ruled if schema.rules)
    found = [finding.id for schema in schemas for finding in schema.findings]
    gone = (name for name in sorted(accepted) if not any(_is_meant(name, each) for each in found))
    return Report(schemas, tuple((name, accepted[name][1]) for name in gone))


def _is_meant(name: str, finding: str) -> bool:
    """Return whether an accepted name means a finding: its id, or a pattern with `*`, which takes in new values."""
    return name == finding or ("*" in name and fnmatchcase(finding, name.replace("[", "[[]")))


def _analyse(ruled: RuledSchema, document: Any, accepted: Mapping[str, str]) -> SchemaReport:
    space = Space(ruled, document)
    inner = inner_values(ruled, document)
    space.domains |= inner
    space.sampled |= inner.keys()
    walked = {name: space.alternatives(name) for name in space.domains if any(name in r.fields for r in ruled.rules)}
    free = {name: len(space.alternatives(name)) for name in space.domains if name not in walked}
    size, others = product(map(len, walked.values())), product(free.values())
    if size > LIMIT:
        proof = _Proof(ruled, space, walked, document)
        found = _find(proof, accepted)
        method = f"{size} combinations of {', '.join(walked)} are more than {LIMIT}: not counted, proven by containment"
        if proof.unknown:
            method += f"; {proof.unknown} of {proof.asked} questions could not be decided"
        return SchemaReport(ruled.pointer, space.size, None, None, method, found)
    table = _Table(ruled, space, walked)
    method = f"all {size} combinations of {', '.join(walked) or 'no field'} evaluated"
    if some := [name for name in walked if name in space.sampled]:
        method += f"; counted by presence alone: {', '.join(some)}"
    if free:
        method += f"; no rule looks at {', '.join(free)} (x{others})"
    valid = table.count(point for point in table.violated if not table.errors(point))
    strict = table.count(point for point, rules in table.violated.items() if not rules)
    return SchemaReport(ruled.pointer, space.size, valid * others, strict * others, method, _find(table, accepted))


def _find(judge: _Table | _Proof, accepted: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return the findings about the rules, each with the reason for which somebody accepted it, if so."""
    found = list(_dead(judge, strict=False))
    known = {finding.id for finding in found}
    found += [each for each in _dead(judge, strict=True) if each.id.removeprefix("strict/") not in known]
    for rule in judge.ruled.rules:
        if judge.never_fires(rule):
            found.append(Finding(f"never-fires/{rule.id}", f"no request breaks {rule.id}", (rule.id,), None))
            continue
        if refusal := judge.contradiction(rule):
            text = f"no valid request meets the condition of {rule.id}: together with the others it asks the impossible"
            found.append(Finding(f"contradiction/{rule.id}", text, *refusal))
        if rule.level == "error" and (refusal := judge.implied_rules(rule)):
            text = f"{rule.id} is implied by the others: whatever breaks it breaks another rule too"
            found.append(Finding(f"implied/{rule.id}", text, *refusal))
    return tuple(
        dataclasses.replace(
            each, accepted=next((accepted[name] for name in accepted if _is_meant(name, each.id)), None)
        )
        for each in found
    )


def _dead(judge: _Table | _Proof, *, strict: bool) -> Iterator[Finding]:
    """Yield the enum values, and the pairs of them, that no valid request holds."""
    prefix, mode = ("strict/", " in strict mode") if strict else ("", "")
    listed = {
        name: [value for value in values if value and not isinstance(value[0], Length)]
        for name, values in judge.walked.items()
        if name not in judge.space.sampled
    }
    dead: set[str] = set()
    for field, values in listed.items():
        for value in values:
            if found := judge.refusal({field: value}, strict=strict):
                name = f"{field}={_word(value)}"
                dead.add(name)
                yield Finding(f"{prefix}dead-value/{name}", f"{name} can never be used{mode}", *found)
    for (left, lefts), (right, rights) in itertools.combinations(listed.items(), 2):
        for first, second in itertools.product(lefts, rights):
            partner, name = f"{left}={_word(first)}", f"{right}={_word(second)}"
            if {partner, name} & dead:
                continue
            if found := judge.refusal({left: first, right: second}, strict=strict):
                text = f"{name} cannot be used with {partner}{mode}{judge.uses(right, second, left, strict=strict)}"
                yield Finding(f"{prefix}dead-pair/{partner}/{name}", text, *found)


Refusal = tuple[tuple[str, ...], Mapping[str, Any]]
"""The rules that refuse some requests, and the smallest of these."""


class _Proof:
    """What the rules mean together, where there are too many combinations to look at each.

    A schema that nothing can satisfy is one that no request satisfies, however many there are. What the library cannot
    decide is not found; it is counted.
    """

    def __init__(self, ruled: RuledSchema, space: Space, walked: Walked, document: Any) -> None:
        self.ruled, self.space, self.walked = ruled, space, walked
        self._errors = [rule for rule in ruled.rules if rule.level == "error"]
        self._whole = Schemas(document).complete({key: ruled.schema[key] for key in _SCHEMA if key in ruled.schema})
        self._kept: dict[tuple[str, ...], jsonschema_rs.CanonicalSchema] = {}
        self.asked = self.unknown = 0

    def refusal(self, given: Mapping[str, Point], *, strict: bool) -> Refusal | None:
        """Return why no valid request holds some values, if none does; a pair matters where a rule reads both."""
        rules = list(self.ruled.rules) if strict else self._errors
        if strict and len(rules) == len(self._errors):
            return None
        if len(given) > 1 and not any(all(name in rule.fields for name in given) for rule in rules):
            return None
        body = {name: concrete(value[0]) for name, value in given.items()}
        part = {"properties": {name: {"const": value} for name, value in body.items()}, "required": list(body)}
        return self._reason(rules, part, self.space.with_required(body))

    def uses(self, *_: Any, **__: Any) -> str:
        """Return nothing: what a value can still be combined with is not known."""
        return ""

    def never_fires(self, rule: Rule) -> bool:
        """Return whether no request breaks a rule."""
        return self._is_impossible([], _violating_schema(rule))

    def contradiction(self, rule: Rule) -> Refusal | None:
        """Return why no valid request meets the condition of a rule, if none does."""
        return self._reason(self._errors, rule.condition, rule.breaks)

    def implied_rules(self, rule: Rule) -> Refusal | None:
        """Return the other rules that whatever breaks a rule breaks, if it always does."""
        return self._reason([each for each in self._errors if each is not rule], _violating_schema(rule), rule.breaks)

    def _reason(self, rules: list[Rule], part: Any, witness: Any) -> Refusal | None:
        """Return the rules that together make a part impossible, none of which can be left out."""
        if not self._is_impossible(rules, part):
            return None
        causes = list(rules)
        for rule in rules:
            others = [each for each in causes if each is not rule]
            if self._is_impossible(others, part):
                causes = others
        return tuple(rule.id for rule in causes), witness

    def _is_impossible(self, rules: list[Rule], part: Any) -> bool:
        """Whether no request that keeps some rules fits a schema."""
        self.asked += 1
        try:
            names = tuple(rule.id for rule in rules)
            if names not in self._kept:  # once: making it takes longest
                kept = [{"anyOf": [{"not": rule.condition}, rule.requirement]} for rule in rules]
                self._kept[names] = _canonical({**self._whole, "allOf": [*self._whole["allOf"], *kept]})
            answer = self._kept[names].intersect(_canonical(part)).satisfiability()
        except ValueError:
            self.unknown += 1
            return False
        self.unknown += answer == Satisfiability.UNKNOWN
        return bool(answer == Satisfiability.NO)


def _canonical(schema: dict[str, Any]) -> jsonschema_rs.CanonicalSchema:
    return jsonschema_rs.canonicalize(schema, validate_formats=True, offline=True)


def _violating_schema(rule: Rule) -> dict[str, Any]:
    """Return the schema of the requests that break a rule."""
    return {"allOf": [rule.condition, {"not": rule.requirement}]}


class _Table:
    """Every combination of the fields that rules look at, with the rules each one breaks; smallest first."""

    def __init__(self, ruled: RuledSchema, space: Space, walked: Walked) -> None:
        self.ruled, self.space, self.walked = ruled, space, walked
        self.names = tuple(walked)
        self._verdict = Verdict(ruled, levels=("error", "warning"))
        self._errors = {rule.id for rule in ruled.rules if rule.level == "error"}
        points = sorted(itertools.product(*walked.values()), key=lambda point: sum(value != () for value in point))
        self.violated = {point: self._verdict.violated_rules(self.body(point)) for point in points}

    def body(self, point: Point) -> dict[str, Any]:
        """Return the request of a point."""
        given = {name: concrete(value[0]) for name, value in zip(self.names, point, strict=True) if value}
        return self.space.with_required(given)

    def errors(self, point: Point) -> tuple[str, ...]:
        """Return the error-level rules a point breaks."""
        return tuple(rule for rule in self.violated[point] if rule in self._errors)

    def count(self, points: Iterable[Point]) -> int:
        """Count points; those that differ only in the sample that stands for a field are one."""
        sampled = [index for index, name in enumerate(self.names) if name in self.space.sampled]
        return len({tuple(bool(v) if i in sampled else v for i, v in enumerate(point)) for point in points})

    def _points_with(self, given: Mapping[str, Point]) -> list[Point]:
        """Return the points that hold some values."""
        asked = [(self.names.index(name), value) for name, value in given.items()]
        return [point for point in self.violated if all(point[index] == value for index, value in asked)]

    def refusal(self, given: Mapping[str, Point], *, strict: bool) -> Refusal | None:
        """Return why no valid request holds some values, if none does: the rules that refuse all, else any of them."""
        points = self._points_with(given)
        refusing = [set(self.violated[point] if strict else self.errors(point)) for point in points]
        if not refusing or not all(refusing):
            return None
        return self._reason(set.intersection(*refusing) or set.union(*refusing), points)

    def uses(self, name: str, value: Point, other: str, *, strict: bool) -> str:
        """Return what a value can still be combined with, over one other field."""
        texts = []
        for alternative in self.walked[other]:
            held = self._points_with({name: value, other: alternative})
            points = [point for point in held if not (self.violated[point] if strict else self.errors(point))]
            if points:
                lists = self._lists(points, {name, other})
                texts.append(f"{other}={_word(alternative)}" + (f" ({lists})" if lists else ""))
        return f"; it can still be used with {', '.join(texts)}"

    def _lists(self, points: Sequence[Point], but: set[str]) -> str:
        texts = []
        for index, (name, values) in enumerate(self.walked.items()):
            if name in but or not any(value and isinstance(value[0], Length) for value in values):
                continue
            allowed = [value for value in values if any(point[index] == value for point in points)]
            if len(allowed) < len(values):
                texts.append(f"{name}: {', '.join(map(_word, allowed))}")
        return "; ".join(texts)

    def never_fires(self, rule: Rule) -> bool:
        """Return whether no point breaks a rule, nor its own example, which may be about what cannot be listed."""
        return not self._points_violating(rule) and not self._verdict.violated_rules(rule.breaks)

    def contradiction(self, rule: Rule) -> Refusal | None:
        """Return why no valid request meets the condition of a rule, if none does."""
        condition = jsonschema_rs.Draft202012Validator(rule.condition)
        meeting = [point for point in self.violated if condition.is_valid(self.body(point))]
        if not self._points_violating(rule) or not all(map(self.errors, meeting)):
            return None
        return self._reason({each for point in meeting for each in self.errors(point)}, meeting)

    def implied_rules(self, rule: Rule) -> Refusal | None:
        """Return the other rules that whatever breaks a rule breaks, if it always does."""
        broken = self._points_violating(rule)
        if not broken or any(len(self.errors(point)) < 2 for point in broken):
            return None
        return self._reason({each for point in broken for each in self.errors(point)} - {rule.id}, broken)

    def _points_violating(self, rule: Rule) -> list[Point]:
        return [point for point, ids in self.violated.items() if rule.id in ids]

    def _reason(self, names: set[str], points: Sequence[Point]) -> Refusal:
        return tuple(rule.id for rule in self.ruled.rules if rule.id in names), self.body(points[0])


def _word(value: Point) -> str:
    if not value:
        return "(absent)"
    return str(value[0].count) if isinstance(value[0], Length) else str(value[0])
