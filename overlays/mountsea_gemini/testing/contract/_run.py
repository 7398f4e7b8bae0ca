"""One run of all checks, and what it found."""

from __future__ import annotations

import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from ..._errors import ApiError
from . import _answers, _bodies, _lives, _server
from ._bench import Bench
from ._checks import CHECKS, Check
from ._coverage import Coverage, Waiver, measured
from ._failure import Blame, Failure
from ._universe import universe

MAX_FAILURES: Final = 100
"""Failures after which a check ends."""

MODULES: Final = (_server, _bodies, _answers, _lives)
"""The checks, in the order in which they run: what the server gets wrong is not to be laid at the client's door."""

_in_order = sorted(CHECKS.values(), key=lambda each: MODULES.index(sys.modules[each.run.__module__]))
CHECKS.clear()
CHECKS.update({each.name: each for each in _in_order})


@frozen
class Result:
    """What came of one check.

    Attributes:
        check: Which.
        cases: How many cases it tried.
        failures: Those that failed.
        seconds: How long it took.
    """

    check: Check
    cases: int
    failures: tuple[Failure, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether it tried anything and nothing failed."""
        return self.cases > 0 and not self.failures


@frozen
class Report:
    """What a run found.

    Attributes:
        results: One for each check, in order.
        coverage: What of the contract was exercised; None where that is not asked for.
        base: The server's address.
        variable: The environment variable that holds the token.
        rules: For each rule and sense how many bodies were put to client and server.
    """

    results: tuple[Result, ...]
    coverage: Coverage | None
    base: str
    variable: str
    rules: Mapping[str, int] = field(factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every check passed, and the gate of coverage too."""
        complete = self.coverage is None or self.coverage.complete
        return bool(self.results) and all(result.passed for result in self.results) and complete

    @property
    def failures(self) -> tuple[Failure, ...]:
        """All failures."""
        return tuple(failure for result in self.results for failure in result.failures)

    @property
    def cases(self) -> int:
        """How many cases were tried."""
        return sum(result.cases for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        covered = self.coverage
        return {
            "passed": self.passed,
            "cases": self.cases,
            "checks": [
                {
                    "name": each.check.name,
                    "purpose": each.check.purpose,
                    "cases": each.cases,
                    "seconds": round(each.seconds, 3),
                    "failures": [failure.as_json(self.base, self.variable) for failure in each.failures],
                }
                for each in self.results
            ],
            "rules": dict(self.rules),
            "coverage": None
            if covered is None
            else {
                "share": covered.share,
                "complete": covered.complete,
                "missed": list(covered.missed),
                "waived": dict(covered.waived),
                "problems": list(covered.problems),
                "counts": {line: covered.counts.get(line, 0) for line in covered.lines},
            },
        }


def run(
    bench: Bench | None = None,
    *,
    checks: Collection[str] | None = None,
    waivers: Collection[Waiver] = (),
    today: date | None = None,
    told: Callable[[Result], None] = lambda _: None,
) -> Report:
    """Run checks against a sandbox in this process; nothing leaves it.

    Args:
        bench: What to run them on; None for a new one, of the contract that comes with this package.
        checks: Names of the checks to run; None for all, and then coverage is measured too.
        waivers: What coverage need not show.
        today: The day on which waivers are judged; None for the current one.
        told: Called after each check.

    Raises:
        KeyError: There is no check of that name.
    """
    if bench is None:
        with Bench() as own:
            return run(own, checks=checks, waivers=waivers, today=today, told=told)
    results: list[Result] = []
    for check in CHECKS.values() if checks is None else [CHECKS[name] for name in checks]:
        results.append(tried(check, bench))
        told(results[-1])
    return reported(bench, results, waivers=waivers, today=today, covered=checks is None)


def reported(
    bench: Bench,
    results: Collection[Result],
    *,
    waivers: Collection[Waiver] = (),
    today: date | None = None,
    covered: bool = True,
) -> Report:
    """Return the report of checks that were run one by one on a bench.

    Args:
        bench: On which they were run.
        results: What came of them.
        waivers: What coverage need not show.
        today: The day on which waivers are judged; None for the current one.
        covered: Whether coverage is asked for.
    """
    coverage = None
    if covered:
        day = today or datetime.now(UTC).date()
        coverage = measured(universe(bench.contract), bench.ledger.seen, waivers, day)
    return Report(tuple(results), coverage, bench.base, bench.variable, _rules(bench))


def tried(check: Check, bench: Bench) -> Result:
    """Run one check on a bench."""
    started = time.perf_counter()
    failures: list[Failure] = []
    cases = 0
    bench.sandbox.reset()
    try:
        for failure in check.run(bench):
            cases += 1
            if failure is not None:
                failures.append(failure)
            if len(failures) == MAX_FAILURES:
                break  # what is this wrong needs no more evidence
    except Exception as error:  # noqa: BLE001  one check that cannot go on must not hide what the others find
        failures.append(_broken_off(check, cases, error))
    return Result(check, cases, tuple(failures), time.perf_counter() - started)


def _broken_off(check: Check, cases: int, error: Exception) -> Failure:
    # An answer that was not foreseen is the server's; what the client makes of a right one is the client's.
    blame: Blame = "server" if isinstance(error, ApiError) and error.status is not None else "client"
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Failure(
        check.name,
        f"after {cases} cases the check could not go on",
        f"{Path(place.filename).name}:{place.lineno}",
        f"{type(error).__name__}: {error}",
        "every case is tried",
        blame,
    )


def _rules(bench: Bench) -> dict[str, int]:
    found: Counter[str] = Counter()
    for line, count in bench.ledger.seen.items():
        words = line.split()
        if "rule" in words and words[-1] in {"kept", "broken"} and "bound" not in words:
            found[f"{words[-2]} {words[-1]} ({words[0].rstrip(':')})"] += count
    return dict(sorted(found.items()))
