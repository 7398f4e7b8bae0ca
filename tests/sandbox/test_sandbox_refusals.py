"""S3: every refusal, in full and in few bytes."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from rulewright.sandbox import Sandbox

from tests.sandbox.asking import AUTH, JSON, POLL, SUBMIT, TEXT, Ask, Send, door, submit

ACTIONS = ["text2video", "img2video", "ingredients2video"]
MODELS = [
    "veo2_fast",
    "veo2_quality",
    "veo3_fast",
    "veo3_quality",
    "veo31_fast",
    "veo31_quality",
    "veo31_fast_ingredients",
]
IMAGES: list[Any] = [None, *([f"https://example.com/{n}.png" for n in range(count)] for count in range(5)), ["cat.png"]]
CELLS = [
    {"prompt": prompt, "action": action, "model": model} | ({} if images is None else {"imageList": images})
    for action, model, images, prompt in itertools.product(ACTIONS, MODELS, IMAGES, ["a cat", " "])
]


def broken_rules(rules: list[dict[str, Any]], body: Any, level: str) -> set[str]:
    """Work out with another validator which rules a body breaks."""
    return {
        rule["id"]
        for rule in rules
        if rule["level"] == level
        and Draft202012Validator(rule["if"]).is_valid(body)
        and not Draft202012Validator(rule["then"]).is_valid(body)
    }


def rules_of(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the rules as the spec holds them."""
    found: list[dict[str, Any]] = sandbox.core.spec.document["components"]["schemas"]["VideoGenerationDto"]["x-rules"]
    return found


def test_every_cell_of_the_matrix_is_judged_by_exactly_its_rules(sandbox: Sandbox, send: Send) -> None:
    """Over actions, models, images and prompts: refused with just the broken rules, warned of just the others."""
    rules = rules_of(sandbox)
    for body in CELLS:
        answer = send(submit(body))
        wanted = broken_rules(rules, body, "error")
        entries = answer.json().get("violations", [])
        assert sorted(entry["rule"] for entry in entries) == sorted(wanted), body
        assert answer.status == (400 if wanted else 201)
        if not wanted:
            warned = dict(answer.headers).get("x-sandbox-warnings", "")
            assert set(filter(None, warned.split(","))) == broken_rules(rules, body, "warning"), body


def test_strict_refuses_for_warnings_too() -> None:
    """With `strict`, warning-level rules are entries like the others, marked with their level."""
    sandbox = Sandbox("mountsea_gemini", strict=True)
    rules = rules_of(sandbox)
    with door("transport", sandbox) as send:
        for body in CELLS[::5]:
            wanted = broken_rules(rules, body, "error") | broken_rules(rules, body, "warning")
            entries = send(submit(body)).json().get("violations", [])
            assert {entry["rule"] for entry in entries} == wanted
            warnings = {entry["rule"] for entry in entries if entry.get("level") == "warning"}
            assert warnings == broken_rules(rules, body, "warning")


def test_the_examples_of_every_rule_are_judged_as_they_say(sandbox: Sandbox) -> None:
    """A rule's own valid case does not break it and its invalid case does."""
    with door("transport", Sandbox("mountsea_gemini", strict=True)) as send:
        for rule in rules_of(sandbox):
            for case, broken in (("passes", False), ("breaks", True)):
                entries = send(submit(rule["examples"][case])).json().get("violations", [])
                assert (rule["id"] in {entry["rule"] for entry in entries}) is broken, (rule["id"], case)


def test_one_entry_for_each_broken_rule(sandbox: Sandbox, send: Send) -> None:
    """A body breaking two rules lists two entries: id, place, what was there, what may be, the vendor's words."""
    body = {"prompt": "a cat", "action": "ingredients2video", "model": "veo3_fast", "imageList": ["https://a/1"] * 4}
    quotes = {rule["id"]: rule["source"]["quote"] for rule in rules_of(sandbox)}
    assert send(submit(body)).json()["violations"] == [
        {
            "rule": "ingredients-only-veo31-fast",
            "pointer": "/model",
            "got": '"veo3_fast"',
            "message": "model must be veo31_fast when action is ingredients2video",
            "allowed": {"const": "veo31_fast"},
            "source": quotes["ingredients-only-veo31-fast"],
        },
        {
            "rule": "ingredients-need-images",
            "pointer": "/imageList",
            "got": "4 items",
            "message": "imageList must hold 1 to 3 reference image URLs when action is ingredients2video",
            "allowed": {"maxItems": 3},
            "source": quotes["ingredients-need-images"],
        },
    ]


