"""Break the rule layer in thousands of small ways and see whether a test notices: `python tests/mutation/run.py`.

mutmut does the breaking, on a copy of the project in a temporary folder, one part after the other (`run.py PART`
runs one; parts.py lists them). What survives is printed as a diff and fails the run, unless `equivalent.toml`
says why nobody could notice it; an entry there that does not survive any more fails the run too, so that the
list cannot rot. `--module TEXT` restricts a run to the modules whose path holds a text, and `--json FILE` keeps
the table.
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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.mutation.parts import PACKAGE, PARTS, UNFIT

ROOT: Final = Path(__file__).resolve().parents[2]
KILLED: Final = {1, 2, 3, -9, -11}  # a test failed, or nothing could be collected, or Python crashed
TIMED_OUT: Final = {24, 36, 152, 255, -24}  # it did not come to an end
SURVIVED: Final = {0, 5, 33}  # all tests passed, or none was there to run
COLUMNS: Final = ("mutants", "killed", "timed out", "equivalent", "survived")
QUICK: Final = (
    "--tb=no",
    *(f"-pno:{plugin}" for plugin in ("cacheprovider", "unraisableexception", "threadexception")),
)
"""Nobody reads why a test failed, and looking for forgotten objects takes longer than the tests of most mutants."""


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

    killed: int = 0
    timed_out: int = 0
    survived: list[Mutant] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many mutants there were."""
        return self.killed + self.timed_out + len(self.survived) + len(self.unknown)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the table, and return 1 if anything survived without a reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--module", default="", metavar="TEXT", help="only the modules whose path holds TEXT")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there too")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    counts: dict[str, Count] = {}
    for part in options.parts or PARTS:
        modules = {name: tests for name, tests in PARTS[part].items() if options.module in name}
        if modules:
            began, worked = time.monotonic(), worked_by_children()
            counts |= run_part(modules)
            seconds, worked = time.monotonic() - began, worked_by_children() - worked
            print(f"{part}: {seconds:.0f} s, of processor time {worked:.0f} s", flush=True)
    if not counts:
        parser.error(f"no module of these parts holds {options.module!r}")
    reasons = {mutant: entry for entry in equivalents() if entry["module"] in counts for mutant in listed(entry)}
    rows = table(counts, reasons)
    print_table(rows)
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return report(counts, reasons)


def worked_by_children() -> float:
    """Return the processor time that ended processes took so far, in seconds; it does not depend on who else works."""
    times = os.times()
    return times.children_user + times.children_system


def run_part(modules: Mapping[str, Sequence[str]]) -> dict[str, Count]:
    """Break some modules on a copy, and return what became of each.

    Raises:
        SystemExit: mutmut did not come to an end, or made nothing to break.
    """
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder)
        copy_project(copy, modules)
        output = run_mutmut(copy)
        counts = {module: read_results(copy, module) for module in modules}
    empty = [module for module, count in counts.items() if not count.total or count.unknown]
    if empty:
        raise SystemExit(f"{output[-4000:]}\nmutmut says nothing of {', '.join(empty)}; see above")
    return counts


