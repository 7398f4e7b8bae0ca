"""Mistakes in a command line are refused or named before anything is sent."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini.cli._exits import Exit
from mountsea_gemini.cli._requests import RequestSchema, unlisted_fields

from tests.cli.running import Cli, Serve

URL = "https://example.com/1.png"
REQUEST = {"prompt": "a cat", "action": "text2video", "model": "veo31_fast"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("text2video", "a", "cat", "in", "a", "meadow"), "unexpected arguments: 'cat' 'in' 'a' 'meadow'"),
        (("text2video", "a cat", URL), "unexpected arguments"),
        (("text2video", "a cat", "--waive", "prompt-not-blank", "images-are-http-urls"), "unexpected arguments"),
        (("text2video", "a cat", "--image", URL, URL), "unexpected arguments"),
        (("text2video", "a cat", "--model", "veo31_fast", "veo2_fast"), "unexpected arguments: 'veo2_fast'"),
        (("img2video", "wake", "up", URL), "every item of imageList must be an http or https URL, got 'up'"),
        (("img2video", "wake", "up"), "every item of imageList must be an http or https URL, got 'up'"),
        (("ingredients2video", "two", "of", "them", URL), "got 'of' 'them'"),
        (("img2video", "it wakes up", URL, "--waive", "prompt-not-blank", URL + "?2"), "follows a value of --waive"),
        (
            ("img2video", "it wakes up", "--waive=prompt-not-blank", "images-are-http-urls"),
            "follows a value of --waive",
        ),
        (("img2video", "a", "--image", URL, "--waive", "prompt-not-blank", "x"), ""),
        (("status", "one", "two"), "unexpected arguments: 'two'"),
    ],
)
def test_surplus_arguments_are_refused(cli: Cli, serve: Serve, arguments: tuple[str, ...], words: str) -> None:
    """An unquoted prompt or a second value becomes neither image nor task."""
    sandbox = serve("now")
    ran = cli(*arguments, *sandbox.options)
    assert (ran.code, ran.out, sandbox.sent("POST")) == (2, "", 0)
    assert ran.err.startswith("error: ")
    assert words in ran.err


@pytest.mark.parametrize("option", ["--image", "--image-list"])
def test_a_list_is_given_one_value_at_a_time(cli: Cli, serve: Serve, option: str) -> None:
    """The option is named after the field or after one item of it."""
    sandbox = serve("now")
    given = (option, URL, option, f"{URL}?2")
    assert cli("ingredients2video", "a cat", *given, *sandbox.options).code == 0
    (body,) = [json.loads(each.body) for each in sandbox.sandbox.requests if each.method == "POST"]
    assert body["imageList"] == [URL, f"{URL}?2"]


def test_a_doubtful_image_is_sent_if_its_option_is_named(cli: Cli, serve: Serve) -> None:
    """An inferred rule only warns."""
    sandbox = serve("now")
    ran = cli("img2video", "a cat", "--image", "cat.png", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (0, 1)
    assert "warning: images-are-http-urls" in ran.err


def test_a_misspelt_field_of_a_batch_is_named_once(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """With the number of lines, the first of them, and a suggestion."""
    sandbox = serve("402@submit")
    file = tmp_path / "cats.jsonl"
    rows = [REQUEST, *([REQUEST | {"aspect_ratio": "9:16", "zzz": 1}] * 300)]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    ran = cli("submit", str(file), "--operation", "generateVideo", "--json", "--concurrency", "1", *sandbox.options)
    expected = "warning: the document lists no field aspect_ratio (in 300 lines, first line 2); it is sent as it is"
    assert ran.err.startswith(f"{expected}; did you mean aspectRatio?\n")
    assert ran.err.count("aspect_ratio") == 1
    fields = {field["field"]: field for field in ran.json["unlisted_fields"]}
    assert fields["aspect_ratio"] == {
        "field": "aspect_ratio", "did_you_mean": "aspectRatio", "lines": list(range(2, 302)),
    }  # fmt: skip
    assert fields["zzz"]["did_you_mean"] is None


def test_a_misspelt_field_of_one_request_is_named(cli: Cli, tmp_path: Path) -> None:
    """On standard error, and in `unlisted_fields` of the JSON."""
    file = tmp_path / "body.json"
    file.write_text(json.dumps(REQUEST | {"image_list": [URL]}))
    ran = cli("explain", str(file), "--operation", "generate-video", "--json")
    assert (ran.code, ran.err.count("did you mean imageList?")) == (0, 1)
    assert ran.json["unlisted_fields"] == [{"field": "image_list", "did_you_mean": "imageList", "lines": []}]
    file.write_text(json.dumps(REQUEST))
    ran = cli("explain", str(file), "--operation", "generate-video", "--json")
    assert (ran.err, ran.json["unlisted_fields"]) == ("", [])


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"size": {"width": 1}}, {}),
        ({"size": {"widht": 1}}, {"size/widht": "width"}),
        ({"items": [{"Name": 1}, {"Name": 2}]}, {"items/*/Name": "name"}),
        ({"labels": {"anything": 1}}, {}),
        ({"shape": {"radius": 1, "corner": 2}}, {}),
        ({"shape": {"radios": 1}}, {"shape/radios": "radius"}),
        ({"closed": {"other": 1}}, {}),
        ({"size": "not an object", "items": 7}, {}),
    ],
)
def test_unlisted_fields_are_found_at_every_depth(body: dict[str, Any], found: dict[str, str]) -> None:
    """In objects, lists and alternatives, but not in maps or closed objects."""
    schema = {
        "properties": {
            "size": {"type": "object", "properties": {"width": {}, "height": {}}},
            "items": {"type": "array", "items": {"properties": {"name": {}}}},
            "labels": {"additionalProperties": {"type": "string"}},
            "shape": {"oneOf": [{"properties": {"radius": {}}}, {"allOf": [{"properties": {"corner": {}}}]}]},
            "closed": {"properties": {"name": {}}, "additionalProperties": False},
        }
    }
    assert {
        field.pointer: field.suggestion
        for field in unlisted_fields(body, RequestSchema({"request": schema}, "#/request"))
    } == found


@pytest.mark.parametrize("place", ["missing/cat.mp4", "folder", "socket", "x" * 300, "/proc/cat.mp4"])
@pytest.mark.parametrize("verb", ["text2video", "submit"])
def test_a_target_that_cannot_be_written_costs_nothing(
    cli: Cli, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, place: str, verb: str
) -> None:
    """The message has the absolute path, and no request is sent."""
    sandbox = serve("now")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        file = tmp_path / "cats.jsonl"
        file.write_text(f"{json.dumps(REQUEST)}\n")
        if verb == "submit":
            # A batch needs a directory: one that cannot be created, or in which nothing can be created.
            place = {"folder": "socket", "/proc/cat.mp4": "/proc"}.get(place, place)
            ran = cli("submit", str(file), "-o", place, *sandbox.options)
        else:
            ran = cli(verb, "a cat", "-o", place, *sandbox.options)
    assert (ran.code, sandbox.sandbox.requests) == (2, [])
    assert str(tmp_path / place) in ran.err


def test_a_file_and_an_object_do_not_share_standard_output(program: Cli, serve: Serve) -> None:
    """The combination is refused before the submit."""
    sandbox = serve("now")
    ran = program("text2video", "a cat", "-o", "-", "--json", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (2, 0)
    assert "exclude each other" in ran.err


def test_a_running_task_is_called_running(cli: Cli, serve: Serve) -> None:
    """A script that reads "retry" would submit again."""
    sandbox = serve("never")
    ran = cli("status", sandbox.submit(), "--json", *sandbox.options)
    assert (ran.json["status"], ran.json["state"]) == ("pending", "running")
    assert "retry" not in ran.out


@pytest.mark.parametrize(
    ("script", "state"),
    [("now", "succeeded"), ("failed now", "failed"), ("cancelled now", "cancelled"), ("timeout now", "timed_out")],
)
def test_every_terminal_state_has_its_documented_name(cli: Cli, serve: Serve, script: str, state: str) -> None:
    """The vendor's word does not matter."""
    assert cli("text2video", "a cat", "--json", *serve(script).options).json["state"] == state


