"""Find URLs and states wherever a vendor puts them."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from mountsea_gemini._answers import Reader, output_urls, task_result
from mountsea_gemini._exchange import Answer
from mountsea_gemini._secrets import Redactor
from mountsea_gemini.waiters import TASK as WAITER

URLS = ("https://a.example/1.png", "https://a.example/2.png")


@pytest.mark.parametrize(
    ("document", "place", "found"),
    [
        (
            {"output": {"results": [{"url": URLS[0]}, {"code": 1}, {"url": URLS[1]}]}},
            ("output", "results", "url"),
            URLS,
        ),
        ({"data": [{"url": URLS[0]}, {"url": URLS[1]}]}, ("data", "0", "url"), URLS[:1]),
        ({"data": [{"url": URLS[0]}, {"url": URLS[1]}]}, ("data", "1", "url"), URLS[1:]),
        ({"data": [{"url": URLS[0]}]}, ("data", "1", "url"), ()),
        ({"data": [[URLS[0]], [URLS[1]]]}, ("data",), ()),
        ({"data": [{"files": [URLS[0]]}, {"files": [URLS[1]]}]}, ("data", "files"), URLS),
        ({"data": URLS[0]}, ("data", "url"), ()),
        ([{"url": URLS[0]}], ("url",), URLS[:1]),
    ],
)
def test_a_list_on_the_way_to_a_result_stands_for_each_of_its_items(
    document: Any, place: tuple[str, ...], found: tuple[str, ...]
) -> None:
    """Unless the path has an index."""
    reader = Reader(attrs.evolve(WAITER, outputs=(place,)), Redactor(None))
    assert output_urls(Answer(200, {}, b""), document, reader) == found


@pytest.mark.parametrize(
    ("state", "word"), [(True, "true"), (False, "false"), (2, "2"), (7, None), ("7", "7"), (None, None)]
)
def test_a_number_or_boolean_can_be_a_state(state: Any, word: Any) -> None:
    """A number that no waiter lists is no state."""
    waiter = attrs.evolve(WAITER, state=("done",), acceptors={"true": "success", "false": "retry", "2": "failure"})
    found = task_result("t", Answer(200, {}, b""), {"done": state}, Reader(waiter, Redactor(None)))
    assert getattr(found, "status", None) == word
