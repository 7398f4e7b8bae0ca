"""The build: inputs in, the whole output tree as data out. It writes nothing but temporary files."""

from __future__ import annotations

import dis
import re
import subprocess
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from types import CodeType
from typing import Any, Final

from rulewright.errors import InputError, printable
from rulewright.files import Tree, read_tree
from rulewright.generate.checks import checks_module
from rulewright.generate.gaps import (
    Coverage,
    accepted_gaps,
    find_dropped,
    read_gaps,
    unsupported_methods,
    unsupported_parameters,
)
from rulewright.generate.generator import Generator, GeneratorError, TimeLimitError, ruff_binary
from rulewright.generate.manifest import NAME, manifest
from rulewright.generate.methods import literal_types, methods_module, write_typing_tables
from rulewright.generate.names import Names, read_names
from rulewright.generate.operations import Method, operations_module, read_methods, unsupported_credentials
from rulewright.generate.rewrites import generator_input
from rulewright.generate.rules_page import explorer_page, rules_page
from rulewright.generate.schemas import find_unchecked
from rulewright.generate.source import RAW, render, visible
from rulewright.generate.waiters import waiters_module
from rulewright.merged import Merged, explain, merge
from rulewright.openapi.document import to_json
from rulewright.openapi.faults import wire_path
from rulewright.openapi.operations import operations
from rulewright.openapi.tasks import submits
from rulewright.project import EFFECTIVE, Project
from rulewright.rules.variants import VariantSet, read_variants

RULES: Final = "RULES.md"
_HTTP_IMPORT: Final = re.compile(rb"^(\s*import )(httpx|httpcore)$", re.MULTILINE)
EDITORS: Final = ("overlay.schema.json", "project.schema.json")
"""JSON Schemas with which editors complete and check overlays and `[tool.rulewright]`."""
EXPLORER: Final = "explorer.html"
_TOOL: Final = Path(__file__).parents[1]
_RUNTIME: Final = _TOOL / "runtime"
_RUFF: Final = (
    ("check", ".", "--isolated", "--no-cache", "--quiet", "--fix-only", "--select=I,UP,F401,RET505"),
    ("format", ".", "--isolated", "--no-cache"),
)
_RUFF_OPTIONS: Final = ("--target-version=py311", "--line-length=110")
Progress = Callable[[str], None]


def build(project: Project, generator: Generator, progress: Progress = lambda _: None) -> dict[str, bytes]:
    """Return everything that belongs under the output directory, by relative path.

    Args:
        project: The project.
        generator: A run of the generator that has nothing to do yet.
        progress: Called with the name of each stage.

    Raises:
        InputError: An input cannot be used.
    """
    progress("applying overlays")
    merged = merge(project)
    with merged.explain_errors():
        try:
            return _build(project, merged, generator, progress)
        except GeneratorError:
            explain(merged.vendor, merged.value)
            raise


