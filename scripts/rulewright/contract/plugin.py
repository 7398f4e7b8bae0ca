"""The pytest plugin of a run: its options, its bench, the order of its checks and its summary."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.schemas import OpenApiSchema
from schemathesis.transport.requests import REQUESTS_TRANSPORT

from rulewright.contract.bench import Bench
from rulewright.contract.client import ClientPackage
from rulewright.contract.contract import Subject
from rulewright.contract.coverage import goals
from rulewright.contract.failure import Failure
from rulewright.contract.live import Server, plan, token_for
from rulewright.errors import InputError, printable

SUITE: Final = Path(__file__).parent / "suite"
ORDER: Final = ("test_live", "test_requests", "test_generated", "test_answers", "test_tasks", "test_coverage")
"""The modules of the suite. The server comes before the client: what it gets wrong must not be blamed on the client."""
MAX_FAILURES: Final = 100
"""Failures after which one check ends."""
SHOWN: Final = 10
SHORT: Final = 20
LONG: Final = 400
"""Generated requests of each operation and seed."""
MOST_SYSTEMATIC: Final = 400
"""Requests of each operation that schemathesis takes from the keywords of its schemas."""
SHOWN_BASE: Final = "http://127.0.0.1:4010"
"""The address in lines that reproduce a failure: that of a sandbox one starts for it."""
BENCH: Final = pytest.StashKey[Bench]()
OPTIONS: Final = pytest.StashKey[argparse.Namespace]()
"""What `rulewright contract` was given."""

_running: list[pytest.Config] = []


class Run:
    """What a run counts beside the outcomes of its tests."""

    def __init__(self) -> None:
        self.blames: Counter[str] = Counter()
        self.coverage: tuple[tuple[str, ...], list[str]] | None = None
        self.is_partial = False
        self.tried = 0


RUN: Final = pytest.StashKey[Run]()


def pytest_configure(config: pytest.Config) -> None:
    """Open the bench of the run."""
    if config.getoption("numprocesses", None):
        raise pytest.UsageError("contract checks run in one process, which counts their coverage; leave -n out")
    try:
        bench = Bench(ClientPackage(config.stash[OPTIONS].client))
    except InputError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[BENCH], config.stash[RUN] = bench, Run()
    _bound_systematic(config)
    _running.append(config)


def _bound_systematic(config: pytest.Config) -> None:
    """Let schemathesis take a bounded number of requests from the keywords of an operation's schemas.

    It takes alternatives apart within alternatives, so that the number of all grows with every level of a schema.
    """
    every = OpenApiSchema.iter_coverage_cases
    most = MOST_SYSTEMATIC * (LONG // SHORT if config.stash[OPTIONS].long else 1)

    def some(*given: Any, **options: Any) -> Iterator[schemathesis.Case[Any]]:
        return islice(every(*given, **options), most)

    patched = pytest.MonkeyPatch()
    patched.setattr(OpenApiSchema, "iter_coverage_cases", some)
    config.add_cleanup(patched.undo)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the bench."""
    bench = config.stash.get(BENCH, None)
    if bench is not None:
        bench.close()
        _running.remove(config)
        sys.modules.pop("rulewright.contract.suite.test_generated", None)  # it is made for this run's document


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a check once for each operation it is about, and for each kind of client."""
    bench = metafunc.config.stash[BENCH]
    every = [each for each in bench.contract.subjects if each.untried is None]
    choices: dict[str, Collection[Subject]] = {
        "subject": every,
        "callable_subject": [each for each in every if bench.package.has(each.operation.method, each.operation.path)],
        "json_subject": [each for each in every if each.schema is not None],
        "ruled_subject": [each for each in every if each.ruled is not None],
        "submit": [each for each in bench.contract.submits if each.untried is None],
    }
    for name, subjects in choices.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, subjects, ids=str)
    if "planned" in metafunc.fixturenames:
        spending = metafunc.config.stash[OPTIONS].allow_spending
        metafunc.parametrize("planned", plan(bench.contract, spending), ids=str)
    if "skin" in metafunc.fixturenames:
        metafunc.parametrize("skin", ["sync", "async"])


def check_of(item: pytest.Item) -> str:
    """Return the name by which a check is chosen: that of the function, or of the kind of requests to an address."""
    case: Any = getattr(item, "callspec", None)
    planned = case.params.get("planned") if case else None
    name = planned.check if planned else getattr(item, "originalname", item.name).removeprefix("test_")
    return str(name).replace("_", "-")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the checks in their order, and those that were asked for."""
    items.sort(key=lambda item: ORDER.index(item.path.stem) if item.path.stem in ORDER else 0)
    wanted, skipped = config.stash[OPTIONS].check, config.stash[OPTIONS].skip
    known = list(dict.fromkeys(map(check_of, items)))
    for name in (*wanted, *skipped):
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise pytest.UsageError(f"there is no check {name!r}; {hint}")
    left = [item for item in items if check_of(item) in (wanted or known) and check_of(item) not in skipped]
    if len(left) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in left])
        items[:] = left


