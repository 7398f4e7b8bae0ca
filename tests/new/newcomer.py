"""The steps of a newcomer for each document: one command, then both nox sessions in their own environments.

Run as `nox -s newcomer [-- DOCUMENT...]`. It takes minutes, so it is no part of the default run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DOCUMENTS = Path(__file__).resolve().parent / "documents"
ROOT = Path(__file__).resolve().parents[2]
SESSIONS = ("demo", "tests")


def main(names: list[str]) -> int:
    """Make a project of each document and run its sessions.

    Args:
        names: The documents, by the name of their file; none for all.

    Returns:
        0 if every session of every project passed, 1 if not.
    """
    documents = [each for each in sorted(DOCUMENTS.iterdir()) if ".overlay" not in each.suffixes]
    chosen = [each for each in documents if not names or each.stem in names]
    failed = [each.stem for each in chosen if not passes(each)]
    print(f"{len(chosen) - len(failed)} of {len(chosen)} documents passed", *(["; not:", *failed] if failed else []))
    return int(bool(failed) or not chosen)


def passes(document: Path) -> bool:
    """Tell whether a project made of a document passes its own sessions, without an edit."""
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        project = Path(folder) / "project"
        command = ["-m", "rulewright", "new", str(project), "--package", f"our_{document.stem}", *inputs(document)]
        made = subprocess.run([sys.executable, *command], cwd=ROOT, check=False)
        for session in SESSIONS if made.returncode == 0 else ():
            started = time.monotonic()
            command = [sys.executable, "-m", "nox", "-s", session]
            done = subprocess.run(command, cwd=project, env=_environment(), check=False)
            print(f"{document.stem}: nox -s {session}: exit {done.returncode}, {time.monotonic() - started:.0f} s")
            if done.returncode:
                return False
        return made.returncode == 0


def _environment() -> dict[str, str]:
    """Return what a newcomer's shell has: nothing of the session that runs this."""
    ours = ("NOX", "PYTEST", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def inputs(document: Path) -> list[str]:
    """Return the options of the one command: the document, and the overlay beside it if there is one."""
    overlay = document.with_name(f"{document.stem}.overlay.yaml")
    return ["--spec", str(document), *(["--overlay", str(overlay)] if overlay.exists() else [])]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
