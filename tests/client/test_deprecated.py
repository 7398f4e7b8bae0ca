"""What the document deprecates is sent, with a warning at the caller's line."""

from __future__ import annotations

import asyncio
import linecache
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from mountsea_gemini import operations
from mountsea_gemini.raw.models import TaskIdDto, VideoGenerationDto

from tests.client.scripted import Play, Skin
from tests.rules.compiling import compile_checks


async def use_async(client: Any) -> None:
    """Use deprecated fields on asyncio, one line each."""
    model = VideoGenerationDto("a cat", "text2video", "veo3_fast", translation=True)
    await client.text_to_video("a cat", translation=True)  # warns
    await client.generate_video(prompt="a cat", action="text2video", model="veo3_fast", translation=True)  # warns
    await client.call(operations.GENERATE_VIDEO, body=model)  # warns
    await client.text_to_video("a cat")


def use_blocking(client: Any) -> None:
    """Use deprecated fields, one line each; a repeated line warns once."""
    model = VideoGenerationDto("a cat", "text2video", "veo3_fast", translation=True)
    for _ in range(2):
        client.text_to_video("a cat", translation=True)  # warns
        client.generate_video(prompt="a cat", action="text2video", model="veo3_fast", translation=True)  # warns
        client.call(operations.GENERATE_VIDEO, body=model)  # warns
        client.text_to_video("a cat")


@pytest.mark.parametrize("use", [use_async, use_blocking])
def test_each_use_warns_once_at_its_line(use: Callable[[Any], Any]) -> None:
    """Variant, general method and model of both clients warn in the document's words."""
    skin = Skin("async" if use is use_async else "sync")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        if (running := use(skin.client(Play()))) is not None:
            asyncio.run(running)
    skin.close()
    assert {(each.category, str(each.message)) for each in caught} == {
        (DeprecationWarning, "translation is deprecated: [已废弃] Enable automatic prompt translation to English")
    }
    assert [linecache.getline(each.filename, each.lineno).endswith("# warns\n") for each in caught] == [True] * 3


def test_a_warning_that_is_an_error_keeps_it_from_being_sent(skin: Skin) -> None:
    """Test suites turn warnings into errors."""
    play = Play()
    with pytest.raises(DeprecationWarning):
        skin.do(skin.client(play).text_to_video("a cat", translation=False))
    assert play.seen == []


FIELDS: dict[str, Any] = {
    "bare": {"deprecated": True},
    "referred": {"$ref": "#/T"},
    "nested": {"type": "array", "items": {"properties": {"x": {"type": "string", "deprecated": True}}}},
    "value": {"type": "string", "oneOf": [{"const": "a", "deprecated": True, "description": "Use b."}, {"const": "b"}]},
    "either": {"anyOf": [{"type": "integer"}, {"enum": ["all"], "deprecated": True}]},
    "plain": {"deprecated": False},
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"bare": 1}, ["bare is deprecated"]),
        ({"referred": {}}, ["referred is deprecated: Use plain."]),
        ({"nested": [{}, {"x": "x"}]}, ["x is deprecated"]),
        ({"value": "a"}, ['value "a" is deprecated: Use b.']),
        ({"either": "all"}, ["either is deprecated"]),
        ({"plain": 1, "nested": [{}], "value": "b", "either": 1}, []),
    ],
)
def test_whatever_a_schema_deprecates_is_found(body: dict[str, Any], expected: list[str]) -> None:
    """Nested fields and values too; a deprecation is no violation."""
    target = {"type": "object", "deprecated": True, "description": "Use\nplain."}
    rules = compile_checks({"type": "object", "properties": FIELDS}, T=target)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rules.validate(body, model=TaskIdDto)
    assert [str(each.message) for each in caught] == expected
    assert rules.violations(body, model=TaskIdDto) == ()
