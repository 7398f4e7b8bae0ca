"""RFC 9535 through our engine: tricky queries, repaired departures of the library, limits for hostile ones."""

from __future__ import annotations

import time
from typing import Any

import pytest
from rulewright.openapi.document import MAX_DEPTH, Document
from rulewright.openapi.pointer import path_of
from rulewright.overlay import OverlayError, apply, parse_overlay
from rulewright.overlay.query import MAX_QUERY, Query, QueryError

TRICKY = [
    ("$", {"a": 1}, ["$"]),
    ("$ .a\n['b']", {"a": {"b": 1}}, ["$.a.b"]),
    ("$[-1,0,-1]", [1, 2, 3], ["$[2]", "$[0]"]),
    ("$[5:1:-2]", [0, 1, 2, 3, 4, 5, 6], ["$[5]", "$[3]"]),
    ("$[::0]", [1, 2], []),
    ("$[0]", {"0": 1}, []),
    ("$['0']", [1], []),
    ("$..[0]", {"a": [[1], 2]}, ["$.a[0]", "$.a[0][0]"]),
    ("$..*", [[1]], ["$[0]", "$[0][0]"]),
    ("$['\\u263a','\\uD83D\\uDE00']", {"☺": 1, "😀": 2}, ["$.☺", "$.😀"]),
    ('$["\\"\'"]', {"\"'": 1}, ["$['\"\\'']"]),
    ("$[?@.a && !@.b || @.c]", [{"a": 1}, {"a": 1, "b": 1}, {"c": 0}], ["$[0]", "$[2]"]),
    ("$[?@.a==@.b]", [{}, {"a": 1}, {"a": None, "b": None}], ["$[0]", "$[2]"]),
    ("$[?@.a!=@.b]", [{}, {"a": 1}, {"a": 1, "b": 1.0}], ["$[1]"]),
    ("$[?@<'b']", ["a", "b", 1, None], ["$[0]"]),
    ("$[?@<=null]", [None, 0], ["$[0]"]),
    ("$[?@==1]", [1, 1.0, True, "1"], ["$[0]", "$[1]"]),
    ("$[?length(@)==1]", ["😀", "ab", [0], {"a": 0}, 1], ["$[0]", "$[2]", "$[3]"]),
    ("$[?count(@.*)==2]", [[1, 2], [1], 1], ["$[0]"]),
    ("$[?value(@..x)==1]", [{"a": {"x": 1}}, {"x": 1, "a": {"x": 1}}], ["$[0]"]),
    ("$[?match(@,'a.c')]", ["abc", "a\nc", "a\u2028c", "xabc"], ["$[0]", "$[2]"]),
    ("$[?search(@,'[.]')]", ["a.b", "ab"], ["$[0]"]),
    ("$[?match(@.a,@.p)]", [{"a": "x", "p": "x"}, {"a": "x", "p": "["}, {"a": 1, "p": "1"}], ["$[0]"]),
    ("$[?@[?@.x>1]]", [[{"x": 1}], [{"x": 2}]], ["$[1]"]),
]

MENDED = [
    ("@ is there also where it is false, 0, empty or null", "$[?@]", [0, False, "", None, 1], 5),
    ("so its negation selects nothing", "$[?!@]", [0, False, ""], 0),
    ("$ is the document inside a nested filter too", "$[?@.x[?@==$[0].k]]", [{"k": 1}, {"x": [1]}], 1),
    ("true and 1 differ inside arrays", "$[?@==$[0]]", [[1], [True], [1]], 2),
    ("1 and 1.0 are equal inside objects", "$[?@==$[0]]", [{"a": 1}, {"a": 1.0}], 2),
    ("a scalar counts as one node", "$[?count(@)==1]", [0, "a"], 2),
    ("a scalar has a value", "$[?value(@)==0]", [0, "a"], 1),
    ("names may use the whole range of letters", "$.名前", {"名前": 1}, 1),
    ("also after the first character", "$.a名", {"a名": 1}, 1),
    (
        "whole numbers are compared exactly",
        "$[?@==12345678901234567]",
        [12345678901234567, 12345678901234568],
        1,
    ),
    ("a number beyond every other is a number", "$[?@<1e999]", [1, "1"], 1),
]


@pytest.mark.parametrize(("query", "value", "paths"), TRICKY, ids=[query for query, _value, _paths in TRICKY])
def test_tricky_query(query: str, value: Any, paths: list[str]) -> None:
    """A query selects what RFC 9535 demands, each node once, in its order."""
    assert [path_of(location) for location in Query(query).select(value)] == paths


