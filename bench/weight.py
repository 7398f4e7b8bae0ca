"""What the plain client weighs beside httpx and other vendors' clients: `python bench/weight.py [--json FILE]`.

The wheel is built and installed into an environment of its own, with no extra; everything about us is measured
there. Times are CPU seconds, user and system, of processes that take turns, so that a busy neighbour slows
all of them. Targets are printed with what was measured, met or not; the exit code tells nothing about them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from bench._calls import PEAK, calls, download

ROOT: Final = Path(__file__).parents[1]
RUNS: Final = 15

BASE: Final = "import httpx, attrs"
READY: Final = "from mountsea_gemini import Client; Client('key')"
PROGRAMS: Final = {
    "python": "pass",
    "httpx + attrs": BASE,
    "ours, imported": "import mountsea_gemini",
    "ours, ready": READY,
    # Nobody listens there: what is left is what a first call loads. The client is given no second try.
    "httpx, first call": "import httpx, attrs, contextlib; c = httpx.Client(verify=False)\n"
    "with contextlib.suppress(httpx.ConnectError): c.get('http://127.0.0.1:1/')",
    "ours, first call": "import contextlib; from mountsea_gemini import Client, ApiError\n"
    "c = Client('key', base_url='http://127.0.0.1:1')\nwith contextlib.suppress(ApiError): c.task('t').result()",
    "ours, async ready": "from mountsea_gemini import AsyncClient; AsyncClient('key')",
}
PEERS: Final = {
    "openai": "import openai; openai.OpenAI(api_key='k').videos",
    "google.genai": "from google import genai; genai.Client(api_key='k')",
    "runwayml": "import runwayml; runwayml.RunwayML(api_key='k')",
    "fal_client": "import fal_client; fal_client.SyncClient(key='k')._client",
    "replicate": "import replicate; replicate.Client(api_token='k').predictions",
    "lumaai": "import lumaai; lumaai.LumaAI(auth_token='k')",
}
TOOLS: Final = {("cli",), ("testing",)}
"""Parts of our own package that the plain client never loads."""

COUNT: Final = f"\nimport sys; found = len(sys.modules)\n{PEAK}\nprint(found, peak())"


def environment(folder: Path) -> Path:
    """Build the wheel, install it without extras, and return the interpreter it is installed for."""
    wheels = folder / "wheels"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "cwd": ROOT}
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)], check=True, **quiet)
    (wheel,) = wheels.glob("*.whl")
    home = folder / "env"
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    subprocess.run([sys.executable, "-m", "venv", *(["--without-pip"] if uv else []), str(home)], check=True, **quiet)
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = (
        [uv, "pip", "install", "-q", "--python", str(python)] if uv else [str(python), "-m", "pip", "install", "-q"]
    )
    subprocess.run([*install, str(wheel)], check=True, **quiet)
    return python


def installed(python: Path) -> dict[str, Any]:
    """Return how many distributions there are, their size without byte code, and what is compiled in them."""
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
    files = [path for path in site.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    names = sorted(path.name.partition("-")[0] for path in site.glob("*.dist-info"))
    names = [name for name in names if name not in {"pip", "setuptools"}]
    files = [path for path in files if path.relative_to(site).parts[0].partition("-")[0] not in {"pip", "setuptools"}]
    return {
        "distributions": names,
        "megabytes": sum(path.stat().st_size for path in files) / 1e6,
        "ours": sum(path.stat().st_size for path in files if "mountsea" in str(path.relative_to(site))) / 1e6,
        "tools": sum(path.stat().st_size for path in files if path.relative_to(site).parts[1:2] in TOOLS) / 1e6,
        "compiled": [path.name for path in files if path.suffix in {".so", ".pyd", ".dylib"}],
    }


def run(python: Path, program: str) -> float:
    """Return the CPU seconds of one process."""
    process = subprocess.Popen([str(python), "-c", program], cwd=python.parent, env=clean())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"could not measure {program!r}: exit {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def clean() -> dict[str, str]:
    """Return an environment in which nothing but the installed packages can be imported."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONSTARTUP"}}


