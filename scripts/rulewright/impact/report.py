"""The report: every difference explained by a check, and what all of it means together."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import EXIT_FAILED
from rulewright.impact.accepted import Accepted, accept
from rulewright.impact.change import WHO, Change, Severity
from rulewright.impact.checks import CHECKS, DERIVED, Check
from rulewright.impact.context import Context
from rulewright.impact.requests import RequestImpact
from rulewright.impact.revision import Revision
from rulewright.impact.structure import Difference, differences, same
from rulewright.openapi.pointer import Location


def _index() -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = defaultdict(list)
    for check in CHECKS.values():
        for place in check.at:
            found[place].append(check)
    return found


_BY_PLACE: Final = _index()


@dataclass(frozen=True)
class Report:
    """What a change means.

    Args:
        old: What the user called the old side.
        new: What the user called the new side.
        changes: Every change, worst first.
        requests: What became of the requests of each operation.
        unexplained: Differences that no check understands.
        expired: Acceptances that match nothing any more.
    """

    old: str
    new: str
    changes: tuple[Change, ...]
    requests: tuple[RequestImpact, ...]
    unexplained: tuple[Difference, ...]
    expired: tuple[str, ...]

    @property
    def severity(self) -> Severity:
        """The worst severity that nobody accepted."""
        return max((each.severity for each in self.changes if each.accepted is None), default=Severity.NOTHING)

    @property
    def failed(self) -> bool:
        """Whether the report is not to be relied on: something is unexplained, or an acceptance is stale."""
        return bool(self.unexplained or self.expired)

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        return EXIT_FAILED if self.failed else int(self.severity)

    @property
    def headline(self) -> str:
        """The whole story in one sentence."""
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
        InputError: One of them is no valid OpenAPI, and cannot be compared.
    """
    with old.explained(), new.explained():
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
    noted, expired = accept([*_told_apart(sorted(changes, key=_worst_first))], accepted)
    return Report(old.label, new.label, noted, context.requests, tuple(unexplained), expired)


def all_differences(old: Revision, new: Revision) -> Iterator[Difference]:
    """Yield the differences of the merged documents, then those of the vendor's that an overlay hides."""
    merged = differences(old.value, new.value)
    yield from merged
    at: dict[Location, list[Difference]] = defaultdict(list)
    for each in merged:
        at[each.location].append(each)
    for each in differences(old.vendor.value, new.vendor.value):
        around = (each.location[:length] for length in range(len(each.location) + 1))
        if not any(_covers(other, each) for place in around for other in at.get(place, ())):
            yield Difference(**{**vars(each), "hidden": True})


def _covers(merged: Difference, vendor: Difference) -> bool:
    """Tell whether a difference of the merged documents tells what one of the vendor's does."""
    if merged.location == vendor.location:
        if merged.kind in {"add", "remove"} and merged.kind == vendor.kind:
            return True
        return merged.selector == vendor.selector and same(merged.old, vendor.old) and same(merged.new, vendor.new)
    inside = vendor.location[: len(merged.location)] == merged.location
    return inside and merged.kind in {"add", "remove"} and merged.kind == vendor.kind


def _told_apart(changes: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes so that no two have one fingerprint: whoever accepts one accepts that one only."""
    seen: Counter[str] = Counter()
    for change in changes:
        name = change.fingerprint
        yield dataclasses.replace(change, twin=seen[name])
        seen[name] += 1


def _worst_first(change: Change) -> tuple[int, str, str]:
    return -change.severity, change.check, change.pointer
