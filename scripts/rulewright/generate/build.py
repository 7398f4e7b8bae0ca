"""The build: inputs in, the whole output tree as data out. It writes nothing but temporary files."""

from __future__ import annotations

import subprocess
import unicodedata
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from rulewright.errors import InputError, printable
from rulewright.generate.checks import checks_module
from rulewright.generate.explain import explain
from rulewright.generate.gaps import accepted_gaps, dropped, read_gaps, unsupported_methods, unsupported_parameters
from rulewright.generate.generator import Generator, GeneratorError
from rulewright.generate.manifest import NAME, manifest
from rulewright.generate.names import Names, read_names
from rulewright.generate.operations import operations, operations_module
from rulewright.generate.recorded import NAME as RECORD
from rulewright.generate.recorded import Recorded, record, recorded
from rulewright.generate.rewrites import generator_input
from rulewright.generate.rules_page import rules_page
from rulewright.generate.source import render, visible
from rulewright.generate.tools import ruff_binary
from rulewright.generate.tree import Tree, read_tree
from rulewright.generate.variants import typing_tables, variants_module
from rulewright.generate.waiters import waiters_module
from rulewright.merged import merge
from rulewright.openapi.document import to_json
from rulewright.project import Project
from rulewright.rules.definition import RuledSchema
from rulewright.rules.lint import UnusableSchemaError
from rulewright.rules.pins import check_surroundings
from rulewright.rules.renames import check_renames
from rulewright.rules.variants import VariantSet, read_variants

EFFECTIVE: Final = "openapi.effective.json"
RULES: Final = "RULES.md"
_RUNTIME: Final = Path(__file__).parents[1] / "runtime"
_RUFF: Final = (
    ("check", ".", "--isolated", "--no-cache", "--quiet", "--fix-only", "--select=I,UP,F401,RET505"),
    ("format", ".", "--isolated", "--no-cache", "--quiet"),
)
_RUFF_OPTIONS: Final = ("--target-version=py311", "--line-length=110")
Progress = Callable[[str], None]


def build(
    project: Project, generator: Generator, progress: Progress = lambda _: None, kept: Tree | None = None
) -> dict[str, bytes]:
    """Return everything that belongs under the output directory, by relative path.

    Args:
        project: The project.
        generator: A run of the generator that has nothing to do yet.
        progress: Called with the name of each stage.
        kept: The last output, if it is unedited and this pipeline made it; its files are reused where the generator
            would write the same.

    Raises:
        InputError: An input cannot be used.
    """
    try:
        return _build(project, generator, progress, kept or {})
    except (GeneratorError, UnusableSchemaError, LookupError, TypeError, ValueError, AttributeError):
        explain(project)  # an invalid document is the likely cause, and this names its place; else the tool is wrong
        raise


def _build(project: Project, generator: Generator, progress: Progress, kept: Tree) -> dict[str, bytes]:
    progress("applying overlays")
    merged = merge(project)
    check_renames(project.output / EFFECTIVE, merged.ruled)
    check_surroundings(project.output / EFFECTIVE, merged.value, merged.ruled)
    effective = merged.effective
    origin = project.relative(project.spec)
    text = to_json({**effective, "x-generated": f"from {origin} and its overlays"})
    given = generator_input(effective, project.package)
    run = recorded(given, kept)
    if run is None:
        progress("generating models and operations")
        generator.start(given)
    variants = read_variants(merged.value, merged.ruled)  # meanwhile: the generator does not need these
    page = rules_page(merged.value, merged.ruled, variants)
    report = generator.report() if run is None else run.report
    gaps = read_gaps(
        [*report["errors"], *unsupported_parameters(effective), *unsupported_methods(effective)], accepted_gaps(merged)
    )
    names = read_names(report, without=dropped(gaps, report))
    for operation in operations(effective):
        if not names.lacks(operation.method, operation.path):
            names.operation(operation.method, operation.path)  # raises for one that was dropped without a word
    progress("compiling rules, waiters and variants")
    sources = package_files(merged.value, merged.ruled, variants, names)
    tree = _package(generator.package, {**sources, EFFECTIVE: text, RULES: page})
    if run is None:
        ours = {f"{project.package}/{path}" for path in (*sources, EFFECTIVE, RULES)}
        run = Recorded(report, {path: code for path, code in tree.items() if path not in ours})
    check_modules({**run.files, **tree}, known=run.files.keys() - tree.keys())
    runtime = {f"{project.package}/{path.name}": path.read_bytes() for path in sorted(_RUNTIME.glob("_[a-z]*.py"))}
    tree = {**run.files, **tree, **runtime}
    if variants:
        right, wrong = typing_tables(variants, merged.value, names, project.package)
        tree |= {"calls/right.py": right.encode(), "calls/wrong.py": wrong.encode()}
    header = f"# Generated by rulewright from {origin} and its overlays; do not edit.\n".encode()
    tree = {path: header + code if path.endswith((".py", "py.typed")) else code for path, code in tree.items()}
    tree |= {EFFECTIVE: text.encode(), RULES: page.encode(), RECORD: record(given, run)}
    return {**tree, NAME: manifest(project, tree, [gap.data() for gap in gaps])}