def pytest_deselected(items: Collection[pytest.Item]) -> None:
    """Note that only a part is run, of which no coverage is asked."""
    for item in items:
        item.config.stash[RUN].is_partial = True


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let no check see the tasks of another."""
    item.config.stash[BENCH].sandbox.reset()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Escape control characters in what a failure shows: servers and documents are foreign."""
    report: Any = yield
    if report.failed:
        report.longrepr = printable(str(report.longrepr))
    if report.when == "call" and not report.skipped:
        item.config.stash[RUN].tried += 1
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Take a run in which nothing was tried for a failed one."""
    if (
        exitstatus == pytest.ExitCode.OK
        and not session.config.stash[RUN].tried
        and not session.config.option.collectonly
    ):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Print what the run comes to."""
    bench, run, url = config.stash[BENCH], config.stash[RUN], config.stash[OPTIONS].url
    terminalreporter.section("contract")
    for subject in bench.contract.subjects:
        if subject.untried is not None:
            terminalreporter.write_line(f"not tried: {printable(subject.untried)}")
        elif not subject.has_answer:
            line = f"{subject}: no value could be made up that fits the schema of its answer; the sandbox's may not"
            terminalreporter.write_line(printable(line))
    silent = [each for each in bench.contract.subjects if each.reply(400) is None]
    if silent and not url:
        names, action = ", ".join(map(str, silent)), bench.contract.describe_statuses(silent[0], [400])
        line = f"the document describes no refusal of {names}; a server gives one; an overlay can say it:\n{action}"
        terminalreporter.write_line(printable(line))
    if run.coverage is not None:
        lines, missed = run.coverage
        share = 1 - len(missed) / max(1, len(lines))
        terminalreporter.write_line(f"coverage: {share:.1%} of {len(lines)} lines, {len(missed)} missed")
    if run.blames and not url:
        terminalreporter.write_line(
            f"for the lines that reproduce: rulewright sandbox {bench.package.name} --port 4010"
        )
    for blame, count in run.blames.most_common():
        terminalreporter.write_line(f"at fault: {blame}, {count} cases")
    word = "kept" if exitstatus == 0 else "interrupted" if exitstatus == pytest.ExitCode.INTERRUPTED else "BROKEN"
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        word = "BROKEN: no case was tried, which proves nothing"
    called = f"{len(bench.called)} of {len(bench.contract.subjects)} operations called"
    line = f"contract of {bench.package.name}: {word}; {called}, {bench.compared} requests compared"
    terminalreporter.write_line(line)


def schemas() -> dict[str, BaseSchema]:
    """Return the document of the run as schemathesis reads it, once for each seed."""
    config = _running[-1]
    seeds = config.stash[OPTIONS].seeds
    if not seeds:
        return {"deterministic": _schema(config)}
    return {f"seed {seed}": _schema(config, seed) for seed in range(1, seeds + 1)}


def _schema(config: pytest.Config, seed: int | None = None) -> BaseSchema:
    generation = {
        "database": "none",
        "max-examples": LONG if config.stash[OPTIONS].long else SHORT,
        "with-security-parameters": False,
        "deterministic": seed is None,
    }
    settings: dict[str, Any] = {} if seed is None else {"seed": seed}
    # Examples it takes apart within each other, too; `Cases` has those of bodies.
    off = {"enabled": False}
    settings |= {"phases": {"stateful": off, "examples": off}, "suppress-health-check": ["all"]}
    read = SchemathesisConfig.from_dict({**settings, "generation": generation})
    contract = config.stash[BENCH].contract
    for media in {media for each in contract.spec.operations if each.body is not None for media in each.body.media}:
        if REQUESTS_TRANSPORT.get_first_matching_media_type(media) is None:
            schemathesis.serializer(media)(_as_bytes)
    untried = {(each.operation.method, each.operation.path) for each in contract.subjects if each.untried is not None}
    found = schemathesis.openapi.from_dict(contract.for_generators(), config=read)
    return found.exclude(lambda each: (each.operation.method.upper(), each.operation.path) in untried)


def _as_bytes(_context: Any, value: Any) -> bytes:
    """Write a body of a media type that schemathesis does not know; a server takes any."""
    return value if isinstance(value, bytes) else json.dumps(value, default=str).encode()


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest) -> Bench:
    """The client and the sandbox of the run."""
    return request.config.stash[BENCH]


@pytest.fixture(scope="session")
def check(bench: Bench, request: pytest.FixtureRequest) -> Callable[[Iterable[Failure | None]], None]:
    """Fail with every failure among the cases of a check; also if there was no case."""

    def checked(cases: Iterable[Failure | None]) -> None:
        tried, failures = 0, []
        for failure in cases:
            tried += 1
            failures += [failure] if failure is not None else []
            if len(failures) == MAX_FAILURES:
                break  # what is this wrong needs no more evidence
        if failures:
            request.config.stash[RUN].blames.update(each.blame for each in failures)
            base = request.config.stash[OPTIONS].url or SHOWN_BASE
            texts = [each.text(base, bench.package.variable) for each in failures[:SHOWN]]
            title = f"{len(failures)} of {tried} cases failed; the first {len(texts)}:"
            pytest.fail("\n".join([title, *texts]), pytrace=False)
        if not tried:
            pytest.fail("no case was tried, which proves nothing", pytrace=False)

    return checked


@pytest.fixture(scope="session")
def server(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server at the address of the run."""
    given, spec = request.config.stash[OPTIONS], bench.contract.spec
    token, read = token_for(given.url, bench.package.variable), _schema(request.config)
    made = Server(given.url, token, read, base_path=spec.base_path, spending=given.allow_spending)
    yield made
    made.close()


@pytest.fixture(scope="session")
def measured(bench: Bench, request: pytest.FixtureRequest) -> tuple[tuple[str, ...], list[str]]:
    """What a run has to exercise, and what this one has not so far."""
    run = request.config.stash[RUN]
    if run.is_partial:
        pytest.skip("only a part of the checks was run")
    lines = goals(bench.contract, bench.package)
    run.coverage = lines, [line for line in lines if not bench.ledger.seen[line]]
    return run.coverage
