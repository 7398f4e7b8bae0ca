"""The effective document, the merged project, and benches."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from rulewright.contract.bench import Bench
from rulewright.contract.client import ClientPackage
from rulewright.contract.contract import Contract, Subject
from rulewright.merged import Merged, merge
from rulewright.project import load_project
from rulewright.rules.definition import RuledSchema

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
EFFECTIVE: Final = ROOT / "generated/openapi.effective.json"
DOCUMENT: Final[dict[str, Any]] = json.loads(EFFECTIVE.read_bytes())
LONG: Final = os.environ.get("CONTRACT_PROFILE") == "long"
CLIENT: Final = "mountsea_gemini"

Benches = Callable[..., Bench]


def video(contract: Contract) -> Subject:
    """Return the operation that submits a video."""
    return contract.subject("POST", "/gemini/video/generate")


def video_rules(merged: Merged) -> RuledSchema:
    """Return the schema of its body, with its rules."""
    return next(each for each in merged.ruled if each.name == "VideoGenerationDto")


@pytest.fixture(scope="session")
def merged() -> Merged:
    """Return the project's document and rules."""
    return merge(load_project(ROOT))


@pytest.fixture
def benches() -> Iterator[Benches]:
    """Return benches of this client, with another document or server where one is given."""
    made: list[Bench] = []

    def bench(document: Any = None, server: httpx.BaseTransport | None = None) -> Bench:
        made.append(Bench(ClientPackage(CLIENT), document=document, server=server))
        return made[-1]

    yield bench
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def guarded() -> dict[str, str]:
    """Return environment variables that keep a Python process on this machine."""
    path = [HERE / "guard", ROOT, ROOT / "overlays", ROOT / "generated", ROOT / "scripts"]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONUTF8": "1"}
