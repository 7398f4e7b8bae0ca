"""Every typo in a target is noticed, and the target that was meant is offered."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from rulewright.openapi.document import Document
from rulewright.openapi.pointer import Location
from rulewright.overlay import Overlay, OverlayError
from rulewright.overlay.engine import Draft, Step
from rulewright.overlay.model import Action
from rulewright.overlay.query import Query, QueryError, explain_miss, suggestions

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


def _typos(text: str) -> Iterator[str]:
    """Yield every text one slip away: a character lost, doubled, hit wrong, in the wrong case, or swapped."""
    for index, char in enumerate(text):
        before, after = text[:index], text[index + 1 :]
        yield before + after
        yield before + char + char + after
        yield before + ("y" if char == "x" else "x") + after
        yield before + char.swapcase() + after
        if after:
            yield before + after[0] + char + after[1:]


def _targets(seed: Document, overlays: list[Overlay]) -> Iterator[tuple[Overlay, Action, Draft]]:
    """Yield every action with the document as it stands before it, one of those with the same target."""
    draft = Draft(seed.value)
    seen: set[str] = set()
    for overlay in overlays:
        for action in overlay.actions:
            if action.target.text not in seen:
                seen.add(action.target.text)
                yield overlay, action, draft
            Step(seed, draft, overlay, action, strict=True).run()


def _compiled(text: str) -> Query | None:
    try:
        return Query(text)
    except QueryError as error:
        if "at character" in str(error):
            return None
        raise


def _same_query(typo: str, target: str) -> bool:
    """Tell whether a typo that selects the same node is one of the two kinds that may: `..` for `.`."""
    return typo.replace("..", ".") == target


def test_every_typo_is_an_error(seed: Document, own_overlays: list[Overlay]) -> None:
    """A target one slip away is no query, or misses with a line of the spec, or selects the same node."""
    wrong_queries = misses = equivalent = 0
    for overlay, action, draft in _targets(seed, own_overlays):
        intended = action.target.select(draft.value)
        for typo in dict.fromkeys(_typos(action.target.text)):
            query = None if typo == action.target.text else _compiled(typo)
            if query is None:
                wrong_queries += typo != action.target.text
            elif query.select(draft.value) == intended:
                assert _same_query(typo, action.target.text)
                equivalent += 1
            else:
                _assert_miss(seed, draft, overlay, dataclasses.replace(action, target=query), intended)
                misses += 1
    assert wrong_queries > 100
    assert misses > 1000
    assert 0 < equivalent < 50


def _assert_miss(seed: Document, draft: Draft, overlay: Overlay, action: Action, intended: list[Location]) -> None:
    copy = Draft(draft.value)
    copy.changes, copy.lines = list(draft.changes), dict(draft.lines)
    with pytest.raises(OverlayError) as caught:
        Step(seed, copy, overlay, action, strict=True).run()
    message = str(caught.value)
    assert message.startswith(f"{overlay.path}:{action.line}, action {action.number}: target matched nothing")
    nearest = message.partition("nearest existing: ")[2]
    assert re.search(r" \((written by \S+/)?[a-z0-9.-]+\.yaml:\d+(, action \d+)?\), ", nearest)
    best = suggestions(action.target, draft.value)[0]
    assert Query(best).select(draft.value) == intended, f"{action.target.text} was taken for {best}"