def package_files(
    document: Any, ruled: Sequence[RuledSchema], variants: Sequence[VariantSet], names: Names
) -> dict[str, str]:
    """Return the source of each module that is added to what openapi-python-client wrote, by its path in the package.

    Args:
        document: The merged document: its schemas without the rules written into them.
        ruled: The schemas and operations that have rules.
        variants: Their variants.
        names: What the generator named.

    Raises:
        InputError: A rule, waiter or variant does not fit the document.
    """
    return {
        "__init__.py": render("package_init.py.jinja"),
        "_checks.py": checks_module(document, ruled, names),
        "operations.py": operations_module(document, names),
        "rules.py": render("rules.py.jinja"),
        "variants.py": variants_module(variants, document, names),
        "waiters.py": waiters_module(document, names),
        "py.typed": "",
    }


def _package(package: Path, added: Mapping[str, str]) -> dict[str, bytes]:
    """Add files to what the generator wrote of the package, format them all, and return them."""
    for relative, source in added.items():
        path = package / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    _format(package)
    tree = {f"{package.name}/{path}": content for path, content in read_tree(package).items()}
    return {path: visible(code.decode()).encode() if path.endswith(".py") else code for path, code in tree.items()}


def _format(package: Path) -> None:
    for command in _RUFF:
        done = subprocess.run(  # noqa: S603  the pinned formatter, on our own files
            [ruff_binary(), command[0], *_RUFF_OPTIONS, *command[1:]], cwd=package, capture_output=True, check=False
        )
        if done.returncode:
            raise InputError(f"ruff {command[0]} failed on the generated code:\n{printable(done.stderr.decode())}")


def check_modules(tree: Tree, known: Collection[str] = ()) -> None:
    """Refuse a generated package that Python could not load, whatever names the document made the generator choose.

    Args:
        tree: The package.
        known: The modules that have been compiled before.

    Raises:
        InputError: A module is not Python, or is named so that Python or a file system takes it for another.
    """
    seen: dict[str, str] = {}
    for path, content in tree.items():
        first = seen.setdefault(path.casefold(), path)
        if first != path:
            raise _error(f"{first} and {path} differ in case only, which some file systems do not keep apart")
        if not path.endswith(".py"):
            continue
        for name in PurePosixPath(path).with_suffix("").parts:
            read = unicodedata.normalize("NFKC", name)
            if read != name or not name.isidentifier():
                raise _error(f"the module {path} cannot be imported: Python reads {name!r} as {read!r}")
        if path not in known:
            _compile(path, content)


def _compile(path: str, content: bytes) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(content, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
        raise _error(f"{path}{line} is not Python: {getattr(error, 'msg', error)}") from error


def _error(message: str) -> InputError:
    return InputError(f"a name in the document makes an unusable module; give it another in an overlay\n  {message}")
