"""A directory tree as data: read it, compare two, and put a new one in place of the old in one move."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rulewright.errors import InputError

Tree = Mapping[str, bytes]
"""Content of each file by its path relative to the root, with slashes."""


@dataclass(frozen=True)
class Difference:
    """How a directory differs from what it should hold; paths relative to it."""

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.extra)

    def __str__(self) -> str:
        kinds = (("differ", self.changed), ("missing", self.missing), ("not generated", self.extra))
        return "\n".join(f"  {kind}: {path}" for kind, paths in kinds for path in paths)


def read_tree(root: Path) -> dict[str, bytes]:
    """Return the files under a directory; bytecode caches are not part of it.

    Raises:
        InputError: Something there is neither a file nor a directory (a link is not followed).
    """
    return dict(_files(root, "")) if root.is_dir() else {}


def _files(folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    with os.scandir(folder) as entries:
        inside = sorted(entries, key=lambda entry: entry.name)
    for entry in inside:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield from _files(folder / entry.name, f"{prefix}{entry.name}/")
        elif entry.is_file(follow_symlinks=False):
            yield prefix + entry.name, Path(entry.path).read_bytes()
        else:
            raise InputError("is not a plain file; generated files are", path=Path(entry.path).as_posix())


def compare(actual: Tree, expected: Tree) -> Difference:
    """Return how one tree differs from another, in both directions."""
    return Difference(
        changed=tuple(sorted(path for path in expected if path in actual and actual[path] != expected[path])),
        missing=tuple(sorted(set(expected) - set(actual))),
        extra=tuple(sorted(set(actual) - set(expected))),
    )


def write_tree(root: Path, tree: Tree) -> None:
    """Write a tree into a new directory.

    Raises:
        InputError: A path leads out of the directory.
    """
    inside = root.resolve()
    folders = set()
    for relative, content in tree.items():
        path = root / relative
        if path.parent not in folders:
            if not path.parent.resolve().is_relative_to(inside):
                raise InputError(f"the generated path {relative!r} leads out of its folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            folders.add(path.parent)
        path.write_bytes(content)


def replace_tree(root: Path, tree: Tree) -> None:
    """Give a directory exactly these files: written beside it, then swapped in; on failure the old one stands.

    Raises:
        InputError: The directory is a link, or its parent cannot be written.
    """
    if root.is_symlink():
        raise InputError("is a symbolic link; name the directory itself", path=root.as_posix())
    token = secrets.token_hex(4)
    fresh, old = root.with_name(f".{root.name}.{token}.new"), root.with_name(f".{root.name}.{token}.old")
    try:
        write_tree(fresh, tree)
        try:
            if root.exists():
                root.rename(old)
            fresh.rename(root)
        finally:  # whatever came between the two, an interrupt included
            if old.exists() and not root.exists():
                old.rename(root)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=root.as_posix()) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if root.exists():
            shutil.rmtree(old, ignore_errors=True)
