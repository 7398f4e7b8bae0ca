#!/usr/bin/env python3
"""Tell whether a vendored copy is as it was released; a copy carries this file, which needs no other.

Run as `python -m yourapp._vendor.PACKAGE.verify`, as `python PATH/TO/verify.py`, or with the copy's folder as the
argument. It writes nothing.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and os.path.realpath(sys.path[0]) == os.path.dirname(os.path.realpath(__file__)):  # noqa: PTH120
    del sys.path[0]  # run as a file: the modules beside it, such as types.py, must not stand for Python's own

import collections
import hashlib
import json
import re
import stat
from typing import Any, NamedTuple

MANIFEST = "vendored.json"
DIGEST = "digest"
EXECUTABLE = 0o111

CACHE = "__pycache__"
LITTER = re.compile(
    r"\.DS_Store|\._.*|\.localized|Icon\r|\.directory|ehthumbs\.db|Thumbs\.db|desktop\.ini"  # desktops
    r"|.*~|\..*\.(sw[a-p]|kate-swp)|#.*#|\.#.*|\.~lock\..*#"  # editors
    r"|\.nfs[0-9a-f]+|\.fuse_hidden.*",  # file systems
    re.IGNORECASE | re.DOTALL,
)
"""Names of files that desktops, editors and file systems leave in every folder they come by."""
LITTER_FOLDERS = {
    ".idea", ".vscode", ".vs", ".fleet", ".settings", "__MACOSX", ".Spotlight-V100", ".Trashes", ".fseventsd",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints",
}  # fmt: skip
CODE = re.compile(r".*\.(py[a-z]?|so|so\..*|dll|dylib|pth|zip|egg|whl)", re.IGNORECASE | re.DOTALL)
"""Names under which Python, or whoever loads a library, would run a file; such a file is never litter."""
APPLE_DOUBLE = b"\x00\x05\x16\x07"
"""How the `._x.py` begins that Finder puts beside an `x.py`; the null byte keeps Python from compiling it."""


class Finding(NamedTuple):
    """One difference between a copy and its manifest.

    Args:
        kind: `edited`, `line endings changed`, `deleted`, `added`, `renamed`, `mode changed` or `not a plain file`.
        path: Relative to the copy, with slashes.
        detail: What else there is to say, or nothing.
    """

    kind: str
    path: str
    detail: str = ""

    def __str__(self) -> str:
        text = f"{self.kind}: {self.path}" + (f" ({self.detail})" if self.detail else "")
        return _printable(text)


class NotACopy(Exception):  # noqa: N818  it is shown to people as the sentence it holds
    """The folder holds no manifest that can be understood."""


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def canonical(manifest: dict[str, Any]) -> bytes:
    """Return the bytes of a manifest: its content and a digest over it, so that an edited manifest shows."""
    content = {key: value for key, value in manifest.items() if key != DIGEST}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return (json.dumps({**content, DIGEST: digest}, indent=2, ensure_ascii=False) + "\n").encode()


def read_manifest(root: str) -> dict[str, Any]:
    """Return the manifest of a copy.

    Raises:
        NotACopy: There is none, or it is not one.
    """
    path = f"{root}/{MANIFEST}"
    try:
        with open(path, "rb") as stream:  # noqa: PTH123  pathlib alone takes longer to load than all of this to run
            manifest: Any = json.loads(stream.read())
    except OSError as error:
        raise NotACopy(f"{path}: cannot be read: {error.strerror}; is this the folder of a vendored copy?") from error
    except (ValueError, RecursionError) as error:
        raise NotACopy(f"{path}: is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise NotACopy(f"{path}: is not the manifest of a vendored copy")
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(map(_is_entry, files.values())):
        raise NotACopy(f"{path}: is not the manifest of a vendored copy")
    return manifest


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("sha256"), str) and entry.get("mode") in {"644", "755"}


def findings(root: str) -> list[Finding]:
    """Return every difference between a copy and its manifest, by path; none if it is intact.

    Bytecode caches and `litter` are no differences. Permissions are compared as a checkout leaves them: one umask
    for all files.

    Raises:
        NotACopy: There is no manifest to compare with.
    """
    manifest = read_manifest(root)
    recorded: dict[str, dict[str, str]] = manifest["files"]
    present = _present(root)
    for path in _litter(root, present, recorded):
        del present[path]
    found: list[Finding] = []
    contents = {path: _read_file(f"{root}/{path}") for path, mode in present.items() if stat.S_ISREG(mode)}
    for finding in _compare(MANIFEST, contents.get(MANIFEST, b""), _sha256(canonical(manifest))):
        detail = "its digest or its layout is not what was written" if finding.kind == "edited" else ""
        found.append(finding._replace(detail=detail))
    for path in recorded.keys() & contents.keys():
        found += _compare(path, contents[path], recorded[path]["sha256"])
    found += [Finding("not a plain file", path) for path, mode in present.items() if not stat.S_ISREG(mode)]
    missing = {path: entry["sha256"] for path, entry in recorded.items() if path not in present}
    added = {path: _sha256(content) for path, content in contents.items() if path not in recorded and path != MANIFEST}
    found += _find_moved(missing, added)
    found += _modes({path: present[path] for path in recorded.keys() & contents.keys()}, recorded)
    return sorted(found, key=lambda finding: (finding.path, finding.kind))


def litter(root: str) -> list[str]:
    """Return the files that desktops and editors left in a copy: no part of it, and nothing that could be run.

    Raises:
        NotACopy: There is no manifest to compare with.
    """
    recorded = read_manifest(root)["files"]
    return sorted(path for path in _litter(root, _present(root), recorded) if CACHE not in path.split("/"))


def _litter(root: str, present: dict[str, int], recorded: dict[str, Any]) -> list[str]:
    return [
        path
        for path, mode in present.items()
        if path not in recorded and path != MANIFEST and _is_litter(f"{root}/{path}", path.split("/"), mode)
    ]


def _is_litter(path: str, parts: list[str], mode: int) -> bool:
    *folders, name = parts
    if stat.S_ISLNK(mode):
        return name.startswith(".#") and not os.path.exists(path)  # noqa: PTH110  a link to nothing: a lock of Emacs
    if not stat.S_ISREG(mode):
        return False
    if CODE.fullmatch(name):
        cached = bool(folders) and folders[-1] == CACHE and name.endswith(".pyc")
        return cached or (name.startswith("._") and _read_file(path).startswith(APPLE_DOUBLE))
    return bool(LITTER.fullmatch(name)) or not {CACHE, *LITTER_FOLDERS}.isdisjoint(folders)


def _present(root: str) -> dict[str, int]:
    """Return the mode of everything in a copy but folders, by path; links are not followed."""
    result: dict[str, int] = {}
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(f"{root}/{folder}") as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{folder}{entry.name}/")
                else:
                    result[folder + entry.name] = entry.stat(follow_symlinks=False).st_mode
    return result


def _read_file(path: str) -> bytes:
    with open(path, "rb") as stream:  # noqa: PTH123
        return stream.read()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _compare(path: str, content: bytes, wanted: str) -> list[Finding]:
    if _sha256(content) == wanted:
        return []
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    same = wanted in (_sha256(lines), _sha256(lines.replace(b"\n", b"\r\n")))
    return [Finding("line endings changed" if same else "edited", path)]


def _find_moved(missing: dict[str, str], added: dict[str, str]) -> list[Finding]:
    found = []
    for path, digest in sorted(missing.items()):
        target = next((new for new in sorted(added) if added[new] == digest), None)
        if target is not None:
            del added[target]
        found.append(Finding("deleted", path) if target is None else Finding("renamed", path, f"now {target}"))
    return found + [Finding("added", path) for path in added]


def _modes(present: dict[str, int], recorded: dict[str, dict[str, str]]) -> list[Finding]:
    """Compare permission bits: each as recorded, or as most files here, which is what the umask of a checkout gives."""
    if os.name == "nt":
        return []
    bits = {path: stat.S_IMODE(mode) for path, mode in present.items()}
    usual, _ = collections.Counter(bits.values()).most_common(1)[0] if bits else (0o644, 0)
    found = []
    for path, mode in bits.items():
        wanted = int(recorded[path]["mode"], 8)
        plausible = usual if not usual & EXECUTABLE and usual & stat.S_IWUSR else wanted
        if mode not in {wanted, plausible}:
            found.append(Finding("mode changed", path, f"{wanted:o} became {mode:o}"))
    return found


def describe(manifest: dict[str, Any]) -> str:
    """Return which release and which revision of the vendor document a copy holds."""
    spec = manifest.get("spec")
    digests = list(spec.values()) if isinstance(spec, dict) else []
    revision = f", vendor document {str(digests[0])[:12]}" if digests else ""
    return _printable(f"{manifest.get('name')} {manifest.get('release')}{revision}")


def report(root: str, manifest: dict[str, Any], found: list[Finding]) -> str:
    """Return what there is to say about a copy: its differences, how to undo them, and its litter."""
    if found:
        count = f"{len(found)} differences from what was released"
        lines = [f"error: {describe(manifest)}: {count}", *(f"  {finding}" for finding in found)]
    else:
        lines = [f"{describe(manifest)}: intact, {len(manifest['files'])} files"]
    if any(finding.kind == "line endings changed" for finding in found):
        which = "only" if all(finding.kind == "line endings changed" for finding in found) else "some"
        lines += [
            f"  {which} line endings differ: a checkout rewrote them, as core.autocrlf of git does",
            "  commit the copy together with its own .gitattributes, then delete its folder and restore it:",
            "  git checkout -- " + _printable(root),
        ]
    return "\n".join(lines + [f"  not part of it, and harmless: {_printable(path)}" for path in litter(root)])


def main(arguments: list[str] | None = None) -> int:
    """Compare a copy with its manifest and print what differs.

    Returns:
        0 if it is intact, 1 if it is not, 2 for wrong usage or where there is no copy.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) > 1 or any(argument.startswith("-") for argument in given):
        print(f"{__doc__}\nusage: verify.py [FOLDER]")
        return 0 if {"-h", "--help"} & {*given} else 2
    root = given[0] if given else os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    try:
        found = findings(root)
        manifest = read_manifest(root)
    except (NotACopy, OSError) as error:
        print(f"error: {_printable(str(error))}", file=sys.stderr)
        return 2
    print(report(root, manifest, found), file=sys.stderr if found else sys.stdout)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
