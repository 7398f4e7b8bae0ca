"""What a run exercised, read off the wire: a case counts for what was sent and answered, not for its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from ._contract import Contract, Promise
from ._exchange import Exchange, Side
from ._judge import Verdict
from ._space import bounds
from ._universe import labels, outside, sense

_REFUSED: Final = range(400, 500)
_TYPES: Final[Mapping[Any, Any]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


class Ledger:
    """The lines of the universe that were seen, with how often.

    Args:
        contract: What is exercised.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        base = contract.spec.base_path
        self._paths = {(each.operation.method, base + each.operation.path): each for each in contract.promises}
        self._last: dict[tuple[Side, str], str] = {}
        self.seen: Counter[str] = Counter()

    def exchange(self, side: Side, exchange: Exchange) -> None:
        """Note an exchange: what the client sent and met, or what the server was sent and answered."""
        promise = self._paths.get((exchange.method, exchange.path))
        if promise is None:
            return
        for line in (*self._asked(side, promise, exchange), *self._answered(promise, exchange)):
            self.seen[f"{side}: {promise.name} {line}"] += 1
        if promise is self._contract.poll and 200 <= exchange.status < 300:
            for line in self._life(side, exchange):
                self.seen[f"{side}: {line}"] += 1

    def refused(self, promise: Promise, body: Any) -> None:
        """Note a body that the client refused to send."""
        for line in self._body(promise, body, accepted=False):
            self.seen[f"client: {promise.name} {line}"] += 1

    def _asked(self, side: Side, promise: Promise, exchange: Exchange) -> Iterator[str]:
        yield "called"
        refused = exchange.status in _REFUSED
        credential = exchange.headers.get("authorization", "")
        if exchange.status == 401 and side == "server":
            yield "credential none refused" if not credential else "credential wrong refused"
            return
        if credential:
            yield "credential right"
        given = parse_qs(exchange.query, keep_blank_values=True)
        for parameter in promise.operation.parameters:
            count = len(given.get(parameter.name, ()))
            if refused and side == "server" and count != 1:
                yield f"parameter {parameter.name} {'repeated' if count else 'absent'} refused"
            elif count == 1:
                yield f"parameter {parameter.name} given"
        if isinstance(exchange.body, dict) and 200 <= exchange.status < 300:
            yield from self._body(promise, exchange.body, accepted=True)
        elif isinstance(exchange.body, dict) and exchange.status == 400 and side == "server":
            yield from self._body(promise, exchange.body, accepted=False)

    def _body(self, promise: Promise, body: Any, *, accepted: bool) -> Iterator[str]:
        space, judge = promise.space, promise.judge
        if space is None or judge is None or not isinstance(body, Mapping):
            return
        verdict = judge.verdict(body)
        if verdict.accepted is not accepted:
            return  # somebody is wrong; a check says who, and this shows nothing
        cell = space.cell(body)
        if cell is not None:
            yield f"cell {cell} {sense(accepted=accepted)}"
            for name, label in labels(promise, body):
                yield f"field {name}={label} {sense(accepted=accepted)}"
        yield from self._fields(promise, body, accepted=accepted)
        for rule in judge.rules:
            yield from _rule(promise, rule, body, verdict)
        for name, keyword, bound in bounds({"properties": (promise.schema or {}).get("properties")}):
            yield from _bound("schema", name, keyword, bound, body, broken=not verdict.fits)

    def _fields(self, promise: Promise, body: Mapping[str, Any], *, accepted: bool) -> Iterator[str]:
        for each in promise.space.fields if promise.space else ():
            if each.name not in body:
                if accepted is not each.required:
                    yield f"field {each.name} absent {sense(accepted=accepted)}"
            elif accepted:
                yield f"field {each.name} given"
            elif not self._contract.fits(each.schema, body[each.name]):
                listed = "enum" in each.schema and isinstance(body[each.name], str)
                yield f"field {each.name} {'not listed' if listed else 'of a wrong type'} refused"

    def _answered(self, promise: Promise, exchange: Exchange) -> Iterator[str]:
        reply = promise.reply(exchange.status)
        if reply is None:
            return
        yield f"answer {reply.status}"
        value = exchange.reply
        if reply.schema is None or not isinstance(value, dict):
            return
        properties = self._contract.properties(reply.schema)
        if set(value) - set(properties):
            yield f"answer {reply.status} with an extra field"
        for name, schema in properties.items():
            yield f"answer {reply.status} {name} {self._word(schema, value, name)}"

    def _word(self, schema: Mapping[str, Any], value: Mapping[str, Any], name: str) -> str:
        if name not in value:
            return "absent"
        if value[name] is None:
            return "null"
        return "given" if _is_of(value[name], schema.get("type")) else "of a wrong type"

    def _life(self, side: Side, exchange: Exchange) -> Iterator[str]:
        waiter, value = self._contract.waiter, exchange.reply
        state = value_at(value, waiter.state)
        if not isinstance(state, str):
            return
        yield f"state {state}" if state in self._contract.states else "state not listed"
        key = (side, exchange.query)
        if self._last.get(key) not in {None, state}:
            yield f"transition {self._last[key]} -> {state}"
        self._last[key] = state
        if waiter.ends.get(state) == "success" and waiter.output and value_at(value, waiter.output) is None:
            yield "success without a result"


def _rule(promise: Promise, rule: Mapping[str, Any], body: Mapping[str, Any], verdict: Verdict) -> Iterator[str]:
    broken = rule["id"] in (*verdict.broken, *verdict.warned)
    if broken:
        yield f"rule {rule['id']} broken"
    elif verdict.accepted and promise.judge is not None and promise.judge.applies(rule["id"], body):
        yield f"rule {rule['id']} kept"
    else:
        return
    for name, keyword, bound in bounds(rule["then"]):
        yield from _bound(f"rule {rule['id']}", name, keyword, bound, body, broken=broken)


def _bound(who: str, name: str, keyword: str, bound: int, body: Mapping[str, Any], *, broken: bool) -> Iterator[str]:
    value = body.get(name)
    if isinstance(value, list):
        if not broken and len(value) == bound:
            yield f"bound {who} {name} {keyword} {bound} at it"
        if broken and len(value) == outside(keyword, bound):
            yield f"bound {who} {name} {keyword} {bound} beyond it"


def _is_of(value: Any, kind: Any) -> bool:
    """Tell whether a value has the JSON type a schema names, or one of several."""
    if isinstance(kind, list):
        return any(_is_of(value, each) for each in kind)
    wanted = _TYPES.get(kind)
    return wanted is None or (isinstance(value, wanted) and (kind == "boolean" or not isinstance(value, bool)))


def value_at(value: Any, pointer: str) -> Any:
    """Return what a JSON pointer names in a value, or None."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value
