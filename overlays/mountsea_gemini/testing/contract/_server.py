"""The server against the document: what it refuses below the body, and whether its answers are documented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import httpx
from attrs import evolve, frozen

from ._bench import TOKEN, Bench
from ._checks import Tried, check
from ._contract import Contract, Promise
from ._exchange import Ask, json_ask
from ._failure import Failure
from ._ledger import value_at

NOBODY: Final = "no-task-has-this-id"
JSON_TYPE: Final = {"Content-Type": "application/json"}


@frozen
class Probe:
    """One raw request and the answer it must get.

    Attributes:
        case: What it is, in a few words.
        place: The part of the document it is about.
        ask: The request.
        wanted: The statuses that are right.
    """

    case: str
    place: str
    ask: Ask
    wanted: tuple[int, ...]


def right_ask(contract: Contract, promise: Promise, task_id: str = NOBODY) -> Ask:
    """Return a request that is in order; of a poll, for a task nobody started if none is given."""
    operation = promise.operation
    query = "&".join(f"{each.name}={quote(task_id)}" for each in operation.parameters if each.place == "query")
    target = contract.spec.base_path + operation.path + (f"?{query}" if query else "")
    if promise.space is None or promise.judge is None:
        return Ask(operation.method, target)
    return json_ask(operation.method, target, promise.good())


def credentials(contract: Contract) -> Iterator[Probe]:
    """Yield requests that are in order but for their credential."""
    for promise in contract.promises:
        if not promise.operation.security:
            continue
        ask, place = right_ask(contract, promise), f"{promise.name} security"
        for word, credential in {
            "no credential": "none",
            "a wrong token": "wrong",
            "no token": "Bearer",
            "another scheme": "Basic c2FuZGJveDpzYW5kYm94",
            "the right token in another scheme": f"Digest {TOKEN}",
            "the right token in no scheme": TOKEN,
            "the right token and more": f"Bearer {TOKEN}-and-more",
            "the right token in capitals": f"Bearer {TOKEN.upper()}",
        }.items():
            yield Probe(f"{promise.name} with {word}", place, evolve(ask, credential=credential), (401, 403))


def contents(contract: Contract) -> Iterator[Probe]:
    """Yield requests whose body is no JSON object of the documented type."""
    for promise in contract.promises:
        if promise.space is None:
            continue
        right, place = right_ask(contract, promise), f"{promise.name} requestBody"
        for word, content in {
            "cut JSON": (right.content or b"")[:-3],
            "bytes": b"\x00\xff\xfe\x01",
            "JSON not in UTF-8": json.dumps({"a": "\xe9"}, ensure_ascii=False).encode("latin-1"),
            "NaN": b'{"a": NaN}',
            "null": b"null",
            "a list": b"[]",
            "a text": b'"text"',
            "a number": b"7",
            "nothing": b"",
            "half a surrogate pair": b'{"a": "\\ud800"}',
            "nested too deeply": b"[" * 20000 + b"]" * 20000,
        }.items():
            yield Probe(f"{promise.name} with {word} as body", place, evolve(right, content=content), (400, 422))
        for word, headers in {
            "no content type": {},
            "a form's content type": {"Content-Type": "application/x-www-form-urlencoded"},
            "text/plain": {"Content-Type": "text/plain"},
            "another encoding": {**JSON_TYPE, "Content-Encoding": "gzip"},
        }.items():
            yield Probe(f"{promise.name} with {word}", place, evolve(right, headers=headers), (400, 415))


def parameters(contract: Contract) -> Iterator[Probe]:
    """Yield requests whose parameters are missing or given twice."""
    for promise in contract.promises:
        right = right_ask(contract, promise)
        for each in promise.operation.parameters:
            if each.place != "query" or not each.required:
                continue
            place = f"{promise.name} parameter {each.name}"
            bare, _, query = right.target.partition("?")
            for word, target in {
                "missing": bare,
                "misspelt": f"{bare}?{each.name.upper()}_={NOBODY}",
                "given twice": f"{bare}?{query}&{query}",
            }.items():
                yield Probe(f"{promise.name}: {each.name} {word}", place, evolve(right, target=target), (400, 422))
            if promise is contract.poll:
                yield Probe(f"{promise.name}: {each.name} of nobody", place, right, (404,))
                yield Probe(f"{promise.name}: {each.name} empty", place, evolve(right, target=f"{bare}?{each.name}="),
                            (400, 404, 422))  # fmt: skip


def methods(contract: Contract) -> Iterator[Probe]:
    """Yield requests with methods that no operation of the path has."""
    for path in dict.fromkeys(promise.operation.path for promise in contract.promises):
        documented = {promise.operation.method for promise in contract.promises if promise.operation.path == path}
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            if method not in documented:
                yield Probe(f"{method} {path}", "paths", Ask(method, contract.spec.base_path + path), (405,))
    yield Probe("a path nobody documents", "paths", Ask("GET", f"{contract.spec.base_path}/nobody/knows"), (404,))


def put(bench: Bench, name: str, probe: Probe) -> Failure | None:
    """Send a probe and return what is wrong with its answer."""
    answer = bench.ask(probe.ask)
    statuses = " or ".join(map(str, probe.wanted))
    got = wrong_answer(bench, probe, answer)
    if got is None:
        return None
    return Failure(name, probe.case, probe.place, got, f"HTTP {statuses}, as documented", "server", probe.ask)


def wrong_answer(bench: Bench, probe: Probe, answer: httpx.Response) -> str | None:
    """Return what is wrong with the answer to a probe, or None."""
    if answer.status_code not in probe.wanted:
        return f"HTTP {answer.status_code}"
    if answer.status_code == 405 and not answer.headers.get("allow"):
        return "HTTP 405 without an Allow header"
    if answer.status_code == 401 and not answer.headers.get("www-authenticate"):
        return "HTTP 401 without a WWW-Authenticate header"
    path = probe.ask.target.partition("?")[0]
    promise = next(
        (
            each
            for each in bench.contract.promises
            if bench.contract.spec.base_path + each.operation.path == path and each.operation.method == probe.ask.method
        ),
        None,
    )
    return None if promise is None else undocumented(bench.contract, promise, answer)


def undocumented(contract: Contract, promise: Promise, answer: httpx.Response) -> str | None:
    """Return in what an answer is not one of those the document lists, or None."""
    reply = promise.reply(answer.status_code)
    if reply is None:
        return f"HTTP {answer.status_code}, which is not documented"
    if reply.schema is None:
        return None
    kind = answer.headers.get("content-type", "no content type")
    if kind.partition(";")[0] != "application/json":
        return f"HTTP {answer.status_code} with {kind}, application/json is documented"
    try:
        value: Any = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code} with a body that is not JSON"
    if not contract.fits(reply.schema, value):
        return f"HTTP {answer.status_code} with a body that does not fit its schema: {json.dumps(value)[:200]}"
    return None


@check
def answers_as_documented(bench: Bench) -> Tried:
    """What is in order is answered with the documented status, and each answer of a task's life fits its schema."""
    contract = bench.contract
    submit = right_ask(contract, contract.submit)
    for end in contract.waiter.ends:
        bench.sandbox.script(f"{end};polls=1")
        started = bench.ask(submit)
        yield _answered(bench, contract.submit, submit, started)
        task_id = str(value_at(_value(started), contract.submit.operation.links[0].id))
        yield from _life(bench, end, right_ask(contract, contract.poll, task_id))
        other = right_ask(contract, contract.poll, f"{task_id} ")
        yield _told(Probe("an id with a space behind it", "the id", other, ()), bench.ask(other).status_code, 404)
    bench.sandbox.script("429=7@submit")
    refused = bench.ask(submit)
    got = f"HTTP {refused.status_code}, Retry-After {refused.headers.get('retry-after')}"
    yield _told(Probe("a submit that is refused with 429", "retry-after", submit, ()), got, "HTTP 429, Retry-After 7")


