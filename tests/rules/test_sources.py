"""Sources of rules and of known holes: changed words are reported, new constraints are claimed or waived."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rulewright.errors import InputError
from rulewright.merged import Merged
from rulewright.openapi.document import Document, load, parse, to_yaml
from rulewright.openapi.pointer import decode, resolve
from rulewright.overlay import Overlay, load_overlay, parse_overlay
from rulewright.rules.definition import Finding, Rule, RuledSchema, Source, find_renames
from rulewright.rules.sources import (
    KnownHole,
    Prose,
    changed_sentences,
    fold,
    misquotes,
    misquotes_of_page,
    read_holes,
    read_prose,
    sentences,
    sounds_like_a_constraint,
)

ROOT = Path(__file__).resolve().parents[2]
AT = "#/info/description"


def page(text: Any, **more: Any) -> Document:
    """Return a vendor document whose description, on line 3, is a text."""
    value = {"title": "t", "description": text, **more}
    return parse(f'{{"info": {json.dumps(value, indent=1, ensure_ascii=False)}}}', "page.json")


def rule(quote: str, at: str = AT, name: str = "boxes", **source: str) -> Rule:
    """Return a rule with a source."""
    return Rule(name, "error", "m", Source(at, quote, **source), {"required": ["a"]}, {"required": ["b"]}, {}, {}, ())


def texts(findings: Any) -> list[str]:
    """Return the messages of findings."""
    return [f"{each.rule}: {each.message}" for each in findings]


def find_misquotes(text: Any, *rules: Rule, added: Any = None) -> list[str]:
    """Return the misquotes of rules on a page, with texts that an overlay added."""
    vendor = page(text)
    return texts(misquotes(vendor, {**vendor.value, **(added or {})}, rules))


def test_a_misquote_shows_the_closest_sentence() -> None:
    """The message has place, line, both wordings and what to do; correct quotes are not reported."""
    text = "Hello. Boxes want a weight of 2. Letters want nothing."
    assert find_misquotes(
        text, rule("Boxes need a weight"), rule("Letters", name="right"), rule("Bags", name="bags")
    ) == [
        (
            "boxes: the vendor's words have changed at #/info/description (page.json:3)\n"
            "  quoted:  Boxes need a weight\n"
            "  now reads: Boxes want a weight of 2.\n"
            "  review the rule against the new words, then update its source.quote"
        ),
        (
            "bags: the vendor's words have changed at #/info/description (page.json:3)\n"
            "  quoted:  Bags\n"
            "  now reads: Boxes want a weight of 2.\n"
            "  review the rule against the new words, then update its source.quote"
        ),
    ]
    long = "ab" * 120
    assert f"\n  now reads: Mind {long}here.\n" in find_misquotes(f"Know. Mind {long}here.", rule(f"Note {long}now"))[0]
    assert "\n  now reads: \n" in find_misquotes("", rule("Boxes"))[0]


@pytest.mark.parametrize(
    ("at", "quote", "hint"),
    [
        ("#/info/note", "Boxes", "  the words now stand at #/info/description"),
        ("#/info/descripton", "Crates", "  did you mean #/info/description? It reads: Boxes need a lid."),
        ("#/nowhere", "Crates", ""),
    ],
)
def test_a_dangling_source_has_suggestions(at: str, quote: str, hint: str) -> None:
    """Suggest where the quoted words are now, or else texts at similar pointers."""
    (message,) = find_misquotes("Boxes need a lid.", rule(quote, at))
    head, *lines = message.splitlines()
    assert head.startswith(f"boxes: its source is gone: nothing at {at}")
    assert lines == [*filter(None, [hint]), "  review the rule, then its source.at"]


def test_a_rule_quotes_a_text() -> None:
    """A source that is not text is reported."""
    assert find_misquotes(7, rule("x")) == ["boxes: #/info/description is not text; a rule quotes a description"]


@pytest.mark.parametrize(
    ("quote", "text", "stands"),
    [
        ("veo31 only", "Mind: veo31\n  only.", True),
        ("(1-2)", "images(1-2)each", True),
        ("a.c", "x a.c y", True),
        ("只支持一张", "该模型只支持一张图片", True),
        ("veo3", "veo31", False),
        ("veo3", "aveo3", False),
        ("veo3", "veo3_fast", False),
        ("a.c", "abc", False),
        ("x-y", "ax-y", False),
        ("Only x", "only x", False),
    ],
)
def test_a_quote_matches_whole_words_across_lines(quote: str, text: str, stands: bool) -> None:
    """Word boundaries count only where the quote begins or ends with a word of a script that separates words."""
    assert (find_misquotes(text, rule(quote)) == []) is stands


ADDED = {"extra": {"description": "Reshoots take one motion."}}


def test_a_rule_may_quote_a_text_that_an_overlay_added() -> None:
    """Such a rule names the page of the text; the quote is compared with the text of the overlay."""
    quoting = rule("one motion", "#/extra/description", page="https://vendor.example/reshoot.md")
    assert find_misquotes("x", quoting, added=ADDED) == []
    assert find_misquotes("x", rule("one motion", "#/extra/description"), added=ADDED) == [
        "boxes: an overlay added the text it quotes; name the page the text was taken from, as page: URL or file"
    ]
    changed = {"extra": {"description": "Reshoots take two motions."}}
    assert "(a text that an overlay added)" in find_misquotes("x", quoting, added=changed)[0]


NAME = "https://vendor.example/limits.md"
HASH = "a" * 64


@pytest.mark.parametrize(
    ("text", "sha256", "expected"),
    [
        ("Up to 5\n tasks.", HASH, []),
        ("Up to 5 tasks. New!", "b" * 64, [f"the page {NAME} changed, but the quoted words still stand there"]),
        ("Up to 7 tasks.", "b" * 64, [f"its words no longer stand on the page {NAME}"]),
    ],
)
def test_a_rule_may_quote_a_page(text: str, sha256: str, expected: list[str]) -> None:
    """The quote is compared with the page, by words and by hash, and not with the document."""
    quoting = rule("Up to 5 tasks", NAME, page=NAME, sha256=HASH)
    found = list(
        misquotes_of_page(NAME, text, sha256, [quoting, rule("x"), rule("y", "b.md", page="b.md", sha256=HASH)])
    )
    assert [each.message.partition("\n")[0] for each in found] == expected
    assert all(sha256 in each.message for each in found if each.check == "source-hash")
    assert find_misquotes("x", quoting) == []
    (partly,) = misquotes_of_page(NAME, "Up to 7 tasks.", HASH, [rule("Up to 5 tasks", page="limits.md")])
    assert partly.check == "source-quoted"


def sentence_changed(before: Any, now: Any, *rules: Rule) -> list[str]:
    """Return the findings if the description changed since the last effective document."""
    return texts(changed_sentences({"info": {"description": before}}, {"info": {"description": now}}, rules))


def test_words_added_around_a_quote_are_noticed() -> None:
    """`size X` is not `size X and Y`, though all quoted words still stand there."""
    assert sentence_changed("Hi. We take size X.", "Hi. We take size X and Y.", rule("size X")) == [
        (
            "boxes: the vendor changed the sentence around the quoted words at #/info/description\n"
            "  quoted:  size X\n"
            "  was:     We take size X\n"
            "  now reads: We take size X and Y\n"
            "  review the rule against the whole sentence, then quote all of it in its source.quote"
        )
    ]
    (several,) = sentence_changed("No box. Any box!", "No box today. Any box!", rule("box"))
    assert "\n  was:     No box / Any box!\n  now reads: No box today / Any box!\n" in several
    (gone,) = sentence_changed("One box. Two bags.", "One box. Two crates.", rule("One box. Two bags."))
    assert "\n  was:     Two bags\n  now reads: Two crates.\n" in gone


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
def test_an_unchanged_sentence_is_accepted(before: Any, now: Any, quote: str) -> None:
    """Accept equal words, further sentences beside them, a quote of the whole sentence, and newly added words."""
    assert sentence_changed(before, now, rule(quote)) == []


def test_a_missing_or_malformed_last_document_is_ignored(merged: Merged, tmp_path: Path) -> None:
    """There is none before the first run; the drift check reports one that was edited by hand."""
    for text in (None, "{", "[]"):
        record = tmp_path / "openapi.effective.json"
        if text is not None:
            record.write_text(text, encoding="utf-8")
        merged.check_against(record)


def write_rule(name: str, quote: Any = "boxes need a weight", **parts: Any) -> dict[str, Any]:
    """Return a rule as YAML has it."""
    rule = {"id": name, "level": "error", "message": "m", "source": {"at": AT, "quote": quote}}
    return (
        rule
        | {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "examples": {"passes": {}, "breaks": {}}}
        | parts
    )


def find_renamed(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[Finding]:
    """Return the renames found between two lists of rules."""
    rules = tuple(
        Rule(each["id"], "error", "m", Source(**each["source"]), each["if"], each["then"], {}, {}, ()) for each in now
    )
    return list(find_renames({"schema": {"x-rules": before}}, [RuledSchema((), {"x-rules": now}, rules)]))


OTHER = {"if": {"required": ["c"]}}


@pytest.mark.parametrize(
    "successor",
    [write_rule("new", "other words"), write_rule("new", **OTHER), write_rule("new", then={"required": ["c"]})],
    ids=["same meaning", "same words, other condition", "same words, other requirement"],
)
def test_a_renamed_rule_is_refused(successor: dict[str, Any]) -> None:
    """Equal meaning or equal words make a rename, and callers waive rules by id."""
    kept = write_rule("kept", "kept words", **{"if": {"required": ["k"]}})
    (finding,) = find_renamed([kept, write_rule("old")], [kept, successor])
    assert (finding.rule, finding.message) == (
        "new",
        (
            "it was called old, and callers waive it by that name\n"
            "  keep the id, or add x-formerly: [old] to state that the change is intended"
        ),
    )


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([write_rule("old")], []),
        ([], [write_rule("new")]),
        ([write_rule("old")], [write_rule("new", "other words", **OTHER)]),
        ([write_rule("old")], [write_rule("new", "other words", then={"required": ["c"]})]),
        ([write_rule("old")], [write_rule("new", **{"x-formerly": ["older", "old"]})]),
        ([write_rule("old"), write_rule("new", "other words")], [write_rule("new", "other words")]),
    ],
    ids=["removed", "added", "replaced", "of another requirement", "declared", "there before"],
)
def test_any_other_change_of_rules_is_accepted(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> None:
    """Rules may be added, removed and changed; only a renamed one breaks waivers."""
    assert find_renamed(before, now) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One.  Two!\nThree? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Wrapped\n  words e.g. this", ["Wrapped words e.g. this"]),
        ("One. 2 is next. (Three)", ["One.", "2 is next.", "(Three)"]),
        ("一。二！三？四；五", ["一。", "二！", "三？", "四；", "五"]),
        ("a\n\nb\n \nc", ["a", "b", "c"]),
        ("- a\n* b\n• c\n+ d\n1. e\n23) f\n    g", ["a", "b", "c", "d", "e", "f g"]),
        ("-a\n1.b", ["-a 1.b"]),
        (" \n\n ", []),
    ],
)
def test_prose_is_split_into_sentences(text: str, parts: list[str]) -> None:
    """A sentence ends at its stop, a blank line or the next list item, but not at a line break."""
    assert list(sentences(text)) == parts
    assert fold(" a\n\tb  c ") == "a b c"


def overlays(**extensions: Any) -> tuple[Overlay, ...]:
    """Return an overlay with some extensions."""
    value = {"overlay": "1.1.0", "info": {"title": "t", "version": "1"}, "actions": [{"target": "$"}], **extensions}
    return (parse_overlay(parse(yaml.safe_dump(value), "some.overlay.yaml")),)


def prose(text: Any, *rules: Rule, waived: Any = (), **more: Any) -> Prose:
    """Return the constraint-like sentences of a page, given rules and waivers."""
    return read_prose(page(text, **more), (RuledSchema((), {}, rules),), overlays(**{"x-waived-prose": list(waived)}))


def waiver(quote: str, reason: str = "it is known", at: str = AT) -> dict[str, str]:
    """Return an entry that waives a sentence."""
    return {"at": at, "quote": quote, "reason": reason}


def test_constraint_like_sentences_are_listed_with_what_claims_them() -> None:
    """The list is available as text and as JSON, with lines."""
    text = "Hello. Boxes need a weight, at most 9.\n\n- Only letters fly.\n- Bags must be closed. Twice."
    read = prose(text, rule("Boxes need a weight", name="weight"), rule("at most 9", name="light"),
                 waived=[waiver("Only letters\n  fly.")])  # fmt: skip
    assert read.text() == (
        "line 3, #/info/description\n  Boxes need a weight, at most 9.\n  -> weight, light\n"
        "line 3, #/info/description\n  Only letters fly.\n  -> waived: it is known\n"
        "line 3, #/info/description\n  Bags must be closed.\n  -> UNCLAIMED\n"
    )
    assert read.sentences[0].data() == {
        "at": AT, "line": 3, "text": "Boxes need a weight, at most 9.", "rules": ["weight", "light"], "waived": None,
    }  # fmt: skip
    assert prose("Hello.").text() == "no sentence sounds like a constraint\n"


def test_an_unclaimed_sentence_is_reported_with_the_lines_to_write() -> None:
    """The error has the count, places and sentences, and a waiver to paste."""
    read = prose("Only a. Only b.", rule("Only a."))
    assert str(read.unclaimed_error(read.unclaimed)) == (
        "page.json: 1 sentence(s) sound like a constraint, and no rule claims them\n"
        "  line 3, #/info/description\n"
        "    Only b.\n"
        "  write a rule that quotes the sentence, or waive it in an overlay:\n"
        "    x-waived-prose:\n"
        "    - at: '#/info/description'\n"
        "      quote: Only b.\n"
        "      reason: why no rule can hold it"
    )


def test_new_sentences_are_those_of_the_effective_document() -> None:
    """Sentences of the last document, and those an overlay replaces, are not new."""
    read = prose("Only a. Only b. Only c.")
    before = {"info": {"description": "Only a."}}
    assert [each.text for each in read.new_since(before, {"title": "Only a. Only b."})] == ["Only b."]
    assert read.new_since(None, {"title": "Only a. Only b."}) == ()


def test_a_rule_claims_what_it_quotes_at_its_place() -> None:
    """A quote claims its sentence or sentences at its place; equal words elsewhere stay unclaimed."""
    rules = rule("Only a.\n Only b.", name="both"), rule("nly c", name="part"), rule("a", "#/title", name="title")
    read = prose("Only a. Only b. Only c.", *rules, summary="Only a.")
    assert [(each.at, each.text, each.rules) for each in read.sentences] == [
        (AT, "Only a.", ("both",)),
        (AT, "Only b.", ("both",)),
        (AT, "Only c.", ("part",)),
        ("#/info/summary", "Only a.", ()),
    ]  # fmt: skip


def test_prose_is_found_at_any_depth() -> None:
    """Read descriptions, summaries and titles, but neither data nor properties of those names."""
    words = dict.fromkeys(("description", "summary", "title", "note"), "Only this.")
    fields = {"title": words, "default": words, "description": "Only a string here, and no schema."}
    data = dict.fromkeys(("example", "examples", "x-example", "x-examples", "default", "enum"), words)
    read = prose("", schemas={"S": {"properties": fields}}, list=[{"a/b": words}], **data)
    assert [sentence.at for sentence in read.sentences] == [
        f"#/info/{place}/{key}"
        for place in ("schemas/S/properties/title", "schemas/S/properties/default", "list/0/a~1b")
        for key in ("description", "summary", "title")
    ]


def test_an_unneeded_waiver_is_refused() -> None:
    """The words changed, moved or no longer sound like a constraint; all such waivers are named at once."""
    with pytest.raises(InputError) as caught:
        prose("Hello. Only a.", waived=[waiver("Only a."), waiver("Only b."), waiver("Only a.", at="#/info")])
    assert str(caught.value) == (
        "some.overlay.yaml:11: x-waived-prose: no constraint-like sentence at #/info/description reads 'Only b.'\n"
        "  now reads: Only a.\n"
        "  the vendor changed it, or the waiver is no longer needed: review it\n"
        "some.overlay.yaml:14: x-waived-prose: no constraint-like sentence at #/info reads 'Only a.'\n"
        "  the vendor changed it, or the waiver is no longer needed: review it"
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (entry, "waived prose has at, quote and reason")
        for entry in (7, {"at": AT, "quote": "x"}, {**waiver("x"), "more": "y"}, waiver("x") | {"at": 7})
    ]
    + [({**waiver("x"), "reason": " "}, "waived prose needs a reason")],
)
def test_a_malformed_waiver_is_refused(entry: Any, message: str) -> None:
    """The error names the overlay and the entry."""
    with pytest.raises(InputError) as caught:
        prose("Only a.", waived=[waiver("Only a."), entry])
    assert caught.value.message.startswith(message)
    assert (caught.value.path, caught.value.pointer) == ("some.overlay.yaml", "/x-waived-prose/1")


@pytest.mark.parametrize(
    "sentence",
    [
        *("It MUST fit", "1-3 images", "1 – 3", "可选", "max 4", "size ≤ 5", "below <= 4", "two or more", "禁止使用"),
        *("Boxes need a lid", "a lid has to be closed", "Letters don't fit", "not allowed: bags", "PNG is invalid"),
        *("both go together", "It applies to boxes", "It depends on the kind", "may exceed 5 kg", "from 1 之间"),
    ],
)
def test_constraint_like_sentences_are_recognised(sentence: str) -> None:
    """English and Chinese are covered; false positives are preferred to misses."""
    assert sounds_like_a_constraint(sentence)
    assert not sounds_like_a_constraint("A picture of a cat, maximal beauty")


def find_objections(merged: Merged, at: str, text: str) -> set[str]:
    """Return the rules that object to another text in the project's document; else `waiver`, `new` or nothing."""
    value = copy.deepcopy(merged.vendor.value)
    *above, last = decode(at)
    resolve(value, "".join(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in above))[last] = text
    vendor = dataclasses.replace(merged.vendor, value=value)
    rules = [rule for schema in merged.ruled for rule in schema.rules if rule.source.page is None]
    before = json.loads((ROOT / "generated/openapi.effective.json").read_bytes())
    if found := {each.rule for each in [*misquotes(vendor, value, rules), *changed_sentences(before, value, rules)]}:
        return found
    try:
        return {"new"} if read_prose(vendor, merged.ruled, merged.overlays).unclaimed else set()
    except InputError:
        return {"waiver"}


