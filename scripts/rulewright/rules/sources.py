"""Where the words of a rule stand: every rule quotes the vendor, and the quoted words must still be there.

The other way round, every sentence of the vendor document that sounds like a constraint is claimed by a rule that
quotes it, or by an entry of an overlay's `x-waived-prose` with a reason. An unclaimed sentence is new, or has changed.
What the vendor names without describing it is a known hole, an entry of `x-known-holes`. `skeleton` begins a rule for a
sentence: an overlay action whose target, source and fields are filled in.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.document import Document, to_yaml
from rulewright.openapi.operations import operations
from rulewright.openapi.pointer import Location, at, decode, encode, resolve
from rulewright.openapi.references import follow_schema
from rulewright.openapi.sample import samples
from rulewright.openapi.schemas import SchemaError, Schemas
from rulewright.overlay import Overlay, notes
from rulewright.rules.definition import Finding, Rule, RuledSchema, Source

_NEAR: Final = 0.6
_SHOWN: Final = 3
_BULLET: Final = re.compile(r"^\s*(?:[-*•+]|\d+[.)])\s+")
_END: Final = re.compile(r"(?<=[.!?])\s+(?=[^a-z])|(?<=[。！？；])\s*")


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a description: list items and paragraphs apart, white space folded."""
    paragraph: list[str] = []
    for line in [*text.splitlines(), ""]:
        starts = not line.strip() or _BULLET.match(line)
        if starts and paragraph:
            yield from (part.strip() for part in _END.split(fold(" ".join(paragraph))) if part.strip())
            paragraph = []
        if line.strip():
            paragraph.append(_BULLET.sub("", line))


def fold(text: str) -> str:
    """Return a text with every run of white space as one space: line breaks do not count."""
    return " ".join(text.split())


def misquotes(vendor: Document, value: Any, rules: Iterable[Rule]) -> Iterator[Finding]:
    """Yield the rules whose quoted words no longer stand where they were found; line breaks do not count.

    Words that stand on a page only are compared when that page is read: see `misquotes_of_page`.

    Args:
        vendor: The vendor document.
        value: The document with all overlays applied: it has the texts that an overlay added.
        rules: The rules.
    """
    for rule in rules:
        if rule.source.pointer is not None and (found := _misquote(vendor, value, rule)) is not None:
            key, message = found
            yield Finding("source-quoted", rule.id, message, (*rule.location, "source", key))


def _misquote(vendor: Document, value: Any, rule: Rule) -> tuple[str, str] | None:
    """Return which part of a source is wrong, and the message."""
    at, quote = rule.source.at, rule.source.quote
    try:
        text, place = resolve(vendor.value, at), f"{vendor.path}:{vendor.line(at[1:])}"
    except (LookupError, ValueError):
        try:
            text, place = resolve(value, at), "a text that an overlay added"
        except (LookupError, ValueError) as error:
            places = {encode(location): text for location, text in texts(value)}
            same = [f"  the words now stand at #{place}" for place, text in places.items() if _stands(quote, text)]
            near = difflib.get_close_matches(at[1:], places, n=2, cutoff=_NEAR) if not same else []
            lines = same[:_SHOWN] or [
                f"  did you mean #{place}? It reads: {_closest(places[place], quote)}" for place in near
            ]
            lines = [f"its source is gone: {error.args[0]}", *lines, "  review the rule, then its source.at"]
            return "at", "\n".join(lines)
        if rule.source.page is None:
            message = "an overlay added the text it quotes; name the page the text was taken from, as page: URL or file"
            return "at", message
    if not isinstance(text, str):
        return "at", f"{at} is not text; a rule quotes a description"
    if _stands(quote, text):
        return None
    return "quote", (
        f"the vendor's words have changed at {at} ({place})\n"
        f"  quoted:  {quote}\n"
        f"  now reads: {_closest(text, quote)}\n"
        "  review the rule against the new words, then update its source.quote"
    )


