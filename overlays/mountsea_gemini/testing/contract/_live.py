"""Checks against an address: only what must be refused is sent, unless spending is allowed, and never unsaid."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import httpx
from attrs import frozen

from ._bench import WRONG, Bench
from ._bodies import misfit_bodies, rule_bodies
from ._checks import Check
from ._exchange import Ask, json_ask
from ._failure import Failure
from ._run import Report, Result
from ._server import Probe, contents, credentials, parameters, undocumented

TIMEOUT: Final = 30.0
PAUSE: Final = 0.2
"""Seconds between two requests: a check is no load test."""

BODIES_PER_RULE: Final = 3


@frozen(eq=False)
class Plan:
    """What will be sent.

    Attributes:
        free: Requests without an accepted credential: no server can bill them.
        refused: Requests with the token that the document says must be refused.
        billed: Requests in order, each of which is accepted and may be billed.
    """

    free: tuple[Probe, ...]
    refused: tuple[Probe, ...]
    billed: tuple[Probe, ...]

    @property
    def size(self) -> int:
        """How many requests there are."""
        return len(self.free) + len(self.refused) + len(self.billed)

    def lines(self, url: str) -> list[str]:
        """Return what will be sent and may cost, for people to read first."""
        return [
            f"{self.size} requests will be sent to {url}, one at a time:",
            f"  {len(self.free)} without the token or with a wrong one; they cannot be billed",
            f"  {len(self.refused)} with the token that must be refused",
            "    (if the server accepts one after all, that one may be billed, and nothing more is sent)",
            f"  {len(self.billed)} in order; each starts a task and may be billed (--allow-spending)",
        ]


def plan(bench: Bench, spending: int) -> Plan:
    """Return what is sent to a server that is not ours.

    Args:
        bench: Whose contract it is about.
        spending: How many tasks may be started.
    """
    contract = bench.contract
    refused = (*contents(contract), *parameters(contract), *_bodies(bench))
    return Plan(tuple(credentials(contract)), refused, tuple(_accepted(bench, spending)))


def _bodies(bench: Bench) -> Iterator[Probe]:
    promise = bench.contract.submit
    path = bench.contract.spec.base_path + promise.operation.path
    for case, body in misfit_bodies(bench):
        # Asked once more: what is in order after all must not be sent as if it were free.
        if promise.judge is not None and not promise.judge.verdict(body).accepted:
            yield Probe(case, "the schema", json_ask(promise.operation.method, path, body), (400, 422))
    for rule in promise.judge.rules if promise.judge else ():
        broken = (each for each in rule_bodies(bench, rule, limit=BODIES_PER_RULE) if each[0].startswith("breaks"))
        if rule["level"] == "error":
            for case, body in broken:
                yield Probe(case, rule["id"], json_ask(promise.operation.method, path, body), (400, 422))


def _accepted(bench: Bench, spending: int) -> Iterator[Probe]:
    promise = bench.contract.submit
    path = bench.contract.spec.base_path + promise.operation.path
    sent = 0
    for body in promise.space.bodies() if promise.space else ():
        if sent == spending:
            return
        if promise.judge is not None and promise.judge.verdict(body) == promise.judge.verdict(promise.good()):
            sent += 1
            yield Probe(
                f"a request in order, {sent}", "paths", json_ask(promise.operation.method, path, body), (201, 200)
            )


def run_live(
    bench: Bench,
    planned: Plan,
    url: str,
    token: str,
    *,
    transport: httpx.BaseTransport | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Report:
    """Send what was planned, in that order, and stop at the first request accepted that must not be.

    Args:
        bench: Whose contract it is about; nothing is sent through it.
        planned: What to send.
        url: The server's address; with https unless it is this machine.
        token: The accepted credential.
        transport: An httpx transport instead of sockets, for tests.
        pause: Waits that many seconds between two requests.
    """
    stopped = False
    results: list[Result] = []
    base = url.rstrip("/")
    with httpx.Client(base_url=base, timeout=TIMEOUT, transport=transport, follow_redirects=False) as http:
        for name, purpose, probes in (
            ("without the token", "Nothing happens without the accepted token.", planned.free),
            ("must be refused", "What the document forbids is refused.", planned.refused),
            ("in order", "What the document allows is accepted.", planned.billed),
        ):
            failures: list[Failure] = []
            started, cases = time.perf_counter(), 0
            for probe in () if stopped else probes:
                failure, accepted = _put(bench, http, name, probe, token)
                cases += 1
                failures += [failure] if failure else []
                if accepted and name != "in order":
                    stopped = True
                    break
                pause(PAUSE)
            if cases:
                check = Check(name, purpose, lambda _: iter(()))
                results.append(Result(check, cases, tuple(failures), time.perf_counter() - started))
    return Report(tuple(results), None, base, bench.variable)


def _put(bench: Bench, http: httpx.Client, name: str, probe: Probe, token: str) -> tuple[Failure | None, bool]:
    """Send one request; return what is wrong with the answer, and whether it was accepted."""
    wanted = f"HTTP {' or '.join(map(str, probe.wanted))}"
    try:
        answer = http.request(probe.ask.method, probe.ask.target, headers=_headers(probe.ask, token),
                              content=probe.ask.content)  # fmt: skip
    except httpx.HTTPError as error:
        got = f"no answer: {type(error).__name__}"
        return Failure(name, probe.case, probe.place, got, wanted, "server", probe.ask), False
    got = f"HTTP {answer.status_code}"
    path = probe.ask.target.partition("?")[0]
    promise = next(each for each in bench.contract.promises if path.endswith(each.operation.path))
    accepted = answer.is_success and promise is bench.contract.submit
    if answer.status_code in probe.wanted:
        got = undocumented(bench.contract, promise, answer) or ""
    failure = Failure(name, probe.case, probe.place, got, wanted, "server", probe.ask) if got else None
    return failure, accepted


def _headers(ask: Ask, token: str) -> dict[str, str]:
    headers = dict(ask.headers)
    if ask.credential in {"right", "wrong"}:
        headers["Authorization"] = f"Bearer {token if ask.credential == 'right' else WRONG}"
    elif ask.credential != "none":
        headers["Authorization"] = ask.credential
    return headers
