"""Decide who is at fault if a hand-written case fails: the document, if it contradicts the case."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from mountsea_gemini.raw.models import VideoGenerationDto
from mountsea_gemini.rules import violations
from rulewright.contract.contract import Contract
from rulewright.contract.suite.test_tasks import ENDS

from tests.contract.conftest import video

FIELDS: Final = {"image_list": "imageList", "aspect_ratio": "aspectRatio"}


def blame(contract: Contract, case: Mapping[str, Any]) -> str:
    """Return who is at fault, as reports name it."""
    if any(contradictions(contract, case)):
        return "the effective document"
    return "the compiled rules in the client" if _rules_misjudge(case) else "the client"


def _refused(case: Mapping[str, Any]) -> set[str]:
    return set(case["gives"].get("rules", ()))


def _body(case: Mapping[str, Any]) -> dict[str, Any]:
    ((_, given),) = case["call"].items()
    return {FIELDS.get(str(name), str(name)): value for name, value in given.items() if name not in {"waive", "strict"}}


def _rules_misjudge(case: Mapping[str, Any]) -> bool:
    """Return whether the compiled rules disagree with the case."""
    refused = _refused(case)
    ((_, given),) = case["call"].items()
    if not refused:
        bodies = [asked["body"] for asked in case["sends"] if "body" in asked and "error" not in case["gives"]]
    else:
        bodies = [body for body in [_body(case)] if {"action", "model"} <= set(body)]
    found = [violations(body, model=VideoGenerationDto, waive=given.get("waive", ())) for body in bodies]
    return any({each.rule for each in several if refused or each.level == "error"} != refused for several in found)


def contradictions(contract: Contract, case: Mapping[str, Any]) -> Iterator[str]:
    """Yield each contradiction between the document and a case."""
    gives = case["gives"]
    ((_, given),) = case["call"].items()
    waived = set(given.get("waive", ()))
    for asked in case["sends"]:
        yield from _request(contract, asked, waived)
    refused = _refused(case) - {"schema"}
    submit = video(contract)
    if refused:
        body = _body(case)
        verdict = submit.verdict(body)
        if {"action", "model"} <= set(body) and refused - {*verdict.broken, *verdict.warned}:
            yield f"it does not refuse the body for {', '.join(sorted(refused))}"
    state, meant = gives.get("state"), gives.get("verdict")
    if meant is None and gives.get("error") in ENDS.values() and case["replies"]:
        state = case["replies"][-1].get("body", {}).get("status")
        meant = next(kind for kind, error in ENDS.items() if error == gives["error"])
    if state is not None and meant is not None and submit.states.get(state, "unknown") != meant:
        yield f"the state {state} does not mean {meant}"


def _request(contract: Contract, asked: Mapping[str, Any], waived: Collection[str]) -> Iterator[str]:
    line, _, query = str(asked["request"]).partition("?")
    base = contract.spec.base_path
    lines = {f"{each.operation.method} {base}{each.operation.path}": each for each in contract.subjects}
    promise = lines.get(line)
    if promise is None:
        yield f"it has no {line}"
        return
    names = {each.name for each in promise.operation.parameters}
    if not {name for name, _ in parse_qsl(query)} <= names:
        yield f"it has no such parameters: {query}"
    if "body" in asked and promise.schema is not None:
        broken = [rule for rule in promise.verdict(asked["body"]).broken if rule not in waived]
        if broken:
            yield f"it refuses the body for {', '.join(broken)}"
