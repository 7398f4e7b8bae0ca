"""Seed every fault into a copy of the project, and show which test notices each: `nox -s teeth -- [WORD...]`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

from tests.contract.teeth.calls import Calls
from tests.contract.teeth.copy import ROOT, Copy
from tests.contract.teeth.fault import Fault, FaultError, faults
from tests.contract.teeth.runner import Advice, Found, Verdict, judged, sound, warm
from tests.contract.teeth.table import TABLE, key_of, read, rendered, row, written

WORKERS: Final = 2
RIGHT: Final = 0.95
"""The share of faults that have to be laid at the right door."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if every fault was noticed, and the project as it is raises no alarm."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.teeth", description=__doc__)
    parser.add_argument("words", nargs="*", help="only faults whose layer or name holds one of these")
    parser.add_argument("--write", action="store_true", help=f"write what was found into {TABLE.name}")
    parser.add_argument("--trust", action="store_true", help="do not run the tests on the project as it is first")
    parser.add_argument("--missing", action="store_true", help=f"only faults that {TABLE.name} does not tell of yet")
    parser.add_argument("--calls", type=Path, help="keep there what the tests call; with --trust, read it from there")
    options = parser.parse_args(arguments)
    try:
        told = read() if options.missing else {}
        chosen = [each for each in faults() if _named(each, options.words) and key_of(each) not in told]
        for fault in chosen:
            fault.seeded(ROOT)
    except FaultError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    started = time.monotonic()
    known = read()

    def keep(found: Sequence[Verdict]) -> None:
        """Write what is known so far: a run of many minutes may be cut short."""
        if options.write:
            TABLE.write_text(written(found, faults(), known), encoding="utf-8")

    verdicts = _verdicts(chosen, options.calls, keep, trust=options.trust)
    if verdicts is None:
        return 1
    print(rendered([*map(row, verdicts)]))
    caught, right = sum(each.caught for each in verdicts), sum(each.right for each in verdicts)
    print(f"{caught} of {len(verdicts)} faults noticed; the right part named for {right};"
          f" {time.monotonic() - started:.0f} s")  # fmt: skip
    return 0 if verdicts and caught == len(verdicts) and right >= RIGHT * len(verdicts) else 1


def _named(fault: Fault, words: Sequence[str]) -> bool:
    return not words or any(word in f"{fault.layer}: {fault.name}" for word in words)


def _verdicts(
    chosen: Sequence[Fault], kept: Path | None, keep: Callable[[Sequence[Verdict]], None], *, trust: bool
) -> list[Verdict] | None:
    verdicts: list[Verdict] = []
    if not chosen:
        return verdicts
    with tempfile.TemporaryDirectory(prefix="teeth-") as folder:
        context = multiprocessing.get_context("fork")
        warm()
        copies: Any = context.Queue()
        for number in range(WORKERS):
            copies.put(Copy(Path(folder) / str(number)))
        with ProcessPoolExecutor(WORKERS, context, _take, (copies,)) as pool:
            calls = Calls()
            if trust and kept is not None:
                calls = Calls.read(kept.read_text(encoding="utf-8"))
            for found, called in [] if trust else pool.map(_sound, {fault.layer: None for fault in chosen}):
                if found.test is not None:
                    print(f"the project as it is fails already: {found.test}\n{found.text}", file=sys.stderr)
                    return None
                calls = calls.with_those_of(called)
            if kept is not None and not trust:
                kept.write_text(calls.written(), encoding="utf-8")
            before = {key: test for key, (test, _) in read().items()}
            advice = [_advice(fault, before.get(key_of(fault)), calls) for fault in chosen]
            for verdict in pool.map(_judge, chosen, advice):
                verdicts.append(verdict)
                print(row(verdict), file=sys.stderr, flush=True)
                keep(verdicts)
    return verdicts


_COPY: Final[list[Copy]] = []


def _take(copies: Any) -> None:
    _COPY.append(copies.get())


def _sound(layer: str) -> tuple[Found, Calls]:
    return sound(_COPY[0], layer)


def _advice(fault: Fault, before: str | None, calls: Calls) -> Advice:
    reaching = calls.reaching(fault, ROOT)
    return Advice(before, reaching, sum(calls.seconds.get(test, 0.0) for test in reaching))


def _judge(fault: Fault, advice: Advice) -> Verdict:
    return judged(fault, _COPY[0], advice)


if __name__ == "__main__":
    sys.exit(main())
