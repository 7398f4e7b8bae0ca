"""Rules are pinned to prose: a changed word is noticed, by exactly the rules that quote it; so is a new sentence."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.merged import Merged
from rulewright.openapi.document import Document, parse
from rulewright.rules.definition import RuleDefinitionError
from rulewright.rules.sources import (
    Prose,
    check_quotes,
    check_surroundings,
    read_prose,
    sentences,
    sounds_like_a_constraint,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def ledger(merged: Merged) -> Prose:
    """The ledger of the project's document."""
    return read_prose(merged.vendor, merged.ruled, merged.overlays)


def with_text(merged: Merged, pointer: str, text: str) -> Merged:
    """Return the project with one text of the vendor document replaced."""
    value = _replaced(merged.vendor.value, pointer.removeprefix("#").split("/")[1:], text)
    vendor = Document(merged.vendor.path, value, merged.vendor.text, merged.vendor.lines)
    return dataclasses.replace(merged, vendor=vendor)


def _replaced(value: Any, tokens: list[str], text: str) -> Any:
    if not tokens:
        return text
    key: Any = tokens[0].replace("~1", "/").replace("~0", "~")
    if isinstance(value, list):
        key = int(key)
        return [*value[:key], _replaced(value[key], tokens[1:], text), *value[key + 1 :]]
    return {**value, key: _replaced(value[key], tokens[1:], text)}


def text_at(merged: Merged, pointer: str) -> str:
    """Return the vendor's text at a pointer."""
    value: Any = merged.vendor.value
    for token in pointer.removeprefix("#").split("/")[1:]:
        value = value[int(token) if isinstance(value, list) else token.replace("~1", "/").replace("~0", "~")]
    return str(value)


def complaints(merged: Merged) -> set[str]:
    """Return the rules whose quoted words are gone, or the words of another complaint."""
    rules = [rule for schema in merged.ruled for rule in schema.rules]
    try:
        check_quotes(merged.vendor, rules)
        check_surroundings(ROOT / "generated/openapi.effective.json", merged.vendor.value, merged.ruled)
    except RuleDefinitionError as error:
        return set(re.findall(r"^rule ([a-z0-9-]+):", str(error.message), re.MULTILINE))
    try:
        return {"unclaimed"} if read_prose(merged.vendor, merged.ruled, merged.overlays).unclaimed else set()
    except InputError:
        return {"waiver"}


def test_every_constraint_like_sentence_is_claimed(ledger: Prose) -> None:
    """On the project's own document each such sentence is quoted by a rule or waived with a reason."""
    assert ledger.unclaimed == ()
    assert len(ledger.sentences) == 9
    assert {rule for sentence in ledger.sentences for rule in sentence.rules} >= {
        "ingredients-only-veo31-fast",
        "img2video-needs-images",
        "ingredients-need-images",
        "veo31-fast-ingredients-needs-images",
    }


def where(text: str, sentence: str) -> re.Match[str]:
    """Return where a sentence stands in a text, however its lines are broken."""
    found = re.search(r"\s+".join(map(re.escape, sentence.split())), text)
    assert found is not None
    return found


def test_changing_any_word_turns_red_exactly_what_quotes_it(merged: Merged, ledger: Prose) -> None:
    """Every word of every constraint-like sentence, replaced: the rules that quote the sentence complain, no other."""
    tried = 0
    for sentence in ledger.sentences:
        text = text_at(merged, sentence.at)
        place = where(text, sentence.text)
        for word in set(re.findall(r"[\w/+@]+", sentence.text)):
            found = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)").search(text, place.start())
            assert found is not None
            changed = f"{text[: found.start()]}quux{text[found.end() :]}"
            expected = set(sentence.rules) or {"waiver"}
            assert complaints(with_text(merged, sentence.at, changed)) == expected, (sentence.text, word)
            tried += 1
    assert tried > 60


@pytest.mark.parametrize("added", ["{} and veo4", "Rarely {}", "{} (not always)"])
def test_words_added_to_a_sentence_turn_it_red(merged: Merged, ledger: Prose, added: str) -> None:
    """All quoted words may still stand there and mean something else: `only X` is not `only X and Y`."""
    for sentence in ledger.sentences:
        text = text_at(merged, sentence.at)
        place = where(text, sentence.text)
        longer = added.format(place[0].rstrip("."))
        changed = with_text(merged, sentence.at, text[: place.start()] + longer + text[place.end() :])
        assert complaints(changed) == (set(sentence.rules) or {"waiver"}), sentence.text


