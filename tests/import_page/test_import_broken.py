"""Refused pages: each `broken/NAME.md` with its message in `broken/NAME.error`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.import_page.conftest import Run


HERE = Path(__file__).parent
CASES = sorted((HERE / "broken").glob("*.md"))
BEFORE = b"what was there before\n"


@pytest.mark.parametrize("page", CASES, ids=lambda page: page.stem)
def test_a_broken_page_is_refused_with_its_place(
    run: Run, project: Path, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the line on the page, the exit code is 1, and the old document is kept."""
    (project / "openapi.yaml").write_bytes(BEFORE)
    monkeypatch.chdir(page.parent)
    outcome = run(page.name, "--project", project)
    assert outcome.err == "error: " + page.with_suffix(".error").read_text(encoding="utf-8")
    assert (outcome.code, outcome.out) == (1, "")
    assert (project / "openapi.yaml").read_bytes() == BEFORE
    assert sorted(path.name for path in project.iterdir()) == ["openapi.yaml", "pyproject.toml"]


def test_every_message_has_its_page() -> None:
    """A message without a page would be tested by nothing."""
    assert [path.stem for path in CASES] == sorted(path.stem for path in (HERE / "broken").glob("*.error"))
    assert len(CASES) > 20


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("absent.md", "absent.md: cannot be read: No such file or directory"),
        ("empty", "empty: is a folder without any *.md page"),
    ],
)
def test_a_missing_page_is_refused(run: Run, project: Path, source: str, message: str) -> None:
    """A missing file and a folder without pages are named."""
    (project / "empty").mkdir()
    assert run(source).err == f"error: {message}\n"


def test_a_folder_whose_pages_hold_no_document_is_refused(run: Run, project: Path, pages: Path) -> None:
    """An import that would find nothing at all is an error that names the folder."""
    (project / "docs").mkdir()
    (project / "docs/a.md").write_bytes((pages / "introduction.md").read_bytes())
    assert run("docs").err.startswith("error: docs: holds no OpenAPI document")


def test_a_broken_page_in_a_folder_is_refused(run: Run, project: Path, pages: Path) -> None:
    """A page cut off is never taken for a page without a document."""
    (project / "docs").mkdir()
    (project / "docs/a.md").write_bytes((pages / "send.md").read_bytes())
    (project / "docs/b.md").write_bytes((pages / "track.md").read_bytes()[:600])
    outcome = run("docs")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: docs/b.md:3: the block opened here with ```` is never closed")


def test_a_page_larger_than_the_limit_is_refused_unread(run: Run, project: Path) -> None:
    """A file of any size costs no more than the limit; the sparse file here takes no room on disk."""
    with (project / "huge.md").open("wb") as stream:
        stream.truncate(1 << 40)
    assert run("huge.md").err == "error: huge.md: is larger than 67108864 bytes\n"
