"""Seed every fault into a copy of the project, and show which test notices each: `nox -s teeth -- [WORD...]`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

from tests.contract.teeth.copy import ROOT, Copy
from tests.contract.teeth.fault import Fault, FaultError, faults
from tests.contract.teeth.runner import Found, Verdict, judged, sound, warm

WORKERS: Final = 2
RIGHT: Final = 0.95
"""The share of faults that have to be laid at the right door."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if every fault was noticed, and the project as it is raises no alarm."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.teeth", description=__doc__)
    parser.add_argument("words", nargs="*", help="only faults whose layer or name holds one of these")
    parser.add_argument("--table", type=Path, help="write the table as Markdown there")
    parser.add_argument("--trust", action="store_true", help="do not run the tests on the project as it is first")
    options = parser.parse_args(arguments)
    try:
        chosen = [each for each in faults() if _named(each, options.words)]
        for fault in chosen:
            fault.seeded(ROOT)
    except FaultError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    started = time.monotonic()
    verdicts = _verdicts(chosen, trust=options.trust)
    if verdicts is None:
        return 1
    table = rendered(verdicts)
    if options.table:
        options.table.write_text(table, encoding="utf-8")
    print(table)
    caught, right = sum(each.caught for each in verdicts), sum(each.right for each in verdicts)
    print(f"{caught} of {len(verdicts)} faults noticed; the right part named for {right};"
          f" {time.monotonic() - started:.0f} s")  # fmt: skip
    return 0 if verdicts and caught == len(verdicts) and right >= RIGHT * len(verdicts) else 1


def _named(fault: Fault, words: Sequence[str]) -> bool:
    return not words or any(word in f"{fault.layer}: {fault.name}" for word in words)


def _verdicts(chosen: Sequence[Fault], *, trust: bool) -> list[Verdict] | None:
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
            if not trust and (found := pool.submit(_sound).result()).test is not None:
                print(f"the project as it is fails already: {found.test}\n{found.text}", file=sys.stderr)
                return None
            for verdict in pool.map(_judge, chosen):
                verdicts.append(verdict)
                print(row(verdict), file=sys.stderr, flush=True)
    return verdicts


_COPY: Final[list[Copy]] = []


def _take(copies: Any) -> None:
    _COPY.append(copies.get())


def _sound() -> Found:
    return sound(_COPY[0])


def _judge(fault: Fault) -> Verdict:
    return judged(fault, _COPY[0])


def rendered(verdicts: Sequence[Verdict]) -> str:
    """Return the table."""
    head = ["| fault | layer | noticed by | at fault | right? |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(row, verdicts)]) + "\n"


def row(verdict: Verdict) -> str:
    """Return the table's row for one fault."""
    found = verdict.found
    test = "**nobody**" if found.test is None else f"`{found.test.removeprefix('tests/')}`"
    right = "yes" if verdict.right else "**no**"
    cells = (verdict.fault.name, verdict.fault.layer, test, found.blame or "", right)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


if __name__ == "__main__":
    sys.exit(main())