def _life(bench: Bench, end: str, ask: Ask) -> Tried:
    """Ask for one task to its end: states in order, a file after a success, a reason after a failure."""
    contract, waiter, told = bench.contract, bench.contract.waiter, None
    probe = Probe(f"a task that ends as {end}", waiter.state, ask, ())
    for state in (*waiter.waiting, end):
        answer = bench.ask(ask)
        yield _answered(bench, contract.poll, ask, answer)
        told = _value(answer)
        yield _told(probe, value_at(told, waiter.state), state)
    places = {"success": waiter.output, "failure": waiter.error.get("message")}
    for meaning, place in places.items():
        if place:
            has = value_at(told, place) is not None
            yield _told(evolve(probe, place=place), has, (waiter.ends[end] == "success") is (meaning == "success"))


def _told(probe: Probe, got: object, wanted: object) -> Failure | None:
    if got == wanted:
        return None
    return Failure("answers as documented", probe.case, probe.place, str(got), str(wanted), "server", probe.ask)


def _answered(bench: Bench, promise: Promise, ask: Ask, answer: httpx.Response) -> Failure | None:
    wanted = promise.operation.success.status
    got = f"HTTP {answer.status_code}"
    if answer.status_code == wanted:
        got = undocumented(bench.contract, promise, answer) or ""
    probe = Probe(f"{promise.name}, in order", f"{promise.name} responses", ask, ())
    return _told(probe, got, f"HTTP {wanted} as documented") if got else None


def _value(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


@check
def the_token_is_asked_for(bench: Bench) -> Tried:
    """Without the accepted token no operation does anything."""
    for probe in credentials(bench.contract):
        yield put(bench, "the token is asked for", probe)


@check
def bodies_that_are_no_json_object(bench: Bench) -> Tried:
    """A body that is no JSON object, or does not say that it is JSON, is refused and starts nothing."""
    for probe in contents(bench.contract):
        yield put(bench, "bodies that are no json object", probe)


@check
def wrong_parameters(bench: Bench) -> Tried:
    """A parameter that is missing, misspelt or given twice is refused."""
    for probe in parameters(bench.contract):
        yield put(bench, "wrong parameters", probe)


@check
def other_methods_and_paths(bench: Bench) -> Tried:
    """A method nobody documented is answered with 405 and what is allowed, an unknown path with 404."""
    for probe in methods(bench.contract):
        yield put(bench, "other methods and paths", probe)


@check
def refusals_start_nothing(bench: Bench) -> Tried:
    """However many requests are refused, no task comes of them."""
    bench.sandbox.reset()
    probes = [*credentials(bench.contract), *contents(bench.contract)]
    for probe in probes:
        bench.ask(probe.ask)
    state = bench.raw.get("/_sandbox/state").json()["tasks"]["kept"]
    yield (
        None
        if state == 0
        else Failure(
            "refusals start nothing", f"{len(probes)} refused requests", "paths", f"{state} tasks", "none", "server"
        )
    )
