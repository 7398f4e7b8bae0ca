"""The documentation is true: each page is a story, whose files are saved and whose commands and snippets are run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import mountsea_gemini
import pytest
import yaml
from rulewright.errors import EXIT_FAILED, EXIT_USAGE
from rulewright.impact.change import Severity
from rulewright.rules.dialect import KEYWORDS
from rulewright.sandbox import Sandbox, Timing

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
_BLOCK = re.compile(r'^```(\w*)(?: title="(.*?)")?\n(.*?)^```', re.MULTILINE | re.DOTALL)
INSTALLED = re.compile(r"^python -m pip install .*$", re.MULTILINE)
"""The environment that runs this test has it all."""


def blocks(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield language, title and text of each fenced block of a page."""
    yield from _BLOCK.findall((DOCS / page).read_text("utf-8"))


QUICK = {"how-to/call-safely.md", "how-to/proxies-and-logging.md"}
STORIES = [
    pytest.param(page, marks=() if page in QUICK else pytest.mark.heavy)
    for page in PAGES
    if any(language in {"sh", "python"} for language, _, _ in blocks(page))
]


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    """A sandbox whose tasks are done at the first poll."""
    with Sandbox("mountsea_gemini", timing=Timing("now")).serve() as server:
        yield server.url


@pytest.mark.parametrize("page", STORIES)
def test_a_page_can_be_followed(page: str, api: str, tmp_path: Path) -> None:
    """Every block is used as a reader would, from top to bottom, in one folder."""
    folder = tmp_path / "work"
    if "\nrun: clone\n" in (DOCS / page).read_text("utf-8"):
        clone(folder)
    else:
        folder.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "MOUNTSEA_"))}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment |= {"PYTHONPATH": str(ROOT / "generated"), "MOUNTSEA_BASE_URL": api, "MOUNTSEA_API_KEY": "sandbox"}
    for language, title, text in blocks(page):
        if "." in title:
            path = folder / title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            parse(language, text)
        elif language == "sh":
            run(["bash", "-euo", "pipefail", "-c", INSTALLED.sub("", text)], folder, environment)
        elif language == "python":
            run([sys.executable, "-c", text], folder, environment)
        else:
            parse(language, text)


def parse(language: str, text: str) -> None:
    """Read what is only shown as the language it claims to be."""
    readers: dict[str, Callable[[str], object]] = {
        "yaml": yaml.safe_load,
        "json": json.loads,
        "toml": tomllib.loads,
    }
    if language in readers:
        assert readers[language](text)


def clone(folder: Path) -> None:
    """Make a repository of what a clone of this one holds."""
    ignored = shutil.ignore_patterns(".*", "__pycache__", "tests", "bench", "build", "demo-output", "*.egg-info")
    shutil.copytree(ROOT, folder, ignore=ignored)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "as published"]):
        run([*git, *arguments], folder, dict(os.environ))


def run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run a command and show its output if it fails."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}{done.stderr}"


def test_every_exception_is_in_the_reference() -> None:
    """A public exception has a row: what it means, what to do."""
    rows = set(re.findall(r"^\| `(\w+)`", (DOCS / "reference/exceptions.md").read_text("utf-8"), re.MULTILINE))
    names = {
        name
        for name in mountsea_gemini.__all__
        if isinstance(value := getattr(mountsea_gemini, name), type) and issubclass(value, Exception)
    }
    assert rows == names - {"ApiError"}


def test_every_public_name_is_in_the_reference() -> None:
    """What can be imported from the package, beside the types of values, which are listed from it."""
    text = "".join((DOCS / page).read_text("utf-8") for page in PAGES if page.startswith("reference/"))
    assert "<!-- values: -->" in text
    missing = [
        name for name in mountsea_gemini.__all__ if not re.search(rf"`{name}`|::: mountsea_gemini.{name}\b", text)
    ]
    assert [name for name in missing if not get_args(getattr(mountsea_gemini, name))] == []


def test_every_setting_is_in_the_reference() -> None:
    """Each key of [tool.rulewright] that a project may have is described."""
    from rulewright.project import _KEYS

    text = (DOCS / "reference/configuration.md").read_text("utf-8")
    assert {key for key in _KEYS if f"| `{key}` |" not in text} == set()


def test_every_extension_is_in_the_reference() -> None:
    """An extension that the tool reads is described where its reader looks for it."""
    source = "".join(path.read_text("utf-8") for path in (ROOT / "scripts/rulewright").rglob("*.py"))
    read = set(re.findall(r'^[A-Z_]+: Final = "(x-[a-z-]+)"', source, re.MULTILINE))
    text = "".join((DOCS / page).read_text("utf-8") for page in PAGES)
    assert {name for name in read if f"`{name}`" not in text} == set()


def test_every_key_of_an_overlay_is_in_the_reference() -> None:
    """Whatever its schema describes beside the keywords, which are listed from the code."""
    schema = json.loads((ROOT / "scripts/rulewright/overlay.schema.json").read_text("utf-8"))
    text = "".join((DOCS / f"reference/{page}.md").read_text("utf-8") for page in ("overlays", "rules"))
    missing = {key for key in keys(schema) if not re.search(rf"`[^`]*\b{re.escape(key)}\b[^`]*`|\b{key}:", text)}
    assert missing - {*KEYWORDS, "additionalProperties", "extends"} == set()


def keys(schema: Any) -> Iterator[str]:
    """Yield each name of a property, however deep."""
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
        for value in schema.values():
            yield from keys(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys(value)


def test_every_exit_code_of_the_tool_is_in_the_reference() -> None:
    """Those of the client are listed from the code."""
    text = (DOCS / "reference/exit-codes.md").read_text("utf-8")
    table = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", text, re.MULTILINE) for code in row.split(",")}
    assert table == {*Severity, EXIT_FAILED, EXIT_USAGE}


def test_every_page_is_in_the_navigation() -> None:
    """A page that nothing leads to would not be found."""
    named = re.findall(r"^ *- ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == PAGES
