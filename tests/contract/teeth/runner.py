"""Run the tests on a copy that holds a fault, and say which test noticed and whom it named."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import re
import resource
import select
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.contract.teeth.calls import Calls, Recorder
from tests.contract.teeth.copy import Copy
from tests.contract.teeth.fault import LAYERS, Fault
from tests.contract.teeth.stages import (
    CHECKS,
    CPU_SECONDS,
    DRAWING,
    EFFECTIVE,
    FOLDERS,
    LONG,
    SLOW,
    STAGES,
    TIMED,
    stages_of,
    targets_of,
)

WARM: Final = (
    *("attrs", "httpx", "hypothesis", "jsonpath_rfc9535", "jsonschema", "jsonschema_rs", "respx", "schemathesis"),
    *("starlette", "uvicorn", "yaml"),
)
OURS: Final = {"mountsea_gemini", "mountsea_gemini_api", "tests", "scripts", "bench"}
WALL: Final = 5
"""Times the processor seconds that a run may take by the clock, waiting included."""
_BLAME: Final = re.compile(r"at fault: (the [a-z ]+)")


@dataclass(frozen=True)
class Found:
    """What the tests said about one state of the project.

    Args:
        test: The first test that failed; None if none did.
        text: What it said.
    """

    test: str | None
    text: str = ""

    @property
    def blame(self) -> str | None:
        """Whom the test named: the one it named most often, else the one it stands beside."""
        named = Counter(_BLAME.findall(self.text)).most_common(1)
        if named:
            return str(named[0][0]).strip()
        return next((LAYERS[layer] for folder, layer in FOLDERS.items() if (self.test or "").startswith(folder)), None)


@dataclass(frozen=True)
class Verdict:
    """What came of one fault."""

    fault: Fault
    found: Found

    @property
    def caught(self) -> bool:
        """Whether a test noticed it."""
        return self.found.test is not None

    @property
    def right(self) -> bool:
        """Whether that test named the part that is at fault."""
        return self.found.blame == self.fault.at_fault


def warm() -> None:
    """Import what every run needs and no fault changes, once."""
    for name in WARM:
        importlib.import_module(name)


@dataclass(frozen=True)
class Advice:
    """Whom to ask about a fault before all others.

    Attributes:
        before: The test that noticed it the last time.
        reaching: The tests that call the function it is in, the quickest first.
        seconds: How long these take.
    """

    before: str | None = None
    reaching: Sequence[str] = ()
    seconds: float = 0.0


def judged(fault: Fault, copy: Copy, advice: Advice) -> Verdict:
    """Put a fault into a copy, and return what the tests say of it.

    Raises:
        FaultError: It cannot be put in.
    """
    if fault.layer == "overlay":
        with copy.holding(fault, code=False) as refusal:
            found = _refused(refusal) if refusal else tried(copy.root, [EFFECTIVE])[0]
        if found.test is not None:
            return Verdict(fault, found)
    with copy.holding(fault) as refusal:
        if refusal is not None:
            return Verdict(fault, _refused(refusal))
        for targets, only in _turns(fault, advice):
            found, _ = tried(copy.root, targets, only, CPU_SECONDS + 2 * int(advice.seconds))
            if found.test is not None:
                return Verdict(fault, found)
    return Verdict(fault, Found(None))


def _refused(reason: str) -> Found:
    return Found("scripts.regenerate", f"{reason}\nat fault: the effective spec")


def _turns(fault: Fault, advice: Advice) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield what to run, the likeliest first: files and folders, and the tests in them if not all."""
    stages = stages_of(fault)
    answerable = tuple(targets_of(stages))
    if advice.before is not None and advice.before.startswith(answerable):
        yield _chosen([advice.before])
    if reaching := [test for test in advice.reaching if test.startswith(answerable)]:
        yield _chosen(reaching)
    yield from ((targets, ()) for targets in stages)


