"""Images may come as a tuple, whose length a type checker knows: the rules count them all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mountsea_gemini.raw.models import VideoGenerationDto
from mountsea_gemini.rules import violations

from tests.rules.expected import differences, finite_cases, many_images, text_cases


def _with_a_tuple(body: Mapping[str, Any]) -> Any:
    model = VideoGenerationDto.from_dict(body)
    if "imageList" in body:
        model.image_list = tuple(body["imageList"])  # type: ignore[assignment]  # as the typed calls take them
    return violations(model)


def test_a_tuple_is_judged_like_a_list() -> None:
    """In a model and in JSON made in Python, for every number of images, and for texts that are no address."""
    for cases in (finite_cases(others=False), text_cases(), many_images()):
        assert list(differences(_with_a_tuple, cases)) == []
