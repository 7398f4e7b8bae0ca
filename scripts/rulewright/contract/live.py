"""Checks against an address: only requests that must be refused are sent, unless spending is allowed."""

from __future__ import annotations

import ipaddress
import math
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from attrs import evolve, frozen

from rulewright.contract.cases import REFUSED, Cases, Probe
from rulewright.contract.contract import Contract, Subject
from rulewright.contract.failure import Ask, Failure
from rulewright.errors import InputError
from rulewright.sandbox.tasks import SANDBOX_TOKEN

TIMEOUT: Final = 30.0
PAUSE: Final = 0.2
"""Seconds between two requests: a check is no load test."""
BODIES_PER_RULE: Final = 3
CHECKS: Final = ("credentials", "rules", "fields", "parameters", "unknown_task", "contents", "valid")
"""The checks in their order: rules, which the vendor states, come before what servers are often lenient about."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@frozen
class Planned:
    """One request of a plan.

    Attributes:
        check: The check it belongs to, such as `rules`.
        subject: The operation.
        probe: The request and the statuses that are right.
    """

    check: str
    subject: Subject
    probe: Probe

    def __str__(self) -> str:
        return self.probe.case


def plan(contract: Contract, spending: int) -> tuple[Planned, ...]:
    """Return the requests that are sent to a server that is not ours, in the order of `CHECKS`.

    Args:
        contract: What the server is held to.
        spending: How many valid requests may be sent.
    """
    subjects = [each for each in contract.subjects if each.untried is None]
    found = [Planned(check, each, probe) for each in subjects for check, probe in _requests_to_refuse(contract, each)]
    paid = contract.submits or [each for each in subjects if each.operation.method not in _SAFE]
    valid = [Planned("valid", each, probe) for each in paid if each.untried is None for probe in _valid(contract, each)]
    return (*sorted(found, key=lambda each: CHECKS.index(each.check)), *valid[:spending])


def announcement(planned: Sequence[Planned], url: str) -> list[str]:
    """Return what will be sent and may cost, for people to read first."""
    count = Counter(each.check for each in planned)
    refused = len(planned) - count["credentials"] - count["valid"]
    return [
        f"{len(planned)} requests will be sent to {url}, one at a time:",
        f"  {count['credentials']} without the token or with a wrong one; they cannot be billed",
        f"  {refused} with the token that must be refused",
        "    (if the server accepts one after all, that one may be billed, and nothing more is sent)",
        f"  {count['valid']} valid ones; each may be billed (--allow-spending)",
    ]


def _requests_to_refuse(contract: Contract, subject: Subject) -> Iterator[tuple[str, Probe]]:
    """Yield requests that must be refused, each with its check."""
    cases = Cases(contract, subject)
    yield from (("credentials", probe) for probe in cases.credentials())
    counts: Counter[str] = Counter()
    seen: set[bytes | None] = set()
    for case, body in cases.bodies():
        verdict = subject.verdict(body)
        if verdict.valid and not verdict.broken:
            continue  # valid, so it must not be sent as if it were free
        reason = ", ".join(verdict.broken) if verdict.fits else case
        ask = contract.ask(subject, subject.with_body(body))
        if len(verdict.broken) <= 1 and counts[reason] < BODIES_PER_RULE and ask.content not in seen:
            counts[reason] += 1
            seen.add(ask.content)
            yield "rules" if verdict.fits else "fields", Probe(f"{subject}: {case}", reason, ask, REFUSED)
    yield from (("parameters", probe) for probe in cases.parameters())
    yield from (("unknown_task", probe) for probe in cases.unknown_task())
    yield from (("contents", probe) for probe in cases.contents())


def _valid(contract: Contract, subject: Subject) -> Iterator[Probe]:
    bodies = Cases(contract, subject).bodies() if subject.schema is not None else iter([("the valid request", None)])
    for case, body in bodies:
        verdict = None if subject.schema is None else subject.verdict(body)
        if verdict is None or (verdict.accepted and verdict.valid and not verdict.warned):
            request = subject.request if verdict is None else subject.with_body(body)
            yield Probe(f"{subject}: {case}", "paths", contract.ask(subject, request), tuple(range(200, 300)))


class Server:
    """A server that is not ours.

    Args:
        url: Its address.
        token: The accepted credential.
        schema: The document as schemathesis reads it.
        base_path: The path of the document's own server, which the address stands for.
        spending: How many requests may be billed; one may be in any case, of those that must be refused.
        transport: What carries requests instead of sockets.

    Attributes:
        undescribed: The statuses that the document does not describe, by operation, with a request that got each.
    """

    def __init__(
        self,
        url: str,
        token: str,
        schema: Any,
        *,
        base_path: str = "",
        spending: int = 0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.undescribed: dict[str, dict[int, Ask]] = {}
        self._token = token
        self._schema = schema
        self._base_path = base_path
        self._left = math.inf if is_loopback(url) else max(1, spending)
        self._pause = 0.0 if is_loopback(url) else PAUSE
        self._http = httpx.Client(timeout=TIMEOUT, transport=transport, follow_redirects=False)

    @property
    def may_be_billed(self) -> bool:
        """Whether another request may be billed; on this machine none is."""
        return self._left > 0

    def put(self, planned: Planned) -> Failure | None:
        """Send a request; return what is wrong with the answer."""
        time.sleep(self._pause)
        probe, subject = planned.probe, planned.subject
        ask = evolve(probe.ask, target=probe.ask.target.removeprefix(self._base_path))
        target, headers = ask.sent(self._token)
        try:
            answer = self._http.request(ask.method, self.url + target, headers=headers, content=ask.content)
        except httpx.HTTPError as error:
            got, wanted = f"no answer: {type(error).__name__}", f"HTTP {probe.wanted}"
            return Failure(probe.case, probe.place, got, wanted, "server", ask)
        self._left -= answer.is_success and ask.method not in _SAFE
        if failure := evolve(probe, ask=ask).failure(answer.status_code):
            return failure
        if subject.reply(answer.status_code) is None:
            self.undescribed.setdefault(subject.name, {}).setdefault(answer.status_code, ask)
            return None
        try:
            self._schema[subject.operation.path][subject.operation.method].validate_response(answer)
        except Exception as error:  # noqa: BLE001  schemathesis has a class for each kind of difference
            got = f"HTTP {answer.status_code}: {error}"[:300]
            return Failure(probe.case, f"{subject} responses", got, "as documented", "server", ask)
        return None

    def silence(self, contract: Contract, subject: Subject) -> Failure | None:
        """Return the answers of an operation that the document does not describe as one failure of the document."""
        found = self.undescribed.get(subject.name)
        if not found:
            return None
        got = f"HTTP {', '.join(map(str, sorted(found)))}, of which the document has nothing"
        ask = next(iter(found.values()))
        wanted = f"this action in an overlay:\n{contract.describe_statuses(subject, found)}"
        return Failure(f"the answers of {subject}", f"{subject} responses", got, wanted, "document", ask)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()


def check_alive(url: str) -> None:
    """Refuse an address at which no server answers; asks it once, without the token.

    Raises:
        InputError: There is no answer.
    """
    try:
        httpx.get(url, timeout=TIMEOUT, follow_redirects=False)
    except httpx.HTTPError as error:
        raise InputError(f"no server answers at {url}: {str(error) or type(error).__name__}") from None


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
        InputError: It is not such an address.
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
        InputError: There is no token.
    """
    token = environment.get(variable) or (SANDBOX_TOKEN if is_loopback(url) else "")
    if not token:
        raise InputError(f"there is no token for {url}: set {variable}")
    return token
