"""Upgrades keep local edits, are atomic, and report the impact on callers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from rulewright.commands.vendor import main
from rulewright.errors import InputError
from rulewright.files import read_tree
from rulewright.vendoring.copy import find_affected
from rulewright.vendoring.verify import MANIFEST, findings

from tests.copies import commit_all, git
from tests.generating import regenerate

CALLER = """\
from app._vendor.mountsea_gemini import Client


def make(client: Client) -> str:
    client.text_to_video("a cat", model="veo3_fast")
    client.text_to_video("a dog", model="veo2_quality")
    return client.text_to_video("a bird", model=no_such_name)
"""


def upgrade(app: Path, project: Path, *options: str) -> int:
    """Run the command on an application's copy."""
    return main(["upgrade", str(app / "app/_vendor"), "--project", str(project), *options])


def test_an_upgrade_replaces_the_copy_and_reports_the_changes(
    app: Path, copy: Path, newer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Afterwards the copy is byte for byte what a fresh copy is, and the impact names the renamed value."""
    (app / "app/_vendor/other").mkdir()
    (app / "app/_vendor/other/mine.py").write_text("mine\n", encoding="utf-8")
    assert upgrade(app, newer) == 0
    said = capsys.readouterr().out
    assert "veo2_quality" in said
    assert "veo2_best" in said
    assert "mountsea-gemini 0.1.0, vendor document " in said
    assert "became mountsea-gemini 9.0.1.0, vendor document " in said
    assert main(["copy", str(tmp_path / "fresh"), "--project", str(newer)]) == 0
    assert read_tree(copy) == read_tree(tmp_path / "fresh/mountsea_gemini")
    assert (app / "app/_vendor/other/mine.py").read_text("utf-8") == "mine\n"
    assert sorted(path.name for path in copy.parent.iterdir()) == ["mountsea_gemini", "other"]
    assert upgrade(app, newer) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_an_upgrade_over_local_edits_is_refused_and_shows_them(
    app: Path, copy: Path, newer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Edited, added and deleted files are shown as a unified diff, and nothing is written."""
    path = copy / "_client.py"
    path.write_text(path.read_text("utf-8") + "MINE = 1  # \x1b[2J\n", encoding="utf-8")
    (copy / "mine.py").write_text("x = 2\n", encoding="utf-8")
    (copy / "demo.py").unlink()
    before = read_tree(copy)
    assert upgrade(app, newer) == 1
    error = capsys.readouterr().err
    assert f"error: {copy}/: was edited, and an upgrade would lose that; with --force it does\n" in error
    assert "  --- _client.py (as released)\n  +++ _client.py (here)\n" in error
    assert "  +MINE = 1  # \\x1b[2J\n" in error
    assert "  +x = 2\n" in error
    assert "deleted: demo.py" in error
    assert read_tree(copy) == before


def test_force_replaces_an_edited_copy(app: Path, copy: Path, newer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lost edits are printed."""
    (copy / "_client.py").write_text("MINE = 1\n", encoding="utf-8")
    assert upgrade(app, newer, "--force") == 0
    assert "lost by --force:\n" in capsys.readouterr().out
    assert findings(str(copy)) == []


def test_the_released_text_is_found_in_the_callers_history(
    app: Path, copy: Path, newer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that the new release changed too is compared with what was released then, not with what is now."""
    path = copy / "raw/models/video_generation_dto_model.py"
    released = path.read_text("utf-8")
    commit_all(app)
    path.write_text(released.replace("veo3_fast", "veo3_mine"), encoding="utf-8")
    git(app, "commit", "-qam", "edited")
    assert upgrade(app, newer) == 1
    error = capsys.readouterr().err
    assert f"--- {path.relative_to(copy).as_posix()} (as released)\n" in error
    assert "veo2_best" not in error
    shutil.rmtree(app / ".git")
    assert upgrade(app, newer) == 1
    error = capsys.readouterr().err
    assert "(in the new release; what was released then is not in this history)" in error
    assert "veo2_best" in error


def test_a_project_that_cannot_be_copied_upgrades_nothing(
    app: Path, copy: Path, newer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old copy is unchanged if the new one cannot be built or has another package."""
    before = read_tree(copy)
    broken = tmp_path / "broken"
    shutil.copytree(newer, broken)
    (broken / "LICENSE").unlink()
    assert upgrade(app, broken) == 1
    (broken / "LICENSE").write_text("x", encoding="utf-8")
    settings = broken / "pyproject.toml"
    text = settings.read_text("utf-8").replace('package = "mountsea_gemini"', 'package = "another"')
    settings.write_text(text, encoding="utf-8")
    shutil.move(broken / "overlays/mountsea_gemini", broken / "overlays/another")
    regenerate(broken)
    assert upgrade(app, broken) == 1
    assert "the copy holds 'mountsea_gemini', but this project gives 'another'" in capsys.readouterr().err
    assert read_tree(copy) == before
    assert upgrade(tmp_path, newer) == 1
    assert "no vendored copy found under it" in capsys.readouterr().err


def test_an_upgrade_that_cannot_be_written_leaves_the_old_copy(
    app: Path, copy: Path, newer: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The new copy is built beside the old one, which survives a full disk."""
    write = Path.write_bytes
    written: list[Path] = []

    def full(self: Path, data: bytes) -> int:
        written.append(self)
        if len(written) > 50:
            raise OSError(28, "No space left on device")
        return write(self, data)

    before = read_tree(copy)
    monkeypatch.setattr(Path, "write_bytes", full)
    assert upgrade(app, newer) == 1
    monkeypatch.undo()
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert read_tree(copy) == before
    assert [path.name for path in copy.parent.iterdir()] == ["mountsea_gemini"]


def test_verify_reports_whether_the_project_changed(
    app: Path, copy: Path, project: Path, newer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`verify` reports edits, the release, and pending changes of the project."""
    dest = str(app / "app/_vendor")
    assert main(["verify", dest, "--project", str(project)]) == 0
    assert "intact, " in (said := capsys.readouterr().out)
    assert "the project has not changed since" in said
    assert main(["verify", dest, "--project", str(newer)]) == 0
    assert "veo2_best" in capsys.readouterr().out
    (copy / "_client.py").chmod(0o755)
    assert main(["verify", dest, "--project", str(newer)]) == 1
    assert "mode changed: _client.py" in capsys.readouterr().err
    (copy / MANIFEST).write_text("{", encoding="utf-8")
    assert main(["verify", dest, "--project", str(newer)]) == 1
    assert "is not JSON" in capsys.readouterr().err


def affected(app: Path, project: Path, *paths: str) -> int:
    """Run the command on files of an application."""
    places = [str(app / path) for path in paths]
    return main(["affected", str(app / "app/_vendor"), *places, "--project", str(project)])


def test_affected_lists_the_calls_an_upgrade_breaks(app: Path, newer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A call with the renamed model is named by file, line and text, however it imports; older faults are not."""
    (app / "app/__init__.py").touch()
    (app / "app/main.py").write_text(CALLER, encoding="utf-8")
    (app / "app/inner").mkdir()
    relative = CALLER.replace("app._vendor", ".._vendor")
    (app / "app/inner/__init__.py").write_text(relative, encoding="utf-8")
    (app / "app/good.py").write_text(CALLER.replace("veo2_quality", "veo3_fast"), encoding="utf-8")
    before = read_tree(app)
    assert affected(app, newer, "app") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "app/inner/__init__.py:6",
        '    client.text_to_video("a dog", model="veo2_quality")',
        "app/main.py:6",
        '    client.text_to_video("a dog", model="veo2_quality")',
        "2 of your calls would break",
    ]
    assert read_tree(app) == before


UNREACHED = {
    "import os\n": "none of the 1 files imports mountsea_gemini",
    "from lib.mountsea_gemini import Client\n": "is not clear; name it with --root",
    "import _vendor.mountsea_gemini\nimport app._vendor.mountsea_gemini\n": "is not clear; name it with --root",
    "from mountsea_gemini import (\n": "cannot be read as Python",
}


@pytest.mark.parametrize("text", UNREACHED)
def test_affected_does_not_call_unreached_files_safe(app: Path, copy: Path, text: str) -> None:
    """Files that do not import the copy, or by a name that leads elsewhere, are an error, not a pass."""
    (app / "app/main.py").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=UNREACHED[text]):
        find_affected(copy, {}, [app / "app/main.py"])


def test_affected_needs_files_that_are_there_and_a_root_that_fits(app: Path, copy: Path) -> None:
    """A root from which the type checker does not find the copy would make every call look safe."""
    with pytest.raises(InputError, match="there is no such file"):
        find_affected(copy, {}, [app / "app/none.py"])
    (app / "app/main.py").write_text("\nimport app._vendor.mountsea_gemini\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"(?s)does not find the copy by this import; see --root.main\.py:2: "):
        find_affected(copy, {}, [app / "app/main.py"], app / "app")
    with pytest.raises(InputError, match=r"is not under main\.py/, the folder that imports start from"):
        find_affected(copy, {}, [app / "app/main.py"], app / "app/main.py")