def _build(project: Project, merged: Merged, generator: Generator, progress: Progress) -> dict[str, bytes]:
    merged.check_against(project.effective)
    effective = merged.effective
    origin = project.relative(project.spec)
    text = to_json({**effective, "x-generated": f"from {origin} and its overlays"})
    progress("generating models and operations")
    generator.start(generator_input(effective, project.package))
    variants = read_variants(merged.value, merged.ruled)  # meanwhile: the generator does not need these
    page = rules_page(merged.value, merged.ruled, variants)
    report = generator.report()
    wanted = {(operation.method, wire_path(operation.path)) for operation in operations(effective)}
    made = {(entry["method"], wire_path(entry["path"])) for entry in report["operations"]}
    errors = [*report["errors"], *unsupported_parameters(effective), *unsupported_methods(effective)]
    errors += [*unsupported_credentials(effective), *find_unchecked(merged.value)]
    coverage = Coverage(len(wanted), len(wanted & made))
    gaps = read_gaps(errors, accepted_gaps(merged), coverage)
    names = read_names(report, without=find_dropped(gaps, made))
    for operation in operations(effective):
        if not names.lacks(operation.method, operation.path):
            names.operation(operation.method, operation.path)  # raises for one that was dropped without a word
    progress("compiling rules, waiters and variants")
    methods = read_methods(merged.value, merged.ruled, dict(submits(merged.value)), names)
    added = {**package_files(project, merged, variants, methods, names), EFFECTIVE: text, RULES: page}
    tree = _package(generator.package, added, project.timeout)
    del added  # many megabytes, and compiling what became of them takes ten times as much
    modules = (path for path in sorted(_RUNTIME.rglob("*.py")) if path != _RUNTIME / "__init__.py")
    runtime = {f"{project.package}/{path.relative_to(_RUNTIME).as_posix()}": path.read_bytes() for path in modules}
    tree = _on_library(project.http, {**runtime, **tree})  # what is written for the package wins
    check_modules(tree)
    if variants:
        right, wrong = write_typing_tables(variants, methods, project.package)
        tree |= {"calls/right.py": right.encode(), "calls/wrong.py": wrong.encode()}
    header = f"# Generated by rulewright from {origin} and its overlays; do not edit.\n".encode()
    tree = {path: header + code if path.endswith((".py", "py.typed")) else code for path, code in tree.items()}
    tree |= {EFFECTIVE: text.encode(), RULES: page.encode()}
    explorer = explorer_page(merged.value, merged.ruled, methods, project.program)
    tree |= {EXPLORER: explorer.encode()} if explorer else {}
    tree |= {name: (_TOOL / name).read_bytes() for name in EDITORS}
    tree |= _project_modules(project, tree)
    return {**tree, NAME: manifest(project, tree, asdict(coverage), [asdict(gap) for gap in gaps])}


def package_files(
    project: Project, merged: Merged, variants: Sequence[VariantSet], methods: Sequence[Method], names: Names
) -> dict[str, str]:
    """Return the source of each module that is written for the document, by its path in the package.

    Args:
        project: Whose names the client has.
        merged: The document: its schemas without the rules written into them.
        variants: The variants of its operations.
        methods: The methods of its operations.
        names: What the generator named.

    Raises:
        InputError: A rule, waiter or variant does not fit the document.
    """
    document, ruled = merged.value, merged.ruled
    return {
        "__init__.py": render("package_init.py.jinja", literals=literal_types(methods, variants, names)),
        "_api.py": render(
            "api.py.jinja",
            package=project.package,
            program=project.program,
            summary=project.summary,
            environment=project.environment,
        ),
        "_checks.py": checks_module(document, ruled, names),
        "methods.py": methods_module(methods, variants, ruled, names),
        "operations.py": operations_module(document, methods, names),
        "rules.py": render("rules.py.jinja"),
        "waiters.py": waiters_module(document, names),
        "py.typed": "",
        f"{RAW}/__init__.py": render("raw_init.py.jinja"),
    }


def _on_library(library: str, tree: Tree) -> dict[str, bytes]:
    """Let modules import another HTTP library of the same interface, and its core, by the names they use."""
    suffix = library.removeprefix("httpx").encode()
    if not suffix:
        return dict(tree)
    return {path: _HTTP_IMPORT.sub(rb"\1\g<2>" + suffix + rb" as \2", code) for path, code in tree.items()}


def _project_modules(project: Project, tree: Tree) -> dict[str, bytes]:
    """Return the modules that the project adds by hand.

    Raises:
        InputError: One would replace a generated file.
    """
    if not project.added.is_dir():
        return {}
    added = {}
    for path, content in read_tree(project.added).items():
        place = project.relative(project.added / path)
        if f"{project.package}/{path}" in tree:
            raise InputError("would replace a generated file; give this one another name", path=place)
        header = f"# Copied by rulewright regenerate from {place}; edit that file.\n" if path.endswith(".py") else ""
        added[f"{project.package}/{path}"] = header.encode() + content
    return added


