"""The ledger: every change, enough to undo it exactly; inputs untouched; nothing shared."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rulewright.openapi.document import Document, parse, to_json
from rulewright.openapi.pointer import Location, encode, path_of
from rulewright.overlay import Change, Overlay, OverlayError, apply, parse_overlay, trace

from tests.overlay.undoing import undo

KEYS = st.sampled_from(["a", "b", "c", "0", "1", "", "a/b", "~1", "名", "it's"])
PRIMITIVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, -0.0, 1.0, 1.5, "", "x"])
VALUES = st.recursive(
    PRIMITIVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
QUERIES = ["$.*", "$..*", "$..a", "$..[0]", "$..[?@.a]", "$..[?@==1]", "$[::2]", "$"]
STEPS = st.lists(
    st.tuples(st.integers(0, 1000), st.sampled_from(["update", "remove", "copy", "query"]), VALUES),
    max_size=8,
)


def _locations(value: Any, at: Location = ()) -> list[Location]:
    found = [at]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        found += _locations(item, (*at, key))
    return found


def _action(value: Any, number: int, verb: str, payload: Any) -> dict[str, Any]:
    places = _locations(value)
    target = path_of(places[number % len(places)])
    if verb == "remove":
        return {"target": target, "remove": True}
    if verb == "copy":
        return {"target": target, "copy": path_of(places[number // 7 % len(places)])}
    if verb == "query":
        return (
            {"target": QUERIES[number % len(QUERIES)], "remove": True}
            if number % 2
            else {
                "target": QUERIES[number % len(QUERIES)],
                "update": payload,
            }
        )
    return {"target": target, "update": payload}


def _overlay(*actions: dict[str, Any]) -> Overlay:
    numbered = [{**action, "x-number": number} for number, action in enumerate(actions)]
    value = {"overlay": "1.1.0", "info": {"title": "T", "version": "1"}, "actions": numbered}
    return parse_overlay(Document("random.json", value, "", {}))


def _containers(value: Any) -> set[int]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return set() if inner is None else {id(value)}.union(*map(_containers, inner))


def _fitting(value: Any, steps: list[tuple[int, str, Any]]) -> list[dict[str, Any]]:
    """Return the actions of random steps that can be applied one after the other."""
    actions: list[dict[str, Any]] = []
    for number, verb, payload in steps:
        action = _action(value, number, verb, payload)
        try:
            value = apply(Document("spec.json", value, "", {}), [_overlay(action)], lenient=True).value
        except OverlayError:
            continue
        actions.append(action)
    return actions


@settings(max_examples=250, deadline=None)
@given(VALUES, STEPS)
def test_undo(value: Any, steps: list[tuple[int, str, Any]]) -> None:
    """Undoing the ledger restores the input to the byte; inputs stay."""
    actions = _fitting(value, steps)
    if not actions:
        actions = [{"target": "$"}]
    overlay = _overlay(*actions)
    document = Document("spec.json", value, "", {})
    before, said = json.dumps(value), json.dumps(overlay.document.value)
    applied = apply(document, [overlay], lenient=True)
    assert (json.dumps(document.value), json.dumps(overlay.document.value)) == (before, said)
    after = json.dumps(applied.value)
    assert json.dumps(undo(applied.value, applied.ledger)) == before
    assert json.dumps(applied.value) == after
    assert (after == before) or applied.ledger


@settings(max_examples=150, deadline=None)
@given(VALUES, STEPS)
def test_nothing_is_shared(value: Any, steps: list[tuple[int, str, Any]]) -> None:
    """Document, overlay, ledger and result have no container in common, nor the result one twice."""
    overlay = _overlay(*(_fitting(value, steps) or [{"target": "$"}]))
    applied = apply(Document("spec.json", value, "", {}), [overlay], lenient=True)
    kept = [value, overlay.document.value, applied.value]
    kept += [item for change in applied.ledger for item in (change.old, change.new)]
    sets = [_containers(item) for item in kept]
    assert len(set().union(*sets)) == sum(map(len, sets))
    assert len(_containers(applied.value)) == sum(_is_container(applied.value, at) for at in _locations(applied.value))


def _is_container(value: Any, location: Location) -> bool:
    for key in location:
        value = value[key]
    return isinstance(value, (dict, list))


def test_shared_structure_in_the_input_is_not_kept() -> None:
    """Where one object stands at two places of an input, changing one place leaves the other alone."""
    shared: dict[str, Any] = {"l": []}
    document = Document("spec.json", {"a": shared, "b": shared}, "", {})
    applied = apply(document, [_overlay({"target": "$.a.l", "update": [1]})])
    assert applied.value == {"a": {"l": [1]}, "b": {"l": []}}
    assert shared == {"l": []}


def test_one_update_on_two_targets(overlay: Callable[..., Overlay]) -> None:
    """Two targets of one update can be changed apart afterwards."""
    fix = overlay({"target": "$.*", "update": {"n": {"l": []}}, "x-expect": 2}, {"target": "$.a.n.l", "update": [1]})
    applied = apply(parse("{a: {}, b: {}}", "spec.yaml"), [fix])
    assert applied.value == {"a": {"n": {"l": [1]}}, "b": {"n": {"l": []}}}


def test_ledger_of_the_project(seed: Document, own_overlays: list[Overlay]) -> None:
    """Undone, the effective spec is the vendor document again, byte for byte."""
    applied = apply(seed, own_overlays)
    assert len(applied.ledger) > 10
    assert to_json(undo(applied.value, applied.ledger)) == to_json(seed.value)


def test_what_a_change_records(overlay: Callable[..., Overlay]) -> None:
    """A change names overlay, action, pointer, old and new value, and the position among its siblings."""
    document = parse("{a: {x: 1, y: 2}, l: [p, q]}", "spec.yaml")
    fix = overlay(
        {"target": "$.a", "update": {"x": 3, "z": None}},
        {"target": "$.a.y", "remove": True},
        {"target": "$.l[0]", "remove": True},
        {"target": "$.l", "update": "r"},
    )
    records = [change.as_json() for change in apply(document, [fix]).ledger]
    assert {record.pop("overlay") for record in records} == {"fix.overlay.yaml"}
    assert records == [
        {"action": 1, "pointer": "/a/x", "change": "replace", "old": 1, "new": 3},
        {"action": 1, "pointer": "/a/z", "change": "add", "position": 2, "new": None},
        {"action": 2, "pointer": "/a/y", "change": "remove", "position": 1, "old": 2},
        {"action": 3, "pointer": "/l/0", "change": "remove", "position": 0, "old": "p"},
        {"action": 4, "pointer": "/l/1", "change": "add", "position": 1, "new": "r"},
    ]


def test_nested_removal_is_one_change(overlay: Callable[..., Overlay]) -> None:
    """What stands inside a removed node is part of its change and no change of its own."""
    fix = overlay({"target": "$..x", "remove": True, "x-expect": 3})
    ledger = apply(parse("{a: {x: {x: [{x: 1}]}}}", "spec.yaml"), [fix]).ledger
    assert [(change.pointer, change.old) for change in ledger] == [("/a/x", {"x": [{"x": 1}]})]


@settings(max_examples=150, deadline=None)
@given(VALUES, STEPS)
def test_trace(value: Any, steps: list[tuple[int, str, Any]]) -> None:
    """Every value of the result is traced to the change that wrote it or to its like in the input."""
    overlay = _overlay(*(_fitting(value, steps) or [{"target": "$"}]))
    applied = apply(Document("spec.json", value, "", {}), [overlay], lenient=True)
    for location in _locations(applied.value):
        origin, change = trace(applied.ledger, location)
        if change is None:
            found, now = _at(value, origin), _at(applied.value, location)
            assert type(found) is type(now), encode(location)
            assert isinstance(found, (dict, list)) or json.dumps(found) == json.dumps(now)
        else:
            assert change.kind != "remove"


def _at(value: Any, location: Location) -> Any:
    for key in location:
        value = value[key]
    return value


def test_a_change_is_immutable(overlay: Callable[..., Overlay]) -> None:
    """A ledger can be passed around without being edited by accident."""
    change = Change("o.yaml", 1, "/a", "add", new=1, position=0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        change.action = 2  # type: ignore[misc]
