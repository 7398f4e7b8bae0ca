"""The journal on the disk: torn anywhere it is read, damaged anywhere it is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from mountsea_gemini import ConfigurationError
from mountsea_gemini.cli._journal import Entry, Heading, Journal

HEADING = Heading("cats.jsonl", "cats", "https://api.example.com")
STEPS: tuple[tuple[int, str, dict[str, str]], ...] = (
    (1, "intent", {"body": "a"}),
    (2, "intent", {"body": "b"}),
    (1, "submitted", {"task": "t-1"}),
    (2, "unsent", {"error": "RateLimited"}),
    (1, "done", {"file": "x.mp4"}),
    (2, "intent", {"body": "b"}),
    (2, "unknown", {"error": "SubmitOutcomeUnknown"}),
)


def written(path: Path) -> list[dict[int, Entry]]:
    """Write a journal and return what was known after each of its records."""
    known: list[dict[int, Entry]] = [{}]
    with Journal.create(path, HEADING) as journal:
        for line, state, more in STEPS:
            journal.note(line, state, **more)
            known.append(dict(journal.entries))
    return known


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """A journal opened again knows what it knew; a new intent begins its line afresh."""
    path = tmp_path / "j"
    known = written(path)
    with Journal.open(path) as journal:
        assert (journal.heading, journal.entries) == (HEADING, known[-1])
        assert journal.entries[1] == Entry("done", "a", "t-1", "x.mp4")
        assert journal.entries[2] == Entry("unknown", "b", error="SubmitOutcomeUnknown")


def test_torn_at_any_byte_it_is_what_it_was_before(tmp_path: Path) -> None:
    """Every cut gives the records before it; what is written afterwards is read, cut by cut by cut."""
    path = tmp_path / "j"
    known = written(path)
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        assert Journal.has_begun(path) == (cut >= first)
        if cut < first:
            continue
        with Journal.open(path) as journal:
            assert journal.entries == known[data[:cut].count(b"\n") - 1]
            journal.note(9, "intent", body="z")
        with path.open("ab") as file:
            file.write(b'{"line": 9, "sta')
        with Journal.open(path) as journal:
            assert journal.entries[9] == Entry("intent", "z")
        with Journal.open(path) as journal:
            assert journal.entries[9] == Entry("intent", "z")


def test_what_was_torn_stays_for_people_to_read(tmp_path: Path) -> None:
    """A torn record may hold the only trace of an id: nothing is cut off, a mark is put behind it."""
    path = tmp_path / "j"
    written(path)
    with path.open("ab") as file:
        file.write(b'{"line": 3, "task": "t-')
    Journal.open(path).close()
    assert b'{"line": 3, "task": "t-\n{"torn": true}\n' in path.read_bytes()


@pytest.mark.parametrize(
    "row",
    [
        b"",
        b"junk",
        b"[]",
        b'{"line": 1}',
        b'{"line": "1", "state": "intent"}',
        b'{"line": 3, "state": "paid"}',
        b'{"line": 3, "state": "submitted", "task": "t"}',
        b'{"line": 3, "state": "done"}',
        b'{"line": 1, "state": "intent"}',
        b'{"line": 3, "state": "intent", "body": 7}',
    ],
)
def test_damage_is_not_guessed_at(tmp_path: Path, row: bytes) -> None:
    """A record that cannot be, or that follows on what it cannot follow on, is an error that names its place."""
    path = tmp_path / "j"
    written(path)
    with path.open("ab") as file:
        file.write(row + b'\n{"line": 4, "state": "intent"}\n')
    with pytest.raises(ConfigurationError, match=f"j:{len(STEPS) + 2}: the journal is damaged"):
        Journal.open(path)


@pytest.mark.parametrize("text", ["{}\n", '{"journal": 2}\n', "junk\n", '{"journal": 1, "input": 7}\n'])
def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, text: str) -> None:
    """Something else under that name is neither read as a journal nor written to."""
    path = tmp_path / "j"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="no journal of this version"):
        Journal.open(path)
    with pytest.raises(ConfigurationError, match="just begun"):
        Journal.create(path, HEADING)
    assert path.read_text() == text


def test_a_journal_that_never_began_is_begun(tmp_path: Path) -> None:
    """Killed before the first record was whole, a process sent nothing: the next one starts anew."""
    path = tmp_path / "j"
    path.write_text('{"journal": 1, "inp')
    Journal.create(path, HEADING).close()
    assert json.loads(path.read_text())["journal"] == 1


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """Open twice it would be written twice; the lock ends with the process that has it."""
    path = tmp_path / "j"
    written(path)
    with Journal.open(path), pytest.raises(ConfigurationError, match="another process"):
        Journal.open(path)
    Journal.open(path).close()


def test_behind_half_a_record_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that could be written by half only is the last one: what follows it would be damage."""
    path = tmp_path / "j"
    written(path)
    with Journal.open(path) as journal:
        monkeypatch.setattr(os, "fsync", lambda _: None)
        journal._file.close()
        with pytest.raises(ValueError, match="closed"):
            journal.note(7, "intent")
        with pytest.raises(OSError, match="earlier record"):
            journal.note(8, "intent")
        assert not {7, 8} & journal.entries.keys()


def test_a_journal_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A missing one, or a directory, is a clear error."""
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ConfigurationError, match="the journal cannot be used"):
            Journal.open(path)