def test_the_message_is_a_list_of_texts_as_common_frameworks_write_it(send: Send) -> None:
    """A refusal carries statusCode, error and a line for each thing wrong."""
    value = send(submit({"prompt": "a cat", "action": "img2video", "model": "veo3_fast"})).json()
    assert (value["statusCode"], value["error"]) == (400, "Bad Request")
    (text,) = value["message"]
    assert text.startswith("img2video-needs-images: imageList must hold 1 or 2 image URLs")
    assert text.endswith("when action is img2video (at /imageList, got absent)")


def test_the_scheme_is_read_in_any_case_and_the_token_is_configurable() -> None:
    """`bearer` counts as `Bearer`; the token is what the sandbox was given."""
    with door("transport", Sandbox("mountsea_gemini", token="k1")) as send:  # noqa: S106  made up
        assert send(Ask("GET", POLL + "?taskId=x", {"authorization": "Bearer sandbox"})).status == 401
        assert send(Ask("GET", POLL + "?taskId=x", {"authorization": "bearer k1"})).status == 404


@pytest.mark.parametrize(
    ("ask", "status", "words"),
    [
        (Ask("GET", "/nowhere", AUTH), 404, "no path /nowhere"),
        (Ask("GET", SUBMIT + "/", AUTH), 404, "no path"),
        (Ask("GET", POLL, AUTH), 400, "must be present"),
        (Ask("GET", POLL + "?taskId=a&taskId=b", AUTH), 400, "must be given once"),
        (Ask("GET", POLL + "?taskId=", AUTH), 404, "no task with this id"),
        (Ask("GET", POLL + "?taskId=unknown", AUTH), 404, "no task with this id"),
        (Ask("POST", SUBMIT, AUTH | JSON), 400, "a body is required (application/json)"),
        (Ask("POST", SUBMIT, AUTH, b"{}"), 415, "application/json, got none"),
        (Ask("POST", SUBMIT, AUTH | {"content-type": "text/plain"}, b"{}"), 415, "got text/plain"),
        (Ask("POST", SUBMIT, AUTH | JSON | {"content-encoding": "gzip"}, b"{}"), 415, "content-encoding"),
        (Ask("POST", SUBMIT, AUTH | {"content-type": "application/json; charset=latin-1"}, b"{}"), 400, "UTF-8"),
        (Ask("POST", SUBMIT, AUTH | JSON, b"{"), 400, "not JSON"),
        (Ask("POST", SUBMIT, AUTH | JSON, b"[NaN]"), 400, "NaN is not a number"),
        (Ask("POST", SUBMIT, AUTH | JSON, b'"\xff"'), 400, "not UTF-8"),
        (Ask("POST", SUBMIT, AUTH | JSON, "{}".encode("utf-16")), 400, "not UTF-8"),
        (Ask("POST", SUBMIT, AUTH | JSON, b'"\\ud800"'), 400, "surrogate"),
        (Ask("POST", SUBMIT, AUTH | JSON, b"[" * 200_000), 400, "nested too deeply"),
        (Ask("POST", SUBMIT, AUTH | JSON, b"9" * 5000), 400, "not JSON"),
        (Ask("POST", SUBMIT, AUTH | JSON, b" " * (1024 * 1024 + 1)), 413, "larger than 1048576 bytes"),
    ],
)
def test_what_is_no_proper_request_is_refused_by_its_kind(send: Send, ask: Ask, status: int, words: str) -> None:
    """Wrong path, parameter, type, encoding, syntax and size each have their status and their text."""
    answer = send(ask)
    value = answer.json()
    assert answer.status == status
    assert value["statusCode"] == status
    assert words in str(value["message"])


def test_a_charset_of_utf_8_and_duplicate_keys_are_fine(send: Send) -> None:
    """What common servers accept is accepted: the last of two equal keys counts."""
    body = b'{"prompt":"a","action":"none","action":"text2video","model":"veo3_fast","unknown":{"x":[]}}'
    headers = AUTH | {"content-type": "Application/JSON; charset=UTF-8"}
    assert send(Ask("POST", SUBMIT, headers, body)).status == 201


def test_the_limit_on_the_body_is_exact(sandbox: Sandbox, send: Send) -> None:
    """A body of just the limit is read, one byte more is not."""
    body = json.dumps(TEXT).encode()
    with door("transport", Sandbox("mountsea_gemini", max_body=len(body))) as small:
        assert small(Ask("POST", SUBMIT, AUTH | JSON, body)).status == 201
        assert small(Ask("POST", SUBMIT, AUTH | JSON, body + b" ")).status == 413