@pytest.mark.parametrize(
    ("quote", "fits"),
    [
        ("INGREDIENTS2VIDEO only supports veo31_fast", True),
        ("INGREDIENTS2VIDEO only supports veo31", False),
        ("NGREDIENTS2VIDEO only supports veo31_fast", False),
        ("INGREDIENTS2VIDEO   only\nsupports veo31_fast", True),
        ("INGREDIENTS2VIDEO only supports veo3_fast", False),
    ],
)
def test_a_part_of_a_sentence_can_be_quoted_in_whole_words(merged: Merged, quote: str, fits: bool) -> None:
    """What a label or a bracket adds may be left out; half a word may not."""
    rule = next(rule for schema in merged.ruled for rule in schema.rules if rule.id == "ingredients-only-veo31-fast")
    quoting = dataclasses.replace(rule, source=dataclasses.replace(rule.source, quote=quote))
    if fits:
        check_quotes(merged.vendor, [quoting])
    else:
        with pytest.raises(RuleDefinitionError, match="the vendor's words have changed"):
            check_quotes(merged.vendor, [quoting])


@pytest.mark.parametrize(
    "added", ["Prompts must be shorter than 500 characters.", "图片最多三张。", "Only for members."]
)
def test_a_new_constraint_is_reported(merged: Merged, added: str) -> None:
    """A sentence that limits requests and that nobody quotes is listed, in English and in Chinese."""
    pointer = "#/components/schemas/VideoGenerationDto/properties/aspectRatio/description"
    changed = with_text(merged, pointer, f"Video aspect ratio. {added}")
    (sentence,) = read_prose(changed.vendor, changed.ruled, changed.overlays).unclaimed
    assert sentence.text == added
    assert added in read_prose(changed.vendor, changed.ruled, changed.overlays).error_text()


def test_plain_prose_is_not_reported(merged: Merged) -> None:
    """A sentence without a constraint may change freely."""
    pointer = "#/components/schemas/VideoGenerationDto/properties/aspectRatio/description"
    assert complaints(with_text(merged, pointer, "The shape of the picture")) == set()


def test_what_an_example_says_is_no_prose() -> None:
    """Neither below OpenAPI's own words nor below the older extensions."""
    shown = {"one": {"title": "This is forbidden."}}
    schema = {"example": shown, "examples": [shown], "x-example": shown, "x-examples": shown}
    vendor = dataclasses.replace(parse("{}", "v"), value={"components": {"schemas": {"A": schema}}})
    assert read_prose(vendor, (), ()).sentences == ()


def test_line_breaks_say_nothing(merged: Merged) -> None:
    """Words wrapped at another column are the same words."""
    pointer = "#/components/schemas/VideoGenerationDto/properties/model/description"
    text = text_at(merged, pointer)
    assert complaints(with_text(merged, pointer, text.replace(" ", "\n  "))) == set()


def test_sentences_are_told_apart() -> None:
    """List items, paragraphs and full stops separate; abbreviated words and wrapped lines do not."""
    text = "One: two\nthree. Four e.g. five\n\n- six\n- seven\n  eight\n1. nine。十必须。"
    assert list(sentences(text)) == ["One: two three.", "Four e.g. five", "six", "seven eight", "nine。", "十必须。"]
    assert sounds_like_a_constraint("10-20 items")
    assert not sounds_like_a_constraint("A picture")


def test_the_command_lists_what_claims_each_sentence() -> None:
    """`list` and `check` succeed on the project as it is."""
    for command, expected in (("list", "-> img2video-needs-images"), ("check", "7 rules")):
        done = subprocess.run(
            [sys.executable, "-m", "rulewright", "rules", command], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert expected in done.stdout


def test_a_waiver_needs_a_reason(merged: Merged) -> None:
    """An entry that does not say why is refused, with its place."""
    overlay = merged.overlays[2]
    text = overlay.document.text.replace(
        "reason: speaks of another API, whose operations are not in this document", "reason: ' '"
    )
    changed = dataclasses.replace(overlay, document=parse(text, overlay.path))
    with pytest.raises(InputError, match="needs a reason"):
        read_prose(merged.vendor, merged.ruled, (*merged.overlays[:2], changed, merged.overlays[3]))