def misquotes_of_page(name: str, text: str, sha256: str, rules: Iterable[Rule]) -> Iterator[Finding]:
    """Yield the rules that quote a page whose words, or whose other content, have changed.

    Args:
        name: The page's URL, or its file name without folders; a source may leave out how the URL begins.
        text: The page.
        sha256: Hash of the page as it was read.
        rules: The rules.
    """
    for rule in rules:
        source = rule.source
        if source.page is None or not (
            name in {source.page, PurePosixPath(source.page).name} or name.endswith(f"/{source.page}")
        ):
            continue
        place = (*rule.location, "source")
        if not _stands(source.quote, text):
            message = (
                f"its words no longer stand on the page {name}\n"
                f"  quoted:  {source.quote}\n"
                f"  now reads: {_closest(text, source.quote)}\n"
                "  review the rule against the new words, then update its source"
            )
            yield Finding("source-quoted", rule.id, message, (*place, "quote"))
        elif source.sha256 not in {None, sha256}:
            message = (
                f"the page {name} changed, but the quoted words still stand there\n"
                f"  review the page, then update the hash in its source to sha256: {sha256}"
            )
            yield Finding("source-hash", rule.id, message, (*place, "sha256"))


def changed_sentences(before: Any, value: Any, rules: Iterable[Rule]) -> Iterator[Finding]:
    """Yield the rules of whose quoted sentence the last effective document had fewer words.

    All quoted words may still stand there and mean something else: `only X` is not `only X and Y`.

    Args:
        before: The last effective document; None where there is none to compare with.
        value: The document with all overlays applied.
        rules: The rules.
    """
    for rule in rules:
        try:
            old, new = resolve(before, rule.source.at), resolve(value, rule.source.at)
        except (LookupError, ValueError):
            continue  # a page, or a place that `misquotes` reports
        if isinstance(old, str) and isinstance(new, str) and (message := _find_changed_sentence(rule.source, old, new)):
            yield Finding("source-sentence", rule.id, message, (*rule.location, "source", "quote"))


def _find_changed_sentence(source: Source, old: str, new: str) -> str | None:
    for words in sentences(source.quote):
        was, stands = _sentence_holding(words, old), _sentence_holding(words, new)
        if was and stands != was and _bare(words) not in stands:
            return (
                f"the vendor changed the sentence around the quoted words at {source.at}\n"
                f"  quoted:  {source.quote}\n"
                f"  was:     {' / '.join(was)}\n"
                f"  now reads: {' / '.join(stands) or _closest(new, words)}\n"
                "  review the rule against the whole sentence, then quote all of it in its source.quote"
            )
    return None


def _stands(quote: str, text: str) -> bool:
    """Return whether a quote stands in a text, whole words only: `v3` is no part of `v31`."""
    words = fold(quote)
    start, end = (r"(?<!\w)" if words[:1].isalnum() else ""), (r"(?!\w)" if words[-1:].isalnum() else "")
    if not words.isascii():  # not every script sets words apart
        start = end = ""
    return re.search(f"{start}{re.escape(words)}{end}", fold(text)) is not None


def _sentence_holding(words: str, text: str) -> tuple[str, ...]:
    return tuple(_bare(sentence) for sentence in sentences(text) if _stands(_bare(words), sentence))


def _bare(sentence: str) -> str:
    """Return a sentence without its full stop, which a quotation may leave out."""
    return sentence.rstrip(".。 ")


def _closest(text: str, quote: str) -> str:
    lines = [*sentences(text)] or [text]
    return max(lines, key=lambda line: difflib.SequenceMatcher(None, line, quote, autojunk=False).ratio())


