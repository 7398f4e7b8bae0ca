"""The client against a server that knows the effective spec: what is valid is sent as it is, nothing else is."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mountsea_gemini import RequestRefused
from mountsea_gemini_api.rules import RuleWarning
from rulewright.merged import Merged, merge
from rulewright.project import load_project
from rulewright.rules.space import Space
from rulewright.rules.verdict import Verdict
from schemathesis import GenerationMode

from .conftest import EFFECTIVE, LONG, Wire

ROOT = EFFECTIVE.parents[1]
PROFILE = settings(
    max_examples=1000 if LONG else 60,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_every_valid_point_is_sent_as_it_is_and_every_other_stays_here(wire: Wire, merged: Merged) -> None:
    """All 1,134 points: the client sends exactly those that keep the error rules, byte for byte as JSON."""
    (ruled,) = merged.ruled
    verdict = Verdict(ruled)
    pairs: Counter[tuple[str, str]] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuleWarning)
        for body in Space(ruled, merged.value).bodies():
            broken = verdict.broken(body)
            if broken:
                with pytest.raises(RequestRefused) as refused:
                    wire.submit(body)
                errors = [each.rule for each in refused.value.violations if each.level == "error"]
                assert tuple(errors) == broken
                assert wire.sent == []
            else:
                assert wire.submit(body).id
                (request,) = wire.sent
                assert (request.method, request.url.path) == ("POST", "/gemini/video/generate")
                assert json.loads(request.content) == body
                pairs[body["action"], body["model"]] += 1
    assert len(pairs) == 15


def test_generated_valid_bodies_are_accepted(wire: Wire, operation: Any) -> None:
    """What schemathesis draws from the effective spec passes the client and the server, unchanged on the wire."""
    count = 0

    @PROFILE
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def check(case: Any) -> None:
        nonlocal count
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuleWarning)
            assert wire.submit(case.body).id
        (request,) = wire.sent
        assert json.loads(request.content) == case.body
        count += 1

    check()
    assert count >= 50


def test_generated_invalid_bodies_never_leave(wire: Wire, operation: Any) -> None:
    """What schemathesis draws to be wrong is refused before sending; bytes and non-objects no call can express."""
    seen: Counter[str] = Counter()

    @PROFILE
    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def check(case: Any) -> None:
        if not isinstance(case.body, dict) or not {"prompt", "action", "model"} <= set(case.body):
            seen["not a call"] += 1
            return
        if any(case.body.get(name, 0) is None for name in ("imageList", "aspectRatio", "translation")):
            seen["None means not given"] += 1
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuleWarning)
            with pytest.raises(RequestRefused):
                wire.submit(case.body)
        assert wire.sent == []
        seen["refused"] += 1

    check()
    assert seen["refused"] >= 12


def rule_ids() -> list[str]:
    """Return the ids of the project's rules."""
    (ruled,) = merge(load_project(ROOT)).ruled
    return [rule.id for rule in ruled.rules]


@pytest.mark.parametrize("rule_id", rule_ids())
def test_client_and_server_refuse_a_broken_rule_alike(rule_id: str, wire: Wire, merged: Merged) -> None:
    """A body that breaks exactly one rule: the client refuses it, and so does the server when it is sent raw."""
    (ruled,) = merged.ruled
    rule = next(rule for rule in ruled.rules if rule.id == rule_id)
    spoken = st.text(min_size=1).filter(lambda text: text.strip())
    prompts = st.just(" ") if rule_id == "prompt-not-blank" else spoken

    @settings(PROFILE, max_examples=15)
    @given(prompt=prompts, ratio=st.sampled_from([None, "16:9", "9:16"]))
    def check(prompt: str, ratio: str | None) -> None:
        body = {**rule.breaks, "prompt": prompt, **({"aspectRatio": ratio} if ratio else {})}
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", RuleWarning)
            if rule.level == "error":
                with pytest.raises(RequestRefused) as refused:
                    wire.submit(body)
                assert [each.rule for each in refused.value.violations] == [rule_id]
                assert wire.sent == []
            else:
                wire.submit(body)
                assert [str(each.message).partition(":")[0] for each in warned] == [rule_id]
        assert server_says(wire, body) == rule_id

    check()


def server_says(wire: Wire, body: dict[str, Any]) -> str:
    """Send a body past the client's checks and return the rule the server names."""
    url = f"{wire.client.settings.base_url}/gemini/video/generate"
    answer = httpx.post(url, json=body, headers={"Authorization": "Bearer sandbox"})
    if answer.status_code == 201:
        return answer.headers["x-sandbox-warnings"]
    assert answer.status_code == 400
    return ",".join(entry["rule"] for entry in answer.json()["violations"])
