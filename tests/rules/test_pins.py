"""A rule's quoted words against the vendor's, and its id against the last one: when regeneration stops, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rulewright.openapi.document import Document, parse
from rulewright.rules.definition import Rule, RuleDefinitionError, RuledSchema, Source, check_renames
from rulewright.rules.sources import check_quotes, check_surroundings, folded, sentences

AT = "#/info/description"


def page(text: Any) -> Document:
    """Return a vendor document whose description, on line 3, is a text."""
    return parse(f'{{"info": {{\n "title": "t",\n "description": {json.dumps(text)}}}}}', "page.json")


def quoting(quote: str, at: str = AT, name: str = "boxes") -> Rule:
    """Return a rule that rests on some words."""
    return Rule(name, "error", "m", Source(at, quote), {"required": ["a"]}, {"required": ["b"]}, {}, {}, ())


def complaint(text: Any, *rules: Rule) -> str:
    """Return what is said of rules that quote what a page does not say."""
    with pytest.raises(RuleDefinitionError) as caught:
        check_quotes(page(text), rules)
    return str(caught.value)


def test_changed_words_are_shown_beside_the_closest_that_stand_there() -> None:
    """The rule, the place with its line, both wordings, and what to do."""
    assert complaint("Hello. Boxes want a weight of 2. Letters want nothing.", quoting("Boxes need a weight")) == (
        "page.json: rule boxes: the vendor's words have changed at #/info/description (line 3)\n"
        "  quoted:  Boxes need a weight\n"
        "  now reads: Boxes want a weight of 2.\n"
        "  review the rule against the new words, then update its source.quote"
    )


def test_every_rule_whose_words_are_gone_is_told() -> None:
    """One complaint for each, in the order of the rules; those whose words stand there are not named."""
    said = complaint("Boxes.", quoting("Crates"), quoting("Boxes", name="right"), quoting("Bags", name="bags"))
    assert [line for line in said.splitlines() if "rule " in line and "the rule" not in line] == [
        "page.json: rule boxes: the vendor's words have changed at #/info/description (line 3)",
        "rule bags: the vendor's words have changed at #/info/description (line 3)",
    ]


def test_the_closest_of_long_sentences_is_found_too() -> None:
    """However long it is and however few letters it is made of, it is the one that differs least."""
    words = "ab" * 120
    assert f"\n  now reads: Mind {words}here.\n" in complaint(f"Know. Mind {words}here.", quoting(f"Note {words}now"))


def test_an_empty_text_has_no_closest_sentence() -> None:
    """It is shown as it is."""
    assert "\n  now reads: \n" in complaint("", quoting("Boxes"))


def test_a_place_that_is_gone_or_no_text_is_told() -> None:
    """How far the pointer leads, or that a rule quotes a description."""
    assert complaint("x", quoting("x", "#/info/nowhere")) == (
        "page.json: rule boxes: its source is gone: nothing at /info/nowhere: /info has no 'nowhere'\n"
        "  review the rule, then its source.at"
    )
    assert "its source is gone: 'info' is not a JSON pointer" in complaint("x", quoting("x", "info"))
    assert complaint(7, quoting("x")) == (
        "page.json: rule boxes: #/info/description is not text; a rule quotes a description"
    )


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("veo31 only", "Mind: veo31\n  only."),
        ("(1-2)", "images(1-2)each"),
        ("a.c", "x a.c y"),
        ("只支持一张", "该模型只支持一张图片"),
        ("x", "x"),
    ],
)
def test_a_quote_stands_there_in_whole_words_however_wrapped(quote: str, text: str) -> None:
    """Where a quote begins or ends with a sign, or a script sets no words apart, there is no word to halve."""
    check_quotes(page(text), [quoting(quote)])


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("veo3", "veo31"),
        ("veo3", "aveo3"),
        ("veo3", "veo3_fast"),
        ("a.c", "abc"),
        ("x-y", "ax-y"),
        ("x-y", "x-yz"),
        ("Only x", "only x"),
    ],
)
def test_half_a_word_is_no_quote(quote: str, text: str) -> None:
    """Nor is what merely looks like it."""
    assert "have changed" in complaint(text, quoting(quote))


def surrounded(tmp_path: Path, before: Any, now: Any, *rules: Rule) -> str:
    """Return what is said of a description that was another when the effective spec was last written."""
    record = tmp_path / "openapi.effective.json"
    record.write_text(json.dumps({"info": {"description": before}}), encoding="utf-8")
    try:
        check_surroundings(record, {"info": {"description": now}}, [RuledSchema((), {}, rules)])
    except RuleDefinitionError as error:
        return str(error)
    return ""


def test_words_added_around_a_quote_are_noticed(tmp_path: Path) -> None:
    """`size X` is not `size X and Y`, though all quoted words still stand there."""
    assert surrounded(tmp_path, "Hi. We take size X.", "Hi. We take size X and Y.", quoting("size X")) == (
        "rule boxes: the vendor changed the sentence around the quoted words at #/info/description\n"
        "  quoted:  size X\n"
        "  was:     We take size X\n"
        "  now reads: We take size X and Y\n"
        "  review the rule against the whole sentence, then quote all of it in its source.quote"
    )


def test_a_quote_in_several_sentences_is_shown_in_all_of_them(tmp_path: Path) -> None:
    """Before and after, one beside the other."""
    said = surrounded(tmp_path, "No box. Any box!", "No box today. Any box!", quoting("box"))
    assert "\n  was:     No box / Any box!\n  now reads: No box today / Any box!\n" in said


def test_a_sentence_that_is_gone_is_shown_beside_the_closest(tmp_path: Path) -> None:
    """`check_quotes` has said so already where the whole quote is gone; here it is one sentence of several."""
    said = surrounded(tmp_path, "One box. Two bags.", "One box. Two crates.", quoting("One box. Two bags."))
    assert "\n  was:     Two bags\n  now reads: Two crates.\n" in said


@pytest.mark.parametrize(
    ("before", "now", "quote"),
    [
        ("We take only boxes.", "We take only boxes.", "only boxes"),
        ("We take only boxes.", "News! We take only boxes", "only boxes"),
        ("We take boxes.", "We take boxes. And boxes too.", "We take boxes."),
        ("Nothing yet.", "We take only boxes.", "only boxes"),
        (7, "We take only boxes.", "only boxes"),
        ("We take only boxes.", 7, "only boxes"),
    ],
)
def test_what_leaves_the_sentence_as_it_was_is_let_pass(tmp_path: Path, before: Any, now: Any, quote: str) -> None:
    """The same words, other sentences beside them, a quote of the whole sentence, and words that are new there."""
    assert surrounded(tmp_path, before, now, quoting(quote)) == ""


def test_every_rule_whose_sentence_changed_is_told(tmp_path: Path) -> None:
    """One complaint for each; a place that is gone is for `check_quotes` to tell."""
    rules = quoting("box"), quoting("box", "#/gone"), quoting("bag", name="right"), quoting("a box", name="again")
    said = surrounded(tmp_path, "Take a box. Or a bag.", "Take a box now. Or a bag.", *rules)
    assert [line.partition(":")[0] for line in said.splitlines() if line.startswith("rule")] == [
        "rule boxes",
        "rule again",
    ]


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_without_a_readable_record_there_is_nothing_to_compare(tmp_path: Path, text: str | None) -> None:
    """The first time there is none, and one that somebody edited by hand is for drift to tell."""
    record = tmp_path / "openapi.effective.json"
    if text is not None:
        record.write_text(text, encoding="utf-8")
    ruled = [RuledSchema((), {"x-rules": []}, (quoting("box"),))]
    check_surroundings(record, {"info": {"description": "box now"}}, ruled)
    check_renames(record, ruled)


def ruled(*rules: dict[str, Any]) -> RuledSchema:
    """Return the schema of a document that carries some rules."""
    read = tuple(
        Rule(rule["id"], "error", "m", Source(**rule["source"]), rule["if"], rule["then"], {}, {}, ()) for rule in rules
    )
    return RuledSchema((), {"x-rules": list(rules)}, read)


def written(name: str, quote: Any = "boxes need a weight", **parts: Any) -> dict[str, Any]:
    """Return a rule as it is written."""
    return {
        "id": name,
        "level": "error",
        "message": "m",
        "source": {"at": AT, "quote": quote},
        "if": {"required": ["a"]},
        "then": {"required": ["b"]},
        "examples": {"passes": {}, "breaks": {}},
        **parts,
    }


def renamed(tmp_path: Path, before: list[dict[str, Any]], now: list[dict[str, Any]]) -> str:
    """Return what is said of rules that were others when the effective spec was last written."""
    record = tmp_path / "openapi.effective.json"
    record.write_text(json.dumps({"schema": {"x-rules": before}}), encoding="utf-8")
    try:
        check_renames(record, [ruled(*now)])
    except RuleDefinitionError as error:
        return str(error)
    return ""


OTHER = {"if": {"required": ["c"]}}


@pytest.mark.parametrize(
    "successor",
    [written("new", "other words"), written("new", **OTHER), written("new", then={"required": ["c"]})],
    ids=["same meaning", "same words, other condition", "same words, other requirement"],
)
def test_a_renamed_rule_has_to_say_so(tmp_path: Path, successor: dict[str, Any]) -> None:
    """One that means the same, or rests on the same words: callers waive it by its old name."""
    kept = written("kept", "kept words", **{"if": {"required": ["k"]}})
    assert renamed(tmp_path, [kept, written("old")], [kept, successor]) == (
        "rule new: it was called old, and callers waive it by that name\n"
        "  keep the id, or add x-formerly: [old] to say that the change is meant"
    )


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([written("old")], [written("old", "other words", **OTHER)]),
        ([written("old")], []),
        ([], [written("new")]),
        ([written("old")], [written("new", "other words", **OTHER)]),
        ([written("old")], [written("new", "other words", then={"required": ["c"]})]),
        ([written("old")], [written("new", **{"x-formerly": ["older", "old"]})]),
        ([written("old"), written("new", "other words")], [written("new", "other words")]),
    ],
    ids=["changed", "removed", "added", "replaced", "of another requirement", "said so", "there before"],
)
def test_any_other_change_of_rules_is_let_pass(
    tmp_path: Path, before: list[dict[str, Any]], now: list[dict[str, Any]]
) -> None:
    """Rules come, go and change; only a new name for an old rule surprises callers."""
    assert renamed(tmp_path, before, now) == ""


def test_every_renamed_rule_is_told(tmp_path: Path) -> None:
    """One complaint for each."""
    other = {"quote": "bags", **OTHER}
    said = renamed(tmp_path, [written("a"), written("b", **other)], [written("c"), written("d", **other)])
    assert [line for line in said.splitlines() if line.startswith("rule")] == [
        "rule c: it was called a, and callers waive it by that name",
        "rule d: it was called b, and callers waive it by that name",
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One.  Two!\nThree? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Wrapped\n  words", ["Wrapped words"]),
        ("e.g. this", ["e.g. this"]),
        ("One. 2 is next. (Three)", ["One.", "2 is next.", "(Three)"]),
        ("一。二！三？四；五", ["一。", "二！", "三？", "四；", "五"]),
        ("a\n\nb\n \nc", ["a", "b", "c"]),
        ("- a\n* b\n• c\n+ d\n1. e\n23) f", ["a", "b", "c", "d", "e", "f"]),
        ("a\n  - b\n    c", ["a", "b c"]),
        ("-a\n1.b", ["-a 1.b"]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_where_a_sentence_ends(text: str, parts: list[str]) -> None:
    """At its stop, at a blank line and at the next item of a list; a line's end is none."""
    assert list(sentences(text)) == parts


def test_white_space_says_nothing() -> None:
    """Neither within nor around."""
    assert folded(" a\n\tb  c ") == "a b c"
