"""Random bodies around each rule: never by luck, for each is drawn from what breaks or keeps exactly that rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mountsea_gemini.testing.contract import Bench, Contract
from mountsea_gemini.testing.contract._bodies import judged

from tests.contract.conftest import LONG
from tests.contract.kept import keep
from tests.contract.strategies import breaking, keeping

RULES = list(Contract().submit.judge.rules)  # type: ignore[union-attr]
PROFILE = settings(
    max_examples=1000 if LONG else 25,
    deadline=None,
    derandomize=not LONG,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
)


@pytest.fixture(scope="module")
def shared() -> Any:
    """One bench for all examples: a client of its own for each would dominate the run."""
    with Bench() as bench:
        yield bench


def agree(bench: Bench, name: str, body: dict[str, Any]) -> None:
    """Fail, and keep the body, unless every voice gives the document's verdict."""
    failure = judged(bench, name, "a random body", body)
    if failure is not None:
        keep(failure)
        pytest.fail("\n".join(failure.lines(bench.base, bench.variable)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["id"])
def test_a_body_breaking_exactly_this_rule_meets_the_same_refusal_everywhere(rule: Any, shared: Bench) -> None:
    """Client and server name this rule and no other; an error never leaves, a warning is sent and told."""
    reached = 0

    @PROFILE
    @given(body=breaking(shared, rule))
    def check(body: dict[str, Any]) -> None:
        nonlocal reached
        verdict = shared.contract.submit.judge.verdict(body)  # type: ignore[union-attr]
        assert (*verdict.broken, *verdict.warned) == (rule["id"],)
        agree(shared, rule["id"], body)
        reached += 1

    check()
    assert reached >= 20


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["id"])
def test_a_body_keeping_this_rule_is_sent_unchanged(rule: Any, shared: Bench) -> None:
    """Bodies that the rule speaks of and that break none: accepted on both sides, byte for byte as JSON."""

    @PROFILE
    @given(body=keeping(shared, rule))
    def check(body: dict[str, Any]) -> None:
        assert shared.contract.submit.judge.verdict(body).accepted  # type: ignore[union-attr]
        agree(shared, rule["id"], body)

    check()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
NAMES = list(Contract().submit.schema["properties"])  # type: ignore[index]


def test_any_json_object_meets_the_same_verdict_everywhere(shared: Bench) -> None:
    """Whatever stands in the documented fields."""

    @settings(PROFILE, max_examples=5000 if LONG else 150)
    @given(body=st.dictionaries(st.sampled_from(NAMES), JSON))
    def check(body: dict[str, Any]) -> None:
        agree(shared, "any object", body)

    check()
