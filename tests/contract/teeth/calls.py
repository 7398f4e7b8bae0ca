"""Which test calls which function: whoever looks for a fault asks those that reach it, the quickest first."""

from __future__ import annotations

import ast
import itertools
import json
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from tests.contract.teeth.fault import Fault

SOURCES: Final = ("overlays", "generated", "scripts")
_MODULE: Final = 0
"""Stands for a line of a module that is in no function."""


@dataclass(frozen=True)
class Calls:
    """What the tests call.

    Attributes:
        seconds: How long each test takes.
        tests: Path and first line of a function to the tests that call it.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    tests: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def reaching(self, fault: Fault, root: Path) -> list[str]:
        """Return the tests that call the function a fault is in, the quickest first; those of a module, if in none."""
        first = _function(root / fault.path, _line(fault, root)) if fault.path.endswith(".py") else _MODULE
        places = (
            [f"{fault.path}:{first}"] if first else [each for each in self.tests if each.startswith(f"{fault.path}:")]
        )
        found = {test for place in places for test in self.tests.get(place, ())}
        return sorted(found, key=lambda test: (self.seconds.get(test, 0.0), test))

    def with_those_of(self, other: Calls) -> Calls:
        """Return what the tests of two runs call."""
        places = dict.fromkeys([*self.tests, *other.tests])
        tests = {
            place: list(dict.fromkeys([*self.tests.get(place, ()), *other.tests.get(place, ())])) for place in places
        }
        return Calls({**self.seconds, **other.seconds}, tests)

    @staticmethod
    def read(text: str) -> Calls:
        """Return what `written` wrote."""
        return Calls(**json.loads(text))

    def written(self) -> str:
        """Return it as JSON."""
        return json.dumps(
            {"seconds": dict(self.seconds), "tests": {key: list(each) for key, each in self.tests.items()}}
        )


def _line(fault: Fault, root: Path) -> int:
    """Return the first line that a fault changes."""
    before = (root / fault.path).read_text(encoding="utf-8")
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, fault.seeded(root), strict=False))
    return sum(one == "\n" for one, _ in pairs) + 1


def _function(path: Path, line: int) -> int:
    """Return the first line of the innermost function around a line, as its code object tells it."""
    found = _MODULE
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if first <= line <= (node.end_lineno or line):
                found = max(found, first)
    return found


class Recorder:
    """Notes, while tests run, what each of them calls.

    Args:
        root: The copy whose functions count.
    """

    def __init__(self, root: Path) -> None:
        self._root = f"{root}/"
        self._seen: dict[str, str | None] = {}
        self._called: set[str] = set()
        self._seconds: dict[str, float] = defaultdict(float)
        self._tests: dict[str, list[str]] = defaultdict(list)

    def calls(self) -> Calls:
        """Return what was noted."""
        return Calls(self._seconds, self._tests)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        """Note what one test calls, its fixtures included."""
        self._called = set()
        sys.settrace(self._entered)
        threading.settrace(self._entered)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            for place in self._called:
                self._tests[place].append(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how long a test took."""
        self._seconds[report.nodeid] += report.duration

    def _entered(self, frame: FrameType, _event: str, _argument: Any) -> None:
        code = frame.f_code
        path = self._seen.get(code.co_filename, "")
        if path == "":
            path = self._seen[code.co_filename] = self._ours(code.co_filename)
        if path is not None:
            self._called.add(f"{path}:{code.co_firstlineno}")

    def _ours(self, name: str) -> str | None:
        path = name.removeprefix(self._root)
        return path if path != name and path.startswith(SOURCES) else None
