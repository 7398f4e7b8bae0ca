"""Failures are found, blamed on the right side, and shown safely."""

from __future__ import annotations

import copy
import itertools
import json
import shlex
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mountsea_gemini.operations import GENERATE_VIDEO
from rulewright.contract.cases import Cases
from rulewright.contract.contract import Contract
from rulewright.contract.coverage import goals
from rulewright.contract.failure import Ask, Carrier, Failure

from tests.contract.conftest import DOCUMENT, Benches, video

BEARER = (Carrier("header", "Authorization", "bearer"),)


def accept(_: httpx.Request) -> httpx.Response:
    """Accept whatever comes."""
    return httpx.Response(201, json={"taskId": "t", "status": "completed"})


def crash(_: httpx.Request) -> httpx.Response:
    """Raise an error that no server handles."""
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize("handle", [accept, crash])
def test_a_server_that_is_wrong_is_found_and_blamed(
    handle: Callable[[httpx.Request], httpx.Response], benches: Benches
) -> None:
    """One accepts everything, one crashes; the client is not at fault."""
    bench = benches(server=httpx.MockTransport(handle))
    submit = video(bench.contract)
    cases = Cases(bench.contract, submit)
    bodies = itertools.islice(cases.bodies(), 200)
    found = [bench.agree(submit, case, submit.with_body(body)) for case, body in bodies]
    found += [bench.put(probe) for probe in cases.probes()]
    assert {each.blame for each in found if each is not None} == {"server"}
    seen = bench.ledger.seen
    assert [line for line in seen if line.startswith("server: ") and line.endswith("refused")] == []


def change_schema(change: Callable[[Any], None]) -> Any:
    """Return the effective document with a changed schema."""
    document = copy.deepcopy(DOCUMENT)
    change(document["components"]["schemas"]["VideoGenerationDto"])
    return document


def test_a_new_enum_value_is_red_until_the_client_knows_it(benches: Benches) -> None:
    """It adds goals, and the compiled client that refuses it is at fault."""
    model = "a-model-of-tomorrow"
    bench = benches(change_schema(lambda schema: schema["properties"]["model"]["enum"].append(model)))
    assert len([line for line in goals(bench.contract, bench.package) if model in line]) > 100
    submit = video(bench.contract)
    body = {**submit.request.body, "action": "text2video", "model": model}
    failure = bench.agree(submit, "a new model", submit.with_body(body))
    assert failure is not None
    assert failure.blame == "rules"


@pytest.mark.parametrize("rule", [0, 1, 2, 3])
def test_encodings_that_disagree_are_the_documents_fault(rule: int, benches: Benches) -> None:
    """An `allOf` member does not encode its rule."""
    bench = benches(change_schema(lambda schema: schema["allOf"][rule].update(anyOf=[{}])))
    submit = video(bench.contract)
    body = bench.contract.rules[rule].breaks
    failure = bench.agree(submit, "its own example", submit.with_body(body))
    assert failure is not None
    assert failure.blame == "document"


def test_a_client_that_sends_something_else_is_blamed(benches: Benches, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server agrees with the document."""
    bench = benches()
    submit = video(bench.contract)
    name, client = GENERATE_VIDEO.function, bench.caller().client
    generate = getattr(client, name)
    monkeypatch.setattr(client, name, lambda **given: generate(**{**given, "prompt": "a dog"}))
    failure = bench.agree(submit, "a request", submit.request)
    assert failure is not None
    assert failure.blame == "client"
    assert "a dog" in failure.got


def test_the_line_to_reproduce_names_the_token_and_never_shows_it() -> None:
    """A shell parses the line as one request, whatever it holds."""
    content = json.dumps({"prompt": 'it\'s $HOME `date` "x" \n \x1b[31m'}).encode()
    ask = Ask("POST", "/a?b=c&d='e'", {"Content-Type": "application/json"}, content, BEARER)
    words = shlex.split(ask.curl("https://api.example.com", "MOUNTSEA_API_KEY"))
    assert words[:5] == ["curl", "-i", "-X", "POST", "https://api.example.com/a?b=c&d='e'"]
    assert "Authorization: Bearer $MOUNTSEA_API_KEY" in words
    assert json.loads(words[-1]) == json.loads(content)
    assert "--data-binary @<(printf '\\000\\377')" in Ask("POST", "/", {}, b"\x00\xff").curl("", "T")
    key = Ask("GET", "/a", carriers=(Carrier("query", "key", ""), Carrier("cookie", "session", "")))
    assert shlex.split(key.curl("https://h", "T"))[4:] == ["https://h/a?key=$T", "-H", "Cookie: session=$T"]
    assert key.sent("s3")[0] == "/a?key=s3"


def test_control_characters_in_a_failure_are_escaped() -> None:
    """Terminal colours and text directions are shown as text."""
    hostile = "<script>\x1b[31m\u202e"
    text = Failure(hostile, hostile, hostile, hostile, "server", Ask("POST", "/"), hostile).text("http://h", "T")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "at fault: the server" in text


def test_a_credential_that_no_request_carries_is_not_missed() -> None:
    """A sandbox cannot know whether such an alternative was met, so it refuses nobody."""
    schemes = {"basic": {"type": "http", "scheme": "basic"}, "odd": {"type": "http", "scheme": "postBody"}}
    answers = {"204": {"description": "done"}}
    both = {"get": {"security": [{"basic": []}, {"odd": []}], "responses": answers}}
    one = {"get": {"security": [{"basic": []}], "responses": answers}}
    document = {"openapi": "3.1.0", "paths": {"/both": both, "/one": one}, "components": {"securitySchemes": schemes}}
    contract = Contract(document)
    probes = {each.name: [*Cases(contract, each).credentials()] for each in contract.subjects}
    assert probes["get /both"] == []
    assert {status for probe in probes["get /one"] for status in probe.wanted} == {401, 403}
