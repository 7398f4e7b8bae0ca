"""How much of a contract a run exercised, line by line.

A line starts with the side that has to show it: what the client sent and met, or what the server was sent and
answered. Lines are read off the wire: a case counts for what was sent and answered, not for its name.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, Literal
from urllib.parse import parse_qs

import httpx

from rulewright.contract.cases import Cases
from rulewright.contract.client import ClientPackage, Inexpressible
from rulewright.contract.contract import Contract, Subject, Verdict
from rulewright.contract.request import Request
from rulewright.openapi.pointer import at, decode
from rulewright.openapi.tasks import STATUS
from rulewright.sandbox.spec import Waiter
from rulewright.sandbox.validation import ITEMS

Side = Literal["client", "server"]
SIDES: Final[tuple[Side, ...]] = ("client", "server")
_MEASURES: Final[Mapping[str, type[Any]]] = {"Items": list, "Length": str}
_BOUNDS: Final = ("minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum")


class Lines:
    """The lines of one operation.

    Args:
        contract: The document.
        subject: The operation.
    """

    def __init__(self, contract: Contract, subject: Subject) -> None:
        self._subject = subject
        self._fits = {name: contract.schemas.validator(schema).is_valid for name, schema in subject.fields.items()}
        self._finite_values = {name: _finite_values(schema) for name, schema in subject.fields.items()}

    def body(self, body: Any, verdict: Verdict) -> Iterator[str]:
        """Yield the lines of one body that was accepted, or refused, as the document states."""
        if not isinstance(body, Mapping):
            return
        sense = "accepted" if verdict.accepted else "refused"
        yield from self._rules(body, verdict, sense)
        for name, schema in self._subject.fields.items():
            if name not in body:
                yield f"field {name} absent {sense}"
                continue
            value, fits = body[name], self._is_valid(name, body[name])
            if verdict.accepted:
                yield f"field {name} given"
            elif not fits:
                unlisted = self._finite_values[name] and isinstance(value, str)
                yield f"field {name} {'not listed' if unlisted else 'wrong'} refused"
            if any(type(listed) is type(value) and listed == value for listed in self._finite_values[name]):
                yield f"field {name}={json.dumps(value, ensure_ascii=False)} {sense}"
            yield from _bound_lines(f"field {name}", {"properties": {name: schema}}, body, broken=not fits)

    def _is_valid(self, name: str, value: Any) -> bool:
        try:
            return self._fits[name](value)
        except UnicodeEncodeError:  # half a surrogate pair, which no JSON can hold
            return False

    def _rules(self, body: Any, verdict: Verdict, sense: str) -> Iterator[str]:
        """Yield the points of the request spaces that a body is at, and the rules that it keeps or breaks."""
        for place, rules, space in self._subject.spaces:
            for value in _values_at(body, place.path):
                cell = space.cell(value)
                if cell is not None and verdict.fits:  # else another field decides
                    yield f"cell {'/'.join(('', *place.path))} {cell} {sense}"
                for rule in rules:
                    broken = rule.id in (*verdict.broken, *verdict.warned)
                    if broken or (verdict.accepted and rule.id in verdict.applied):
                        yield f"rule {rule.id} {'broken' if broken else 'kept'}"
                        yield from _bound_lines(f"rule {rule.id}", rule.requirement, value, broken=broken)


def _values_at(body: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Yield each value at a path of a body."""
    if not path:
        yield body
    elif path[0] == ITEMS:
        for item in body if isinstance(body, list) else ():
            yield from _values_at(item, path[1:])
    elif isinstance(body, Mapping) and path[0] in body:
        yield from _values_at(body[path[0]], path[1:])


def _finite_values(schema: Mapping[str, Any]) -> tuple[Any, ...]:
    if isinstance(schema.get("enum"), list):
        return tuple(schema["enum"])
    return (False, True) if schema.get("type") == "boolean" else ()


def _bound_lines(who: str, schema: Any, body: Any, *, broken: bool) -> Iterator[str]:
    """Yield the lines of bounds that a body is at, or beyond where something is broken."""
    for name, keyword, bound in _bounds(schema):
        size = _measure(keyword, body.get(name)) if isinstance(body, Mapping) else None
        if size is None:
            continue
        if not broken and size == bound:
            yield f"bound {who} {name} {keyword} {bound} at it"
        if broken and (size < bound if keyword.startswith("min") else size > bound):
            yield f"bound {who} {name} {keyword} {bound} beyond it"


def _measure(keyword: str, value: Any) -> float | None:
    kind = next((kind for ending, kind in _MEASURES.items() if keyword.endswith(ending)), None)
    if kind is not None:
        return len(value) if isinstance(value, kind) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _bounds(schema: Any) -> Iterator[tuple[str, str, float]]:
    """Yield the bounds that a schema sets to the fields of an object: field, keyword, bound."""
    if not isinstance(schema, Mapping):
        return
    for name, child in (schema.get("properties") or {}).items():
        for keyword in _BOUNDS if isinstance(child, Mapping) else ():
            if isinstance(child.get(keyword), int | float):
                yield name, keyword, child[keyword]
    for part in (*(schema.get("allOf") or ()), *(schema.get("anyOf") or ()), schema.get("not")):
        yield from _bounds(part)


