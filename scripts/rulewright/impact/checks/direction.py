"""What narrowing or widening a schema means: in a request the first breaks, in an answer the second may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.registry import Check
from rulewright.impact.context import Context
from rulewright.impact.structure import Difference

ANY: Final = object()
_UNCLEAR: Final = "; it stands inside a negation or an alternative, so the effect may be the opposite"


def narrowed(
    this: Check,
    difference: Difference,
    context: Context,
    sent: str,
    answered: str,
    *,
    request: tuple[str, ...] = (),
    response: tuple[str, ...] = (),
    wire: bool = True,
    value: Any = ANY,
    field: str | None = None,
    probe: Iterable[Any] = (),
) -> Iterator[Change]:
    """Yield what a narrower schema means on each side it is used.

    Args:
        this: The check.
        difference: The difference.
        context: Both sides.
        sent: The effect on requests.
        answered: The effect on readers of answers.
        request: Who breaks beside the wire where it is used in a request.
        response: Who breaks where it is used in an answer.
        wire: Whether a server may refuse a request for it at all.
        value: The value that is gone, to look its requests up.
        field: The field it is about, where the place does not name it.
        probe: Values to try in the field, to find a request that shows it.
    """
    sides = context.sides(difference)
    unclear = context.unclear(difference)
    if "request" in sides:
        fate = context.fate(difference, value=value, field=field)
        witness = fate.stopped if fate else None
        if witness is None and wire:
            witness = context.probe(difference, probe, stops=True)
        counted_out = fate is not None and not fate.stops and (value is not ANY or field is not None)
        if fate is not None and fate.stops:
            sent += f" ({fate.stops} of the counted requests)"
        elif counted_out:
            sent += " (no request that was accepted held it)"
        who = (*(["wire"] if wire and not counted_out else []), *request)
        severity = Severity.BREAKING if who else Severity.COMPATIBLE
        text = sent + (_UNCLEAR if unclear else "")
        yield context.change(this.id, difference, text, severity, *who, witness=witness, side="request")
    if "response" in sides:
        severity = Severity.BREAKING if response or unclear else Severity.COMPATIBLE
        text = answered + (_UNCLEAR if unclear else "")
        yield context.change(this.id, difference, text, severity, *response, side="response")
    if not sides:
        yield _unused(this, difference, context, sent, {*request, *response})


def widened(
    this: Check,
    difference: Difference,
    context: Context,
    sent: str,
    answered: str,
    *,
    request: tuple[str, ...] = (),
    response: tuple[str, ...] = (),
    value: Any = ANY,
    field: str | None = None,
    probe: Iterable[Any] = (),
) -> Iterator[Change]:
    """Yield what a wider schema means on each side it is used; the arguments are those of `narrowed`."""
    sides = context.sides(difference)
    unclear = context.unclear(difference)
    if "request" in sides:
        fate = context.fate(difference, value=value, field=field)
        witness = fate.started if fate else None
        witness = context.probe(difference, probe, stops=False) if witness is None else witness
        if fate is not None and fate.starts:
            sent += f" ({fate.starts} of the counted requests)"
        who = ("wire", *request) if unclear else request
        severity = Severity.BREAKING if who else Severity.COMPATIBLE
        text = sent + (_UNCLEAR if unclear else "")
        yield context.change(this.id, difference, text, severity, *who, witness=witness, side="request")
    if "response" in sides:
        severity = Severity.BREAKING if response else Severity.COMPATIBLE
        yield context.change(this.id, difference, answered, severity, *response, side="response")
    if not sides:
        yield _unused(this, difference, context, sent, {*request, *response})


def _unused(this: Check, difference: Difference, context: Context, text: str, who: set[str]) -> Change:
    """Return the change of a schema no operation uses: only its generated class can be missed."""
    if "source" in who:
        return context.change(this.id, difference, f"{text} (no operation uses it)", Severity.BREAKING, "source")
    return context.change(this.id, difference, f"{text} (no operation uses it)", Severity.NOTHING)
