"""Break the rule layer in thousands of small ways and see whether a test notices: `python tests/mutation/run.py`.

mutmut does the breaking, on a copy of the project in a temporary folder. What survives is printed as a diff and
fails the run, unless `equivalent.toml` says why nobody could notice it; an entry there that does not survive any
more fails the run too, so the list cannot rot.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = "mountsea_gemini_api"
MODULES: Final[dict[str, tuple[str, ...]]] = {
    f"{PACKAGE}/rules/__init__.py": ("test_expected", "test_engine"),
    f"{PACKAGE}/rules/_engine.py": ("test_engine",),
    f"{PACKAGE}/rules/_shape.py": ("test_shape",),
    f"{PACKAGE}/rules/_values.py": ("test_shape",),
    f"{PACKAGE}/rules/_violation.py": ("test_engine",),
    f"{PACKAGE}/rules/video_generation_dto.py": ("test_expected", "test_engine"),
    "scripts/rules/breach.py": ("test_reading",),
    "scripts/rules/dialect.py": ("test_dialect",),
    "scripts/rules/domain.py": ("test_domain",),
    "scripts/rules/effective.py": ("test_domain",),
    "scripts/rules/expression.py": ("test_reading",),
    "scripts/rules/pattern.py": ("test_dialect",),
}
"""The modules that are broken, each with the tests in tests/rules that answer for it."""
UNFIT: Final = "tests/rules/test_engine.py::test_a_warning_points_at_the_caller"  # mutmut's frames would be blamed
NOTICED: Final = {1, 2, 3, 36, 24, 152, 255, -24, -9, -11}  # failed, not collected, crashed, or did not come to an end
SURVIVED: Final = {0, 5, 33}  # all tests passed, or none was there to run


@dataclass(frozen=True)
class Mutant:
    """One change that no test noticed: where, the lines it replaced, and the lines it put there."""

    module: str
    function: str
    was: str
    now: str

    def __str__(self) -> str:
        lines = [f"- {line}" for line in self.was.splitlines()] + [f"+ {line}" for line in self.now.splitlines()]
        return "\n".join([f"{self.module}, {self.function}", *lines])


@dataclass
class Count:
    """What became of the mutants of one module."""

    noticed: int = 0
    survived: list[Mutant] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many mutants there were."""
        return self.noticed + len(self.survived) + len(self.unknown)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the table, and return 1 if anything survived without a reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", action="append", metavar="PART", help="only the modules whose path holds PART")
    options = parser.parse_args(arguments)
    modules = [name for name in MODULES if not options.module or any(part in name for part in options.module)]
    if not modules:
        parser.error(f"no module matches; there are {', '.join(MODULES)}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder)
        copy_project(copy, modules)
        output = run_mutmut(copy)
        counts = {module: read_results(copy, module) for module in modules}
    if not any(count.total for count in counts.values()) or any(count.unknown for count in counts.values()):
        print(output[-4000:], file=sys.stderr)
        return 2
    reasons = {entry_key(entry): entry for entry in equivalents() if entry["module"] in modules}
    print_table(counts, reasons)
    print(f"{time.monotonic() - began:.0f} s")
    return report(counts, reasons)


def copy_project(copy: Path, modules: Iterable[str]) -> None:
    """Copy what the tests need, with both packages at the top: mutmut knows a module by its path from there."""
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(ROOT / "scripts", copy / "scripts", ignore=ignore)
    shutil.copytree(ROOT / "generated" / PACKAGE, copy / PACKAGE, ignore=ignore)
    shutil.copytree(ROOT / "tests/rules", copy / "tests/rules", ignore=ignore)
    for name in ("tests/__init__.py", "tests/conftest.py", "openapi.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    (copy / "overlays").mkdir()
    for path in sorted(ROOT.glob("overlays/*.yaml")):
        shutil.copy(path, copy / "overlays" / path.name)
    tests = sorted({f"tests/rules/{test}.py" for module in modules for test in MODULES[module]})
    settings = {
        "source_paths": ["scripts", PACKAGE],
        "only_mutate": list(modules),
        "also_copy": ["overlays", "openapi.yaml"],
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist", f"--deselect={UNFIT}"],
        "use_git_change_detection": False,
    }
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        file.write("\n".join(["\n[tool.mutmut]", *lines, ""]))


def run_mutmut(copy: Path) -> str:
    """Run mutmut on the copy and return what it printed."""
    children = str(max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    environment.pop("PYTHONPATH", None)  # mutmut finds its own copies of the modules, and must find them first
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", children],
        cwd=copy,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout


def read_results(copy: Path, module: str) -> Count:
    """Return what became of the mutants of a module."""
    result = Count()
    path = copy / "mutants" / f"{module}.meta"
    codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"] if path.is_file() else {}
    for name, code in codes.items():
        if code in NOTICED:
            result.noticed += 1
        elif code in SURVIVED:
            result.survived.append(read_mutant(copy, module, name))
        else:
            result.unknown.append(name)
    return result


def read_mutant(copy: Path, module: str, name: str) -> Mutant:
    """Return the change that a mutant makes, as mutmut shows it."""
    command = [sys.executable, "-m", "mutmut", "show", name]
    shown = subprocess.run(command, cwd=copy, text=True, capture_output=True, check=False)
    if shown.returncode:
        raise SystemExit(f"mutmut cannot show {name}:\n{shown.stderr}")
    lines = [line for line in shown.stdout.splitlines() if not line.startswith(("--- ", "+++ ", "# "))]
    mangled = name.rpartition(".")[2].partition("__mutmut_")[0]  # x_function or xǁClassǁmethod
    function = mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    was, now = ("\n".join(_after(sign, lines)) for sign in "-+")
    return Mutant(module, function, was, now)


def _after(sign: str, lines: Iterable[str]) -> Iterator[str]:
    yield from (line[1:].strip() for line in lines if line.startswith(sign))


def equivalents() -> list[dict[str, Any]]:
    """Return the reviewed mutants that no test could notice."""
    path = Path(__file__).with_name("equivalent.toml")
    return list(tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", []))


def entry_key(entry: dict[str, Any]) -> Mutant:
    """Return the mutant an entry speaks of, refusing an entry that gives no reason."""
    if not str(entry.get("reason", "")).strip():
        raise SystemExit(f"equivalent.toml: the entry for {entry.get('function')} gives no reason")
    return Mutant(entry["module"], entry["function"], entry["was"].strip(), entry["now"].strip())


def print_table(counts: dict[str, Count], reasons: dict[Mutant, Any]) -> None:
    """Print what became of the mutants of each module."""
    print(f"{'module':52}{'mutants':>8}{'noticed':>9}{'equivalent':>12}{'survived':>10}{'score':>8}")
    for module, count in counts.items():
        equivalent = sum(mutant in reasons for mutant in count.survived)
        survived = len(count.survived) - equivalent
        score = count.noticed / max(1, count.total - equivalent)
        print(f"{module:52}{count.total:>8}{count.noticed:>9}{equivalent:>12}{survived:>10}{score:>8.1%}")


def report(counts: dict[str, Count], reasons: dict[Mutant, Any]) -> int:
    """Print what survived without a reason and the reasons without a survivor; return the exit code."""
    survived = [mutant for count in counts.values() for mutant in count.survived]
    unexplained = [mutant for mutant in survived if mutant not in reasons]
    stale = [mutant for mutant in reasons if mutant not in survived]
    for mutant in unexplained:
        print(f"\nsurvived: {mutant}")
    for mutant in stale:
        print(f"\nlisted in equivalent.toml, but does not survive (or exist) any more: {mutant}")
    return 1 if unexplained or stale else 0


if __name__ == "__main__":
    sys.exit(main())
