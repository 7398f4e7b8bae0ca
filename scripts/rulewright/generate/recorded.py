"""What the generator made of the same document the last time, so that it need not run again.

It is given neither rules nor waiters (`phrasing`), so most changes of an overlay leave what it is given as it was. What
it wrote then stands in the output already, in the bytes whose hashes the manifest holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rulewright.generate.manifest import sha256
from rulewright.generate.tree import Tree

NAME: Final = "generator.json"


@dataclass(frozen=True)
class Recorded:
    """One run of the generator.

    Args:
        report: What it said of itself.
        files: What it wrote, formatted, by path in the output and without the header.
    """

    report: Mapping[str, Any]
    files: Tree


def recorded(given: str, output: Tree) -> Recorded | None:
    """Return what an output holds of the generator's run over this very input, if it does.

    Args:
        given: What the generator is given.
        output: An output that nobody edited, made by this pipeline with these tools; empty if there is none.
    """
    try:
        record = json.loads(output[NAME])
        if record["input"] != sha256(given.encode()):
            return None
        files = {path: output[path] for path in record["files"]}
    except LookupError:  # an older pipeline wrote it, or another package is to be made
        return None
    bare = {path: code.partition(b"\n")[2] if path.endswith(".py") else code for path, code in files.items()}
    return Recorded(record["report"], bare)


def record(given: str, run: Recorded) -> bytes:
    """Return what the output holds of a run: one value a line, since nobody but the next run reads it."""
    value = {
        "generated": "by rulewright, of what openapi-python-client was given and chose; do not edit",
        "input": sha256(given.encode()),
        "files": sorted(run.files),
        "report": run.report,
    }
    return (json.dumps(value, separators=(",\n", ": ")) + "\n").encode()