class Ledger:
    """The lines that were seen, with how often.

    Args:
        contract: What is exercised.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.lines = {each.name: Lines(contract, each) for each in contract.subjects if each.untried is None}
        self._last: dict[tuple[Side, str], str] = {}
        self.seen: Counter[str] = Counter()

    def exchange(self, side: Side, request: httpx.Request, status: int, answer: bytes) -> None:
        """Note what was sent and answered."""
        matching = self._contract.match(request.url.raw_path.decode("latin-1"))
        subject = matching.get(request.method)
        if subject is None or subject.name not in self.lines:
            return
        lines = [*self._facts_of(side, subject, request, status)]
        lines += [f"answer {reply.status}"] if (reply := subject.reply(status)) else []
        key = f"{request.url} {request.content!r}"
        lines += self._life(side, subject, key, status, _json(answer)) if status < 400 else []
        self.seen.update(f"{side}: {subject.name} {line}" for line in lines)

    def refused(self, subject: Subject, body: Any) -> None:
        """Note a body that the client refused to send."""
        if subject.schema is not None:
            verdict = subject.verdict(body)
            if not verdict.accepted:
                for line in self.lines[subject.name].body(body, verdict):
                    self.seen[f"client: {subject.name} {line}"] += 1

    def _facts_of(self, side: Side, subject: Subject, request: httpx.Request, status: int) -> Iterator[str]:
        yield "called"
        if status == 401 and side == "server":
            yield "credential refused"
            return
        if status < 400 and subject.carriers:
            yield "credential accepted"
        given = {("query", name) for name in parse_qs(request.url.query.decode("latin-1"), keep_blank_values=True)}
        given |= {("header", name) for name in request.headers}
        for parameter in subject.operation.parameters:
            key = (parameter.place, parameter.name if parameter.place == "query" else parameter.name.lower())
            if parameter.place == "path" or (key in given and status < 400):
                yield f"parameter {parameter.name} given"
            elif parameter.required and key not in given and status in {400, 422} and side == "server":
                yield f"parameter {parameter.name} absent refused"
        body = _json(request.content)
        if subject.schema is not None and body is not None and (200 <= status < 300 or status in {400, 422}):
            verdict = subject.verdict(body)
            # Where they differ somebody is wrong: a check reports it, and it shows nothing.
            if verdict.accepted is (status < 300) and (side == "server" or verdict.accepted):
                yield from self.lines[subject.name].body(body, verdict)

    def _life(self, side: Side, subject: Subject, key: str, status: int, reply: Any) -> Iterator[str]:
        waiter = subject.operation.waiter
        if waiter is None:
            return
        found = status if waiter.state == STATUS else at(reply, decode(waiter.state))
        state = found if isinstance(found, str) else json.dumps(found)
        if found is None or (status >= 300 and state not in waiter.ends):
            return
        known = state in waiter.waiting or state in waiter.ends
        yield f"state {state}" if known else "state not listed"
        if known and self._last.get((side, key)) not in {None, state}:
            yield f"transition {self._last[side, key]} -> {state}"
        self._last[side, key] = state
        place = _output(waiter)
        if waiter.ends.get(state) == "success" and place and at(reply, decode(place)) is None:
            yield "success without a result"


def _output(waiter: Waiter) -> str:
    """Return where the body of a poll's answer names the result; empty if it does not."""
    return waiter.output if waiter.output and waiter.output.startswith("/") and not waiter.result else ""


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def goals(contract: Contract, package: ClientPackage) -> tuple[str, ...]:
    """Return the line of each thing that a run has to exercise, in the document's order."""
    found: dict[str, None] = {}
    for subject in contract.subjects:
        if subject.untried is not None:
            continue
        lines = Lines(contract, subject)
        in_client = package.has(subject.operation.method, subject.operation.path)
        for side in SIDES if in_client else SIDES[1:]:
            found |= dict.fromkeys(f"{side}: {subject.name} {line}" for line in _operation(contract, subject, side))
            # Refusals are played to a client, so an operation that it lacks has none of them.
            answers = subject.playable if in_client else ()
            found |= dict.fromkeys(f"{side}: {subject.name} answer {reply.status}" for reply in answers)
        for _, body in Cases(contract, subject).bodies():
            verdict = subject.verdict(body)
            if verdict.is_free:
                continue
            for line in lines.body(body, verdict):
                found[f"server: {subject.name} {line}"] = None
            if in_client:
                shown = _shown_by_client(package, subject.with_body(body), accepted=verdict.accepted)
                for line in lines.body(shown, verdict):
                    found[f"client: {subject.name} {line}"] = None
    return tuple(found)


def _shown_by_client(package: ClientPackage, request: Request, *, accepted: bool) -> Any:
    """Return the body that the client sends, or refuses; None where it can do neither."""
    if not accepted:
        return request.body if package.judges(request) else None
    try:
        return package.json_body(request)
    except Inexpressible:
        return None


def _operation(contract: Contract, subject: Subject, side: Side) -> Iterator[str]:
    """Yield the lines of everything but the body."""
    yield "called"
    if subject.carriers:
        yield "credential accepted"
        if side == "server" and subject.needs_credential:
            yield "credential refused"
    for parameter in subject.parameters:
        if parameter.key in subject.request.parameters:
            yield f"parameter {parameter.name} given"
            if side == "server" and parameter.required and parameter.place != "path":
                yield f"parameter {parameter.name} absent refused"
    waiter = subject.operation.waiter
    if waiter is not None and any(each.poll is subject and each.untried is None for each in contract.submits):
        yield from _life(waiter)


def _life(waiter: Waiter) -> Iterator[str]:
    yield from (f"state {state}" for state in (*waiter.waiting, *waiter.ends))
    yield from (f"transition {one} -> {two}" for one, two in pairwise(waiter.waiting))
    yield from (f"transition {waiter.waiting[-1]} -> {end}" for end in waiter.ends)
    yield "state not listed"
    if _output(waiter):
        yield "success without a result"