def test_a_change_of_any_word_is_noticed_by_exactly_the_rules_that_quote_it(merged: Merged) -> None:
    """Replace every word of every constraint-like sentence of the project's document, and add words."""
    prose = read_prose(merged.vendor, merged.ruled, merged.overlays)
    assert prose.unclaimed == ()
    assert prose.sentences
    for sentence in prose.sentences:
        text = str(resolve(merged.vendor.value, sentence.at))
        place = re.search(r"\s+".join(map(re.escape, sentence.text.split())), text)
        assert place is not None
        changes = [
            re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "quux", place[0], count=1)
            for word in set(re.findall(r"[\w/+@]+", sentence.text))
        ]
        changes += [added.format(place[0].rstrip(".")) for added in ("{} and veo4", "Rarely {}", "{} (not always)")]
        for changed in changes:
            found = find_objections(merged, sentence.at, text[: place.start()] + changed + text[place.end() :])
            assert found == (set(sentence.rules) or {"waiver"}), changed
        assert find_objections(merged, sentence.at, re.sub(r"(?<=\w) (?=\w)", "\n  ", text)) == set()


HOLE = {"name": "big", "at": "#/info/description", "quote": "For big things use /big.", "advice": "ask"}


def read(tmp_path: Path, *holes: Any) -> tuple[KnownHole, ...]:
    """Return the holes of an overlay, for a document that mentions /big."""
    spec = {"openapi": "3.0.0", "info": {"title": "T", "version": "1", "description": HOLE["quote"]}, "paths": {}}
    (tmp_path / "openapi.json").write_text(json.dumps(spec), encoding="utf-8")
    overlay = {
        "overlay": "1.1.0",
        "info": {"title": "O", "version": "1"},
        "x-known-holes": holes,
        "actions": [{"target": "$.info", "update": {"contact": {}}}],
    }
    (tmp_path / "o.overlay.yaml").write_text(json.dumps(overlay), encoding="utf-8")
    return read_holes(load(tmp_path / "openapi.json"), [load_overlay(tmp_path / "o.overlay.yaml")])


