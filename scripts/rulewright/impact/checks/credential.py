"""Checks of credentials: which ways to authenticate are enough, and how each is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.registry import Check, Registry
from rulewright.impact.context import Context, shown
from rulewright.impact.structure import Difference

REGISTRY: Final = Registry()
check = REGISTRY.check
_CHANGES: Final = ("add", "remove", "change")
_SECURITY: Final = ("Operation.security", "OpenAPI.security")
_Way = frozenset[str]


@check("security-demanded", _SECURITY, _CHANGES, mirror="security-waived")
def security_demanded(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A way to authenticate that was enough no longer is."""
    old, new = _ways(difference, context)
    if lost := _short(old, new):
        text = f"credentials: {_list(lost)} is no longer enough, {_list(new)} is asked for"
        yield context.change(this.id, difference, text, Severity.BREAKING, "wire")


@check("security-waived", _SECURITY, _CHANGES, mirror="security-demanded")
def security_waived(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """There is one more way to authenticate, or none is needed."""
    old, new = _ways(difference, context)
    if _short(old, new):
        return
    if won := _short(new, old):
        yield context.change(this.id, difference, f"credentials: {_list(won)} is enough now", Severity.COMPATIBLE)
    else:
        yield context.change(this.id, difference, "credentials: the same, written otherwise", Severity.NOTHING)


def _short(given: Sequence[_Way], asked: Sequence[_Way]) -> list[_Way]:
    """Return the ways that are not enough: a way is, if it holds all credentials of one that is asked for."""
    return [way for way in given if not any(other <= way for other in asked)]


def _ways(difference: Difference, context: Context) -> tuple[list[_Way], list[_Way]]:
    values: list[list[_Way]] = []
    for value, side in ((difference.old, context.old), (difference.new, context.new)):
        stated = side.value.get("security") if value is None and difference.owner == "Operation" else value
        entries = stated if isinstance(stated, list) and stated else [{}]
        values.append([_credentials(entry) for entry in entries if isinstance(entry, dict)])
    return values[0], values[1]


def _credentials(entry: Mapping[str, Any]) -> _Way:
    """Return the schemes of one way, each with its scopes."""
    scopes = ((name, value if isinstance(value, list) else []) for name, value in entry.items())
    return frozenset(part for name, value in scopes for part in (name, *(f"{name} {scope}" for scope in value)))


def _list(ways: Sequence[_Way]) -> str:
    return " or ".join(shown(" with ".join(sorted(way))) if way else "none" for way in ways)


@check("security-scheme-changed", [f"SecurityScheme.{key}" for key in ("type", "name", "in", "scheme", "flows",
       "openIdConnectUrl")], _CHANGES, mirror="security-scheme-changed")  # fmt: skip
def security_scheme_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Credentials are sent in another way."""
    text = f"credentials: {difference.key} was {shown(difference.old)}, is {shown(difference.new)}"
    yield context.change(
        this.id, difference, f"{text}; requests signed the old way are refused", Severity.BREAKING, "wire"
    )
