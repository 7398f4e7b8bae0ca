"""Truncated pages are never imported as smaller documents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rulewright.errors import InputError
from rulewright.importing.imported import import_pages
from rulewright.openapi.document import load

if TYPE_CHECKING:
    from tests.import_page.conftest import Run


BEFORE = b"what was there before\n"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def whole(pages: Path) -> bytes:
    """Return the bytes of a whole page."""
    return (pages / "send.md").read_bytes()


def cut_everywhere(run: Run, project: Path, whole: bytes, positions: Iterable[int]) -> tuple[int, int]:
    """Import the page cut off at each position; return how often it was refused and how often taken."""
    output = project / "openapi.yaml"
    (project / "page.md").write_bytes(whole)
    assert run("page.md").code == 0
    expected = output.read_bytes()
    refused = taken = 0
    for position in positions:
        (project / "page.md").write_bytes(whole[:position])
        output.write_bytes(BEFORE)
        outcome = run("page.md")
        if outcome.code == 0:
            assert output.read_bytes() == expected, f"cut at byte {position}"
            taken += 1
        else:
            assert outcome.err.startswith("error: page.md"), outcome.err
            assert output.read_bytes() == BEFORE
            refused += 1
    return refused, taken


def test_cut_at_every_line(run: Run, project: Path, whole: bytes) -> None:
    """Only text after the closing fence may be missing."""
    ends = [found.end() for found in re.finditer(rb"\n", whole)]
    after_fence = whole.count(b"\n", whole.rindex(b"\n````") + 1)
    refused, taken = cut_everywhere(run, project, whole, [0, *ends])
    assert (refused, taken) == (1 + len(ends) - after_fence, after_fence)


def test_cut_at_every_eleventh_byte_and_around_the_closing_fence(run: Run, project: Path, whole: bytes) -> None:
    """The closing fence must be complete; half a character is refused."""
    closed = whole.rindex(b"````") + len(b"````")
    positions = sorted({*range(0, len(whole), 11), *range(closed - 9, len(whole))})
    refused, taken = cut_everywhere(run, project, whole, positions)
    assert taken == len(whole) - closed
    assert refused == len(positions) - taken


@pytest.mark.parametrize("section", ["openapi", "info", "paths", "components"])
def test_a_section_missing_in_the_middle_is_noticed(project: Path, pages: Path, section: str) -> None:
    """The closing fence survived, but a part of the document did not."""
    page = (pages / "send.md").read_text(encoding="utf-8")
    cut = re.sub(rf"^{section}:.*\n(?:[ \n].*\n?)*?(?=^[a-z`])", "", page, flags=re.MULTILINE)
    assert 0 < len(cut) < len(page)
    (project / "page.md").write_text(cut, encoding="utf-8")
    with pytest.raises(InputError):
        import_pages(["page.md"])


@pytest.mark.parametrize("part", ["Order", "Parcel", "securitySchemes", "key", "responses", "post"])
def test_a_part_missing_in_the_middle_is_noticed(project: Path, pages: Path, part: str) -> None:
    """A missing component that is referenced, or a required part, is refused."""
    lines = (pages / "send.md").read_text(encoding="utf-8").split("\n")
    start = next(index for index, line in enumerate(lines) if line.strip() == f"{part}:")
    depth = len(lines[start]) - len(lines[start].lstrip())
    end = start + 1
    while lines[end].startswith(" " * (depth + 1)) or not lines[end]:
        end += 1
    (project / "page.md").write_text("\n".join(lines[:start] + lines[end:]), encoding="utf-8")
    with pytest.raises(InputError):
        import_pages(["page.md"])


def test_two_halves_glued_together_are_noticed(project: Path, pages: Path) -> None:
    """A page cut off and followed by a whole one is not read as one page or the other."""
    whole = (pages / "send.md").read_bytes()
    (project / "page.md").write_bytes(whole[: len(whole) // 2] + b"\n" + whole)
    with pytest.raises(InputError, match=r"page\.md:"):
        import_pages(["page.md"])


def test_a_bare_json_document_cut_off_is_noticed(project: Path) -> None:
    """A truncated JSON document is refused."""
    text = '{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": {}}}}'
    for position in range(1, len(text)):
        (project / "bare.json").write_text(text[:position], encoding="utf-8")
        with pytest.raises(InputError):
            import_pages(["bare.json"])


def test_the_committed_document_imports_itself() -> None:
    """The document in this repository passes every check of pages and stays unchanged."""
    committed = ROOT / "openapi.yaml"
    imported = import_pages([str(committed)])
    assert imported.text.encode() == committed.read_bytes()
    assert imported.document.value == load(committed).value
