"""The requests that are tried of one operation: valid ones, and ones that are wrong in one respect each."""

from __future__ import annotations

import base64
import copy
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import evolve, frozen

from rulewright.contract.contract import TOKEN, Contract, Subject, encode_json
from rulewright.contract.failure import Ask, Failure
from rulewright.contract.request import Request
from rulewright.openapi.sample import sample
from rulewright.rules.definition import Rule
from rulewright.rules.space import Space, around_bounds, concretes
from rulewright.sandbox.spec import Parameter
from rulewright.sandbox.validation import ITEMS, Ruled

POINTS: Final = 5_000
"""Points of a request space that are tried; of a larger space, about as many, spread evenly."""

UNLISTED: Final = "a-value-nobody-listed"
REFUSED: Final = (400, 422)
_JSON: Final = {"Content-Type": "application/json"}
_LONGEST: Final = 200

OF_TYPE: Final[Mapping[str, Any]] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 1.5,
    "string": "a cat",
    "array": [1],
    "object": {"a": 1},
}
"""One value of each JSON type."""

TEXTS: Final[Mapping[str, str]] = {
    "not ASCII": "chat \u732b \U0001f408 \u05d0",
    "quotes": '"\\/\b\n\t\u2028',
    "long": "cat " * 3000,
}


@frozen
class Probe:
    """One raw request and the statuses that are right for it.

    Attributes:
        case: What it is, in a few words.
        place: The part of the document it is about.
        ask: The request.
        wanted: The statuses.
    """

    case: str
    place: str
    ask: Ask
    wanted: tuple[int, ...]

    def failure(self, status: int) -> Failure | None:
        """Return what is wrong with an answer of this status, if anything is."""
        if status in self.wanted:
            return None
        wanted = f"HTTP {' or '.join(map(str, self.wanted))}"
        return Failure(self.case, self.place, f"HTTP {status}", wanted, "server", self.ask)