def test_a_hole_is_read_as_data(tmp_path: Path) -> None:
    """A hole has its sentence and advice."""
    (hole,) = read(tmp_path, {**HOLE, "path": "/big"})
    assert hole.data() == {**HOLE, "path": "/big"}
    assert hole.reason == "known hole: big; ask"


@pytest.mark.parametrize(
    ("holes", "words"),
    [
        ([7], "a known hole has name, at, quote, advice, and may have path"),
        ([{**HOLE, "more": "x"}], "and may have path"),
        ([{**HOLE, "advice": " "}], "each text"),
        ([HOLE, HOLE], "'big' is named twice"),
        ([{**HOLE, "quote": "For small things"}], "do not stand at #/info/description"),
        ([{**HOLE, "at": "#/info/summary"}], "do not stand at #/info/summary"),
    ],
)
def test_a_wrong_hole_is_an_error(tmp_path: Path, holes: list[Any], words: str) -> None:
    """The error names the file and the line of the overlay."""
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, *holes)
    assert caught.value.line is not None


SENTENCE = "It must be short."


def document() -> dict[str, Any]:
    """Return a document whose three descriptions sound like constraints."""
    operations = {tag: {"tags": [tag], "description": SENTENCE, "responses": {}} for tag in ("frogs", "ponds")}
    return {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "paths": {f"/{tag}": {"get": operation} for tag, operation in operations.items()},
        "components": {"schemas": {"A": {"properties": {"b": {"description": SENTENCE}}}}},
    }


