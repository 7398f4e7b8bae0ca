"""The direction of imports, what the generic parts may name, and the length of modules."""

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
TREES = {TOOL: ROOT / "scripts" / TOOL, GENERATED: ROOT / "generated" / GENERATED}
DATA = ("scripts/rulewright/new/templates/",)  # modules of other packages, written by these
MAX_LINES = 700
LONG = {
    "scripts/rulewright/impact/checks/schemas.py": "a table: one row for each check of a schema",
}

SHARED = {"statusCode"}  # the sandbox's own shape of an error, which the corrections of this document took over

WITH_A_SANDBOX = {"cli._connection", "demo"}
"""The modules of a client that start a sandbox, which is part of the tool."""

# What each part of the tool may import; `errors` and itself in any case.
BOTTOM = {"errors", "files", "openapi", "project"}
PARTS: Mapping[str, set[str]] = {
    "errors": set(),
    "files": {"errors"},
    "openapi": {"errors"},
    "findings": {"errors", "openapi"},
    "project": {"errors"},
    "overlay": BOTTOM,
    "rules": {*BOTTOM, "overlay"},
    "merged": {*BOTTOM, "overlay", "rules"},
    "importing": {*BOTTOM, "overlay"},
    "impact": {
        *BOTTOM,
        "findings",
        "overlay",
        "rules",
        "merged",
        "importing",
    },  # pages can be compared before they are imported
    "runtime": set(),  # copied into the generated package, so it imports itself alone
    "generate": {*BOTTOM, "overlay", "rules", "merged", "impact"},  # to explain a failure
    "vendoring": {*BOTTOM, "generate", "impact"},
    "contract": {*BOTTOM, "rules", "sandbox", "testing"},
    "new": {*BOTTOM, "generate", "importing", "overlay", "vendoring"},
    "sandbox": {"errors", "openapi", "rules"},
    "testing": {"sandbox"},
    "pytest_plugin": {"testing"},
    "commands": {
        *BOTTOM,
        *(
            "findings",
            "overlay",
            "rules",
            "merged",
            "importing",
            "impact",
            "generate",
            "vendoring",
            "sandbox",
            "contract",
            "new",
        ),
    },
    "__main__": {"errors", "commands"},
}


@cache
def imports(tree: str) -> Mapping[str, frozenset[str]]:
    """Return what each module of a package imports, by dotted names: of the tool also late and for type checkers."""
    found: dict[str, frozenset[str]] = {}
    for path in sorted(TREES[tree].rglob("*.py")):
        if not path.relative_to(ROOT).as_posix().startswith(DATA):
            parts = [tree, *path.relative_to(TREES[tree]).with_suffix("").parts]
            package = parts[:-1]
            name = ".".join(package if parts[-1] == "__init__" else parts)
            found[name] = frozenset(_imported(ast.parse(path.read_text("utf-8")), package, typed=tree == TOOL))
    return found