WAIVED: Final = "x-waived-prose"
_TEXTS: Final = ("description", "summary", "title")
_VALUES: Final = frozenset({"example", "examples", "x-example", "x-examples", "default", "enum"})
_ENGLISH: Final = re.compile(
    r"\b(?:only|must|required?|requires|mandatory|cannot|can't|may not|not|unsupported|supports?|at least|at most|"
    r"up to|max(?:imum)?|min(?:imum)?|no more|no less|fewer|less than|more than|between|exactly|limit(?:ed|s)?|either|"
    r"unless|except|without|instead|deprecated|forbidden|ignored|optional|recommended|should|note|always|never|if|when|"
    r"needs?|needed|ha(?:s|ve) to|don't|doesn't|isn't|aren't|allow(?:s|ed)?|disallow(?:s|ed)?|prohibit(?:s|ed)?|"
    r"(?:in)?compatible|(?:in)?valid|exclusive(?:ly)?|together|both|neither|depend(?:s|ing)?|appl(?:y|ies|icable)|"
    r"exceed(?:s|ed|ing)?|range[sd]?|restricted|greater than|longer than|shorter than|or more|or fewer|or less)\b"
    r"|\d\s*[-–~]\s*\d|[≤≥<>]=?\s*\d",
    re.IGNORECASE,
)
_CHINESE: Final = re.compile(
    r"必须|必填|必需|仅|只|不支持|不能|不可|不得|最多|最少|至少|至多|不超过|范围|可选|默认|废弃|弃用|建议|推荐|需要|限制|以内|"
    r"禁止|不允许|无效|应当|应该|须|最大|最小|最长|最短|上限|下限|大于|小于|超过|之间|互斥|同时"
)


@dataclass(frozen=True)
class Sentence:
    """One constraint-like sentence, where it stands, and what claims it."""

    at: str
    line: int | None
    text: str
    rules: tuple[str, ...]
    waiver: str | None

    @property
    def claimed(self) -> bool:
        """Whether a rule or a waiver quotes it."""
        return bool(self.rules) or self.waiver is not None

    def data(self) -> dict[str, Any]:
        """Return the sentence as JSON."""
        return {"at": self.at, "line": self.line, "text": self.text, "rules": list(self.rules), "waived": self.waiver}


@dataclass(frozen=True)
class Prose:
    """The constraint-like sentences of a vendor document."""

    path: str
    sentences: tuple[Sentence, ...]

    @property
    def unclaimed(self) -> tuple[Sentence, ...]:
        """The sentences that neither a rule nor a waiver quotes."""
        return tuple(sentence for sentence in self.sentences if not sentence.claimed)

    def new_since(self, before: Any, value: Any) -> tuple[Sentence, ...]:
        """Return the unclaimed sentences that the last effective document did not have.

        Args:
            before: The last effective document; None where there is none, so that nothing is new.
            value: The document with all overlays applied: an overlay may have reworded the sentence.
        """
        if before is None:
            return ()
        known = {sentence for _, text in texts(before) for sentence in sentences(text)}
        now = {sentence for _, text in texts(value) for sentence in sentences(text)}
        return tuple(each for each in self.unclaimed if each.text in now - known)

    def unclaimed_error(self, unclaimed: Sequence[Sentence]) -> InputError:
        """Return the error about sentences that nothing claims, with the lines to write."""
        lines = [f"{len(unclaimed)} sentence(s) sound like a constraint, and no rule claims them"]
        lines += [f"  line {sentence.line}, {sentence.at}\n    {sentence.text}" for sentence in unclaimed]
        lines.append("  write a rule that quotes the sentence, or waive it in an overlay:")
        waivers = [{"at": each.at, "quote": each.text, "reason": "why no rule can hold it"} for each in unclaimed]
        lines += [f"    {line}" for line in to_yaml({WAIVED: waivers}).splitlines()]
        return InputError("\n".join(lines), path=self.path)

    def text(self) -> str:
        """Return the sentences for people, each with what claims it."""
        lines = []
        for sentence in self.sentences:
            claim = ", ".join(sentence.rules) or (f"waived: {sentence.waiver}" if sentence.waiver else "UNCLAIMED")
            lines += [f"line {sentence.line}, {sentence.at}", f"  {sentence.text}", f"  -> {claim}"]
        return "\n".join(lines) + "\n" if lines else "no sentence sounds like a constraint\n"