def sound(copy: Copy, layer: str) -> tuple[Found, Calls]:
    """Return what the tests of a layer say of the project as it is, and what they call."""
    targets = targets_of(STAGES[layer])
    if layer == "client":
        targets += ("tests/cli",)
    found, calls = tried(copy.root, targets, seconds=20 * CPU_SECONDS, record=True)
    if found.test is not None:
        # Being watched makes slow: what waits for another process may have lost its patience.
        found, _ = tried(copy.root, *_chosen(found.test.split("\n")))
    return found, calls


def _chosen(tests: Sequence[str]) -> tuple[list[str], Sequence[str]]:
    return list(dict.fromkeys(test.partition("::")[0] for test in tests)), tests


def tried(
    root: Path,
    targets: Sequence[str],
    only: Sequence[str] = (),
    seconds: int = CPU_SECONDS,
    *,
    record: bool = False,
) -> tuple[Found, Calls]:
    """Run tests in a copy, in a process forked from this one, whose imports are warm and none of the project's.

    Args:
        root: The copy.
        targets: Files and folders of tests.
        only: If any, those of them to run, in this order.
        seconds: Processor seconds after which the run has come to no end.
        record: Whether to note what each test calls.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        # A shell starts what runs in the background deaf to Ctrl-C, and some tests press it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        recorder = Recorder(root) if record else None
        try:
            told = _run(root, targets, only, recorder)
        except BaseException:  # noqa: BLE001  told to the parent, which has no other way to learn of it
            told = ("the runner itself", traceback.format_exc())
        with os.fdopen(writing, "w", encoding="utf-8", errors="backslashreplace") as pipe:
            json.dump([*told, (recorder.calls() if recorder else Calls()).written()], pipe)
        os._exit(0)
    os.close(writing)
    if not select.select([reading], [], [], WALL * seconds)[0]:
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    if not text:
        return Found("the run itself", "the process died, or did not come to an end"), Calls()
    test, said, called = json.loads(text)
    return Found(test, said), Calls.read(called)


class _First:
    """Lets the quick tests begin, and remembers the first failure.

    Args:
        only: If any, the tests to run, in this order.
    """

    def __init__(self, only: Sequence[str]) -> None:
        self._only = {test: place for place, test in enumerate(only)}
        self.test: str | None = None
        self.text = ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put what takes long last, and behind it what only adds up what the checks have seen."""
        items[:] = [item for item in items if not any(name in item.nodeid for name in TIMED)]
        if self._only:
            items[:] = [item for item in items if item.nodeid in self._only]
        items.sort(key=lambda item: (CHECKS in item.nodeid and "test_check[" not in item.nodeid,
                                     any(word in item.nodeid for word in LONG),
                                     self._only.get(item.nodeid, 0)))  # fmt: skip

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that failed."""
        if report.failed and self.test is None:
            self.test, self.text = report.nodeid, report.longreprtext
        elif report.failed and report.nodeid not in str(self.test):
            self.test = f"{self.test}\n{report.nodeid}"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that could not be read."""
        if report.failed and self.test is None:
            self.test, self.text = report.nodeid, str(report.longrepr)


def _run(root: Path, targets: Sequence[str], only: Sequence[str], recorder: Recorder | None) -> tuple[str | None, str]:
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]
    sys.path[:0] = [str(root), str(root / "overlays"), str(root / "generated")]
    sys.dont_write_bytecode = True
    os.environ.pop("CONTRACT_PROFILE", None)
    os.chdir(root)
    first = _First(only)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-p", "_hypothesis_pytestplugin", "-p", "mountsea_gemini.testing.plugin"]
    options += [
        "-q",
        *([] if recorder else ["-x"]),
        "--assert=plain",
        f"--rootdir={root}",
        "-m",
        "not hypothesis and not heavy",
    ]
    options += ["-p", "no:cacheprovider"]
    options += [f"--ignore-glob=*/{name}.py" for name in (*DRAWING, *SLOW)]
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
        code = pytest.main([*options, *targets], plugins=[first, *([recorder] if recorder else [])])
    if only and code == pytest.ExitCode.NO_TESTS_COLLECTED:
        return None, "what noticed it the last time is called otherwise now, or gone"
    if first.test is None and code != pytest.ExitCode.OK:
        return "the run itself", f"pytest ended with {code!r}\n{said.getvalue()[-2000:]}"
    return first.test, first.text