@pytest.mark.parametrize("script", ["400@submit", "422@submit", "404@submit"])
def test_a_refusal_of_the_api_has_one_code(cli: Cli, serve: Serve, tmp_path: Path, script: str) -> None:
    """Alone, in a batch, and when the batch is resumed."""
    sandbox = serve(script)
    file = tmp_path / "cats.jsonl"
    file.write_text(f"{json.dumps(REQUEST)}\n")
    assert cli("text2video", "a cat", *sandbox.options).code == Exit.UNREACHABLE
    assert cli("submit", str(file), *sandbox.options).code == Exit.UNREACHABLE
    assert cli("resume", *sandbox.options).code == Exit.UNREACHABLE


@pytest.mark.parametrize(
    "words",
    [
        ("text2video", "a", "cat"),
        ("text2video", "a cat", "--aspect-rato", "16:9"),
        ("img2video", "a cat"),
        ("status",),
        ("submit",),
        ("nosuch",),
    ],
)
def test_wrong_usage_is_one_json_object_too(cli: Cli, words: tuple[str, ...]) -> None:
    """A `--json` after `--` is text."""
    ran = cli(*words, "--json")
    assert (ran.code, ran.json["exit"]) == (Exit.USAGE, Exit.USAGE)
    assert set(ran.json) == {"exit", "id", "status", "state", "urls", "file", "error"}
    assert ran.err.startswith(f"error: {ran.json['error']['message']}\n")
    ran = cli(*words, "--nosuch", "--", "--json")
    assert (ran.code, ran.out) == (Exit.USAGE, "")