def read_prose(vendor: Document, ruled: Sequence[RuledSchema], overlays: Sequence[Overlay]) -> Prose:
    """Return the constraint-like sentences of a vendor document, each with the rules and the waiver that quote it.

    Raises:
        InputError: A waiver is malformed, or quotes words that no longer stand in a constraint-like sentence.
    """
    quotes = [(rule.source.pointer, fold(rule.source.quote), rule.id) for schema in ruled for rule in schema.rules]
    waivers, holes = _read_waivers(vendor.value, overlays), read_holes(vendor, overlays)
    used: set[_Waiver] = set()
    result = []
    for location, text in texts(vendor.value):
        pointer = encode(location)
        for sentence in filter(sounds_like_a_constraint, sentences(text)):
            rules = tuple(rule for at, quote, rule in quotes if at == pointer and _overlap(quote, sentence))
            hole = next((each for each in holes if each.at == f"#{pointer}" and _overlap(each.quote, sentence)), None)
            found = [each for each in waivers if each.quote == sentence and pointer in each.parts]
            if not (found or hole or rules):
                found = [each for each in waivers if each.quote is None and each.is_above(pointer)]
            used.update(found)
            waiver = found[-1].reason if found else hole.reason if hole else None
            result.append(Sentence(f"#{pointer}", vendor.line(pointer), sentence, rules, waiver))
    idle = [each for each in waivers if each not in used]
    if stale := [_stale(vendor, each.parts[0], each.quote, each.place) for each in idle if each.quote is not None]:
        raise InputError("\n".join(stale))
    if idle:
        message = f"{WAIVED}: waives no sentence that nothing else claims (any more); remove the entry"
        raise InputError(f"{idle[0].place}: {message}")
    return Prose(vendor.path, tuple(result))


def _stale(vendor: Document, at: str, quote: str, place: str) -> str:
    text = _text_at(vendor, at)
    now = f"\n  now reads: {_closest(text, quote)}" if isinstance(text, str) else ""
    return (
        f"{place}: {WAIVED}: no constraint-like sentence at #{at} reads {quote!r}{now}\n"
        "  the vendor changed it, or the waiver is no longer needed: review it"
    )


def sounds_like_a_constraint(sentence: str) -> bool:
    """Return whether a sentence may limit what a request can hold; too many are better than too few."""
    return bool(_ENGLISH.search(sentence) or _CHINESE.search(sentence))


def _overlap(quote: str, sentence: str) -> bool:
    """Return whether a quote stands in a sentence, or a sentence in a quote of several."""
    return quote in sentence or sentence in quote


