"""A server that is not ours: what must be refused is refused, and every answer is a documented one."""

from __future__ import annotations

import pytest

from rulewright.contract.bench import Bench
from rulewright.contract.live import Planned, Server
from rulewright.contract.plugin import count


def test_live(bench: Bench, server: Server, planned: Planned, request: pytest.FixtureRequest) -> None:
    """Send one request; nothing more is sent after one that is accepted although it must be refused."""
    failure, accepted = server.put(planned, bench.contract.spec.base_path)
    bench.compared += 1
    if accepted:
        request.session.shouldfail = "a request that must be refused was accepted; nothing more is sent"
    if failure is not None:
        count(request.config, [failure])
        pytest.fail(failure.text(server.url, bench.package.variable), pytrace=False)
