"""An overlay error has place, got, wanted, way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rulewright.openapi.document import Document, parse
from rulewright.overlay import AbsorbedError, Overlay, OverlayError, apply, load_overlay, parse_overlay

SPEC = parse(
    """\
openapi: 3.0.0
tags:
  - name: a
  - name: b
components:
  schemas:
    Task:
      type: object
      required: [id]
""",
    "spec.yaml",
)

Make = Callable[..., Overlay]


def _refusal(*overlays: Overlay, document: Document = SPEC) -> str:
    with pytest.raises(OverlayError) as caught:
        apply(document, overlays)
    return str(caught.value)


def test_miss(overlay: Make) -> None:
    """A miss names the action and its line, the target, the closest target and where the path ends."""
    fix = overlay({"target": "$.tags[0]", "update": {"x": 1}}, {"target": "$.components.schemas.task", "remove": True})
    assert _refusal(fix) == (
        "fix.overlay.yaml:9, action 2: target matched nothing\n"
        "  $.components.schemas.task\n"
        "  did you mean $.components.schemas.Task? (spec.yaml:7)\n"
        "  nearest existing: $.components.schemas (spec.yaml:6), which has Task\n"
        "  if the vendor removed it, the action is absorbed upstream: delete it"
    )


def test_several_matches(overlay: Make) -> None:
    """Too many matches are listed with their lines."""
    assert _refusal(overlay({"target": "$.tags[*]", "update": {"x": 1}})) == (
        "fix.overlay.yaml:6, action 1: target matched 2 nodes, expected exactly 1\n"
        "  $.tags[*]\n"
        "  $.tags[0] (spec.yaml:3)\n"
        "  $.tags[1] (spec.yaml:4)\n"
        "  narrow the target, or state the number in x-expect"
    )


def test_incompatible(overlay: Make) -> None:
    """A type error names both kinds, the place in the spec, the place in the update, and the way round."""
    fix = overlay({"target": "$.components", "update": {"schemas": {"Task": {"required": "id"}}}})
    assert _refusal(fix) == (
        'fix.overlay.yaml:6, action 1: cannot merge the primitive "id" into an array\n'
        "  at $.components.schemas.Task.required (spec.yaml:9)\n"
        "  the update value has it at $.schemas.Task.required\n"
        "  an object takes an object, an array an array or one item, a primitive a primitive\n"
        "  to replace it, remove it in one action and update its parent in the next"
    )


def test_stale(overlay: Make) -> None:
    """A changed old value is shown beside the expected and the new one."""
    fix = overlay({"target": "$.openapi", "update": "3.1.0", "x-was": "3.0.3"})
    assert _refusal(fix) == (
        "fix.overlay.yaml:6, action 1: the value underneath has changed\n"
        "  at $.openapi (spec.yaml:1)\n"
        '  found:    "3.0.0"\n'
        '  expected: "3.0.3"\n'
        '  to write: "3.1.0"\n'
        "  whole value now: sha256:9976f8dfb5b1b01a70346fd75b7644f4cdc8f71299e2cde16f8839cf82a984ea\n"
        "  decide whether the action still fits, then correct its x-was"
    )


def test_absorbed(overlay: Make) -> None:
    """Absorbed actions of several overlays are named at once, and are there as data."""
    one = overlay({"target": "$.openapi", "update": "3.0.0"})
    two = overlay({"target": "$.tags[0]", "update": {"name": "a"}}, {"target": "$.tags[1]", "update": {"x": 1}})
    with pytest.raises(AbsorbedError) as caught:
        apply(SPEC, [one, two])
    assert str(caught.value) == (
        "fix.overlay.yaml:6: 2 actions changed nothing: absorbed upstream\n"
        "  fix.overlay.yaml:6, action 1: $.openapi\n"
        "  fix.overlay.yaml:6, action 1: $.tags[0]\n"
        "  the document has this already; delete the actions"
    )
    assert [(item.action, item.target) for item in caught.value.absorbed] == [
        (1, "$.openapi"),
        (1, "$.tags[0]"),
    ]


def test_place_of_a_value_an_overlay_wrote(overlay: Make) -> None:
    """What an earlier action wrote is located there and not at a line of the spec."""
    fix = overlay({"target": "$", "update": {"info": {"title": "T"}}}, {"target": "$.info", "update": []})
    assert "at $.info (written by fix.overlay.yaml:6, action 1)" in _refusal(fix)


def test_place_after_items_were_removed(overlay: Make) -> None:
    """Lines follow an item that moved up because one before it was removed."""
    fix = overlay({"target": "$.tags[0]", "remove": True}, {"target": "$.tags[0]", "update": 1})
    assert "at $.tags[0] (spec.yaml:4)" in _refusal(fix)


@pytest.mark.parametrize(
    ("target", "position"),
    [
        ("$.a[", 5),
        ("$.a b", 5),
        ("$['a", 4),
        ("$[?@.a==]", 9),
        ("$[?foo(@)]", 4),
        ("$.", 3),
        ("$[?@.*==1]", 7),
    ],
)
def test_invalid_query(overlay: Make, target: str, position: int) -> None:
    """A target that is no query is refused at load, with the position of the fault."""
    with pytest.raises(OverlayError) as caught:
        overlay({"target": target, "update": 1})
    message = str(caught.value)
    assert message.startswith(f"fix.overlay.yaml:6: {target} is not an RFC 9535 query: ")
    assert f", at character {position}" in message
    assert message.endswith("\n  at /actions/0/target")


def test_structure(tmp_path: Path) -> None:
    """A fault of the document carries file, line and JSON pointer."""
    path = tmp_path / "bad.yaml"
    path.write_text("overlay: 1.1.0\ninfo: {title: T, version: 1.0.0}\nactions:\n  - target: $\n    updat: 1\n")
    with pytest.raises(OverlayError) as caught:
        load_overlay(path)
    assert (caught.value.path, caught.value.line) == (path.as_posix(), 5)
    assert caught.value.pointer == "/actions/0/updat"
    assert "'updat' is no field here in Overlay 1.1.0 (did you mean update?)" in caught.value.message


def test_terminal_escapes(overlay: Make) -> None:
    """Control and bidirectional characters of a target, a key or a value reach no terminal."""
    nasty = "\x1b[2J\u202e"
    spec = parse('{"\\u001b[2Jk": {"v": "\\u009b1m"}}', "spec.json")
    for action in (
        {"target": f"$['{nasty}']", "update": 1},
        {"target": f"$.a{nasty}", "update": 1},
        {"target": "$.*", "update": nasty},
        {"target": "$.*.v", "update": [nasty]},
        {"target": "$.*.v", "remove": True, "x-was": nasty},
    ):
        with pytest.raises(OverlayError) as caught:
            apply(spec, [parse_overlay(_json_overlay(action))])
        assert not {"\x1b", "\u202e", "\u009b"} & set(str(caught.value))


def _json_overlay(action: dict[str, Any]) -> Document:
    value = {"overlay": "1.1.0", "info": {"title": "T", "version": "1"}, "actions": [action]}
    return Document("nasty.json", value, "", {})


HEAD = "overlay: 1.1.0\ninfo: {title: t, version: '1'}\nactions:\n"
ACTION = "- {target: $.tags, update: [{name: a}]}\n"


def test_an_action_that_repeats_another_is_refused_with_both_numbers() -> None:
    """Word for word, whatever stands between the two and in whichever order their keys are written."""
    other = "- {target: $.info, update: {title: x}}\n"
    for again in (ACTION, "- {update: [{name: a}], target: $.tags}\n"):
        with pytest.raises(OverlayError, match="action 3 repeats action 1 word for word"):
            parse_overlay(parse(HEAD + ACTION + other + again, "a.overlay.yaml"))


def test_actions_that_differ_at_all_are_two() -> None:
    """One target may be updated by several actions."""
    document = parse(HEAD + ACTION + ACTION.replace("name: a", "name: b"), "a.overlay.yaml")
    assert len(parse_overlay(document).actions) == 2
