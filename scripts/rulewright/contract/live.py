"""Checks against an address: only requests that must be refused are sent, unless spending is allowed."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from attrs import evolve, frozen

from rulewright.contract.bench import TOKEN
from rulewright.contract.cases import REFUSED, Cases, Probe
from rulewright.contract.contract import Contract, Subject
from rulewright.contract.failure import Failure
from rulewright.errors import InputError

TIMEOUT: Final = 30.0
PAUSE: Final = 0.2
"""Seconds between two requests: a check is no load test."""
BODIES_PER_RULE: Final = 3
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@frozen
class Planned:
    """One request of a plan.

    Attributes:
        group: `free` without an accepted credential, which no server can bill; `refused` with the token;
            `billed` for a valid request, which may be billed.
        subject: The operation.
        probe: The request and the statuses that are right.
    """

    group: str
    subject: Subject
    probe: Probe

    def __str__(self) -> str:
        return f"{self.group}: {self.probe.case}"


def plan(contract: Contract, spending: int) -> tuple[Planned, ...]:
    """Return the requests that are sent to a server that is not ours, in their order.

    Args:
        contract: What the server is held to.
        spending: How many valid requests may be sent.
    """
    subjects = [each for each in contract.subjects if each.untried is None]
    free = [Planned("free", each, probe) for each in subjects for probe in Cases(contract, each).credentials()]
    refused = [Planned("refused", each, probe) for each in subjects for probe in _refused(contract, each)]
    paid = contract.submits or [each for each in subjects if each.operation.method not in _SAFE]
    billed = [
        Planned("billed", each, probe) for each in paid if each.untried is None for probe in _valid(contract, each)
    ]
    return (*free, *refused, *billed[:spending])


def lines(planned: tuple[Planned, ...], url: str) -> list[str]:
    """Return what will be sent and may cost, for people to read first."""
    count = {group: sum(each.group == group for each in planned) for group in ("free", "refused", "billed")}
    return [
        f"{len(planned)} requests will be sent to {url}, one at a time:",
        f"  {count['free']} without the token or with a wrong one; they cannot be billed",
        f"  {count['refused']} with the token that must be refused",
        "    (if the server accepts one after all, that one may be billed, and nothing more is sent)",
        f"  {count['billed']} valid ones; each may be billed (--allow-spending)",
    ]


def _refused(contract: Contract, subject: Subject) -> Iterator[Probe]:
    cases = Cases(contract, subject)
    yield from cases.contents()
    yield from cases.parameters()
    yield from cases.unknown_task()
    counts: dict[str, int] = {}
    seen: set[bytes | None] = set()
    for case, body in cases.bodies():
        verdict = subject.verdict(body)
        if verdict.valid and not verdict.broken:
            continue  # valid, so it must not be sent as if it were free
        reason = ", ".join(verdict.broken) if verdict.fits else case
        ask = contract.ask(subject, subject.with_body(body))
        if len(verdict.broken) <= 1 and counts.get(reason, 0) < BODIES_PER_RULE and ask.content not in seen:
            counts[reason] = counts.get(reason, 0) + 1
            seen.add(ask.content)
            yield Probe(f"{subject}: {case}", reason, ask, REFUSED)


def _valid(contract: Contract, subject: Subject) -> Iterator[Probe]:
    wanted = (subject.operation.success.status,)
    bodies = Cases(contract, subject).bodies() if subject.judge is not None else iter([("the valid request", None)])
    for case, body in bodies:
        verdict = None if subject.judge is None else subject.verdict(body)
        if verdict is None or (verdict.accepted and verdict.valid and not verdict.warned):
            request = subject.request if verdict is None else subject.with_body(body)
            yield Probe(f"{subject}: {case}", "paths", contract.ask(subject, request), wanted)


class Server:
    """A server that is not ours.

    Args:
        url: Its address.
        token: The accepted credential.
        schema: The document as schemathesis reads it.
        transport: What carries requests instead of sockets.
    """

    def __init__(self, url: str, token: str, schema: Any, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._schema = schema
        self._pause = 0.0 if is_loopback(url) else PAUSE
        self._http = httpx.Client(timeout=TIMEOUT, transport=transport, follow_redirects=False)

    def put(self, planned: Planned, base_path: str) -> tuple[Failure | None, bool]:
        """Send a request; return what is wrong with the answer, and whether it was accepted against all rules."""
        time.sleep(self._pause)
        probe, subject = planned.probe, planned.subject
        # The address stands for the server of the document, its path included.
        ask = evolve(probe.ask, target=probe.ask.target.removeprefix(base_path))
        probe = evolve(probe, ask=ask)
        target, headers = ask.sent(self._token)
        try:
            answer = self._http.request(ask.method, self.url + target, headers=headers, content=ask.content)
        except httpx.HTTPError as error:
            got, wanted = f"no answer: {type(error).__name__}", f"HTTP {probe.wanted}"
            return Failure(probe.case, probe.place, got, wanted, "server", ask), False
        accepted = answer.is_success and planned.group != "billed" and ask.method not in _SAFE
        return probe.failure(answer.status_code) or self._undocumented(subject, probe, answer), accepted

    def _undocumented(self, subject: Subject, probe: Probe, answer: httpx.Response) -> Failure | None:
        """Return what of an answer the document does not describe."""
        if subject.reply(answer.status_code) is None:
            got = f"HTTP {answer.status_code}, which is not documented"
            return Failure(probe.case, f"{subject} responses", got, "a documented status", "server", probe.ask)
        try:
            self._schema[subject.operation.path][subject.operation.method].validate_response(answer)
        except Exception as error:  # noqa: BLE001  schemathesis has a class for each kind of difference
            got = f"HTTP {answer.status_code}: {error}"[:300]
            return Failure(probe.case, f"{subject} responses", got, "as documented", "server", probe.ask)
        return None

    def close(self) -> None:
        """Close its connections."""
        self._http.close()


def is_loopback(url: str) -> bool:
    """Return whether an address means this machine."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_url(url: str) -> str:
    """Return an address that requests with a token may be sent to.

    Raises:
        InputError: It is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise InputError(f"--url must be an http or https address without user and query, got {url!r}")
    if parts.scheme == "http" and not is_loopback(url):
        raise InputError(f"--url must be https, because the token would be readable on the way, got {url!r}")
    return url


def token_for(url: str, variable: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the token for a server: that of the client's variable, or the sandbox's own on this machine.

    Raises:
        InputError: There is none.
    """
    token = environment.get(variable) or (TOKEN if is_loopback(url) else "")
    if not token:
        raise InputError(f"there is no token for {url}: set {variable}")
    return token
