"""One change as a caller meets it, and the check that finds it.

A check is a row that names places and kinds of difference, and the effect on callers; the tables are in `checks/`. What
one comparison decides is written as a row with a template of its message; the rest are functions that yield effects.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from string import Formatter
from typing import Any, Final, Literal

from rulewright.impact.context import Context, Count, parameter_name, show_value
from rulewright.impact.difference import Difference
from rulewright.openapi.pointer import Location, encode

WHO: Final[Mapping[str, str]] = {
    "wire": "a request that was accepted is refused or means something else, or an answer lacks what it had",
    "source": "Python code that uses the client fails: an import, attribute or argument is gone, or one is required",
    "types": "a type checker reports an error, although the code still runs",
    "rules": "a rule of the client refuses a request that it accepted before",
    "docs": "what people read or maintain: sentences, overlays, examples",
}
_LONGEST_TEXT: Final = 80
_MOST_ITEMS: Final = 8


class Severity(IntEnum):
    """How much a change asks of callers; the value is the exit code."""

    NOTHING = 0
    COMPATIBLE = 10
    REVIEW = 20
    BREAKING = 30

    @property
    def word(self) -> str:
        """The word that reports use."""
        return self.name.lower()

    @property
    def title(self) -> str:
        """The heading of the changes of this severity."""
        return "not noticed by callers" if self is Severity.NOTHING else self.word


@dataclass(frozen=True)
class Word:
    """One run of words of a word diff: `same`, `gone` or `new`."""

    kind: str
    text: str


@dataclass(frozen=True)
class Spot:
    """A place of a vendor document: file, line and column, the latter two where they are known."""

    path: str
    line: int | None
    column: int | None
    pointer: str

    def __str__(self) -> str:
        return ":".join(str(each) for each in (self.path, self.line, self.column) if each is not None)


@dataclass(frozen=True)
class Change:
    """One finding: a change, with what else the same decision caused and wherever else it was made.

    Args:
        effect: What a caller notices, one sentence.
        severity: How much it asks of callers.
        who: Who breaks, of `WHO`; empty if nobody does.
        check: Id of the check that found it.
        pointer: JSON pointer of the place: in the new document, or in the old one if the part was removed.
        old: The value before.
        new: The value after.
        side: `request` or `response` if it only concerns uses of that side.
        uses: The operations that use the place, such as `POST /orders (request body)`.
        witness: The smallest request that shows it, or None.
        words: The word diff of a changed sentence.
        quoted: The rules and overlay actions that quote a changed sentence.
        details: Further lines: why something no longer fits, and how to repair it.
        ordinal: Number among equal changes; keeps fingerprints unique.
        accepted: Who accepted it and why, or None.
        cause: What was decided; changes of one cause are one finding.
        announced: Whether it was announced, and the announced date has passed.
        places: Where it is, in the old and in the new document.
        spots: The same as files and lines of the vendor documents.
        parts: What else the same decision caused.
    """

    effect: str
    severity: Severity
    who: tuple[str, ...] = ()
    check: str = ""
    pointer: str = ""
    old: Any = None
    new: Any = None
    side: Literal["request", "response"] | None = None
    uses: tuple[str, ...] = ()
    witness: Any = None
    words: tuple[Word, ...] = ()
    quoted: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    ordinal: int = 0
    accepted: str | None = None
    cause: str = ""
    announced: bool = False
    places: tuple[tuple[Location, Location], ...] = ()
    spots: tuple[tuple[Spot, Spot], ...] = ()
    parts: tuple[Change, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The id to accept the change by: it depends on the check, the places and the values, not on the wording."""
        values = [self.check, self.pointer, self.old, self.new, *([self.ordinal] if self.ordinal else [])]
        if len(self.places) > 1:
            values.append(sorted(encode(new) for _, new in self.places))
        data = json.dumps(values, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(data.encode()).hexdigest()[:16]

    def data(self) -> dict[str, Any]:
        """Return the change as JSON."""
        spots = ("old", "new")
        return {
            "check": self.check,
            "severity": self.severity.word,
            "who": list(self.who),
            "effect": self.effect,
            "fingerprint": self.fingerprint,
            "accepted": self.accepted,
            "announced": self.announced,
            "pointer": self.pointer,
            "places": [{side: vars(spot) for side, spot in zip(spots, pair, strict=True)} for pair in self.spots],
            "uses": list(self.uses),
            "old": self.old,
            "new": self.new,
            "witness": self.witness,
            "words": [vars(word) for word in self.words],
            "quoted": list(self.quoted),
            "details": list(self.details),
            "parts": [
                {"check": each.check, "who": list(each.who), "effect": each.effect, "pointer": each.pointer}
                for each in self.parts
            ],
        }


def as_text(value: Any) -> str:
    """Return a request as JSON for people: long texts and lists are cut and show their length."""
    return json.dumps(_shorten(value), ensure_ascii=False)


def _shorten(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:20]}… ({len(value)} characters)"
    if isinstance(value, list) and len(value) > _MOST_ITEMS:
        return [*map(_shorten, value[:3]), f"… ({len(value)} items)"]
    if isinstance(value, dict):
        return {key: _shorten(child) for key, child in value.items()}
    return [*map(_shorten, value)] if isinstance(value, list) else value