def _package(package: Path, added: Mapping[str, str], timeout: float) -> dict[str, bytes]:
    """Move what the generator wrote into a room of its own, add files, format them all, and return them."""
    written = package.rename(package.with_name(f"{package.name}.{RAW}"))
    package.mkdir()
    written.rename(package / RAW)
    for relative, source in added.items():
        path = package / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    for command in _RUFF:
        arguments = [ruff_binary(), command[0], *_RUFF_OPTIONS, *command[1:]]
        try:
            done = subprocess.run(  # noqa: S603  the pinned formatter, on our own files
                arguments, cwd=package, capture_output=True, check=False, timeout=timeout
            )
        except subprocess.TimeoutExpired as error:
            raise TimeLimitError(f"ruff {command[0]}", timeout) from error
        if done.returncode:
            raise InputError(f"ruff {command[0]} failed on the generated code:\n{printable(done.stderr.decode())}")
    tree = {f"{package.name}/{path}": content for path, content in read_tree(package).items()}
    return {path: visible(code.decode()).encode() if path.endswith(".py") else code for path, code in tree.items()}


def check_modules(tree: Tree) -> None:
    """Refuse a generated package that Python could not load, whatever names the document made the generator choose.

    Args:
        tree: The package.

    Raises:
        InputError: A module is not Python, is named so that Python or a file system takes it for another, or imports
            what another does not have.
    """
    seen: dict[str, str] = {}
    for path in tree:
        first = seen.setdefault(path.casefold(), path)
        if first != path:
            raise _error(f"{first} and {path} differ in case only, which some file systems do not keep apart")
        if not path.endswith(".py"):
            continue
        for name in PurePosixPath(path).with_suffix("").parts:
            read = unicodedata.normalize("NFKC", name)
            if read != name or not name.isidentifier():
                raise _error(f"the module {path} cannot be imported: Python reads {name!r} as {read!r}")
    check_imports((path, _compile(path, content)) for path, content in tree.items() if path.endswith(".py"))


def _compile(path: str, content: bytes) -> CodeType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return compile(content, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
        raise _error(f"{path}{line} is not Python: {getattr(error, 'msg', error)}") from error


def _error(message: str) -> InputError:
    return InputError(f"a name in the document makes an unusable module; give it another in an overlay\n  {message}")


_DYNAMIC: Final = "__getattr__"
_IMPORT: Final = dis.opmap["IMPORT_NAME"]
_CONSTANT: Final = dis.opmap["LOAD_CONST"]
_LOADS: Final = frozenset({_CONSTANT, dis.opmap.get("LOAD_SMALL_INT", _CONSTANT)})
"""With these an import is given its level and its names."""


def check_imports(compiled: Iterable[tuple[str, CodeType]]) -> None:
    """Refuse a package with a relative import that leads nowhere, in a function or for type checkers included.

    The imports are read from the compiled modules: syntax trees of a large package take seconds and much memory.

    Args:
        compiled: The path of each module and its code.

    Raises:
        InputError: Names the module, and what it imports from where.
    """
    names: dict[str, frozenset[str]] = {}
    imports: list[tuple[str, str, tuple[str, ...]]] = []
    for path, code in compiled:
        package = path.removesuffix(".py").removesuffix("/__init__").split("/")
        module = ".".join(package)
        if not path.endswith("/__init__.py"):
            package.pop()
        names[module] = frozenset(code.co_names)
        for level, source, wanted in _relative(code):
            above = package[: max(0, len(package) + 1 - level)]
            imports.append((module, ".".join([*above, *([source] if source else [])] if above else []), wanted))
    for module, source, wanted in imports:
        known = names.get(source, frozenset())
        for name in wanted:
            if not (name in known or _DYNAMIC in known or f"{source}.{name}" in names):
                raise InputError(
                    f"the generated module {module} imports {name} from {source or 'above the package'}, which does "
                    "not have it; correct what the document says of it in an overlay"
                )


def _relative(code: CodeType) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield the level, the module and the names of each relative import in some code and its functions."""
    loaded: list[Any] = []
    extended = 0
    for operation, low in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument = extended | low
        extended = argument << 8 if operation == dis.EXTENDED_ARG else 0
        if operation in _LOADS:
            loaded.append(code.co_consts[argument] if operation == _CONSTANT else argument)
        elif operation == _IMPORT and loaded[-2]:
            yield loaded[-2], code.co_names[argument], loaded[-1]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _relative(constant)
