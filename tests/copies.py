"""Copies of this project, and git repositories, for tests to change."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def copy_project(target: Path) -> Path:
    """Copy this project's inputs and outputs into a folder, and return the folder."""
    for name in ("overlays", "generated"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "openapi.yaml", "LICENSE"):
        shutil.copy(ROOT / name, target / name)
    return target


def copy_checkout(target: Path) -> Path:
    """Copy what a clone of this project holds into a folder that does not exist, and return the folder."""
    ignored = (".git", ".nox", ".venv", "__pycache__", ".*_cache", "demo-output", ".hypothesis", "*.egg-info")
    return Path(shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*ignored)))


def git(folder: Path, *arguments: str) -> str:
    """Run git with an identity of its own, whatever this machine is configured to, and return its output."""
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def commit_all(folder: Path) -> None:
    """Make a repository of a folder, with everything in one commit."""
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "as published"]):
        git(folder, *arguments)
