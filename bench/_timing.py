"""How long a command of this project takes, in seconds of wall time and of the processor."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = """literal_enums: true
post_hooks:
  - "ruff check . --isolated --no-cache --fix-only --extend-select=I"
  - "ruff format . --isolated --no-cache"
"""
"""How one would configure openapi-python-client to get the same code from it alone."""


def bare(effective: Path, folder: Path) -> list[str]:
    """Return the command that runs the bare generator over an effective spec."""
    config = folder / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    options = ["--meta", "none", "--overwrite", "--fail-on-warning", "--config", str(config)]
    return [
        "-m",
        "openapi_python_client",
        "generate",
        *options,
        "--path",
        str(effective),
        "--output-path",
        str(folder / "bare"),
    ]


def timed(arguments: Sequence[str], codes: tuple[int, ...] = (0,)) -> tuple[float, float]:
    """Return the wall seconds and the processor seconds of one run of Python, its children included."""
    scripts = sysconfig.get_path("scripts")
    environment = {"PATH": f"{scripts}:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    before, spent = time.perf_counter(), os.times()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, check=False)
    wall, now = time.perf_counter() - before, os.times()
    if done.returncode not in codes:
        raise SystemExit(f"{arguments[1]} ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
    return wall, now.children_user + now.children_system - spent.children_user - spent.children_system


def medians(runs: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Return the median of each kind of second."""
    walls, cpus = zip(*runs, strict=True)
    return {"wall": statistics.median(walls), "cpu": statistics.median(cpus)}


def line(name: str, found: dict[str, float], first: dict[str, float]) -> str:
    """Return one line of a table: the seconds, and the ratios to what came first."""
    wall, cpu = found["wall"] / first["wall"], found["cpu"] / first["cpu"]
    return f"{name:28} {found['wall']:8.2f} s {wall:6.2f} x   processor {found['cpu']:8.2f} s {cpu:6.2f} x"
