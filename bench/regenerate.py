"""Regeneration against the bare generator, in one run, as ratios of wall time.

The bare generator is what one would use instead: openapi-python-client with ruff as its post hooks, on the same
effective spec. `--json FILE` writes the figures.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """literal_enums: true
post_hooks:
  - "ruff check . --isolated --no-cache --fix-only --extend-select=I"
  - "ruff format . --isolated --no-cache"
"""


def main() -> int:
    """Measure and print; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=7, metavar="N", help="runs of each (default: 7)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), options.repeat)
    bare = figures["bare generator"]
    for name, seconds in figures.items():
        print(f"{name:32} {seconds * 1000:7.0f} ms  {seconds / bare:5.2f} x bare")
    if options.json:
        options.json.write_text(json.dumps({"seconds": figures}, indent=2) + "\n", encoding="utf-8")
    return 0


def measure(folder: Path, repeat: int) -> dict[str, float]:
    """Return the median seconds of each way; the ways take turns, so that a busy neighbour slows all alike."""
    project = folder / "project"
    ignored = shutil.ignore_patterns(".git", ".nox", "__pycache__", ".*_cache", "demo-output", "tests")
    shutil.copytree(ROOT, project, ignore=ignored)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    generator = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--overwrite"]
    generator += ["--fail-on-warning", "--path", str(ROOT / "generated/openapi.effective.json")]
    generator += ["--output-path", str(folder / "bare"), "--config", str(folder / "config.yaml")]
    regenerate = [sys.executable, "-m", "scripts.regenerate", "--project", str(project), "--quiet"]
    ways: dict[str, tuple[list[str], Callable[[], object]]] = {
        "bare generator": (generator, lambda: None),
        "regenerate, everything": (regenerate, lambda: shutil.rmtree(project / "generated")),
        "check, everything": ([*regenerate, "--check", "--full"], lambda: None),
        "check, nothing changed": ([*regenerate, "--check"], lambda: None),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeat):
        for name, (command, prepare) in ways.items():
            prepare()
            found[name].append(timed(command))
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def timed(command: list[str]) -> float:
    """Return the wall seconds of one run."""
    scripts = sysconfig.get_path("scripts")
    environment = {"PATH": f"{scripts}:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    before = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return time.perf_counter() - before


if __name__ == "__main__":
    sys.exit(main())
