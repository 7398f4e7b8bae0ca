"""Prose of a large document, waived in bulk by tag or by place."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.openapi.document import parse, to_yaml
from rulewright.overlay import parse_overlay
from rulewright.rules.sources import read_prose

SENTENCE = "It must be short."


def document() -> dict[str, Any]:
    """Return a document whose three descriptions sound like constraints."""
    operations = {tag: {"tags": [tag], "description": SENTENCE, "responses": {}} for tag in ("frogs", "ponds")}
    return {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "paths": {f"/{tag}": {"get": operation} for tag, operation in operations.items()},
        "components": {"schemas": {"A": {"properties": {"b": {"description": SENTENCE}}}}},
    }


def unclaimed(*waivers: dict[str, str]) -> list[str]:
    """Return where sentences are left that nothing claims."""
    overlay = {"overlay": "1.1.0", "info": {"title": "o", "version": "1"}, "x-waived-prose": list(waivers)}
    overlay["actions"] = [{"target": "$.info", "update": {"x-a": 1}}]
    given = parse_overlay(parse(to_yaml(overlay), "o.yaml"))
    return [each.at for each in read_prose(parse(to_yaml(document()), "d.yaml"), (), [given]).unclaimed]


def test_prose_is_waived_by_tag_or_by_place() -> None:
    """A tag waives its operations, a pointer everything below it."""
    frogs, ponds = "#/paths/~1frogs/get/description", "#/paths/~1ponds/get/description"
    inner = "#/components/schemas/A/properties/b/description"
    assert unclaimed() == [frogs, ponds, inner]
    assert unclaimed({"tag": "frogs", "reason": "not ours"}) == [ponds, inner]
    assert unclaimed({"at": "#/components/schemas", "reason": "not ours"}) == [frogs, ponds]
    assert unclaimed({"at": "#", "reason": "not yet read"}) == []


@pytest.mark.parametrize(
    ("waiver", "message"),
    [
        ({"tag": "newts", "reason": "not ours"}, "waives no sentence"),
        ({"at": "#/components/schema", "reason": "not ours"}, "waives no sentence"),
        ({"tag": "frogs", "at": "#", "reason": "both"}, "waived prose has"),
        ({"tag": "frogs", "reason": " "}, "needs a reason"),
    ],
)
def test_a_waiver_that_waives_nothing_is_refused(waiver: dict[str, str], message: str) -> None:
    """An unused waiver would hide the next sentence at its place."""
    with pytest.raises(InputError, match=message):
        unclaimed(waiver)
