"""The effective spec as schemathesis reads it, a client that the sandbox answers, and one run of all checks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import respx
import schemathesis
from mountsea_gemini import Client, Task
from mountsea_gemini.testing.contract import CHECKS, Bench, Report, Result, read_waivers, reported, tried
from rulewright.merged import Merged, merge
from rulewright.project import load_project
from rulewright.sandbox import Sandbox
from schemathesis.config import SchemathesisConfig

from tests.contract.kept import keep

BASE: Final = "http://127.0.0.1:9"  # nobody listens there: what escapes the mock fails
HERE: Final = Path(__file__).parent
EFFECTIVE: Final = HERE.parents[1] / "generated/openapi.effective.json"
LONG: Final = os.environ.get("CONTRACT_PROFILE") == "long"
REPORT_VARIABLE: Final = "CONTRACT_REPORT"
KEPT: Final = 5
"""Failing bodies kept of one check, at most."""
FIELDS: Final = {
    "prompt": "prompt",
    "action": "action",
    "model": "model",
    "imageList": "image_list",
    "aspectRatio": "aspect_ratio",
    "translation": "translation",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what failed before first."""
    items.sort(key=lambda item: "test_kept.py" not in item.nodeid)


@dataclass
class Wire:
    """A client, and the one route that everything it sends must take."""

    client: Client
    route: respx.Route

    @property
    def sent(self) -> list[httpx.Request]:
        """The requests that left the client since the last submit began."""
        return [call.request for call in self.route.calls]

    def submit(self, body: dict[str, Any]) -> Task:
        """Send a JSON body through the typed client."""
        given = {FIELDS[name]: value for name, value in body.items() if name in FIELDS}
        extra = {name: value for name, value in body.items() if name not in FIELDS}
        self.route.calls.clear()
        return self.client.generate(**given, extra=extra)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """One client for the whole module: a new one for each example would dominate the run."""
    sandbox = Sandbox("mountsea_gemini_api")
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        route = sandbox.mock(router)
        with Client("sandbox", base_url=BASE) as client:
            yield Wire(client, route)


@pytest.fixture(scope="session")
def operation() -> Any:
    """The submit operation of the effective spec, with a server address that leads nowhere."""
    document = json.loads(EFFECTIVE.read_text(encoding="utf-8"))
    document["servers"] = [{"url": BASE}]
    config = SchemathesisConfig.from_dict(
        {
            "generation": {"with-security-parameters": False, "database": "none"},
            "checks": {"ignored_auth": {"enabled": False}},
        }
    )
    return schemathesis.openapi.from_dict(document, config=config)["/gemini/video/generate"]["POST"]


@pytest.fixture(scope="session")
def merged() -> Merged:
    """The project's document and rules."""
    return merge(load_project(EFFECTIVE.parents[1]))


class Running:
    """One run of all checks on one bench, each when it is first asked for."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._results: dict[str, Result] = {}

    def result(self, name: str) -> Result:
        """Return what came of a check; bodies that fail are kept for the next time."""
        if name not in self._results:
            self._results[name] = tried(CHECKS[name], self.bench)
            for failure in self._results[name].failures[:KEPT]:
                keep(failure)
        return self._results[name]

    def report(self) -> Report:
        """Return the report of all checks."""
        results = [self.result(name) for name in CHECKS]
        return reported(self.bench, results, waivers=read_waivers(HERE / "waivers.json"))


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """One run of every check, shared by all tests of a process."""
    with Bench() as bench:
        yield Running(bench)


@pytest.fixture(scope="session")
def report(running: Running) -> Report:
    """The report of that run."""
    return running.report()


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A client and a sandbox with everything between them watched."""
    with Bench() as made:
        yield made


@pytest.fixture(scope="session")
def guarded() -> dict[str, str]:
    """The environment for a Python started by a test: it reaches nobody but this machine."""
    root = EFFECTIVE.parents[1]
    path = [HERE / "guard", root, root / "overlays", root / "generated"]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONUTF8": "1"}