def loaded(python: Path, program: str) -> tuple[int, float]:
    """Return how many modules a program has loaded once it has run, and its peak memory in MiB."""
    asked = [str(python), "-c", program + COUNT]
    ran = subprocess.run(asked, check=True, capture_output=True, text=True, cwd=python.parent, env=clean())
    modules, peak = ran.stdout.split()
    return int(modules), float(peak)


def measured(python: Path, programs: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return what each program needs, as the least of many runs: what is above it is somebody else's."""
    seen: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(RUNS + 1):
        for name, program in programs.items():
            found = run(python, program)
            # The first round writes byte code.
            if number:
                seen[name].append(found)
    counted = {name: [loaded(python, program) for _ in range(3)] for name, program in programs.items()}
    return {
        name: {
            "cpu_ms": min(found) * 1000,
            "median_ms": statistics.median(found) * 1000,
            "peak_mib": statistics.median(peak for _, peak in counted[name]),
            "modules": counted[name][0][0],
        }
        for name, found in seen.items()
    }


def judged(found: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Return each target with what was measured."""
    size, weights, calls_, large = found["size"], found["weights"], found["calls"], found["download"]
    base, ready = weights["httpx + attrs"], weights["ours, ready"]
    cpu, memory = ready["cpu_ms"] / base["cpu_ms"], ready["peak_mib"] / base["peak_mib"]
    alone = weights["ours, imported"]["cpu_ms"]
    above = large["above_idle_mib"]
    return [
        ("E1 distributions <= 8", ", ".join(size["distributions"]), len(size["distributions"]) <= 8),
        (
            "E1 megabytes <= 2.6",
            f"{size['megabytes']:.2f} ({size['ours']:.2f} ours: {size['tools']:.2f} command, testing)",
            size["megabytes"] <= 2.6,
        ),
        ("E1 nothing compiled", ", ".join(size["compiled"]) or "nothing", not size["compiled"]),
        ("E2 ready-to-call CPU <= 1.10 of httpx + attrs", f"{cpu:.3f}", cpu <= 1.10),
        ("E2 modules <= 240", f"{ready['modules']} (httpx + attrs {base['modules']})", ready["modules"] <= 240),
        ("E2 import alone <= 80 ms CPU", f"{alone:.0f} ms", alone <= 80),
        ("E3 peak memory <= 1.06 of httpx + attrs", f"{memory:.3f}", memory <= 1.06),
        ("E3 peak memory <= 28.5 MiB", f"{ready['peak_mib']:.1f} MiB", ready["peak_mib"] <= 28.5),
        *((f"E4 CPU of a {name} <= 1.35 of httpx", f"{ratio:.2f}", ratio <= 1.35) for name, ratio in calls_.items()),
        ("D4 memory above idle for 1 GiB <= 20 MiB", f"{above:.1f} MiB, {large['cpu_s']:.1f} s CPU", above <= 20),
    ]


def main() -> int:
    """Measure; return the exit code."""
    parser = argparse.ArgumentParser(description="What the plain client weighs.")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = environment(folder)
        found: dict[str, Any] = {
            "size": installed(python),
            "weights": measured(python, PROGRAMS),
            "calls": calls(python, clean()),
            "download": download(python, clean(), folder),
        }
    there = {name: program for name, program in PEERS.items() if find_spec(name.partition(".")[0]) is not None}
    found["peers"] = measured(Path(sys.executable), {"httpx + attrs": BASE, **there}) if there else {}
    for mark, table in (("", found["weights"]), (" *", found["peers"])):
        for name, one in table.items():
            print(f"{name + mark:20} {one['cpu_ms']:6.0f} ms CPU {one['peak_mib']:6.1f} MiB {one['modules']:5} modules")
    if there:
        print("* in the environment this runs in")
    weights = found["weights"]
    for what in ("cpu_ms", "peak_mib"):
        ratio = weights["ours, first call"][what] / weights["httpx, first call"][what]
        print(f"        no target: {what} until a first call has ended, of httpx's: {ratio:.2f}")
    for name, value, fine in judged(found):
        print(f"{'met   ' if fine else 'MISSED'}  {name}: {value}")
    found["targets"] = [{"what": name, "value": value, "met": fine} for name, value, fine in judged(found)]
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