def copy_project(copy: Path, modules: Mapping[str, Sequence[str]]) -> None:
    """Copy what the tests need, with the packages at the top: mutmut knows a module by its path from there."""
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(ROOT / "scripts/rulewright", copy / "rulewright", ignore=ignore)
    shutil.copytree(ROOT / "generated" / PACKAGE, copy / PACKAGE, ignore=ignore)
    folders = {str(Path(test).parent) for tests in modules.values() for test in tests}
    for name in sorted(folders | {"tests/rules", "tests/example"}):
        shutil.copytree(ROOT / name, copy / name, ignore=ignore)
    for name in ("tests/__init__.py", "tests/conftest.py", "openapi.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    (copy / "overlays").mkdir()
    for path in sorted(ROOT.glob("overlays/*.yaml")):
        shutil.copy(path, copy / "overlays" / path.name)
    tests = sorted({test for tests in modules.values() for test in tests})
    unfit = [f"--deselect={test}" for test in UNFIT if test.partition("::")[0] in tests]
    settings = {
        "source_paths": ["rulewright", PACKAGE],
        "only_mutate": list(map(inside, modules)),
        "also_copy": ["overlays", "openapi.yaml"],
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": [*QUICK, *unfit],
        "use_git_change_detection": False,
    }
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        file.write("\n".join(["\n[tool.mutmut]", *lines, ""]))


def inside(module: str) -> str:
    """Return the path of a module in the copy, which is how it is imported."""
    return module.removeprefix("scripts/")


def run_mutmut(copy: Path) -> str:
    """Run mutmut on the copy and return what it printed."""
    children = str(max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTHONPATH", None)  # mutmut finds its own copies of the modules, and must find them first
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
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
    path = copy / "mutants" / f"{inside(module)}.meta"
    codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"] if path.is_file() else {}
    result.killed = sum(code in KILLED for code in codes.values())
    result.timed_out = sum(code in TIMED_OUT for code in codes.values())
    survived = [name for name, code in codes.items() if code in SURVIVED]
    result.survived.extend(read_mutants(copy, module, survived))
    result.unknown.extend(name for name, code in codes.items() if code not in KILLED | TIMED_OUT | SURVIVED)
    return result


_DIFFS: Final = """
import json, sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
path, *names = json.load(sys.stdin)
json.dump([get_diff_for_mutant(name, path=path) for name in names], sys.stdout)
"""


def read_mutants(copy: Path, module: str, names: Sequence[str]) -> Iterator[Mutant]:
    """Yield the change that each of some mutants makes, asking mutmut once for all."""
    if not names:
        return
    command = [sys.executable, "-c", _DIFFS]
    asked = json.dumps([inside(module), *names])
    shown = subprocess.run(command, cwd=copy, input=asked, text=True, capture_output=True, check=False)
    if shown.returncode:
        raise SystemExit(f"mutmut cannot show the mutants of {module}:\n{shown.stderr}")
    for name, diff in zip(names, json.loads(shown.stdout), strict=True):
        lines = [line for line in diff.splitlines() if not line.startswith(("--- ", "+++ "))]
        mangled = name.rpartition(".")[2].partition("__mutmut_")[0]  # x_function or xǁClassǁmethod
        function = mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
        was, now = ("\n".join(_after(sign, lines)) for sign in "-+")
        yield Mutant(module, function, was, now)


def _after(sign: str, lines: Iterable[str]) -> Iterator[str]:
    yield from (line[1:].strip() for line in lines if line.startswith(sign))


def equivalents() -> list[dict[str, Any]]:
    """Return the reviewed mutants that no test could notice."""
    path = Path(__file__).with_name("equivalent.toml")
    return list(tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", []))


def listed(entry: dict[str, Any]) -> Iterator[Mutant]:
    """Yield the mutants an entry speaks of, one for each line of `now`, refusing an entry that gives no reason."""
    if not str(entry.get("reason", "")).strip():
        raise SystemExit(f"equivalent.toml: the entry for {entry.get('function')} gives no reason")
    for now in entry["now"]:
        yield Mutant(entry["module"], entry["function"], entry["was"].strip(), now.strip())


def table(counts: Mapping[str, Count], reasons: Mapping[Mutant, Any]) -> dict[str, dict[str, int]]:
    """Return what became of the mutants of each module, in numbers, and of all together."""
    rows = {}
    for module, count in counts.items():
        equivalent = sum(mutant in reasons for mutant in count.survived)
        survived = len(count.survived) - equivalent
        numbers = (count.total, count.killed, count.timed_out, equivalent, survived)
        rows[module] = dict(zip(COLUMNS, numbers, strict=True))
    return {**rows, "all": {column: sum(row[column] for row in rows.values()) for column in COLUMNS}}


def print_table(rows: Mapping[str, Mapping[str, int]]) -> None:
    """Print the numbers, and the share of the mutants that a test could notice and did."""
    print(f"{'module':52}" + "".join(f"{column:>12}" for column in (*COLUMNS, "score")))
    for module, row in rows.items():
        score = (row["killed"] + row["timed out"]) / max(1, row["mutants"] - row["equivalent"])
        print(f"{module:52}" + "".join(f"{row[column]:>12}" for column in COLUMNS) + f"{score:>12.1%}")


def report(counts: Mapping[str, Count], reasons: Mapping[Mutant, Any]) -> int:
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