ADD: Final = frozenset({"add"})
REMOVE: Final = frozenset({"remove"})
CHANGE: Final = frozenset({"change"})
RENAME: Final = frozenset({"rename"})
CHANGES: Final = frozenset({"add", "remove", "change"})
_GENERATED: Final = frozenset({"source", "types"})
"""Who breaks only if generated code changes."""
_AMBIGUOUS: Final = "; it is inside a negation or an alternative, so the effect may be the opposite"


def breaking(text: str, *who: str, **more: Any) -> Change:
    """Return an effect that breaks callers."""
    return Change(text, Severity.BREAKING, who, **more)


def review(text: str, **more: Any) -> Change:
    """Return an effect that somebody has to read about."""
    return Change(text, Severity.REVIEW, ("docs",), **more)


def compatible(text: str, *who: str, **more: Any) -> Change:
    """Return an effect that breaks nobody."""
    return Change(text, Severity.COMPATIBLE, who, **more)


def nothing(text: str, *who: str, **more: Any) -> Change:
    """Return an effect that callers do not notice."""
    return Change(text, Severity.NOTHING, who, **more)


Judge = Callable[[Difference, Context], Iterable[Change]]
Parts = Callable[[Difference], Iterable[Difference]]


def turned_on(difference: Difference) -> bool:
    """Whether a flag is true now."""
    return difference.new is True


def turned_off(difference: Difference) -> bool:
    """Whether a flag was true and no longer is."""
    return difference.old is True and difference.new is not True


@dataclass(frozen=True)
class Check:
    """One check.

    Args:
        id: Stable name.
        purpose: What it finds, one sentence.
        at: The places it looks at, such as `Schema.enum` or `Schema.properties[]`.
        judge: Yields the effects of a difference.
        kinds: The kinds of difference it looks at.
        when: Whether a difference is of this check; by default each at its places is.
        parts: Splits a difference into one for each change.
        cause: Template of what was decided; effects of one cause are one finding.
    """

    id: str
    purpose: str
    at: Sequence[str]
    judge: Judge
    kinds: frozenset[str] = CHANGES
    when: Callable[[Difference], bool] = lambda _: True
    parts: Parts = lambda difference: [difference]
    cause: str = ""

    def run(self, difference: Difference, context: Context) -> Iterator[Change]:
        """Yield the changes that this check finds in a difference at one of its places."""
        if difference.known and difference.kind in self.kinds and self.when(difference):
            for part in self.parts(difference):
                for effect in self.judge(part, context):
                    yield self._change(effect, part, context)

    def _change(self, effect: Change, difference: Difference, context: Context) -> Change:
        """Return an effect as the change that a difference is; what an overlay hides breaks no generated code."""
        text, severity, who = effect.effect, effect.severity, tuple(dict.fromkeys(effect.who))
        if difference.hidden:
            text += " (an overlay replaces this in the client)"
            if _GENERATED & set(who):
                who = tuple(each for each in who if each not in _GENERATED)
                severity = severity if who else Severity.NOTHING
        return dataclasses.replace(
            effect, check=self.id, pointer=difference.pointer, effect=text, severity=severity, who=who,
            old=difference.old, new=difference.new, places=((difference.place.old, difference.place.new),),
            uses=tuple(str(use) for use in context.uses(difference) if effect.side in {None, use.side}),
            cause=effect.cause or fill(self.cause, difference, context),
        )  # fmt: skip


def _either(difference: Difference) -> Any:
    return difference.old if difference.new is None else difference.new


PLACEHOLDERS: Final[dict[str, Callable[[Difference, Context], str]]] = {
    "old": lambda difference, _: show_value(difference.old),
    "new": lambda difference, _: show_value(difference.new),
    "key": lambda difference, _: difference.key,
    "entry": lambda difference, _: show_value(difference.entry),
    "last": lambda difference, _: show_value(str(difference.location[-1])),
    "object": lambda difference, _: difference.pointer.rpartition("/")[0],
    "field": lambda difference, context: context.field(difference, end=-1),
    "whole": lambda difference, context: context.field(difference, end=-2),
    "place": lambda difference, context: context.field(difference),
    "values": lambda difference, _: ", ".join(show_value(value) for value in _either(difference)),
    "alternatives": lambda difference, _: str(len(_either(difference))),
    "parameter": lambda difference, context: parameter_name(context.owner(difference)),
    "rule": lambda difference, context: difference.entry or str(context.owner(difference).get("id")),
    "url": lambda difference, _: server_url(_either(difference)),
}
"""What a template may name, and how it is worded."""


