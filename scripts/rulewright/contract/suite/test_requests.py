"""Requests, valid and wrong: document, rules, client and server give the same verdict, for the same reasons."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from rulewright.contract.bench import Bench
from rulewright.contract.cases import Cases
from rulewright.contract.client import Skin
from rulewright.contract.contract import Subject
from rulewright.contract.failure import Ask, Failure
from rulewright.contract.request import is_same

Check = Callable[[Any], None]


def test_compiled_rules(bench: Bench) -> None:
    """Ids, levels, messages and quoted words, in the document's order."""
    wanted = {rule.id: (rule.level, rule.message, rule.source.quote) for rule in bench.contract.rules}
    assert bench.package.rules == wanted


def test_bodies(bench: Bench, json_subject: Subject, check: Check) -> None:
    """Every point of the request space, and every field absent, of a wrong type, unlisted, at and beyond its bounds."""
    cases = Cases(bench.contract, json_subject).bodies()
    check(bench.agree(json_subject, case, json_subject.with_body(body)) for case, body in cases)


def test_parameter_rules(bench: Bench, ruled_subject: Subject, check: Check) -> None:
    """The rules between parameters hold at the client and at the server."""
    cases = Cases(bench.contract, ruled_subject).parameter_points()
    check(bench.agree_on_parameters(ruled_subject, case, request) for case, request in cases)


def test_credentials(bench: Bench, subject: Subject, check: Check) -> None:
    """Without the accepted token no operation does anything."""
    check([None, *map(bench.put, Cases(bench.contract, subject).credentials())])


def test_parameters(bench: Bench, subject: Subject, check: Check) -> None:
    """A parameter that is missing, given twice, or has no value that it may have."""
    check([None, *map(bench.put, Cases(bench.contract, subject).parameters())])


def test_contents(bench: Bench, json_subject: Subject, check: Check) -> None:
    """A body that is no JSON, or does not announce that it is."""
    check([None, *map(bench.put, Cases(bench.contract, json_subject).contents())])


def test_methods(bench: Bench, subject: Subject, check: Check) -> None:
    """A method nobody documented is answered with 405."""
    check([None, *map(bench.put, Cases(bench.contract, subject).methods())])


def test_unknown_task(bench: Bench, subject: Subject, check: Check) -> None:
    """The state of a task that nobody started is answered with 404."""
    check([None, *map(bench.put, Cases(bench.contract, subject).unknown_task())])


def test_refused_submits(bench: Bench, submit: Subject) -> None:
    """However many submits are refused, no task comes of them."""
    bench.sandbox.reset()
    cases = Cases(bench.contract, submit)
    for probe in (*cases.credentials(), *cases.contents()):
        bench.send(probe.ask)
    assert len(bench.sandbox.core.tasks) == 0


def test_valid_request(bench: Bench, callable_subject: Subject, skin: Skin, check: Check) -> None:
    """The client sends it once, and reads the answer of the server as the document describes it."""
    bench.sandbox.reset()
    request = bench.valid(callable_subject)
    outcome = bench.call(request, skin)
    success = callable_subject.operation.success
    status, content = bench.answered
    ask = bench.contract.ask(callable_subject, request)

    def failed(place: str, got: object, wanted: str, *, by_server: bool = False) -> Failure:
        return Failure(str(callable_subject), place, str(got), wanted, "server" if by_server else "client", ask)

    def cases() -> Iterator[Failure | None]:
        if len(bench.sent) != 1:
            yield failed("the request", f"{len(bench.sent)} requests, {outcome.error}", "one request")
            return
        if status != success.status:
            yield failed("the status", f"HTTP {status}: {content[:200]!r}", f"HTTP {success.status}", by_server=True)
            return
        if status >= 300:  # the client follows no redirect, also where the document has no other success
            yield None if outcome.is_a("ProtocolError") else failed("the answer", outcome.name, "ProtocolError")
            return
        if outcome.error is not None:
            yield failed("the answer", f"{outcome.name}: {outcome.error}", "a value")
            return
        read = outcome.value.to_dict() if hasattr(outcome.value, "to_dict") else None
        same = read is None or not content or not callable_subject.has_answer or is_same(read, json.loads(content))
        yield None if same else failed("the answer", f"read as {read!r:.200}", f"{content[:200]!r}")

    check(cases())


def test_token(bench: Bench, callable_subject: Subject, skin: Skin) -> None:
    """A request carries the token where the document wants it, and nowhere else."""
    bench.sandbox.reset()
    request = bench.valid(callable_subject)
    bench.call(request, skin)
    (sent,) = bench.sent
    places = {each.place for each in callable_subject.carriers}
    elsewhere = {
        "query": str(sent.url.query),
        "header": " ".join(value for name, value in sent.headers.items() if name.lower() != "cookie"),
        "cookie": sent.headers.get("cookie", ""),
        "body": sent.content.decode("utf-8", "replace"),
    }
    assert [place for place, text in elsewhere.items() if bench.token in text and place not in places] == []


def test_waiving(bench: Bench, submit: Subject, check: Check) -> None:
    """A waived rule is not checked: its body is sent, and refused by the server; in strict mode every rule refuses."""

    def cases() -> Iterator[Failure | None]:
        yield None
        for place, rules, _ in submit.spaces:
            for rule in rules if not place.path and not place.is_alternative else ():
                request = submit.with_body(rule.breaks)
                if not bench.package.expresses(request):
                    continue
                outcome = bench.call(request, waive={rule.id})
                got = (outcome.name if outcome.error else "accepted", len(bench.sent), outcome.warned)
                wanted = ("BadRequest" if rule.level == "error" else "accepted", 1, ())
                strict = bench.call(request, strict=True)
                refused = bench.package.every_violation(strict)
                if got != wanted:
                    silent = not bench.package.body_violations(request, waive={rule.id})
                    by_server = rule.level == "error" and outcome.error is None
                    blame: Any = "rules" if not silent else "server" if by_server else "client"
                    yield Failure(f"{rule.id} waived", rule.id, str(got), str(wanted), blame, None, rule.breaks)
                if rule.id not in refused or bench.sent:
                    yield Failure(f"{rule.id}, strict", rule.id, strict.name, "refused", "client", None, rule.breaks)

    check(cases())


def test_unknown_path(bench: Bench) -> None:
    """A path that no operation has is answered with 404."""
    path = bench.contract.spec.base_path + "/nobody/knows/of/this/path/at/all"
    if not bench.contract.match(path):
        assert bench.send(Ask("GET", path)).status_code == 404
