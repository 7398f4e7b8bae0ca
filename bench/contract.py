"""Measure the contract checks beside plain schemathesis on the same document and sandbox: `python bench/contract.py`.

Each runs in a process of its own, in turns, so that a busy neighbour slows both; the sandbox of schemathesis
listens on a port of this machine, ours answers in process. What counts is the ratio of one run, not the rates.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

ROOT: Final = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "overlays"), str(ROOT / "generated"), str(ROOT / "scripts")]
ENV: Final = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[:3]), "PYTHONUTF8": "1"}
DOCUMENT: Final = ROOT / "generated/openapi.effective.json"
CLIENT: Final = "mountsea_gemini"

from rulewright.contract.cases import Cases  # noqa: E402  after the path is set
from rulewright.contract.contract import Contract  # noqa: E402
from rulewright.sandbox import Sandbox  # noqa: E402


@dataclass(frozen=True)
class Run:
    """What one run did.

    Args:
        cases: How many cases it tried.
        seconds: How long it took.
        cpu: Processor seconds of the command; ours holds the sandbox too, the other's listens elsewhere.
        rules: For each rule how many bodies broke it alone and were sent to the server.
    """

    FIGURES: ClassVar = ("cases", "seconds", "rate", "cpu_rate")

    cases: int
    seconds: float
    cpu: float
    rules: dict[str, int]

    @property
    def rate(self) -> float:
        """Cases per second."""
        return self.cases / self.seconds

    @property
    def cpu_rate(self) -> float:
        """Cases per processor second."""
        return self.cases / self.cpu


def timed(command: list[str], folder: Path) -> tuple[str, float, float]:
    """Run a command, and return what it printed, and the seconds and processor seconds it took."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True, check=False)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, seconds, cpu


def ours(folder: Path) -> Run:
    """Run the contract checks, then count what they send to the server, in this process."""
    output, seconds, cpu = timed([sys.executable, "-m", "rulewright", "contract", CLIENT], folder)
    found = re.search(r"(\d+) requests compared", output)
    if found is None:
        raise SystemExit(f"the contract checks did not print how many requests they compared:\n{output[-3000:]}")
    contract = Contract(json.loads(DOCUMENT.read_bytes()))
    (submit,) = contract.submits
    return Run(int(found[1]), seconds, cpu, broken_alone(body for _, body in Cases(contract, submit).bodies()))


def broken_alone(bodies: Iterable[Any]) -> dict[str, int]:
    """Return for each rule how many of some bodies break it and nothing else."""
    contract = Contract(json.loads(DOCUMENT.read_bytes()))
    (submit,) = contract.submits
    counts: Counter[str] = Counter({rule.id: 0 for rule in contract.rules})
    for body in bodies:
        if isinstance(body, dict):
            verdict = submit.verdict(body)
            named = (*verdict.broken, *verdict.warned)
            counts.update(named if verdict.fits and len(named) == 1 else ())
    return dict(counts)


def plain(folder: Path, seed: int) -> Run:
    """Run schemathesis as it comes, all phases, against a sandbox on a port."""
    sandbox = Sandbox("mountsea_gemini")
    with sandbox.serve() as server:
        document = {**json.loads(DOCUMENT.read_bytes()), "servers": [{"url": server.url}]}
        (folder / "spec.json").write_text(json.dumps(document), encoding="utf-8")
        command = [sys.executable, "-m", "schemathesis.cli", "run", "spec.json", "--no-color", f"--seed={seed}"]
        command += [f"--url={server.url}", "-H", "Authorization: Bearer sandbox"]
        output, seconds, cpu = timed(command, folder)
    found = re.search(r"(\d+) generated", output)
    if found is None:
        raise SystemExit(f"schemathesis did not print how many cases it tried:\n{output[-3000:]}")
    return Run(int(found[1]), seconds, cpu, broken_alone(_json(request.body) for request in sandbox.requests))


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def main() -> int:
    """Measure in turns and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    pairs: list[tuple[Run, Run]] = []
    for number in range(1, options.rounds + 1):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            pairs.append((ours(Path(one)), plain(Path(other), number)))
    for name, runs in (("contract checks", [pair[0] for pair in pairs]), ("schemathesis", [pair[1] for pair in pairs])):
        words = {what: statistics.median(getattr(run, what) for run in runs) for what in Run.FIGURES}
        print(
            "{name:16} {cases:6.0f} cases in {seconds:5.1f} s: {rate:5.0f} a second,"
            " {cpu_rate:5.0f} a processor second".format(name=name, **words)
        )
    ratios = {}
    for what in ("rate", "cpu_rate"):
        ratio = statistics.median(getattr(mine, what) / getattr(theirs, what) for mine, theirs in pairs)
        ratios[what] = ratio
        print(f"ratio of {'cases a second' if what == 'rate' else 'cases a processor second'}: {ratio:.1f}")
    print("bodies sent to the server that break one rule and nothing else, ours / schemathesis by seed:")
    for rule, count in pairs[0][0].rules.items():
        print(f"  {rule:38} {count:5} / {', '.join(str(pair[1].rules.get(rule, 0)) for pair in pairs)}")
    if options.json:
        runs = [{"ours": asdict(mine), "schemathesis": asdict(theirs)} for mine, theirs in pairs]
        options.json.write_text(json.dumps({"ratios": ratios, "runs": runs}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
