"""Run every bench and write what it found: `python -m bench [--quick] [--only NAME ...]`, or `nox -s bench`.

`results.json` keeps the figures of each, `RESULTS.md` is the table, `results.svg` the picture. What is not run, or does
not end, keeps the figures it had. A missed target is shown as missed and is no error; a bench that fails is one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench._rows import READERS, Row

HERE: Final = Path(__file__).parent
FIGURES: Final = HERE / "results.json"
PAGE: Final = HERE / "RESULTS.md"
PICTURE: Final = HERE / "results.svg"
COMMANDS: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "regenerate": (("bench/regenerate.py",), ("--repeat", "3")),
    "scale": (("bench/scale.py",), ("--repeat", "1", "--sizes", "10", "100")),
    "rules": (("bench/rules.py",), ()),
    "sandbox": (("bench/sandbox.py",), ("--rounds", "5", "--requests", "500", "--total", "10000")),
    "contract": (("bench/contract.py",), ("--rounds", "1")),
    "weight": (("bench/weight.py",), ()),
    "faults": (("-m", "bench.faults"), ("--ours",)),
}
"""How each is run, and what makes it quick."""
TITLES: Final = {
    "regenerate": "Regenerating this project",
    "scale": "Regenerating large documents",
    "rules": "Checking a request",
    "sandbox": "The sandbox",
    "contract": "The contract checks",
    "weight": "The plain client",
    "faults": "Faults",
}
INTRODUCTION: Final = """\
# What it costs

Written by `nox -s bench`. What counts are the ratios: everything compared is measured in one run, in turns, so that a
busy machine slows all of it alike. Each part says how busy the machine was: its load average beside its processors.

![Regenerating documents of several sizes, and the share of each target that is used](results.svg)
"""


def main() -> int:
    """Run; return 0, 1 if a bench failed, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run every bench and write what it found.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller documents: minutes")
    parser.add_argument("--only", nargs="+", choices=COMMANDS, default=[*COMMANDS], metavar="NAME", help="some of them")
    parser.add_argument("--draw", action="store_true", help="run nothing; write table and picture anew")
    options = parser.parse_args()
    figures: dict[str, Any] = json.loads(FIGURES.read_bytes()) if FIGURES.exists() else {}
    failed: list[str] = []
    interrupted = False
    try:
        for number, name in enumerate([] if options.draw else options.only, 1):
            print(f"\n[{number}/{len(options.only)}] {name}", flush=True)
            if not measure(name, figures, quick=options.quick):
                failed.append(name)
    except KeyboardInterrupt:
        interrupted = True
        print("\ninterrupted; what has been measured is kept", file=sys.stderr)
    write(figures)
    print(f"\nwritten: {', '.join(path.relative_to(HERE.parent).as_posix() for path in (FIGURES, PAGE, PICTURE))}")
    if failed:
        print(f"error: these failed: {', '.join(failed)}", file=sys.stderr)
    return 130 if interrupted else bool(failed)


def measure(name: str, figures: dict[str, Any], *, quick: bool) -> bool:
    """Run one bench and put its figures to the others, also those of one that is interrupted; tell whether it ran."""
    command, less = COMMANDS[name]
    asked = [*command, *(less if quick else ())]
    before, started = os.getloadavg()[0], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        try:
            subprocess.run([sys.executable, *asked, "--json", str(file)], check=False)  # 1: a target is missed
        finally:
            if file.exists():
                figures[name] = {
                    "command": " ".join(["python", *asked]),
                    "minutes": round((time.monotonic() - started) / 60, 1),
                    "load": [round(before, 1), round(os.getloadavg()[0], 1)],
                    "processors": os.cpu_count(),
                    "figures": json.loads(file.read_bytes()),
                }
                FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        return file.exists()


def write(figures: Mapping[str, Any]) -> None:
    """Write the table and the picture."""
    rows = {name: tuple(READERS[name](figures[name]["figures"])) for name in COMMANDS if name in figures}
    PAGE.write_text(page(figures, rows), encoding="utf-8")
    from bench._picture import draw  # noqa: PLC0415  the table needs no library

    draw({name: one["figures"] for name, one in figures.items()}, rows, PICTURE)


def page(figures: Mapping[str, Any], rows: Mapping[str, Sequence[Row]]) -> str:
    """Return the page: first what is missed, then every part."""
    found = [row for part in rows.values() for row in part]
    met, missed = ([row for row in found if row.met is verdict] for verdict in (True, False))
    lines = [INTRODUCTION, f"Of {len(met) + len(missed)} targets {len(met)} are met and {len(missed)} are missed.", ""]
    for name, title in TITLES.items():
        lines += [f"## {title}", ""]
        if name not in rows:
            lines += ["Not measured.", ""]
            continue
        one = figures[name]
        load = " to ".join(f"{load:g}" for load in one["load"])
        lines += [
            f"`{one['command']}`, {one['minutes']:g} minutes at a load of {load} on {one['processors']} processors",
            "",
            "| what | value | ratio | target | |",
            "|---|---|---|---|---|",
            *map(_line, rows[name]),
            "",
        ]
    return "\n".join(lines)


def _line(row: Row) -> str:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    verdict = {True: "met", False: "**MISSED**", None: ""}[row.met]
    return f"| {row.what} | {row.value} | {ratio} | {row.target} | {verdict} |"


if __name__ == "__main__":
    sys.exit(main())
