"""Did you mean: which target is offered for one that matched nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from rulewright.openapi.document import Document
from rulewright.overlay.query import Query, explain_miss, suggestions

CASES = [
    ("wrong case", "$.components.schemas.VideoGenerationDTO", "$.components.schemas.VideoGenerationDto"),
    ("typo in the middle", "$.component.schemas.TaskIdDto", "$.components.schemas.TaskIdDto"),
    (
        "two typos",
        "$.paths['/gemini/video/generat'].post.responses['20'].description",
        "$.paths['/gemini/video/generate'].post.responses['201'].description",
    ),
    ("skipped part", "$.components.VideoGenerationDto", "$.components.schemas.VideoGenerationDto"),
    ("extra part", "$.components.schema.schemas.TaskIdDto", "$.components.schemas.TaskIdDto"),
    ("lost dot", "$.componentsschemas.TaskIdDto", "$.components.schemas.TaskIdDto"),
    (
        "prefixed path",
        "$.paths['/video/generate'].post.operationId",
        "$.paths['/gemini/video/generate'].post.operationId",
    ),
    ("index", "$.tags[2].name", "$.tags[0].name"),
    ("name after a descent", "$..respones['201']", "$..responses['201']"),
    ("name in a filter", "$.tags[?@.nmae=='gemini']", "$.tags[?@.name=='gemini']"),
    ("text in a filter", '$.tags[?@.name=="gemin"]', "$.tags[?@.name=='gemini']"),
    ("name after a filter", "$.tags[?@.name=='gemini'].descripton", "$.tags[?@.name=='gemini'].description"),
    ("wildcard kept", "$.paths.*.psot", "$.paths.*.post"),
    ("dot to brackets", "$.paths.gemini_video_generate.post", "$.paths['/gemini/video/generate'].post"),
]


@pytest.mark.parametrize(("about", "target", "meant"), CASES, ids=[case[0] for case in CASES])
def test_suggestion(about: str, target: str, meant: str, seed: Document) -> None:
    """The closest target that exists is offered, with the form of the query kept."""
    offered = suggestions(Query(target), seed.value)
    assert meant in offered
    assert all(Query(text).select(seed.value) for text in offered)


@pytest.mark.parametrize("target", ["$.zzz", "$.info['qqqqqqqq']", "$.tags[?@.name=='nothing like it']"])
def test_no_suggestion(target: str, seed: Document) -> None:
    """Where nothing is close nothing is offered, and the nearest existing node is named all the same."""
    lines = explain_miss(Query(target), seed.value, lambda location: f"openapi.yaml:{seed.line(location)}")
    assert len(lines) == 1
    assert lines[0].startswith("nearest existing: $")
    assert "(openapi.yaml:" in lines[0]


def test_large_document() -> None:
    """A miss in a document of a hundred thousand values is explained within seconds."""
    methods: dict[str, Any] = {"get": {"operationId": "o", "tags": ["t"], "responses": {"200": {"description": ""}}}}
    value = {"paths": {f"/items/{number}": methods for number in range(12_000)}}
    started = time.monotonic()
    lines = explain_miss(Query("$.paths['/item/77'].gett.responses['404']"), value, str)
    assert time.monotonic() - started < 10
    assert lines[-1].startswith("nearest existing: $.paths")
