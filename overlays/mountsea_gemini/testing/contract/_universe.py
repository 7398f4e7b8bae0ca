"""Everything of a contract that a run has to exercise, each as one line of text, worked out from the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ._contract import Contract, Promise
from ._space import Field, bounds

SIDES: Final = ("client", "server")


def universe(contract: Contract) -> tuple[str, ...]:
    """Return the line of each thing, in the document's order.

    A line starts with the side that has to show it: what the client sent and met, what the server was sent
    and answered.
    """
    lines: dict[str, None] = {}
    for promise in contract.promises:
        for side in SIDES:
            for line in _operation(side, promise):
                lines[f"{side}: {promise.name} {line}"] = None
            for line in _body(promise):
                lines[f"{side}: {promise.name} {line}"] = None
            for line in _replies(contract, promise):
                lines[f"{side}: {promise.name} {line}"] = None
    for side in SIDES:
        for line in _life(contract):
            lines[f"{side}: {line}"] = None
    return tuple(lines)


def _operation(side: str, promise: Promise) -> Iterator[str]:
    yield "called"
    if promise.operation.security:
        yield "credential right"
        if side == "server":
            yield from ("credential none refused", "credential wrong refused")
    for parameter in promise.operation.parameters:
        yield f"parameter {parameter.name} given"
        if side == "server" and parameter.required:
            yield f"parameter {parameter.name} absent refused"
        if side == "server" and parameter.place == "query" and parameter.schema.get("type") != "array":
            yield f"parameter {parameter.name} repeated refused"


def _body(promise: Promise) -> Iterator[str]:
    space, judge = promise.space, promise.judge
    if space is None or judge is None:
        return
    senses: dict[str, None] = {}
    for body in space.bodies():
        verdict = judge.verdict(body)
        senses[f"cell {space.cell(body)} {sense(accepted=verdict.accepted)}"] = None
        for name, label in labels(promise, body):
            senses[f"field {name}={label} {sense(accepted=verdict.accepted)}"] = None
    yield from senses
    for each in space.fields:
        yield from _field(each)
    for rule in judge.rules:
        yield f"rule {rule['id']} kept"
        yield f"rule {rule['id']} broken"
        for name, keyword, bound in bounds(rule["then"]):
            yield from _bound(f"rule {rule['id']}", name, keyword, bound)
    for name, keyword, bound in bounds({"properties": (promise.schema or {}).get("properties")}):
        yield from _bound("schema", name, keyword, bound)


def labels(promise: Promise, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the listed value each finite field of a body has."""
    for each in promise.space.finite if promise.space else ():
        label = each.label(body)
        if label is not None and label != "absent":
            yield each.name, label


def _field(each: Field) -> Iterator[str]:
    yield f"field {each.name} given"
    yield f"field {each.name} absent {sense(accepted=not each.required)}"
    if next(each.wrong(), ...) is not ...:
        yield f"field {each.name} of a wrong type refused"
    if each.unlisted() is not None:
        yield f"field {each.name} not listed refused"


def _bound(who: str, name: str, keyword: str, bound: int) -> Iterator[str]:
    yield f"bound {who} {name} {keyword} {bound} at it"
    if outside(keyword, bound) >= 0:
        yield f"bound {who} {name} {keyword} {bound} beyond it"


def outside(keyword: str, bound: int) -> int:
    """Return the first number on the wrong side of a bound."""
    return bound - 1 if keyword.startswith("min") else bound + 1


def sense(*, accepted: bool) -> str:
    """Return the word for a verdict."""
    return "accepted" if accepted else "refused"


def _replies(contract: Contract, promise: Promise) -> Iterator[str]:
    for reply in promise.replies:
        yield f"answer {reply.status}"
        if reply.schema is None:
            continue
        yield f"answer {reply.status} with an extra field"
        for name, schema in contract.properties(reply.schema).items():
            for word in ("given", "absent", "null"):
                yield f"answer {reply.status} {name} {word}"
            if schema.get("type"):
                yield f"answer {reply.status} {name} of a wrong type"


def _life(contract: Contract) -> Iterator[str]:
    try:
        waiter = contract.waiter
    except StopIteration:
        return
    for state in contract.states:
        yield f"state {state}"
    for before, after in zip(waiter.waiting, waiter.waiting[1:], strict=False):
        yield f"transition {before} -> {after}"
    for end in waiter.ends:
        yield f"transition {waiter.waiting[-1]} -> {end}"
    yield "state not listed"
    yield "success without a result"