def fill(template: str, difference: Difference, context: Context) -> str:
    """Return a template of `PLACEHOLDERS`, filled in for a difference."""
    names = [name for _, name, _, _ in Formatter().parse(template) if name]
    return template.format_map({name: PLACEHOLDERS[name](difference, context) for name in names})


@dataclass(frozen=True)
class Always:
    """A judge with one effect; its text is a template of `PLACEHOLDERS`."""

    effect: Change

    def __call__(self, difference: Difference, context: Context) -> Iterator[Change]:
        """Yield the effect."""
        yield dataclasses.replace(self.effect, effect=fill(self.effect.effect, difference, context))


@dataclass(frozen=True)
class Directed:
    """A judge of a schema that allows less, or more: its effect depends on where the schema is used.

    A verdict on the wire holds unless containment proves that nothing that was valid is invalid now.

    Args:
        sent: Template of the effect on requests.
        answered: Template of the effect on readers of answers.
        request: Who breaks beside the wire if it is used in a request.
        response: Who breaks beside the wire if it is used in an answer.
        counted: Whether the requests with this `value`, or those that have this `field`, are looked up in the count.
        wire: Whether a server may refuse a request for it at all.
        read: Whether a reader of the old answers may fail on a new one.
        narrower: Whether the schema allows less, not more.
        provable: Whether JSON Schema knows the keyword, so that containment decides.
    """

    sent: str
    answered: str
    request: tuple[str, ...] = ()
    response: tuple[str, ...] = ()
    counted: Literal["value", "field"] | None = None
    wire: bool = True
    read: bool = False
    narrower: bool = True
    provable: bool = True

    def __call__(self, difference: Difference, context: Context) -> Iterator[Change]:
        """Yield the effects, with the templates filled in."""
        sent, answered = (fill(text, difference, context) for text in (self.sent, self.answered))
        yield from dataclasses.replace(self, sent=sent, answered=answered).effects(difference, context)

    def effects(self, difference: Difference, context: Context) -> Iterator[Change]:
        """Yield the effects; the texts are complete, not templates."""
        sides = context.sides(difference)
        if "request" in sides:
            yield self._request_change(difference, context)
        if "response" in sides:
            breaks = self.read and not (self.provable and context.is_safe(difference, "response"))
            yield _effect(self.answered, (*(["wire"] if breaks else []), *self.response), side="response")
        if not sides:
            text = f"{self.sent} (no operation uses it)"
            # only its generated class can be missed
            yield breaking(text, "source") if "source" in {*self.request, *self.response} else nothing(text)

    def _request_change(self, difference: Difference, context: Context) -> Change:
        text, count = self.sent, self._count(difference, context)
        is_safe = context.is_safe(difference, "request") if self.provable else None
        turned = difference.is_reversed and is_safe is not True
        if self.narrower:
            unseen = count is not None and not count.stops and self.counted is not None
            breaks = self.wire and is_safe is not True and not unseen
            if count is not None and count.stops:
                text += f" ({count.stops} of the {count.before} counted requests that were accepted)"
            elif unseen:
                text += " (no accepted request had it)"
            elif is_safe and self.wire:
                text += ", and none that was accepted is refused"
        else:
            breaks = turned
            if count is not None and count.starts:
                text += f" ({count.starts} of the {count.after} counted requests that are accepted now)"
        text += _AMBIGUOUS * turned
        witness = count and (count.stopped if breaks else count.started)
        if breaks and witness is None:
            asked = {"value": {"value": _either(difference)}, "field": {"without": str(_either(difference))}}
            witness = context.refused_request(difference, **asked.get(self.counted or "", {}))
        return _effect(text, (*(["wire"] if breaks else []), *self.request), witness=witness, side="request")

    def _count(self, difference: Difference, context: Context) -> Count | None:
        value = _either(difference)
        if self.counted == "field":
            return context.count_requests(difference, field=str(value))
        return context.count_requests(difference, **({"value": value} if self.counted else {}))


def _effect(text: str, who: tuple[str, ...], **more: Any) -> Change:
    return Change(text, Severity.BREAKING if who else Severity.COMPATIBLE, who, **more)


narrows: Final = Directed
"""The judge of a schema that allows less: in a request this breaks, in an answer it may."""
widens: Final = partial(Directed, narrower=False)
"""The judge of a schema that allows more: in an answer this may break, in a request it does not."""


def server_url(server: Any) -> str:
    """Return the address of a server."""
    return show_value(str(server.get("url"))) if isinstance(server, dict) else "?"