def _imported(node: ast.AST, package: list[str], *, typed: bool) -> Iterator[str]:
    if not typed and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return  # the generator's models refer to each other there
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        yield from (f"{module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _imported(child, package, typed=typed)


def inside(tree: str) -> Iterator[tuple[str, str]]:
    """Yield which module of a package imports which other of it."""
    known = imports(tree)
    for module, names in known.items():
        for name in names:
            target = name if name in known else name.rpartition(".")[0]
            if target in known and target != module:
                yield module, target


@pytest.mark.parametrize("tree", TREES)
def test_no_import_cycle(tree: str) -> None:
    """Imports inside functions count."""
    graph: dict[str, set[str]] = {}
    for module, target in inside(tree):
        if not module.startswith(f"{target}."):  # every module is loaded after the package it stands in
            graph.setdefault(module, set()).add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_no_cycle_of_files_or_folders() -> None:
    """The files and folders of each folder import each other in one direction; late and type-checking imports count."""
    graphs: dict[tuple[str, ...], dict[str, set[str]]] = {}
    packages = {name.rpartition(".")[0] for name in imports(TOOL)}
    for module, target in inside(TOOL):
        one, other = (
            (*name.split("."), "__init__") if name in packages else tuple(name.split(".")) for name in (module, target)
        )
        depth = next(index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
        graphs.setdefault(one[:depth], {}).setdefault(one[depth], set()).add(other[depth])
    assert graphs
    for folder, graph in graphs.items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            pytest.fail(f"in {'/'.join(folder)}: {' imports '.join(reversed(error.args[1]))}")


def test_the_pipeline_is_built_in_layers() -> None:
    """Each part imports only what stands below it; `new` stands on top."""
    for module, target in inside(TOOL):
        part, below = module.split(".")[1:2], target.split(".")[1:2]
        if part and below and part != below and module != f"{TOOL}.runtime.cli._connection":
            assert below[0] in PARTS[part[0]], f"{module} imports {target}"


def test_a_client_imports_itself_relatively() -> None:
    """A copy works under any parent package; only `--sandbox` imports the tool, and the tool imports no client."""
    for module, names in imports(GENERATED).items():
        if module.partition(".")[2] not in WITH_A_SANDBOX:
            assert not [name for name in names if name.partition(".")[0] in {TOOL, "tests"}], module
        source = (TREES[GENERATED].parent / module.replace(".", "/")).with_suffix(".py")
        if source.exists():
            assert f"from {GENERATED}" not in source.read_text("utf-8"), module
    for module, names in imports(TOOL).items():
        if module != f"{TOOL}.runtime.cli._connection":
            assert not [name for name in names if name.partition(".")[0] in {GENERATED, "tests"}], module


def test_the_command_line_imports_the_tool_late() -> None:
    """Without `--sandbox` the command line works where the tool is not installed."""
    source = (TREES[GENERATED] / "cli" / "_connection.py").read_text("utf-8")
    at_import = [each for each in ast.parse(source).body if isinstance(each, ast.ImportFrom)]
    assert not [each for each in at_import if (each.module or "").partition(".")[0] == TOOL]


def test_the_runtime_is_built_in_layers() -> None:
    """The client does not import its command line; only `__main__` does."""
    for module, target in inside(TOOL):
        part, below = (name.removeprefix(f"{TOOL}.runtime.").split(".")[0] for name in (module, target))
        if not module.startswith(f"{TOOL}.runtime.") or part == below:
            continue
        assert below != "cli" or part in {"cli", "__main__"}, f"{module} imports {target}"


def test_the_runtime_is_copied_verbatim() -> None:
    """The bytes below the header are equal; only `_api.py` is written for the document."""
    source = TREES[TOOL] / "runtime"
    for path in source.rglob("*.py"):
        relative = path.relative_to(source)
        if relative.as_posix() not in {"__init__.py", "_api.py"}:
            copied = (TREES[GENERATED] / relative).read_bytes()
            assert copied.partition(b"\n")[2] == path.read_bytes(), relative


def words() -> set[str]:
    """Return the words particular to this project: its names, and the unusual names of its document."""
    spec = json.loads((ROOT / "generated" / "openapi.effective.json").read_text("utf-8"))
    name = SETTINGS["project"]["name"]
    found = {name, *name.split("-"), GENERATED, *spec["paths"], *spec["components"]["schemas"]}
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


def test_the_tool_names_nothing_of_this_api() -> None:
    """No vendor, schema, operation, field or value of this project occurs in the tool."""
    ours = re.compile("|".join(rf"(?<![a-zA-Z]){re.escape(word)}(?![a-zA-Z])" for word in words()), re.IGNORECASE)
    assert ours.search("A cat by VEO3 of " + GENERATED)
    for path in sorted(path for path in TREES[TOOL].rglob("*.*") if path.suffix not in {".pyc", ".mp4"}):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            found = ours.search(line)
            assert found is None, f"{path.relative_to(ROOT)}:{number} names {found[0] if found else ''}"


def test_no_module_is_too_long() -> None:
    """Modules over the limit are listed in `LONG` with a reason."""
    long = {
        path.relative_to(ROOT).as_posix()
        for folder in (TREES[TOOL], ROOT / "tests", ROOT / "bench")
        for path in folder.rglob("*.py")
        if len(path.read_text("utf-8").splitlines()) > MAX_LINES
    }
    assert long <= set(LONG)


def test_every_folder_of_code_has_a_docstring() -> None:
    """The first line of a package is a docstring."""
    for path in TREES[TOOL].rglob("__init__.py"):
        if not path.relative_to(ROOT).as_posix().startswith(DATA):
            assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path