def unclaimed(*waivers: dict[str, str]) -> list[str]:
    """Return where sentences are left that nothing claims."""
    overlay = {"overlay": "1.1.0", "info": {"title": "o", "version": "1"}, "x-waived-prose": list(waivers)}
    overlay["actions"] = [{"target": "$.info", "update": {"x-a": 1}}]
    given = parse_overlay(parse(to_yaml(overlay), "o.yaml"))
    return [each.at for each in read_prose(parse(to_yaml(document()), "d.yaml"), (), [given]).unclaimed]


def test_prose_is_waived_by_tag_or_by_place() -> None:
    """A tag waives its operations, a pointer everything below it."""
    frogs, ponds = "#/paths/~1frogs/get/description", "#/paths/~1ponds/get/description"
    inner = "#/components/schemas/A/properties/b/description"
    assert unclaimed() == [frogs, ponds, inner]
    assert unclaimed({"tag": "frogs", "reason": "not ours"}) == [ponds, inner]
    assert unclaimed({"at": "#/components/schemas", "reason": "not ours"}) == [frogs, ponds]
    assert unclaimed({"at": "#", "reason": "not yet read"}) == []


@pytest.mark.parametrize(
    ("waiver", "message"),
    [
        ({"tag": "newts", "reason": "not ours"}, "waives no sentence"),
        ({"at": "#/components/schema", "reason": "not ours"}, "waives no sentence"),
        ({"tag": "frogs", "at": "#", "reason": "both"}, "waived prose has"),
        ({"tag": "frogs", "reason": " "}, "needs a reason"),
    ],
)
def test_a_waiver_that_waives_nothing_is_refused(waiver: dict[str, str], message: str) -> None:
    """An unused waiver would hide the next sentence at its place."""
    with pytest.raises(InputError, match=message):
        unclaimed(waiver)
