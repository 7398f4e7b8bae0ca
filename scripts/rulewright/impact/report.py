"""The report: the changes that the checks find in every difference, and what they mean together."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import EXIT_FAILED
from rulewright.impact.change import WHO, Accepted, Change, Severity, mark_accepted
from rulewright.impact.check import Check
from rulewright.impact.checks import CHECKS, DERIVED
from rulewright.impact.context import Context
from rulewright.impact.difference import Difference, differences, same
from rulewright.impact.requests import RequestImpact
from rulewright.impact.revision import Revision
from rulewright.openapi.pointer import Location


def _index() -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = defaultdict(list)
    for check in CHECKS:
        for place in check.at:
            found[place].append(check)
    return found


_BY_PLACE: Final = _index()


@dataclass(frozen=True)
class Report:
    """What the differences of two revisions mean for callers.

    Args:
        old: What the user called the old side.
        new: What the user called the new side.
        changes: Every change, worst first.
        requests: The counted requests of each operation.
        unexplained: Differences that no check understands.
        expired: An error message for each accepted change that no longer matches.
    """

    old: str
    new: str
    changes: tuple[Change, ...]
    requests: tuple[RequestImpact, ...]
    unexplained: tuple[Difference, ...]
    expired: tuple[str, ...]

    @property
    def severity(self) -> Severity:
        """The worst severity of the changes that nobody accepted."""
        return max((each.severity for each in self.changes if each.accepted is None), default=Severity.NOTHING)

    @property
    def failed(self) -> bool:
        """Whether the report cannot be relied on: a difference is unexplained, or an acceptance has expired."""
        return bool(self.unexplained or self.expired)

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        return EXIT_FAILED if self.failed else int(self.severity)

    @property
    def headline(self) -> str:
        """The report in one sentence."""
        if not self.changes and not self.unexplained:
            return "nothing changed"
        open_changes = [each for each in self.changes if each.accepted is None]
        parts = []
        for severity, one, many in (
            (Severity.BREAKING, "breaks callers", "break callers"),
            (Severity.REVIEW, "to review", "to review"),
            (Severity.COMPATIBLE, "is compatible", "are compatible"),
        ):
            if count := sum(each.severity == severity for each in open_changes):
                parts.append(f"{count} {one if count == 1 else many}")
        who = [
            name for name in WHO if any(name in each.who for each in open_changes if each.severity >= Severity.REVIEW)
        ]
        text = ", ".join(parts) or "nothing for callers"
        return text + (f" (concerns: {', '.join(who)})" if who else "")

    def data(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "old": self.old,
            "new": self.new,
            "exit": self.exit_code,
            "severity": self.severity.word,
            "headline": self.headline,
            "requests": [each.data() for each in self.requests],
            "changes": [each.data() for each in self.changes],
            "unexplained": [
                {"pointer": each.pointer, "kind": each.kind, "old": each.old, "new": each.new}
                for each in self.unexplained
            ],
            "expired": list(self.expired),
        }


def compare(old: Revision, new: Revision, accepted: Sequence[Accepted] = ()) -> Report:
    """Compare two revisions and explain every difference.

    Args:
        old: The revision callers have.
        new: The revision they would get.
        accepted: Changes that were accepted.

    Raises:
        InputError: One of them is not valid OpenAPI, and cannot be compared.
    """
    with old.merged.explained(), new.merged.explained():
        return _compare(old, new, accepted)


def _compare(old: Revision, new: Revision, accepted: Sequence[Accepted]) -> Report:
    context = Context(old, new)
    changes: list[Change] = []
    unexplained: list[Difference] = []
    for difference in all_differences(old, new):
        found = [change for check in _BY_PLACE[difference.selector] for change in check.run(difference, context)]
        if found:
            changes += found
        else:
            unexplained.append(difference)
    for derived in DERIVED:
        changes += derived.run(context)
    marked, expired = mark_accepted([*_number_equal(sorted(changes, key=_worst_first))], accepted)
    return Report(old.label, new.label, marked, context.requests, tuple(unexplained), expired)


def all_differences(old: Revision, new: Revision) -> Iterator[Difference]:
    """Yield the differences of the effective documents, then those of the vendor documents that an overlay hides."""
    merged = differences(old.value, new.value)
    yield from merged
    at: dict[Location, list[Difference]] = defaultdict(list)
    for each in merged:
        at[each.location].append(each)
    for each in differences(old.vendor.value, new.vendor.value):
        around = (each.location[:length] for length in range(len(each.location) + 1))
        if not any(_covers(other, each) for place in around for other in at.get(place, ())):
            yield dataclasses.replace(each, hidden=True)


def _covers(merged: Difference, vendor: Difference) -> bool:
    """Whether a difference of the effective documents includes one of the vendor documents."""
    if merged.location == vendor.location:
        if merged.kind in {"add", "remove"} and merged.kind == vendor.kind:
            return True
        return merged.selector == vendor.selector and same(merged.old, vendor.old) and same(merged.new, vendor.new)
    inside = vendor.location[: len(merged.location)] == merged.location
    return inside and merged.kind in {"add", "remove"} and merged.kind == vendor.kind


def _number_equal(changes: Sequence[Change]) -> Iterator[Change]:
    """Number equal changes, so that each has a fingerprint of its own and is accepted by itself."""
    seen: Counter[str] = Counter()
    for change in changes:
        fingerprint = change.fingerprint
        yield dataclasses.replace(change, ordinal=seen[fingerprint])
        seen[fingerprint] += 1


def _worst_first(change: Change) -> tuple[int, str, str]:
    return -change.severity, change.check, change.pointer
