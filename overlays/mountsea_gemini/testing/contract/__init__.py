"""Contract checks: client, compiled rules, effective spec and server held to each other, case by case.

    report = run()
    assert report.passed, text(report)

Everything is worked out from the effective spec: there is no list of operations, fields or rules here.
"""

from ._bench import Bench
from ._checks import CHECKS, Check
from ._contract import Contract
from ._coverage import Coverage, Waiver, WaiverError, measured, read_waivers
from ._exchange import Ask, Exchange, Watched
from ._failure import Failure
from ._ledger import Ledger
from ._report import text, write
from ._run import Report, Result, reported, run, tried
from ._universe import universe

__all__ = [
    "CHECKS",
    "Ask",
    "Bench",
    "Check",
    "Contract",
    "Coverage",
    "Exchange",
    "Failure",
    "Ledger",
    "Report",
    "Result",
    "Waiver",
    "WaiverError",
    "Watched",
    "measured",
    "read_waivers",
    "reported",
    "run",
    "text",
    "tried",
    "universe",
    "write",
]
