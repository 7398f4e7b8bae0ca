"""What a copy needs of the repository it stands in: requirements, and excludes for its formatter and linters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rulewright.errors import InputError

Needs = dict[str, Any]

GITATTRIBUTES: Final = b"""\
# This copy is compared byte for byte, so git stores and checks out its files as they are, whatever core.autocrlf
# and the attributes of the folders above say.
* -text -ident -filter -working-tree-encoding
"""


def read_needs(table: Mapping[str, Any], *, api_only: bool) -> Needs:
    """Return what a copy needs to run, from the `[project]` table it is released under.

    Args:
        table: The table.
        api_only: Leave out what the parts of the hand-written package need, which stand under its extras.

    Raises:
        InputError: The table's requirements are no texts.
    """
    extras = {} if api_only else table.get("optional-dependencies", {})
    python, packages = table.get("requires-python", ""), table.get("dependencies", [])
    lists = [packages, *extras.values()] if isinstance(extras, dict) else [None]
    if not isinstance(python, str) or not all(map(_are_texts, lists)):
        raise InputError("[project] has dependencies that are no lists of texts", path="pyproject.toml")
    return {"python": python, "packages": packages, "extras": extras}


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def excludes(name: str) -> dict[str, list[str]]:
    """Return the lines that keep a host's tools away from a copy, by the file they belong into.

    They name the folder and not its place, because the same copy may stand anywhere. mypy and pyright follow imports
    into what they exclude, so they also get told to report nothing there.
    """
    word = re.escape(name)
    return {
        "pyproject.toml": [
            "[tool.ruff]",
            f"extend-exclude = {json.dumps([name])}",
            "[tool.black]",
            f"force-exclude = '(^|/){word}/'",
            "[tool.mypy]",
            f"exclude = ['(^|/){word}/']",
            "[[tool.mypy.overrides]]",
            f"module = {json.dumps([f'{name}.*', f'*.{name}', f'*.{name}.*'])}",
            "ignore_errors = true",
            "[tool.pyright]",
            f"ignore = {json.dumps([f'**/{name}'])}",
        ],
        ".pre-commit-config.yaml": [f"exclude: '(^|/){word}/'"],
    }


def shown(manifest: Mapping[str, Any]) -> str:
    """Return what the manifest of a copy says of its host, as lines to paste."""
    needs: Needs = manifest["needs"]
    lines = [f"it needs Python {needs['python']} and, in your requirements:", *_indented(needs["packages"])]
    for extra, packages in needs["extras"].items():
        lines += [f"its part {extra!r} also needs:", *_indented(packages)]
    for file, excluded in manifest["excludes"].items():
        lines += [f"to keep your tools from changing or judging it, in {file}:", *_indented(excluded)]
    return "\n".join(lines)


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]
