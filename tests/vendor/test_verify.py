"""`verify` finds every change of every file of a copy, using the standard library only."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rulewright.vendoring.verify import MANIFEST, findings, litter, main

from tests.copies import commit_all, git

Undo = Callable[[], object]


def files(copy: Path) -> list[str]:
    """Return every file of a copy, the manifest too."""
    return sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file())


def edit(path: Path) -> Undo:
    """Change one byte, or add the first."""
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:] if content else b"x")
    return lambda: path.write_bytes(content)


def append_space(path: Path) -> Undo:
    """Add a space at the end."""
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    return lambda: path.write_bytes(content)


def delete(path: Path) -> Undo:
    """Remove the file."""
    content = path.read_bytes()
    path.unlink()
    return lambda: path.write_bytes(content)


def rename(path: Path) -> Undo:
    """Give the file another name."""
    other = path.with_name(f"{path.name}.orig")
    path.rename(other)
    return lambda: other.rename(path)


def make_executable(path: Path) -> Undo:
    """Set the executable bits."""
    path.chmod(0o755)
    return lambda: path.chmod(0o644)


def make_private(path: Path) -> Undo:
    """Remove the permissions of group and others."""
    path.chmod(0o600)
    return lambda: path.chmod(0o644)


def change_line_endings(path: Path) -> Undo:
    """Write CRLF for LF; where there is no LF, this changes nothing."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return lambda: path.write_bytes(content)


def link(path: Path) -> Undo:
    """Put a link to the same content in its place."""
    other = next(parent for parent in path.parents if parent.name == "_vendor") / "elsewhere"
    path.rename(other)
    path.symlink_to(other)

    def undo() -> None:
        path.unlink()
        other.rename(path)

    return undo


