"""Refusals, with all violations."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from rulewright.sandbox import Sandbox

from tests.sandbox.asking import AUTH, JSON, POLL, SUBMIT, Ask, Send, door, submit

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
    """Return the rules that a body breaks, by another validator."""
    return {
        rule["id"]
        for rule in rules
        if rule["level"] == level
        and Draft202012Validator(rule["if"]).is_valid(body)
        and not Draft202012Validator(rule["then"]).is_valid(body)
    }


def rules_of(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the rules of the document."""
    found: list[dict[str, Any]] = sandbox.core.spec.document["components"]["schemas"]["VideoGenerationDto"]["x-rules"]
    return found


def test_strict_refuses_for_warnings_too() -> None:
    """The whole matrix of actions, models, images and prompts, with warnings marked by their level."""
    sandbox = Sandbox("mountsea_gemini", strict=True)
    rules = rules_of(sandbox)
    with door("transport", sandbox) as send:
        for body in CELLS:
            wanted = broken_rules(rules, body, "error") | broken_rules(rules, body, "warning")
            entries = send(submit(body)).json().get("violations", [])
            assert {entry["rule"] for entry in entries} == wanted
            warnings = {entry["rule"] for entry in entries if entry.get("level") == "warning"}
            assert warnings == broken_rules(rules, body, "warning")


def test_the_examples_of_every_rule(sandbox: Sandbox) -> None:
    """The valid one keeps the rule, the invalid one breaks it."""
    with door("transport", Sandbox("mountsea_gemini", strict=True)) as send:
        for rule in rules_of(sandbox):
            for case, broken in (("passes", False), ("breaks", True)):
                entries = send(submit(rule["examples"][case])).json().get("violations", [])
                assert (rule["id"] in {entry["rule"] for entry in entries}) is broken, (rule["id"], case)


def test_one_entry_for_each_broken_rule(sandbox: Sandbox, send: Send) -> None:
    """Id, pointer, value, requirement and the vendor's words."""
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
        (Ask("POST", SUBMIT, AUTH | JSON, b"{"), 400, "not JSON"),
        (Ask("POST", SUBMIT, AUTH | JSON, b"9" * 5000), 400, "not JSON"),
        (Ask("POST", SUBMIT, AUTH | JSON, b" " * (1024 * 1024 + 1)), 413, "larger than 1048576 bytes"),
    ],
)
def test_each_kind_of_invalid_request_has_its_status(send: Send, ask: Ask, status: int, words: str) -> None:
    """Path, parameter, media type, encoding, syntax and size."""
    answer = send(ask)
    value = answer.json()
    assert answer.status == status
    assert value["statusCode"] == status
    assert words in str(value["message"])


def test_a_charset_of_utf_8_and_duplicate_keys_are_fine(send: Send) -> None:
    """The last of two equal keys counts."""
    body = b'{"prompt":"a","action":"none","action":"text2video","model":"veo3_fast","unknown":{"x":[]}}'
    headers = AUTH | {"content-type": "Application/JSON; charset=UTF-8"}
    assert send(Ask("POST", SUBMIT, headers, body)).status == 201
