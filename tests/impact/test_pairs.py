"""Pairs of documents with known verdicts: equivalent ones are equal, and only real breaks are breaking."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from rulewright.impact.change import Severity
from rulewright.impact.report import Report, compare
from rulewright.impact.revision import revise
from rulewright.openapi.document import load, parse, to_yaml

PAIRS: list[dict[str, Any]] = load(Path(__file__).parent / "pairs.yaml").value
SHARED = Path(os.environ.get("RULEWRIGHT_CASES", ".")) / "impact"
THING = {"type": "object", "properties": {"id": {"type": "string"}}}


def document(pair: dict[str, Any], side: int) -> dict[str, Any]:
    """Return one document of a pair."""
    field = {
        key: {"type": "object", "properties": {"f": pair[key][side]}} for key in ("request", "answer") if key in pair
    }
    body = pair["body"][side] if "body" in pair else field.get("request")
    reply = pair["reply"][side] if "reply" in pair else field.get("answer")
    answer = {"description": "done", **({"content": {"application/json": {"schema": reply}}} if reply else {})}
    operation: dict[str, Any] = {"operationId": "make", "responses": {"200": answer}}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    operation |= pair["operation"][side] if "operation" in pair else {}
    return {
        "openapi": str(pair.get("versions", ["3.1.0", "3.1.0"])[side]),
        "info": {"title": "Things", "version": str(side)},
        "paths": {"/things": {"post": operation}},
        **(pair["document"][side] if "document" in pair else {"components": {"schemas": {"Thing": THING}}}),
    }


def compare_pair(pair: dict[str, Any], *, back: bool = False) -> Report:
    """Compare the documents of a pair."""
    old, new = (revise(str(side), parse(to_yaml(document(pair, side)), f"{side}.yaml"), ()) for side in (0, 1))
    return compare(new, old) if back else compare(old, new)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["name"])
def test_only_real_breaks_are_breaking_on_the_wire(pair: dict[str, Any]) -> None:
    """Exit 30 for them and only for them; each shows a request that was accepted and is refused now, where it names one."""
    report = compare_pair(pair)
    assert not report.unexplained
    assert (report.exit_code == 30) is (pair["wire"] is True), report.headline
    assert any("wire" in each.who and each.severity is Severity.BREAKING for each in report.changes) is pair["wire"]
    if "exit" in pair:
        assert report.exit_code == pair["exit"], [(each.check, each.effect) for each in report.changes]
    if "refused" in pair:
        (witness,) = [each.witness for each in report.changes if "wire" in each.who]
        assert witness["f"] == pair["refused"]


@pytest.mark.parametrize("pair", [each for each in PAIRS if each.get("exit") == 0], ids=lambda pair: pair["name"])
def test_equivalent_documents_are_equal_in_both_directions(pair: dict[str, Any]) -> None:
    """The reverse comparison is not breaking either, and reports the restatement."""
    report = compare_pair(pair, back=True)
    assert report.exit_code == 0, [(each.check, each.effect) for each in report.changes]
    assert report.changes


def test_a_request_shown_as_refused_is_refused() -> None:
    """Every request shown for a break on the wire fits the old schema of the body and not the new one."""
    shown = 0
    for pair in PAIRS:
        bodies = [
            document(pair, side)["paths"].get("/things", {}).get("post", {}).get("requestBody") for side in (0, 1)
        ]
        witnesses = [
            each.witness for each in compare_pair(pair).changes if "wire" in each.who and each.witness is not None
        ]
        if witnesses and all(bodies) and pair["versions" if "versions" in pair else "name"] != ["3.0.3", "3.1.0"]:
            plain = [
                {**body["content"]["application/json"].get("schema", {}), "components": {"schemas": {"Thing": THING}}}
                for body in bodies
            ]
            old, new = (jsonschema_rs.Draft202012Validator(each, validate_formats=True) for each in plain)
            for witness in witnesses:
                shown += 1
                assert old.is_valid(witness), pair["name"]
                assert not new.is_valid(witness) or "default" in pair["name"], pair["name"]
    assert shown > 12


SHARED_PAIRS = sorted(SHARED.glob("*-old.yaml"))


@pytest.mark.skipif(not SHARED_PAIRS, reason="no cases: name their folder in RULEWRIGHT_CASES")
@pytest.mark.parametrize("old", SHARED_PAIRS, ids=lambda path: path.stem)
def test_a_shared_pair_breaks_nobody(old: Path) -> None:
    """Cases from outside: the new document refuses no request that the old one accepts."""
    new = old.with_name(old.name.replace("-old.yaml", "-new.yaml"))
    report = compare(revise("old", load(old), ()), revise("new", load(new), ()))
    assert report.exit_code in {0, 10, 20}, report.headline