FAULTS: dict[str, tuple[Callable[[Path], Undo], str]] = {
    "edited": (edit, "edited"),
    "one space more": (append_space, "edited"),
    "deleted": (delete, "deleted"),
    "renamed": (rename, "renamed"),
    "executable": (make_executable, "mode changed"),
    "private": (make_private, "mode changed"),
    "line endings": (change_line_endings, "line endings changed"),
    "a link": (link, "not a plain file"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_finds_every_fault_at_every_file(copy: Path, fault: str) -> None:
    """Each kind of change, at each file in turn, is found, named by its kind, and is the only finding."""
    apply, kind = FAULTS[fault]
    tried = 0
    for name in files(copy):
        before = (copy / name).read_bytes()
        if name == MANIFEST or (apply is change_line_endings and (b"\n" not in before or name.endswith(".mp4"))):
            continue
        undo = apply(copy / name)
        assert [(finding.kind, finding.path) for finding in findings(str(copy))] == [(kind, name)]
        undo()
        tried += 1
    assert tried > 80
    assert findings(str(copy)) == []


def test_finds_a_file_added_to_any_folder(copy: Path) -> None:
    """A new file is found wherever it is put, hidden or not, and whatever its name holds is printed escaped."""
    folders = [copy, *(path for path in copy.rglob("*") if path.is_dir() and path.name != "__pycache__")]
    for folder in folders:
        for name in ("new.py", ".hidden", "new.pyc", "a\x1b[2J\u202e\n.py"):
            (folder / name).write_bytes(b"")
            [finding] = findings(str(copy))
            assert finding.kind == "added"
            assert "\x1b" not in str(finding)
            assert "\n" not in str(finding)
            (folder / name).unlink()
    assert len(folders) > 5


@pytest.mark.parametrize("change", [edit, append_space, change_line_endings])
def test_finds_a_change_of_the_manifest_itself(copy: Path, change: Callable[[Path], Undo]) -> None:
    """The manifest has a digest of itself, so editing a hash in it is found."""
    manifest = copy / MANIFEST
    undo = change(manifest)
    assert main([str(copy)]) != 0
    undo()
    value = json.loads(manifest.read_bytes())
    (copy / "_client.py").write_bytes(b"")
    value["files"]["_client.py"]["sha256"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    manifest.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert [finding.path for finding in findings(str(copy))] == [MANIFEST]


def test_finds_many_faults_at_once(copy: Path) -> None:
    """Faults do not hide each other; a file moved to another folder is one finding, not two."""
    (copy / "cli/_app.py").rename(copy / "raw/_app.py")
    (copy / "_client.py").unlink()
    (copy / "_errors.py").write_text("", encoding="utf-8")
    (copy / "more.py").write_text("x", encoding="utf-8")
    (copy / "_tasks.py").chmod(0o755)
    assert list(map(str, findings(str(copy)))) == [
        "deleted: _client.py",
        "edited: _errors.py",
        "mode changed: _tasks.py (644 became 755)",
        "renamed: cli/_app.py (now raw/_app.py)",
        "added: more.py",
    ]


@pytest.mark.parametrize("mode", [0o644, 0o664, 0o600, 0o666])
def test_a_checkout_under_any_umask_is_intact(copy: Path, mode: int) -> None:
    """Version control keeps the executable bit only; the rest is the umask, the same for every file."""
    for name in files(copy):
        (copy / name).chmod(mode)
    assert findings(str(copy)) == []
    (copy / "_client.py").chmod(0o755)
    assert [finding.kind for finding in findings(str(copy))] == ["mode changed"]


def test_every_file_made_executable_is_found(copy: Path) -> None:
    """A mode of all files counts as umask only if a umask can cause it."""
    for name in files(copy):
        (copy / name).chmod(0o755)
    assert len(findings(str(copy))) == len(files(copy)) - 1


def test_bytecode_caches_are_not_part_of_a_copy(copy: Path) -> None:
    """Caches that Python writes are ignored."""
    (copy / "cli/__pycache__").mkdir(exist_ok=True)
    (copy / "cli/__pycache__/x.cpython-311.pyc").write_bytes(b"x")
    assert findings(str(copy)) == []


HARMLESS = {
    ".DS_Store": b"\0", "._.DS_Store": b"x", "._data.json": b"x", "._client.py": b"\x00\x05\x16\x07\x00\x02",
    "Thumbs.db": b"x", "desktop.ini": b"x", "Desktop.ini": b"x", "_client.py~": b"import os", "._client.py.swp": b"x",
    ".x.swo": b"x", "#_client.py#": b"x", ".directory": b"x", ".idea/workspace.xml": b"<x/>", ".vscode/a/b.json": b"{}",
    "__MACOSX/x": b"x", ".mypy_cache/3.11/x.json": b"{}", ".nfs00000001": b"x",
}  # fmt: skip
HARMFUL = {
    "evil.py": b"", "._client.py": b"import os", "._data.so": b"x", ".idea/evil.py": b"", ".vscode/a/evil.PY": b"",
    "__pycache__/evil.py": b"", "__pycache__/evil.so": b"x", "__MACOSX/x.pth": b"import os", "evil.pyi": b"",
    ".idea/x.pyc": b"x", "evil.cpython-311-x86_64-linux-gnu.so": b"x", "evil.so.1": b"x", "x.pth": b"", "new": b"",
    ".mypy_cache/evil.pyd": b"x", ".DS_Store.py": b"", "py.typed.orig": b"",
}  # fmt: skip


@pytest.mark.parametrize("folder", [".", "cli"])
def test_litter_of_desktops_and_editors_is_listed_as_harmless(
    copy: Path, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such files appear by themselves and cannot be imported."""
    for name, content in HARMLESS.items():
        path = copy / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (copy / folder / ".#_client.py").symlink_to("ana@laptop.17")
    assert findings(str(copy)) == []
    found = sorted((Path(folder) / name).as_posix() for name in [*HARMLESS, ".#_client.py"])
    assert litter(str(copy)) == found
    assert main([str(copy)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert ": intact, " in out[0]
    assert out[1:] == [f"  not part of it, and harmless: {path}" for path in found]


@pytest.mark.parametrize("name", HARMFUL)
def test_code_is_never_litter(copy: Path, name: str) -> None:
    """Files that Python or a loader could run are findings in any folder."""
    path = copy / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(HARMFUL[name])
    assert [(finding.kind, finding.path) for finding in findings(str(copy))] == [("added", name)]
    assert litter(str(copy)) == []
    assert main([str(copy)]) == 1


def test_a_link_is_never_litter_where_it_leads_somewhere(copy: Path) -> None:
    """Only dangling links are litter."""
    (copy / ".#x").symlink_to(copy / "_client.py")
    (copy / ".DS_Store").symlink_to(copy / "_client.py")
    assert [finding.kind for finding in findings(str(copy))] == ["not a plain file"] * 2


def test_a_checkout_that_rewrites_line_endings_leaves_a_copy_alone(
    app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Git for Windows rewrites line endings by default; the printed remedy works."""
    (app / "host.py").write_text("x = 1\n", encoding="utf-8")
    (app / ".gitattributes").write_text("* text eol=crlf\n*.mp4 filter=lfs\n", encoding="utf-8")
    commit_all(app)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(app), str(clone))
    assert (clone / "host.py").read_bytes() == b"x = 1\r\n"
    copy = clone / "app/_vendor/mountsea_gemini"
    assert findings(str(copy)) == []

    for name in files(copy):
        if not name.endswith(".mp4"):
            change_line_endings(copy / name)
    assert {finding.kind for finding in findings(str(copy))} == {"line endings changed"}
    assert main([str(copy)]) == 1
    said = capsys.readouterr().err
    assert "only line endings differ: a checkout rewrote them, as core.autocrlf of git does\n" in said
    assert said.endswith(f"delete its folder and restore it:\n  git checkout -- {copy}\n")
    shutil.rmtree(copy)
    git(clone, "checkout", "--", str(copy))
    assert findings(str(copy)) == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"files": []}', b'{"files": {"a": 1}}', b"[" * 100_000, b"\xff"]
)
def test_a_malformed_manifest_is_an_error(copy: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    """Without a manifest the exit code is that of an error."""
    (copy / MANIFEST).write_bytes(content)
    assert main([str(copy)]) == 2
    assert f"error: {copy / MANIFEST}: is not" in capsys.readouterr().err


def run(app: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python without any installed package, in an application's root."""
    return subprocess.run(
        [sys.executable, "-S", "-E", "-B", *arguments], cwd=app, capture_output=True, text=True, check=False
    )


def test_runs_from_the_copy_as_a_module_and_as_a_file(app: Path, copy: Path) -> None:
    """Both ways need only the standard library, and agree."""
    ways = [("-m", "app._vendor.mountsea_gemini.verify"), ("app/_vendor/mountsea_gemini/verify.py",)]
    for way in ways:
        done = run(app, *way)
        assert (done.returncode, done.stderr) == (0, "")
        assert ": intact, " in done.stdout
    edit(copy / "demo.py")
    for way in ways:
        done = run(app, *way)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith("1 differences from what was released\n  edited: demo.py\n")
    assert run(app, ways[1][0], "--help").returncode == 0
    assert run(app, ways[1][0], "a", "b").returncode == 2
    assert run(app, ways[1][0], "nowhere").returncode == 2


def test_modules_beside_it_do_not_stand_for_pythons_own(copy: Path, tmp_path: Path) -> None:
    """Modules such as types.py beside verify.py must not shadow the standard library."""
    folder = tmp_path / "beside"
    shutil.copytree(copy, folder)
    for name in ("types.py", "json.py", "stat.py", "collections.py", "hashlib.py", "typing.py"):
        (folder / name).write_text("raise SystemExit('the wrong module')\n", encoding="utf-8")
    done = run(tmp_path, "beside/verify.py")
    assert done.returncode == 1
    assert "added: types.py" in done.stderr


def test_takes_under_100_milliseconds(app: Path) -> None:
    """Processor time of the whole process, including interpreter start."""
    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = run(app, "-m", "app._vendor.mountsea_gemini.verify")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(spent) < 0.1


def test_an_unreadable_place_is_an_error_not_a_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a copy is neither intact nor edited."""
    assert main([str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []  # noqa: PTH208  the message wrote nothing
