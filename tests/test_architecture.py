"""Which way imports run, what the generic parts may know, and how long a module may be."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TOOL = "rulewright"
GENERATED = SETTINGS["tool"]["rulewright"]["package"]
WRITTEN = Path(SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"][0]).name
TREES = {TOOL: ROOT / "scripts" / TOOL, WRITTEN: ROOT / "overlays" / WRITTEN, GENERATED: ROOT / "generated" / GENERATED}
DATA = ("scripts/rulewright/new/templates/",)  # modules of other packages, written by these
MAX_LINES = 400
LONG = {
    "overlays/mountsea_gemini/_http.py": "the one module that imports the HTTP library",
    "bench/faults/rows.py": "a table: one entry for each fault",
    "tests/client/test_downloading.py": "one case for each way a download can end",
    "tests/sandbox/test_sandbox_generic.py": "one small document for each shape that the sandbox plays",
    "scripts/rulewright/generate/checks.py": "one thing: the compiler from schemas and rules to functions",
    "scripts/rulewright/generate/openapi_python_client.py": "a list: one entry for each patch of the generator",
    "scripts/rulewright/generate/variants.py": "the typed calls, and the table that type checkers are held to",
    "scripts/rulewright/impact/checks/schemas.py": "a table: one row for each check of a schema",
    "tests/rules/test_engine.py": "tables: what the compiled rules make of each kind of value",
}

SHARED = {"statusCode"}  # the sandbox's own shape of an error, which the corrections of this document took over

WITH_A_SANDBOX = {f"{WRITTEN}.cli._package", f"{WRITTEN}.demo"}
"""The modules of the client layer that start a sandbox, which is part of the tool."""

# What each part of the tool may import; `errors` and itself in any case.
BOTTOM = {"errors", "files", "openapi", "project"}
PARTS: Mapping[str, set[str]] = {
    "errors": set(),
    "files": {"errors"},
    "openapi": {"errors"},
    "project": {"errors"},
    "overlay": BOTTOM,
    "rules": {*BOTTOM, "merged"},  # its reports read a merged project; what `merged` needs of it does not
    "merged": {*BOTTOM, "overlay", "rules"},
    "importing": {*BOTTOM, "overlay", "impact"},  # an import reports what it means for callers
    "impact": {*BOTTOM, "overlay", "rules", "merged", "generate", "importing"},  # a page can be compared
    "runtime": set(),  # copied into the generated package, so it imports itself alone
    "generate": {*BOTTOM, "overlay", "rules", "merged", "importing", "impact"},  # to explain a failure
    "vendoring": {*BOTTOM, "generate", "impact"},
    "new": {*BOTTOM, "generate", "importing", "vendoring"},
    "sandbox": {"errors", "openapi", "rules"},
    "testing": {"sandbox"},
    "pytest_plugin": {"testing"},
    "commands": {
        *BOTTOM,
        "overlay",
        "rules",
        "merged",
        "importing",
        "impact",
        "generate",
        "vendoring",
        "new",
        "sandbox",
    },
    "__main__": {"errors", "commands"},
}


@cache
def imports(tree: str) -> Mapping[str, frozenset[str]]:
    """Return what each module of a package imports at run time, by dotted names."""
    found: dict[str, frozenset[str]] = {}
    for path in sorted(TREES[tree].rglob("*.py")):
        if not path.relative_to(ROOT).as_posix().startswith(DATA):
            parts = [tree, *path.relative_to(TREES[tree]).with_suffix("").parts]
            package = parts[:-1]
            name = ".".join(package if parts[-1] == "__init__" else parts)
            found[name] = frozenset(_imported(ast.parse(path.read_text("utf-8")), package))
    return found


def _imported(node: ast.AST, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return  # for type checkers alone
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        yield from (f"{module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _imported(child, package)


def inside(tree: str) -> Iterator[tuple[str, str]]:
    """Yield which module of a package imports which other of it."""
    known = imports(tree)
    for module, names in known.items():
        for name in names:
            target = name if name in known else name.rpartition(".")[0]
            if target in known and target != module:
                yield module, target


@pytest.mark.parametrize("tree", TREES)
def test_no_module_imports_itself_by_a_detour(tree: str) -> None:
    """Not even late, inside of a function."""
    graph: dict[str, set[str]] = {}
    for module, target in inside(tree):
        if not module.startswith(f"{target}."):  # every module is loaded after the package it stands in
            graph.setdefault(module, set()).add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_the_pipeline_is_built_in_layers() -> None:
    """Each part imports only what stands below it; `new` stands on top."""
    for module, target in inside(TOOL):
        part, below = module.split(".")[1:2], target.split(".")[1:2]
        if part and below and part != below:
            assert below[0] in PARTS[part[0]], f"{module} imports {target}"


def test_generated_code_knows_nothing_written_by_hand() -> None:
    """It can be used alone: neither the layer nor the pipeline is imported by it, and it imports itself relatively."""
    for module, names in imports(GENERATED).items():
        assert not [name for name in names if name.partition(".")[0] in {WRITTEN, TOOL, "tests"}], module
        source = (TREES[GENERATED].parent / module.replace(".", "/")).with_suffix(".py")
        if source.exists():
            assert f"from {GENERATED}" not in source.read_text("utf-8"), module


def test_the_client_imports_the_tool_only_for_a_sandbox() -> None:
    """Whoever uses the client has no need of the tool; nor does the tool know the client or the tests."""
    for module, names in [*imports(WRITTEN).items(), *imports(GENERATED).items()]:
        if module not in WITH_A_SANDBOX and not module.startswith(f"{WRITTEN}.testing."):
            assert not [name for name in names if name.partition(".")[0] in {TOOL, "tests"}], module
    for module, names in imports(TOOL).items():
        assert not [name for name in names if name.partition(".")[0] in {WRITTEN, GENERATED, "tests"}], module


def test_the_command_line_imports_the_tool_late() -> None:
    """Without `--sandbox` it works where the tool is not installed."""
    source = (TREES[WRITTEN] / "cli" / "_package.py").read_text("utf-8")
    at_import = [each for each in ast.parse(source).body if isinstance(each, ast.ImportFrom)]
    assert not [each for each in at_import if (each.module or "").partition(".")[0] == TOOL]


def test_the_client_layer_is_built_in_layers() -> None:
    """The client knows neither command line nor testing."""
    for module, target in inside(WRITTEN):
        part, below = (module.split(".")[1:] or [""])[0], (target.split(".")[1:] or [""])[0]
        if part == below or not below or part in {"", "demo"}:
            continue
        if part.startswith("_") and part != "__main__":
            assert below.startswith("_"), f"{module} imports {target}"
        elif part == "testing":
            assert below != "cli", f"{module} imports {target}"
        elif part == "cli" and not module.endswith("._package"):
            assert below == "_particular", f"{module} imports {target}; cli/_package.py does that for the command line"


def words() -> set[str]:
    """Return what tells this project from another: its names, and the odd ones among those of its document."""
    spec = json.loads((ROOT / "generated" / "openapi.effective.json").read_text("utf-8"))
    name = SETTINGS["project"]["name"]
    found = {name, *name.split("-"), WRITTEN, GENERATED, *spec["paths"], *spec["components"]["schemas"]}
    for value in _values(spec):
        if isinstance(value, dict):
            found |= {key for key in value.get("properties", {}) if re.search("[a-z][A-Z]", key)}
            found |= {str(value["operationId"])} if "operationId" in value else set()
            odd = [str(each) for each in value.get("enum", ()) if re.search(r"[a-z].*\d", str(each))]
            beginnings = Counter(re.split(r"\d", each)[0] for each in odd)  # what several values share is a name
            found |= {*odd, *(each for each, count in beginnings.items() if count > 2)}
    return found - SHARED


def _values(value: Any) -> Iterator[Any]:
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _values(child)


def test_what_is_generic_names_nothing_particular() -> None:
    """Not the vendor, a schema, an operation, a field or a value: tool, waiter engine, contract checks."""
    ours = re.compile("|".join(rf"(?<![a-zA-Z]){re.escape(word)}(?![a-zA-Z])" for word in words()), re.IGNORECASE)
    particular = {TREES[WRITTEN] / name for name in ("_particular.py", "demo.py")}
    files = [*TREES[TOOL].rglob("*.*"), *TREES[WRITTEN].rglob("*.py")]
    assert ours.search("A cat by VEO3 of " + WRITTEN)
    for path in sorted({path for path in files if path.suffix not in {".pyc", ".mp4"}} - particular):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            imported = re.match(rf"\s*(from {GENERATED}[.\w]* import|import {GENERATED}\b)", line)
            found = ours.search(line[imported.end() :] if imported else line)
            assert found is None, f"{path.relative_to(ROOT)}:{number} names {found[0] if found else ''}"


def test_no_module_is_longer_than_one_can_read() -> None:
    """Unless there is a reason, which stands above."""
    long = {
        path.relative_to(ROOT).as_posix()
        for folder in (*TREES.values(), ROOT / "tests", ROOT / "bench")
        for path in folder.rglob("*.py")
        if len(path.read_text("utf-8").splitlines()) > MAX_LINES
    }
    assert long <= set(LONG)


def test_every_folder_of_code_says_what_it_is() -> None:
    """The first line of a package is a docstring."""
    for tree in (TOOL, WRITTEN):
        for path in TREES[tree].rglob("__init__.py"):
            if not path.relative_to(ROOT).as_posix().startswith(DATA):
                assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path