class Cases:
    """The requests of one operation.

    Args:
        contract: The document.
        subject: The operation; a valid request of it is known.
    """

    def __init__(self, contract: Contract, subject: Subject) -> None:
        self._contract = contract
        self.subject = subject
        self._ask = contract.ask(subject, subject.request)

    def bodies(self) -> Iterator[tuple[str, Any]]:
        """Yield JSON bodies, right and wrong; the document decides which is which."""
        subject = self.subject
        if subject.schema is None:
            return
        yield "the valid request", subject.request.body
        shown = subject.operation.body.examples if subject.operation.body is not None else {}
        examples = shown.get(str(subject.request.media), ())
        yield from ((f"example {number}", value) for number, value in enumerate(examples, 1))
        for place, rules, space in subject.spaces:
            for rule in rules:
                yield from ((case, self._within(place, value)) for case, value in _around(rule, space))
            for value in space.bodies(POINTS):
                yield space.cell(value) or "a point", self._within(place, value)
        for word, value in OF_TYPE.items():
            yield f"{word} as body", value
        yield "an empty object", {}
        yield from self._fields()

    def _within(self, place: Ruled, value: Any) -> Any:
        """Return the valid body with a value in one place."""
        return _set_at(self.subject.request.body, place.path, place.schemas, value, self._contract)

    def _fields(self) -> Iterator[tuple[str, Any]]:
        good, schema = self.subject.request.body, self.subject.schema or {}
        if not isinstance(good, Mapping):
            return
        for name, field in self.subject.fields.items():
            yield f"{name} absent", {key: value for key, value in good.items() if key != name}
            for what, value in self._values(field):
                yield f"{name}: {what}", {**good, name: value}
        if schema.get("additionalProperties", True) is not False:
            yield "a field nobody lists", {**good, "x_unlisted_field": {"deep": [1, None, "two"]}}

    def _values(self, field: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Yield values of a field: each listed one, one of each type, and those beside its bounds."""
        for value in field.get("enum") or ():
            yield f"listed, {value}", value
            if isinstance(value, str) and value.upper() != value:
                yield f"in capitals, {value.upper()}", value.upper()
        if "enum" in field:
            yield "not listed", UNLISTED
        yield "plain", sample(self._contract.schemas, field)
        for word, value in OF_TYPE.items():
            yield f"of type {word}", value
        yield "false", False
        for value in around_bounds(field):
            yield f"beside a bound, {value}"[:80], value
        item = sample(self._contract.schemas, field.get("items") or {})
        for keyword in ("minItems", "maxItems"):
            limit = field.get(keyword)
            if isinstance(limit, int) and limit < _LONGEST:
                yield from ((f"{count} items", [item] * count) for count in (limit - 1, limit, limit + 1) if count >= 0)
        if field.get("type") == "array":
            yield from ((f"items of type {word}", [value]) for word, value in OF_TYPE.items())
        if field.get("type") == "string" and not {"enum", "pattern", "format"} & set(field):
            yield from TEXTS.items()

    def parameter_points(self) -> Iterator[tuple[str, Request]]:
        """Yield requests at the points of the parameters between which rules hold, and at the rules' examples."""
        subject, space = self.subject, self.subject.parameter_space
        if subject.ruled is None or space is None:
            return
        keys = {each.rule_name: each.key for each in subject.operation.parameters}
        given = [
            (f"an example of {rule.id}", body) for rule in subject.ruled.rules for body in (rule.passes, rule.breaks)
        ]
        for case, body in (*given, *((space.cell(body) or "a point", body) for body in space.bodies(POINTS))):
            values = {keys[name]: value for name, value in body.items() if name in keys}
            kept = {key: value for key, value in subject.request.parameters.items() if key.startswith("path:")}
            yield case, evolve(subject.request, parameters={**values, **kept})

    def probes(self) -> Iterator[Probe]:
        """Yield everything below the level of bodies that must be refused."""
        yield from self.credentials()
        yield from self.parameters()
        yield from self.contents()
        yield from self.methods()

    def credentials(self) -> Iterator[Probe]:
        """Yield the valid request with other credentials than the accepted one."""
        place = f"{self.subject.name} security"
        if not self.subject.needs_credential:
            return
        wrong = {"no credential": "none", "a wrong token": "wrong"}
        if [each.scheme for each in self.subject.carriers] == ["bearer"] and self.subject.words == {"bearer"}:
            wrong |= {
                "no token": "Bearer",
                "another scheme": f"Basic {base64.b64encode(f'{TOKEN}:{TOKEN}'.encode()).decode()}",
                "an unknown scheme": f"Digest {TOKEN}",
                "the token in no scheme": TOKEN,
                "more than a token": f"Bearer {TOKEN}-and-more",
            }
        for word, credential in wrong.items():
            yield Probe(f"{self.subject.name} with {word}", place, evolve(self._ask, credential=credential), (401, 403))

    def parameters(self) -> Iterator[Probe]:
        """Yield requests with a parameter that is missing, repeated, or of no value it may have."""
        given = dict(self.subject.request.parameters)
        for each in self.subject.parameters:
            key, place = each.key, f"{self.subject.name} parameter {each.name}"
            if each.required and each.place != "path":
                without = {name: value for name, value in given.items() if name != key}
                yield Probe(f"{self.subject.name} without {each.name}", place, self._request_for(without), REFUSED)
            for value in self._wrong(each):
                wanted = (*REFUSED, 404) if each.place == "path" else REFUSED
                case = f"{self.subject.name} with {each.name}={value}"
                yield Probe(case, place, self._request_for({**given, key: value}), wanted)
            if each.place == "query" and key in given and not self._is_list(each):
                twice = {**given, key: [given[key], given[key]]}
                yield Probe(f"{self.subject.name} with {each.name} twice", place, self._request_for(twice), REFUSED)

    def _request_for(self, parameters: Mapping[str, Any]) -> Ask:
        return self._contract.ask(self.subject, evolve(self.subject.request, parameters=parameters))

    def _is_list(self, parameter: Parameter) -> bool:
        fits = self._contract.schemas.validator(parameter.schema).is_valid
        return fits([]) or fits(["a"]) or fits([1])

    def _wrong(self, parameter: Parameter) -> Iterator[str]:
        """Yield texts that are no value of a parameter, whichever way a server reads texts."""
        schema = self._contract.spec.resolve(parameter.schema)
        fits = self._contract.schemas.validator(parameter.schema).is_valid
        if fits({}) or self._is_list(parameter):
            return
        bounds = [each for each in around_bounds(schema) if not isinstance(each, bool)]
        for value in (UNLISTED, *bounds):
            text = value if isinstance(value, str) else json.dumps(value)
            if text and len(text) < _LONGEST and not any(map(fits, (text, *_typed_readings(text)))):
                yield text

    def contents(self) -> Iterator[Probe]:
        """Yield requests whose body is no JSON, or does not announce it."""
        body = self.subject.operation.body
        if self.subject.schema is None or body is None or not body.required:
            return
        right, place = self._ask, f"{self.subject.name} requestBody"
        for word, content in {
            "cut JSON": encode_json([1])[:-1],
            "bytes": b"\x00\xff\xfe\x01",
            "JSON not in UTF-8": json.dumps({"a": "\xe9"}, ensure_ascii=False).encode("latin-1"),
            "NaN": b'{"a": NaN}',
            "nothing": b"",
            "half a surrogate pair": b'{"a": "\\ud800"}',
            "nested too deeply": b"[" * 20000 + b"]" * 20000,
        }.items():
            yield Probe(f"{self.subject.name} with {word} as body", place, evolve(right, content=content), REFUSED)
        yield Probe(f"{self.subject.name} without a body", place, evolve(right, content=None), (*REFUSED, 415))
        forms = [name for name in body.media if name in {"text/plain", "application/x-www-form-urlencoded"}]
        rest = {name: value for name, value in right.headers.items() if name != "Content-Type"}
        for word, headers in {
            "no content type": {},
            "a form's content type": {"Content-Type": "application/x-www-form-urlencoded"},
            "text/plain": {"Content-Type": "text/plain"},
            "another encoding": {**_JSON, "Content-Encoding": "gzip"},
        }.items():
            if headers.get("Content-Type") not in forms and "*/*" not in body.media:
                ask = evolve(right, headers={**rest, **headers})
                yield Probe(f"{self.subject.name} with {word}", place, ask, (400, 415))

    def methods(self) -> Iterator[Probe]:
        """Yield requests with methods that no operation of the path has."""
        documented = self._contract.match(self._ask.target)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            if method not in documented:
                ask = Ask(method, self._ask.target, {}, None, self.subject.carriers)
                yield Probe(f"{method} {self.subject.operation.path}", "paths", ask, (405,))

    def unknown_task(self) -> Iterator[Probe]:
        """Yield a request for the state of a task that nobody started."""
        waiter = self.subject.operation.waiter
        if waiter is not None and waiter.id_schema.get("type") == "string" and not _limits(waiter.id_schema):
            ask = self._contract.ask(self.subject, self.subject.poll_request("no-task-has-this-id"))
            yield Probe(f"{self.subject.name} of an unknown task", f"{self.subject.name} responses", ask, (404,))


def _limits(schema: Mapping[str, Any]) -> set[str]:
    return {"format", "pattern", "enum", "maxLength", "minLength"} & set(schema)


def _typed_readings(text: str) -> Iterator[Any]:
    """Yield the other values that a server may read a text as."""
    try:
        yield json.loads(text)
    except ValueError:
        return


def _around(rule: Rule, space: Space) -> Iterator[tuple[str, Any]]:
    """Yield values around the examples of a rule: one field changed at a time."""
    for word, example in (("passes", rule.passes), ("breaks", rule.breaks)):
        yield f"the example that {word} {rule.id}", example
    for example, name in itertools.product((rule.passes, rule.breaks), space.domains):
        if not isinstance(example, Mapping):
            continue
        for value in (each for listed in space.domains[name] for each in concretes(listed)):
            yield f"an example of {rule.id} with another {name}", {**example, name: value}
        yield f"an example of {rule.id} without {name}", {key: each for key, each in example.items() if key != name}


def _set_at(body: Any, path: tuple[str, ...], schemas: tuple[Any, ...], value: Any, contract: Contract) -> Any:
    """Return a body with a value at a path; what is missing on the way is made up by its schema."""
    if not path:
        return value
    inner = _set_at(_inside(body, path[0]), path[1:], schemas[1:], value, contract)
    if path[0] == ITEMS:
        return [inner]
    if not isinstance(body, dict):
        body = sample(contract.schemas, schemas[0])
    return {**(copy.copy(body) if isinstance(body, dict) else {}), path[0]: inner}


def _inside(body: Any, name: str) -> Any:
    if name == ITEMS:
        return body[0] if isinstance(body, list) and body else None
    return body.get(name) if isinstance(body, dict) else None