def texts(value: Any, location: Location = ()) -> Iterator[tuple[Location, str]]:
    """Yield the texts for people within a part of a document, each with its place."""
    if isinstance(value, dict):
        for key, child in value.items():
            names = location[-1:] == ("properties",)
            if key in _TEXTS and isinstance(child, str) and not names:
                yield (*location, key), child
            elif key not in _VALUES or names:
                yield from texts(child, (*location, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from texts(child, (*location, index))


@dataclass(frozen=True)
class _Waiver:
    """An entry of `x-waived-prose`: of one sentence, or of all below some parts that nothing else claims.

    Args:
        place: The file and line of the entry.
        reason: Why no rule can hold what it waives.
        parts: JSON pointers of the text, or of the parts.
        quote: The sentence, or None for all.
    """

    place: str
    reason: str
    parts: tuple[str, ...]
    quote: str | None

    def is_above(self, pointer: str) -> bool:
        """Return whether a place is in one of the parts."""
        return any(f"{pointer}/".startswith(f"{part}/") for part in self.parts)


def _read_waivers(document: Any, overlays: Sequence[Overlay]) -> list[_Waiver]:
    forms = ({"at", "quote", "reason"}, {"at", "reason"}, {"tag", "reason"})
    found = []
    for overlay, index, entry in notes(overlays, WAIVED):
        location = (WAIVED, index)
        is_known = isinstance(entry, dict) and set(entry) in forms
        if not is_known or not all(isinstance(each, str) for each in entry.values()):
            message = "waived prose has at, quote and reason, or at and reason for all below a place, or tag and reason"
            raise overlay.document.error(f"{message}; each is text", location)
        if not entry["reason"].strip():
            raise overlay.document.error("waived prose needs a reason", location)
        if "tag" in entry:
            tagged = (each for each in operations(document) if entry["tag"] in (each.body.get("tags") or ()))
            parts = tuple(each.pointer for each in tagged)
        else:
            parts = (entry["at"].removeprefix("#"),)
        place, quote = f"{overlay.path}:{overlay.document.line(location)}", entry.get("quote")
        found.append(_Waiver(place, entry["reason"], parts, quote and fold(quote)))
    return found


HOLES: Final = "x-known-holes"
_NEEDED: Final = ("name", "at", "quote", "advice")


@dataclass(frozen=True)
class KnownHole:
    """Something that the vendor document mentions and does not describe.

    Args:
        name: What people call it.
        at: JSON pointer of the text that mentions it.
        quote: The sentence.
        advice: What a caller can do instead.
        path: The end or a part of its path, if it has one; by it, a server recognises requests for it.
    """

    name: str
    at: str
    quote: str
    advice: str
    path: str = ""

    @property
    def reason(self) -> str:
        """Why no rule quotes its sentence."""
        return f"known hole: {self.name}; {self.advice}"

    def data(self) -> dict[str, str]:
        """Return it as JSON."""
        return {key: value for key, value in vars(self).items() if value}


def read_holes(vendor: Document, overlays: Sequence[Overlay]) -> tuple[KnownHole, ...]:
    """Return the known holes.

    Raises:
        InputError: One is malformed, named twice, or quotes words that do not stand there.
    """
    found: dict[str, KnownHole] = {}
    for overlay, index, entry in notes(overlays, HOLES):
        location = (HOLES, index)
        fits = isinstance(entry, dict) and set(_NEEDED) <= set(entry) <= {*_NEEDED, "path"}
        if not fits or not all(isinstance(each, str) and each.strip() for each in entry.values()):
            message = f"a known hole has {', '.join(_NEEDED)}, and may have path, each text"
            raise overlay.document.error(message, location)
        hole = KnownHole(**{key: fold(value) for key, value in entry.items()})
        if hole.name in found:
            raise overlay.document.error(f"the known hole {hole.name!r} is named twice", (*location, "name"))
        if hole.quote not in fold(str(_text_at(vendor, hole.at) or "")):
            message = f"the quoted words do not stand at {hole.at} of {vendor.path}; the vendor may describe it by now"
            raise overlay.document.error(message, (*location, "quote"))
        found[hole.name] = hole
    return tuple(found.values())


def _text_at(vendor: Document, at: str) -> Any:
    try:
        return resolve(vendor.value, at)
    except (LookupError, ValueError):
        return None


_WORD: Final = re.compile(r"[^\W_]+")
_COUNTS: Final = re.compile(r"(?<![A-Za-z0-9_])(\d+)(?:\s*(?:-|–|~|to|至|到)\s*(\d+))?(?![A-Za-z0-9_])")


def find_sentence(prose: Prose, words: str) -> Sentence:
    """Return the one constraint-like sentence that holds some words.

    Raises:
        InputError: There is none, or more than one.
    """
    wanted = fold(words).casefold()
    found = [each for each in prose.sentences if wanted in fold(each.text).casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        lines = "\n".join(f"  line {each.line}, {each.at}\n    {each.text}" for each in found)
        raise InputError(f"{len(found)} sentences hold these words; give more of one\n{lines}", path=prose.path)
    close = difflib.get_close_matches(words, [each.text for each in prose.sentences], 1, 0.4)
    hint = f"did you mean: {close[0]}" if close else "see rulewright rules list"
    raise InputError(f"no sentence that sounds like a constraint holds {words!r}; {hint}", path=prose.path)


def skeleton(document: Any, sentence: Sentence) -> dict[str, Any]:
    """Return the overlay action of a rule for a sentence.

    What the sentence mentions decides: a listed value of a field goes into `if`, numbers become bounds of the field it
    describes, or of the next one it mentions. The author has to judge all of it, and to write the message.

    Args:
        document: The document with all overlays applied.
        sentence: One sentence of the vendor document.
    """
    owner, described = _owner(document, decode(sentence.at))
    schema = follow_schema(document, at(document, owner))
    fields = {name: follow_schema(document, each) for name, each in (schema.get("properties") or {}).items()}
    mentioned = dict(_mentions(sentence.text, fields))
    subject = described or next(
        iter(name for name in fields if _says(sentence.text, name)), next(iter(fields), "field")
    )
    given = {name: value for name, value in mentioned.items() if name != subject} or dict([*mentioned.items()][:1])
    condition = {"properties": {name: {"const": value} for name, value in given.items()}, "required": [*given]}
    then = {"properties": {subject: _bounds(sentence.text, fields.get(subject, {}))}, "required": [subject]}
    passes = _example(document, {"allOf": [schema, condition, then]}) or _example(document, schema) | given
    breaks = _example(document, {"allOf": [schema, condition, {"not": then}]}) or passes
    return {
        "target": "$" + "".join(f"['{name}']" if not str(name).isidentifier() else f".{name}" for name in owner),
        "description": "Why this rule exists, and its evidence.",
        "update": {
            "x-rules": [
                {
                    "id": "-".join(_WORD.findall(sentence.text.casefold())[:5]) or "name-of-the-rule",
                    "level": "error",
                    "message": f"{subject} must ...",
                    "source": {"at": sentence.at, "quote": sentence.text},
                    "if": condition if given else {},
                    "then": then,
                    "examples": {"passes": passes, "breaks": breaks},
                }
            ]
        },
    }


def _owner(document: Any, location: Location) -> tuple[Location, str | None]:
    """Return the schema, or the operation, whose rule it would be, and the field that the text describes."""
    for end in range(len(location) - 1, 0, -1):
        if location[end - 1] == "properties":
            return location[: end - 1], str(location[end])
    if location[:1] == ("paths",) and len(location) > len(("paths", "path", "method")):
        operation = at(document, location[:3])
        content = follow_schema(document, operation.get("requestBody")).get("content") or {}
        body: dict[str, Any] = next((media["schema"] for media in content.values() if "schema" in media), {})
        if "$ref" in body:
            return decode(body["$ref"].removeprefix("#")), None
        return location[:3], None
    return location[:-1], None


def _mentions(text: str, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield each field of which the sentence mentions a listed value, with that value."""
    for name, field in fields.items():
        for value in sorted(map(str, field.get("enum") or ()), key=len, reverse=True):
            if _says(text, value):
                yield name, value
                break


def _says(text: str, name: str) -> bool:
    plain = re.sub(r"[\W_]+", "", name.casefold())
    return re.search(rf"(?<![a-z0-9]){re.escape(plain)}(?![a-z0-9])", text.casefold().replace("_", "")) is not None


def _bounds(text: str, field: Mapping[str, Any]) -> dict[str, Any]:
    kind = field.get("type")
    low, high = {"array": ("minItems", "maxItems"), "string": ("minLength", "maxLength")}.get(
        str(kind), ("minimum", "maximum")
    )
    if isinstance(field.get("enum"), list):
        listed = [value for value in field["enum"] if _says(text, str(value))]
        return {"enum": listed} if listed else {}
    found = _COUNTS.search(text)
    if found is None or kind not in {"array", "string", "integer", "number"}:
        return {}
    return {low: int(found[1]), high: int(found[2])} if found[2] else {high: int(found[1])}


def _example(document: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found: Any = next(iter(samples(Schemas(document), schema)), None)
    except SchemaError:
        return {}
    return dict(found) if isinstance(found, dict) else {}
