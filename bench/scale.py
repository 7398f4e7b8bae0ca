"""Regeneration of synthetic documents of 10 to 1,000 operations against the bare generator on the same documents.

Each size is one project: an operation with a path and two query parameters and a body of its own schema, schemas that
refer to each other in chains of ten, and for every tenth schema a rule. (One chain of some hundreds is more than the
bare generator can follow: it ends with a RecursionError.) Wall and processor seconds, and the ratio to the bare
generator at the same size.
`--json FILE` writes the figures, `--sizes` and `--repeat` choose what is measured.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench._timing import bare, line, medians, timed

SIZES: Final = (10, 100, 500, 1000)
TABLE: Final = """[tool.rulewright]
spec = "openapi.json"
overlays = ["rules.overlay.json"]
package = "synthetic_api"
output = "generated"
"""
_VERSIONS: Final = itertools.count(1)
Way = tuple[Sequence[str], Callable[[], object], tuple[int, ...]]


def main() -> int:
    """Measure and print; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="operations of each document")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="runs of each (default: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            found = figures[str(size)] = measured(Path(folder), size, options.repeat)
        for name, seconds in found.items():
            print(f"{size:5} operations  {line(name, seconds, found['bare generator'])}", flush=True)
        if options.json:  # after each size: the next may take long
            options.json.write_text(json.dumps({"seconds": figures}, indent=2) + "\n", encoding="utf-8")
    return 0


def document(size: int) -> dict[str, Any]:
    """Return a document of so many operations."""
    parameters = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
        {"name": "order", "in": "query", "schema": {"type": "string", "enum": ["up", "down"]}},
    ]
    paths = {}
    for number in range(size):
        media = {"application/json": {"schema": {"$ref": f"#/components/schemas/Thing{number}"}}}
        paths[f"/things{number}/{{id}}"] = {
            "post": {
                "operationId": f"makeThing{number}",
                "tags": [f"group{number // 25}"],
                "parameters": parameters,
                "requestBody": {"required": True, "content": media},
                "responses": {"200": {"description": "made", "content": media}},
            }
        }
    return {
        "openapi": "3.0.3",
        "info": {"title": f"{size} operations", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": paths,
        "components": {"schemas": {f"Thing{number}": _schema(number) for number in range(size)}},
    }


def _schema(number: int) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {"type": "string", "enum": ["round", "square"], "description": "A round thing needs a radius."},
            "radius": {"type": "number", "minimum": 0},
            "names": {"type": "array", "items": {"type": "string"}},
            "before": {"$ref": f"#/components/schemas/Thing{number - 1 if number % 10 else number}"},
        },
    }


def overlay(size: int, version: int = 0) -> dict[str, Any]:
    """Return an overlay with a rule for every tenth schema; the versions differ in the message of the first."""
    return {
        "overlay": "1.1.0",
        "info": {"title": "Rules", "version": "1"},
        "actions": [_action(number, version if number == 0 else 0) for number in range(0, size, 10)],
    }


def _action(number: int, version: int) -> dict[str, Any]:
    place = f"#/components/schemas/Thing{number}/properties/kind/description"
    rule = {
        "id": f"round-{number}-needs-radius",
        "level": "error",
        "message": f"radius must be given when kind is round ({version})",
        "source": {"at": place, "quote": "A round thing needs a radius."},
        "if": {"properties": {"kind": {"const": "round"}}, "required": ["kind"]},
        "then": {"required": ["radius"]},
        "examples": {"passes": {"kind": "round", "radius": 1}, "breaks": {"kind": "round"}},
    }
    return {"target": f"$.components.schemas.Thing{number}", "update": {"x-rules": [rule]}}


def measured(folder: Path, size: int, repeat: int) -> dict[str, dict[str, float]]:
    """Return the median seconds of each way over one size; the ways take turns."""
    project, edited = folder / "project", folder / "edited"
    project.mkdir()
    (project / "pyproject.toml").write_text(TABLE, encoding="utf-8")
    (project / "openapi.json").write_text(json.dumps(document(size)), encoding="utf-8")
    (project / "rules.overlay.json").write_text(json.dumps(overlay(size)), encoding="utf-8")
    shutil.copytree(project, edited)
    changed = document(size)
    del changed["paths"][f"/things{size - 1}/{{id}}"]
    (edited / "openapi.json").write_text(json.dumps(changed), encoding="utf-8")
    timed(["-m", "rulewright", "regenerate", "--project", str(project), "--quiet"])
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(repeat):
        for name, (command, prepare, codes) in _ways(folder, project, edited).items():
            prepare()
            found.setdefault(name, []).append(timed(command, codes))
    return {name: medians(runs) for name, runs in found.items()}


def _ways(folder: Path, project: Path, edited: Path) -> Mapping[str, Way]:
    regenerate = ["-m", "rulewright", "regenerate", "--project", str(project), "--quiet"]
    rules = project / "rules.overlay.json"
    size = len(json.loads((project / "openapi.json").read_bytes())["paths"])

    def change_a_rule() -> None:
        rules.write_text(json.dumps(overlay(size, next(_VERSIONS))), encoding="utf-8")

    return {
        "bare generator": (bare(project / "generated/openapi.effective.json", folder), _nothing, (0,)),
        "regenerate": (regenerate, lambda: shutil.rmtree(project / "generated"), (0,)),
        "regenerate, a rule changed": (regenerate, change_a_rule, (0,)),
        "check, nothing changed": ([*regenerate, "--check"], _nothing, (0,)),
        "overlay application": (
            ["-m", "rulewright", "overlay", str(project / "openapi.json"), str(rules)],
            _nothing,
            (0,),
        ),
        "impact": (["-m", "rulewright", "impact", str(project), str(edited)], _nothing, (0, 10, 20, 30)),
    }


def _nothing() -> None:
    """Prepare nothing."""


if __name__ == "__main__":
    sys.exit(main())
