"""What the plain client weighs beside httpx and other vendors' clients: `python bench/weight.py [--json FILE]`.

The wheel is built and installed into an environment of its own, with no extra; everything about us is measured
there. Times are CPU seconds, user and system, of processes that take turns, so that a busy neighbour slows
all of them. Exit code 1 when a target is missed.
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

ROOT: Final = Path(__file__).parents[1]
RUNS: Final = 15
CALL_ROUNDS: Final = 9

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
COUNT: Final = "\nimport sys; print(len(sys.modules))"

CALLS: Final = """
import gc, json, sys, time
import httpx
from mountsea_gemini import Client

ACCEPTED, GOING = {"taskId": "t-1"}, {"taskId": "t-1", "status": "processing", "createdAt": "2026-01-01T00:00:00Z"}
BODY = {"prompt": "a cat", "action": "text2video", "model": "veo31_fast"}

def answer(request):
    return httpx.Response(201, json=ACCEPTED) if request.method == "POST" else httpx.Response(200, json=GOING)

URL = "https://api.example.com"
ours = Client("key", base_url=URL, transport=httpx.MockTransport(answer))
raw = httpx.Client(base_url=URL, transport=httpx.MockTransport(answer), headers={"Authorization": "Bearer key"})
task = ours.task("t-1")
work = {
    "submit": (
        lambda: ours.text_to_video("a cat").id,
        lambda: raw.post("/gemini/video/generate", json=BODY).raise_for_status().json()["taskId"],
    ),
    "poll": (
        lambda: task.result().status,
        lambda: raw.get("/gemini/task/result", params={"taskId": "t-1"}).raise_for_status().json()["status"],
    ),
}
def cpu(call, count):
    start = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - start) / count

found = {}
gc.disable()
for name, (mine, theirs) in work.items():
    cpu(mine, 50), cpu(theirs, 50)
    found[name] = [[cpu(mine, 150), cpu(theirs, 150)] for _ in range(int(sys.argv[1]))]
print(json.dumps(found))
"""


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
        "compiled": [path.name for path in files if path.suffix in {".so", ".pyd", ".dylib"}],
    }


def run(python: Path, program: str) -> tuple[float, float]:
    """Return the CPU seconds and the peak megabytes of one process."""
    process = subprocess.Popen([str(python), "-c", program], cwd=python.parent, env=clean())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"could not measure {program!r}: exit {process.returncode}")
    scale = 1e6 if sys.platform == "darwin" else 1e3
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale


def clean() -> dict[str, str]:
    """Return an environment in which nothing but the installed packages can be imported."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONSTARTUP"}}


def modules(python: Path, program: str) -> int:
    """Return how many modules are loaded once a program has run."""
    asked = [str(python), "-c", program + COUNT]
    return int(subprocess.run(asked, check=True, capture_output=True, text=True, cwd=python.parent, env=clean()).stdout)


def measured(python: Path, programs: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return what each program needs, as the least of many runs: what is above it is somebody else's."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for number in range(RUNS + 1):
        for name, program in programs.items():
            found = run(python, program)
            # The first round writes byte code.
            if number:
                seen[name].append(found)
    return {
        name: {
            "cpu_ms": min(cpu for cpu, _ in found) * 1000,
            "median_ms": statistics.median(cpu for cpu, _ in found) * 1000,
            "peak_mb": statistics.median(peak for _, peak in found),
            "modules": modules(python, programs[name]),
        }
        for name, found in seen.items()
    }


def calls(python: Path) -> dict[str, float]:
    """Return the CPU of a submit and of a poll, as a multiple of raw httpx: the median of several rounds."""
    asked = [str(python), "-c", CALLS, str(CALL_ROUNDS)]
    found = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True, env=clean()).stdout)
    return {name: statistics.median(ours / raw for ours, raw in rounds) for name, rounds in found.items()}


def judged(
    size: Mapping[str, Any], weights: Mapping[str, Any], ratios: Mapping[str, float]
) -> list[tuple[str, str, bool]]:
    """Return each target with what was measured."""
    base, ready = weights["httpx + attrs"], weights["ours, ready"]
    cpu, memory = ready["cpu_ms"] / base["cpu_ms"], ready["peak_mb"] / base["peak_mb"]
    top = weights["ours, imported"]["cpu_ms"]
    return [
        ("E1 distributions <= 8", f"{len(size['distributions'])}", len(size["distributions"]) <= 8),
        ("E1 megabytes <= 2.6", f"{size['megabytes']:.2f} (ours {size['ours']:.2f})", size["megabytes"] <= 2.6),
        ("E1 nothing compiled", ", ".join(size["compiled"]) or "nothing", not size["compiled"]),
        ("E2 ready-to-call CPU <= 1.10 of httpx + attrs", f"{cpu:.3f}", cpu <= 1.10),
        ("E2 modules <= 240", f"{ready['modules']} (httpx + attrs {base['modules']})", ready["modules"] <= 240),
        ("E2 import alone <= 80 ms CPU", f"{top:.0f} ms", top <= 80),
        ("E3 peak memory <= 1.06 of httpx + attrs", f"{memory:.3f} ({ready['peak_mb']:.1f} MB)", memory <= 1.06),
        ("E4 CPU of a submit <= 1.35 of httpx", f"{ratios['submit']:.2f}", ratios["submit"] <= 1.35),
        ("E4 CPU of a poll <= 1.35 of httpx", f"{ratios['poll']:.2f}", ratios["poll"] <= 1.35),
    ]


def main() -> int:
    """Measure; return the exit code."""
    parser = argparse.ArgumentParser(description="What the plain client weighs.")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        python = environment(Path(folder))
        size, weights, ratios = installed(python), measured(python, PROGRAMS), calls(python)
    there = {name: program for name, program in PEERS.items() if find_spec(name.partition(".")[0]) is not None}
    beside = measured(Path(sys.executable), {"httpx + attrs": BASE, **there}) if there else {}
    for name, found in [*weights.items(), *((f"{name} *", found) for name, found in beside.items())]:
        print(f"{name:22} {found['cpu_ms']:7.0f} ms CPU  {found['peak_mb']:6.1f} MB peak  {found['modules']:5} modules")
    if beside:
        print("* in the environment this runs in")
    first = weights["ours, first call"]["cpu_ms"] / weights["httpx, first call"]["cpu_ms"]
    print(f"        no target: CPU until a first call has ended, of httpx's: {first:.2f}")
    targets = judged(size, weights, ratios)
    for name, value, fine in targets:
        print(f"{'met   ' if fine else 'MISSED'}  {name}: {value}")
    if options.json:
        document = {"size": size, "weights": weights, "calls": ratios, "peers": beside}
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if all(fine for _, _, fine in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
