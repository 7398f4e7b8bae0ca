"""States and outputs of a waiter are compared with the response of its poll."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.generate.waiters import read_waiters

from tests.rules.test_waiters import STATES, WAITER, document


def test_acceptors_match_the_states_of_the_document() -> None:
    """States are read at any depth and behind references; without an enum any acceptors are allowed."""
    few = {**WAITER, "acceptors": {"done": "success"}}
    deep = {**WAITER, "state": "/job/state"}
    answer = {"properties": {"job": {"$ref": "#/components/Job"}}}
    assert len(read_waiters(document(deep, answer))) == 1
    with pytest.raises(InputError, match="lists the state 'new'"):
        read_waiters(document({**few, "state": "/job/state"}, answer))
    assert len(read_waiters(document(few, {"properties": {"state": {"type": "string"}}}))) == 1


LISTED: list[tuple[Any, list[str]]] = [
    ({"enum": ["new", "done"]}, ["new", "done"]),
    ({"enum": [1, 2.5, False, None]}, ["1", "2.5", "false"]),
    ({"type": "boolean"}, ["false", "true"]),
    ({"type": ["boolean", "null"]}, ["false", "true"]),
    ({"type": "boolean", "enum": [True]}, ["true"]),
    ({"$ref": "#/components/State"}, ["on", "off"]),
    ({"allOf": [{"type": "string"}, {"$ref": "#/components/State"}, {"enum": ["on"]}]}, ["on", "off"]),
    ({"allOf": [{"allOf": [{"enum": ["on"]}]}, {"enum": ["off"]}]}, ["on"]),
    ({"allOf": [{"$ref": "#/components/Itself"}, {"enum": ["on"]}]}, ["on"]),
    ({"enum": ["on"], "allOf": [{"enum": ["off"]}]}, ["on"]),
]


@pytest.mark.parametrize(("schema", "states"), LISTED)
def test_the_states_a_schema_lists(schema: Any, states: list[str]) -> None:
    """States are text without null, from the schema or the first member of its allOf that lists any."""

    def read(accepted: list[str]) -> int:
        waiter = {**WAITER, "acceptors": dict.fromkeys(accepted, "success")}
        value = document(waiter, {"properties": {"state": schema}})
        value["components"] |= {
            "State": {"enum": ["on", "off"]},
            "Itself": {"allOf": [{"$ref": "#/components/Itself"}]},
        }
        return len(read_waiters(value))

    assert read(states) == 1
    for index, state in enumerate(states):
        others = states[:index] + states[index + 1 :]
        with pytest.raises(InputError, match=re.escape(f"the spec lists the state {state!r}, which has no acceptor")):
            read([*others, "else"])
    with pytest.raises(InputError, match="there is an acceptor for 'else', which the spec does not list"):
        read([*states, "else"])


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"properties": {"id": {}}}, STATES]},
        {"allOf": [{"allOf": [{"$ref": "#/components/Job"}]}]},
        {"properties": {"id": {}}, "allOf": [{"$ref": "#/components/Job"}]},
        {"allOf": [{"$ref": "#/components/Itself"}, True, STATES, {"properties": {"state": {"enum": ["other"]}}}]},
        {**STATES, "allOf": [{"properties": {"state": {"enum": ["other"]}}}]},
    ],
)
def test_a_field_may_stand_in_a_member_of_all_of(schema: Any) -> None:
    """The first member that has the field counts; recursive members are ignored."""
    value = document(answer=schema)
    value["components"]["Itself"] = {"allOf": [{"$ref": "#/components/Itself"}]}
    assert len(read_waiters(value)) == 1


OTHER: dict[str, Any] = {"schema": {"properties": {"other": {}}}}
GOOD: dict[str, Any] = {"content": {"application/json": {"schema": STATES}}}


@pytest.mark.parametrize(
    "responses",
    [
        {"default": GOOD},
        {"default": {"content": {"application/json": OTHER}}, "200": GOOD},
        {"202": GOOD, "200": {"content": {"application/json": OTHER}}},
        {"200": {"$ref": "#/components/Answer"}},
        {"200": {"content": {"text/plain": OTHER, "application/problem+json": {"schema": STATES}}}},
        {"200": {"content": {"text/plain": OTHER, "*/*": {"schema": STATES}}}},
        {"200": {"content": {"text/plain": OTHER, "application/*": {"schema": STATES}, "application/json": OTHER}}},
    ],
)
def test_the_response_of_a_poll_is_the_first_json(responses: Any) -> None:
    """Take the first described success, or else the default response."""
    value = document()
    value["paths"]["/jobs/{job}"]["get"]["responses"] = responses
    value["components"]["Answer"] = GOOD
    assert len(read_waiters(value)) == 1


FILE: dict[str, Any] = {"properties": {"kind": {}, "videoURL": {}, "thumbUrl": {}}}
FILES: dict[str, Any] = {
    "text": {"type": "string"},
    "any": {},
    "true": True,
    "urls": {"type": "array", "items": {"type": "string"}},
    "file": FILE,
    "files": {"type": "array", "items": FILE},
    "maybe": {"type": ["array", "null"], "items": {"$ref": "#/components/File"}},
    "groups": {"items": {"properties": {"files": {"$ref": "#/components/Files"}, "title": {}}}},
    "parts": {"allOf": [{"$ref": "#/components/File"}, {"properties": {"id": {}, "kind": {}}}]},
    "plain": {"properties": {"name": {}, "bytes": {}}},
    "endless": {"$ref": "#/components/Endless"},
}


def read_outputs(*places: str) -> None:
    """Read a waiter whose outputs stand at some places of an answer."""
    answer = {"allOf": [STATES, {"$ref": "#/components/Result"}]}
    value = document({**WAITER, "outputs": [*places]}, answer)
    value["components"] |= {
        "File": FILE,
        "Files": {"type": "array", "items": {"$ref": "#/components/File"}},
        "Endless": {"type": "array", "items": {"$ref": "#/components/Endless"}},
        "Result": {"properties": FILES},
    }
    value["components"]["Answer"] = value["paths"]["/jobs/{job}"]["get"]["responses"]["200"]
    value["paths"]["/jobs/{job}"]["get"]["responses"]["200"] = {"$ref": "#/components/Answer"}
    read_waiters(value)


def test_outputs_are_urls_or_fields_that_hold_them() -> None:
    """Outputs may be texts, lists of texts and fields of objects; undescribed fields are accepted."""
    read_outputs(
        "/text", "/any", "/true", "/true/url", "/urls", "/urls/0", "/file/videoURL", "/files/thumbUrl",
        "/files/12/thumbUrl", "/maybe/videoURL", "/groups/files/videoURL", "/groups/0/files/1/videoURL", "/parts/id",
        "/endless", "/endless/0/url", "/none", "/none/url",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("/file", "videoURL"),
        ("/files", "videoURL"),
        ("/files/0", "videoURL"),
        ("/maybe", "videoURL"),
        ("/groups", "files"),
        ("/groups/10", "files"),
        ("/groups/files", "videoURL"),
        ("/groups/0/files", "videoURL"),
        ("/groups/0/files/1", "videoURL"),
        ("/parts", "videoURL"),
        ("/plain", "name"),
    ],
)
def test_an_output_that_is_an_object_is_refused(place: str, field: str) -> None:
    """The error suggests the first field named like a URL, or else the first field."""
    with pytest.raises(InputError) as caught:
        read_outputs("/text", place)
    assert str(caught.value) == (
        f"x-waiter outputs: at {place} stand objects; name the field of theirs that holds the URL, "
        f"such as {place}/{field}\n  at /paths/~1jobs~1{{job}}/get/x-waiter"
    )


@pytest.mark.parametrize("responses", [None, {}, {"500": {}}, {"200": {}}, {"202": {"content": {"text/plain": {}}}}])
def test_an_undescribed_response_has_no_state(responses: Any) -> None:
    """The document must describe the state of a success."""
    value = document()
    poll = value["paths"]["/jobs/{job}"]["get"]
    if responses is None:
        del poll["responses"]
    else:
        poll["responses"] = responses
    with pytest.raises(InputError, match="state '/state' is not a field of the answer"):
        read_waiters(value)