@pytest.mark.parametrize(("about", "query", "value", "count"), MENDED, ids=[case[0] for case in MENDED])
def test_departure_repaired(about: str, query: str, value: Any, count: int) -> None:
    """Where the library departs from RFC 9535, the engine does not."""
    assert len(Query(query).select(value)) == count


@pytest.mark.parametrize(
    "query",
    [
        *("", "a", " $", "$ ", "$.", "$..", "$.a-b", "$.1", "$['a", "$[01]", "$[-0]", "$[?@.a==-01]"),
        *("$[?@.*==1]", "$[?1]", "$[?length(@)]", "$[?foo(@)]", "$[?@=={}]", "$[?(@.a]", "$['\\ud800']"),
        *("$[9007199254740992]", "$" * 50, "$[?" + "(" * 900 + "@" + ")" * 900 + "]"),
        *("$[?" + "!" * 3000 + "@]", "$" + ".a" * MAX_QUERY),
    ],
    ids=lambda query: repr(query[:12]),
)
def test_refused_query(query: str) -> None:
    """What is no query is refused with a message, however deep or long."""
    with pytest.raises(QueryError) as caught:
        Query(query)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("key", ["a", "a b", "it's", '"', "\\", "", "名前", "0", "/p/{id}", "\x1b", "\u2028"])
def test_path_of_is_a_query(key: str) -> None:
    """A location written as a path selects that location and nothing else."""
    value = {key: [0, {key: 1}], "other": 0}
    for location in [(key,), (key, 1), (key, 1, key)]:
        assert Query(path_of(location)).select(value) == [location]


def test_repeated_descents_stay_small() -> None:
    """Descents in a row select each node once instead of once for every way to reach it."""
    value: Any = 1
    for _ in range(60):
        value = [value]
    assert len(Query("$" + "..*" * 12).select(value)) <= 60


@pytest.mark.parametrize(
    "query",
    ["$..[?count($..[?count($..*)>0])>0]", "$.t[?match(@,'(a|aa)+c')]", "$.t[?search(@,'(a|aa)+c')]"],
)
def test_endless_query(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query or pattern that would run for hours is stopped and named."""
    monkeypatch.setattr("rulewright.overlay.query.MAX_SECONDS", 0.2)
    value = {"t": ["a" * 5000], "n": [[[number]] for number in range(400)]}
    started = time.monotonic()
    with pytest.raises(QueryError, match="took longer than"):
        Query(query).select(value)
    assert time.monotonic() - started < 3


def _document(value: Any) -> Document:
    return Document("spec.json", value, "", {})


def _apply(value: Any, *actions: dict[str, Any]) -> Any:
    overlay = {"overlay": "1.1.0", "info": {"title": "T", "version": "1"}, "actions": list(actions)}
    return apply(_document(value), [parse_overlay(Document("o.json", overlay, "", {}))], lenient=True).value


@pytest.mark.parametrize(
    ("value", "action", "result"),
    [
        ([1], {"target": "$", "update": [2]}, [1, 2]),
        ([1], {"target": "$", "update": {"a": 1}}, [1, {"a": 1}]),
        ("text", {"target": "$", "update": None}, None),
        (None, {"target": "$", "update": 0}, 0),
        ([[1], [2]], {"target": "$[*]", "update": [3]}, [[1, 3], [2, 3]]),
    ],
)
def test_root_that_is_no_object(value: Any, action: dict[str, Any], result: Any) -> None:
    """A document need not be an object."""
    assert _apply(value, action) == result


def test_deepest_document() -> None:
    """A document nested as deep as documents may be can be searched and changed at its bottom."""
    value: Any = {"x": 0}
    for _ in range(MAX_DEPTH - 1):
        value = {"a": value}
    changed = _apply(value, {"target": "$..x", "update": 1})
    assert Query("$..[?@.x==1]").select(changed)


def test_growth_in_depth_is_stopped() -> None:
    """Copying a document into itself over and over cannot nest it without end."""
    actions = [{"target": "$..a", "copy": "$", "x-n": number} for number in range(40)]
    with pytest.raises(OverlayError, match=r"nested deeper than 200 levels|write more than"):
        _apply({"a": {}}, *actions)


def test_growth_in_size_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few actions that double the document cannot fill the memory."""
    monkeypatch.setattr("rulewright.overlay.engine.MAX_NODES", 10_000)
    actions = [{"target": "$", "copy": "$", "x-n": number} for number in range(60)]
    with pytest.raises(OverlayError, match="write more than 10000 values"):
        _apply([1], *actions)
