"""The ledger of a made-up page: which sentences it lists, who claims them, and how that is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from rulewright.errors import InputError
from rulewright.openapi.document import parse
from rulewright.overlay import parse_overlay
from rulewright.rules.definition import Rule, RuledSchema, Source
from rulewright.rules.sources import Prose, read_prose, sounds_like_a_constraint

AT = "#/info/description"
PAGE = "Hello. Boxes need a weight, at most 9.\n\n- Only letters fly.\n- Bags must be closed. Twice."


def quoting(name: str, quote: str, at: str = AT) -> Rule:
    """Return a rule that rests on some words."""
    return Rule(name, "error", "m", Source(at, quote), {}, {}, {}, {}, ())


def ledger(value: Any, *rules: Rule, waived: Any = None) -> Prose:
    """Return the ledger of a page, some rules and what an overlay waives."""
    overlay: dict[str, Any] = {"overlay": "1.1.0", "info": {"title": "t", "version": "1"}, "actions": [{"target": "$"}]}
    if waived is not None:
        overlay["x-waived-prose"] = waived
    page = parse(json.dumps(value, indent=1, ensure_ascii=False), "page.json")
    overlays = (parse_overlay(parse(yaml.safe_dump(overlay), "some.overlay.yaml")),)
    return read_prose(page, (RuledSchema((), {}, rules),), overlays)


def described(text: str) -> dict[str, Any]:
    """Return a page that says one thing."""
    return {"info": {"description": text}}


def waiving(quote: str, reason: str = "it is known", at: str = AT) -> dict[str, str]:
    """Return an entry that waives a sentence."""
    return {"at": at, "quote": quote, "reason": reason}


def test_the_ledger_can_be_read() -> None:
    """Each sentence that sounds like a constraint, with its line, and what claims it."""
    read = ledger(
        described(PAGE),
        quoting("weight", "Boxes need a weight"),
        quoting("light", "at most 9"),
        waived=[waiving("Only letters\n  fly.")],
    )
    assert read.text() == (
        "line 3, #/info/description\n"
        "  Boxes need a weight, at most 9.\n"
        "  -> weight, light\n"
        "line 3, #/info/description\n"
        "  Only letters fly.\n"
        "  -> waived: it is known\n"
        "line 3, #/info/description\n"
        "  Bags must be closed.\n"
        "  -> UNCLAIMED\n"
    )
    assert ledger(described("Hello.")).text() == "no sentence sounds like a constraint\n"


def test_the_ledger_can_be_read_by_programs() -> None:
    """The same as JSON."""
    read = ledger(described("Only a. Only b. Only c."), quoting("r", "Only a."), waived=[waiving("Only b.")])
    place = {"at": AT, "line": 3}
    assert [sentence.data() for sentence in read.sentences] == [
        {**place, "text": "Only a.", "rules": ["r"], "waived": None},
        {**place, "text": "Only b.", "rules": [], "waived": "it is known"},
        {**place, "text": "Only c.", "rules": [], "waived": None},
    ]
    assert [sentence.text for sentence in read.unclaimed] == ["Only c."]


def test_what_nobody_claims_is_told_with_the_ways_out() -> None:
    """How many, where, in what words."""
    assert ledger(described("Only a. Only b."), quoting("r", "Only a.")).error_text() == (
        "page.json: 1 sentence(s) sound like a constraint, and no rule claims them\n"
        "  line 3, #/info/description\n"
        "    Only b.\n"
        "  write a rule that quotes the sentence, or waive it with a reason in x-waived-prose of an overlay"
    )


def test_a_rule_claims_what_it_quotes_at_its_place() -> None:
    """A part of a sentence, or several whole ones; the same words elsewhere are somebody else's."""
    value = {"info": {"description": "Only a. Only b. Only c.", "title": "Only a."}}
    read = ledger(
        value, quoting("both", "Only a.\n Only b."), quoting("part", "nly c"), quoting("title", "a", "#/title")
    )
    assert [(each.at, each.text, each.rules) for each in read.sentences] == [
        (AT, "Only a.", ("both",)),
        (AT, "Only b.", ("both",)),
        (AT, "Only c.", ("part",)),
        ("#/info/title", "Only a.", ()),
    ]


def test_prose_is_read_wherever_it_stands() -> None:
    """Descriptions, summaries and titles at any depth; not in data, and not where a field merely has such a name."""
    words = dict.fromkeys(("description", "summary", "title", "note"), "Only this.")
    fields = {"title": words, "default": words, "description": "Only a string here, and no schema."}
    value = {
        "schemas": {"S": {"properties": fields}},
        "list": [{"a/b": words}],
        **dict.fromkeys(("example", "examples", "default", "enum"), words),
    }
    assert [sentence.at for sentence in ledger(value).sentences] == [
        f"#{place}/{key}"
        for place in ("/schemas/S/properties/title", "/schemas/S/properties/default", "/list/0/a~1b")
        for key in ("description", "summary", "title")
    ]


def test_a_waiver_that_no_sentence_needs_is_refused() -> None:
    """The vendor changed the words, moved them, or they sound like a constraint no longer."""
    for waived in (waiving("Only b."), waiving("Only a.", at="#/info"), waiving("Hello.")):
        with pytest.raises(InputError) as caught:
            ledger(described("Hello. Only a."), waived=[waiving("Only a."), waived])
        line = 2 if waived["at"] == "#/info" else 3
        assert str(caught.value) == (
            f"page.json:{line}: x-waived-prose: no constraint-like sentence at {waived['at']} reads "
            f"{waived['quote']!r}; the vendor changed it, or the waiver is no longer needed: review it"
        )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (entry, "a waived sentence has at, quote, reason, each text")
        for entry in (7, {"at": AT, "quote": "x"}, {**waiving("x"), "more": "y"}, waiving("x") | {"at": 7})
    ]
    + [({**waiving("x"), "reason": " "}, "a waived sentence needs a reason")],
)
def test_a_waiver_that_cannot_be_meant_is_refused(entry: Any, message: str) -> None:
    """With the overlay and the place of the entry."""
    with pytest.raises(InputError) as caught:
        ledger(described("Only a."), waived=[waiving("Only a."), entry])
    assert caught.value.message == message
    assert (caught.value.path, caught.value.pointer) == ("some.overlay.yaml", "/x-waived-prose/1")


@pytest.mark.parametrize(
    "sentence",
    [
        *("It MUST fit", "1-3 images", "1 – 3", "可选", "max 4", "size ≤ 5", "below <= 4", "two or more", "禁止使用"),
        *("Boxes need a lid", "a lid has to be closed", "Letters don't fit", "not allowed: bags", "PNG is invalid"),
        *("both go together", "It applies to boxes", "It depends on the kind", "may exceed 5 kg", "from 1 之间"),
    ],
)
def test_what_sounds_like_a_constraint(sentence: str) -> None:
    """In English and in Chinese; rather too much than too little."""
    assert sounds_like_a_constraint(sentence)
    assert not sounds_like_a_constraint("A picture of a cat, maximal beauty")
