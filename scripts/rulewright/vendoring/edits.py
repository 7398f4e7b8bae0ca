"""Show what was changed in a copy, as a unified diff against what was released."""

from __future__ import annotations

import difflib
import hashlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from rulewright.errors import printable
from rulewright.generate.tree import Tree
from rulewright.vendoring.verify import Finding

_COMMITS: Final = "200"  # how far back the caller's history is searched for the released text
_TIMEOUT: Final = 60


def shown(root: Path, found: Sequence[Finding], manifest: dict[str, Any], fresh: Tree) -> str:
    """Return the differences of a copy as text: a line for each, and a diff of each edited text.

    The released text is not in the copy. It is the new release's where that is the same, else it is looked for
    in the history of the repository the copy is in; where it is nowhere, the diff is against the new release.

    Args:
        root: Folder of the copy.
        found: The differences.
        manifest: The copy's manifest.
        fresh: The tree of the new release.
    """
    lines: list[str] = []
    for finding in found:
        lines.append(str(finding))
        if finding.kind in {"edited", "deleted", "added"} and finding.path in {*manifest["files"], *_added(finding)}:
            lines += _diff(root, finding, manifest["files"].get(finding.path, {}).get("sha256"), fresh)
    return printable("\n".join(lines))


def _added(finding: Finding) -> set[str]:
    return {finding.path} if finding.kind == "added" else set()


def _diff(root: Path, finding: Finding, digest: str | None, fresh: Tree) -> Iterator[str]:
    path, label = finding.path, "as released"
    before = b"" if digest is None else _released(root, path, digest, fresh)
    if before is None:
        before, label = fresh.get(path, b""), "in the new release; what was released then is not in this history"
    now = b"" if finding.kind == "deleted" else (root / path).read_bytes()
    try:
        old, new = before.decode().splitlines(), now.decode().splitlines()
    except UnicodeDecodeError:
        yield "  (not text)"
        return
    for line in difflib.unified_diff(old, new, f"{path} ({label})", f"{path} (here)", lineterm=""):
        yield f"  {line}"


def _released(root: Path, path: str, digest: str, fresh: Tree) -> bytes | None:
    """Return the content that has this hash, from the new release or from git."""
    if path in fresh and hashlib.sha256(fresh[path]).hexdigest() == digest:
        return fresh[path]
    log = _git(root, "log", f"-{_COMMITS}", "--format=", "--raw", "--no-abbrev", "--no-renames", "--", path) or b""
    for line in log.decode(errors="replace").splitlines():
        for blob in line.split()[2:4]:
            content = _git(root, "cat-file", "blob", blob) if set(blob) != {"0"} else None
            if content is not None and hashlib.sha256(content).hexdigest() == digest:
                return content
    return None


def _git(root: Path, *arguments: str) -> bytes | None:
    """Return what git says of the repository a folder is in; None where it has nothing to say."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(root), *arguments],  # noqa: S607
            capture_output=True, check=False, timeout=_TIMEOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
