"""Strategies made from a rule's own `if` and `then`, so that a test of a rule always reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from mountsea_gemini.testing.contract import Contract
from mountsea_gemini.testing.contract._bench import Bench
from mountsea_gemini.testing.contract._bodies import rule_bodies

PROMPTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80).filter(lambda text: text.strip())
EXTRAS = st.dictionaries(
    st.sampled_from(["duration", "seed", "x_new", "resolution"]), st.none() | st.integers(0, 99) | st.text(max_size=9)
)


@st.composite
def bodies_of(draw: st.DrawFn, contract: Contract, points: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw one of the given bodies, with other words in its free text and fields that nobody lists."""
    body = dict(draw(st.sampled_from(points)))
    space = contract.submit.space
    for field in space.fields if space else ():
        value = body.get(field.name)
        if isinstance(value, str) and value.strip() and not field.listed:
            body[field.name] = draw(PROMPTS)
        elif isinstance(value, list) and all(str(item).startswith("http") for item in value):
            body[field.name] = [draw(st.sampled_from(["https://a.example/", "http://b.example/?q=1"])) for _ in value]
    return {**draw(EXTRAS), **body}


def breaking(bench: Bench, rule: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return bodies that break this rule and no other."""
    found = rule_bodies(bench, rule, limit=200)
    return bodies_of(bench.contract, [body for case, body in found if case.startswith("breaks")])


def keeping(bench: Bench, rule: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return bodies that the rule speaks of and that break no rule."""
    found = rule_bodies(bench, rule, limit=200)
    return bodies_of(bench.contract, [body for case, body in found if case.startswith("keeps")])
