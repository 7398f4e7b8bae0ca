"""A server that is not ours: what must be refused is refused, and every answer is a described one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from rulewright.contract.bench import Bench
from rulewright.contract.contract import Subject
from rulewright.contract.failure import Failure
from rulewright.contract.live import Planned, Server


def test_request(
    bench: Bench,
    server: Server,
    planned: Planned,
    check: Callable[[Iterable[Failure | None]], None],
    request: pytest.FixtureRequest,
) -> None:
    """Send one request; nothing more once a request that must be refused was accepted and another may cost."""
    if planned.check == "valid" and not server.may_be_billed:
        pytest.skip("as many requests as may be billed were accepted")
    bench.compared += 1
    failure = server.put(planned)
    if planned.check != "valid" and not server.may_be_billed:
        request.session.shouldfail = "a request that must be refused was accepted; nothing more is sent"
    check([failure])


def test_described(
    bench: Bench, server: Server, subject: Subject, check: Callable[[Iterable[Failure | None]], None]
) -> None:
    """Find every answer described in the document; where it is silent, the document is at fault."""
    check([server.silence(bench.contract, subject)])
