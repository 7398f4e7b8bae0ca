"""Regeneration of this project against the bare generator, in one run, as ratios.

The bare generator is what one would use instead: openapi-python-client with ruff as its post hooks, on the same
effective spec. `--json FILE` writes the figures.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench._timing import ROOT, bare, line, medians, timed

COPIED: Final = ("pyproject.toml", "openapi.yaml", "overlays", "generated")
_VERSIONS: Final = itertools.count(1)


def main() -> int:
    """Measure and print; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=9, metavar="N", help="runs of each (default: 9)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), options.repeat)
    for name, found in figures.items():
        print(line(name, found, figures["bare generator"]))
    if options.json:
        options.json.write_text(json.dumps({"seconds": figures}, indent=2) + "\n", encoding="utf-8")
    return 0


def measure(folder: Path, repeat: int) -> dict[str, dict[str, float]]:
    """Return the median seconds of each way; the ways take turns, so that a busy neighbour slows all alike."""
    project = folder / "project"
    project.mkdir()
    for name in COPIED:
        place = ROOT / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, project / name)
    rules = project / "overlays/30-rules.overlay.yaml"

    def change_a_rule() -> None:
        text = rules.read_text(encoding="utf-8")
        changed = re.sub(r"message: (?:\(\d+\) )?", f"message: ({next(_VERSIONS)}) ", text, count=1)
        rules.write_text(changed, encoding="utf-8")

    regenerate = ["-m", "rulewright", "regenerate", "--project", str(project), "--quiet"]
    ways: dict[str, tuple[list[str], Callable[[], object]]] = {
        "bare generator": (bare(ROOT / "generated/openapi.effective.json", folder), lambda: None),
        "regenerate, everything": (regenerate, lambda: shutil.rmtree(project / "generated")),
        "regenerate, a rule changed": (regenerate, change_a_rule),
        "check, nothing changed": ([*regenerate, "--check"], lambda: None),
    }
    timed(regenerate)  # writes the byte code
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(repeat):
        for name, (command, prepare) in ways.items():
            prepare()
            found[name].append(timed(command))
    return {name: medians(runs) for name, runs in found.items()}


if __name__ == "__main__":
    sys.exit(main())
