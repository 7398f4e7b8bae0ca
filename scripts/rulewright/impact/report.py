"""The report: the changes that the checks find in every difference, grouped, graded, and what they mean together."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rulewright.errors import EXIT_FAILED, InputError
from rulewright.impact.change import WHO, Change, Check, Severity, Spot
from rulewright.impact.checks import CHECKS, DERIVED
from rulewright.impact.context import Context
from rulewright.impact.difference import Difference, Renames
from rulewright.impact.normal import normal
from rulewright.impact.requests import RequestImpact
from rulewright.impact.revision import CONFIG, Revision, follow_renames
from rulewright.openapi.document import Document, load
from rulewright.openapi.pointer import Location, encode

VERSION: Final = 1
"""Of the JSON form; its schema is `impact.schema.json`."""
ANY: Final = "any"
ACCEPTED_FILE: Final = "overlays/accepted-changes.yaml"
_ENTRY_KEYS: Final = ("fingerprint", "author", "reason")
LEVELS: Final[Mapping[str, Severity]] = {
    "off": Severity.NOTHING, "compatible": Severity.COMPATIBLE, "review": Severity.REVIEW, "breaking": Severity.BREAKING,
}  # fmt: skip


@dataclass(frozen=True)
class Accepted:
    """An entry of the file of accepted changes.

    The file is beside the overlays, and not part of `pyproject.toml`: the entries come and go with the vendor's pages, are
    reviewed with the overlays, and a reason may need more than a line.
    """

    fingerprint: str
    author: str
    reason: str
    place: str


def read_accepted(path: Path) -> tuple[Accepted, ...]:
    """Read the accepted changes; a missing file accepts nothing.

    Raises:
        InputError: An entry lacks its fingerprint, author or reason, or two entries have one fingerprint.
    """
    if not path.is_file():
        return ()
    document = load(path)
    entries = document.value.get("accepted") if isinstance(document.value, dict) else None
    if not isinstance(entries, list) or set(document.value) != {"accepted"}:
        raise document.error("must be an object with one key, accepted: a list")
    found: dict[str, Accepted] = {}
    for index, entry in enumerate(entries):
        at = ("accepted", index)
        if not isinstance(entry, dict) or set(entry) != set(_ENTRY_KEYS):
            raise document.error(f"an accepted change has {', '.join(_ENTRY_KEYS)}", at)
        if not all(isinstance(entry[key], str) and entry[key].strip() for key in _ENTRY_KEYS):
            raise document.error("fingerprint, author and reason are text, and none may be empty", at)
        if entry["fingerprint"] in found:
            raise document.error(f"{entry['fingerprint']} is accepted twice", at)
        found[entry["fingerprint"]] = Accepted(**entry, place=f"{document.path}:{document.line(at)}")
    return tuple(found.values())


def mark_accepted(
    changes: Sequence[Change], accepted: Sequence[Accepted]
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Return the changes with the accepted ones marked, and an error message for each entry that matches none."""
    entries = {each.fingerprint: each for each in accepted}
    marked: list[Change] = []
    for change in changes:
        entry = entries.pop(change.fingerprint, None)
        marked.append(
            dataclasses.replace(change, accepted=f"{entry.author}: {entry.reason}" if entry else change.accepted)
        )
    expired = tuple(
        f"{each.place}: no change matches the accepted fingerprint {each.fingerprint} ({each.author}: {each.reason}); "
        "remove the entry"
        for each in entries.values()
    )
    return tuple(marked), expired


@dataclass(frozen=True)
class Settings:
    """What fails, as a team decides it.

    Args:
        fail_on: Kinds of `WHO` whose changes are breaking, beside those on the wire; `any` for all.
        levels: The level of each check that has another one than by default.
    """

    fail_on: Collection[str] = ("rules",)
    levels: Mapping[str, Severity] = field(default_factory=dict)

    def grade(self, change: Change) -> Severity:
        """Return how much a change asks of callers."""
        if change.check in self.levels:
            return self.levels[change.check]
        if change.announced:
            return Severity.COMPATIBLE
        if change.severity is Severity.NOTHING:
            return change.severity
        if ANY in self.fail_on or {"wire", *self.fail_on} & set(change.who):
            return Severity.BREAKING
        if change.severity is Severity.BREAKING:
            return Severity.COMPATIBLE if change.who == ("types",) else Severity.REVIEW
        return change.severity


def read_settings(root: Path, fail_on: Sequence[str] = ()) -> Settings:
    """Return the settings in the table `tool.rulewright.impact` of a project, or those of the command line.

    Raises:
        InputError: The file is not TOML, or a key, kind, check or level is unknown.
    """
    path = root / CONFIG
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"is not TOML: {error}", path=path.as_posix()) from error
    table = document.get("tool", {}).get("rulewright", {}).get("impact", {})
    kinds, levels = table.get("fail-on", list(Settings.fail_on)), table.get("levels", {})
    if not isinstance(kinds, list) or not isinstance(levels, dict):
        raise InputError("[tool.rulewright.impact] has fail-on, a list, and levels, a table", path=path.as_posix())
    known = {*(each.id for each in CHECKS), *(each.id for each in DERIVED)}
    for what, given, possible in (
        ("setting", table, {"fail-on", "levels"}), ("kind in fail-on", kinds, {*WHO, ANY}),
        ("check in levels", levels, known), ("level", levels.values(), LEVELS.keys()),
    ):  # fmt: skip
        if unknown := [each for each in given if each not in possible]:
            few = f": {', '.join(sorted(possible))}" if len(possible) < 10 else "; see rulewright impact --checks"
            message = f"[tool.rulewright.impact] has an unknown {what}, {unknown[0]!r}{few}"
            raise InputError(message, path=path.as_posix())
    return Settings(tuple(fail_on) or tuple(kinds), {name: LEVELS[level] for name, level in levels.items()})


_BY_PLACE: Final[dict[str, list[Check]]] = defaultdict(list)
for _check in CHECKS:
    for _place in _check.at:
        _BY_PLACE[_place].append(_check)


@dataclass(frozen=True)
class Report:
    """What the differences of two revisions mean for callers.

    Args:
        old: The old side.
        new: The new side.
        changes: Every change, worst first.
        requests: The counted requests of each operation.
        unexplained: Differences that no check understands.
        expired: An error message for each accepted change that no longer matches.
    """

    old: Revision
    new: Revision
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
        """The report in one sentence; the wire first."""
        if not self.changes and not self.unexplained:
            return "nothing changed"
        left = [each for each in self.changes if each.accepted is None and each.severity > Severity.NOTHING]
        wire = [each for each in left if "wire" in each.who and each.severity is Severity.BREAKING]
        parts = [f"{len(wire)} breaking on the wire" if wire else "nothing breaks on the wire"]
        left = [each for each in left if each not in wire]
        for severity, words in (
            (Severity.BREAKING, "breaking otherwise"), (Severity.REVIEW, "to review"), (Severity.COMPATIBLE, "compatible"),
        ):  # fmt: skip
            found = [each for each in left if each.severity is severity]
            who = [name for name in WHO if any(name in each.who for each in found)]
            if found:
                parts.append(f"{len(found)} {words}" + (f" ({', '.join(who)})" if who else ""))
        return ", ".join(parts)

    def data(self) -> dict[str, Any]:
        """Return the report as JSON, as `impact.schema.json` describes it."""
        return {
            "version": VERSION,
            "tool": version("rulewright"),
            "old": self.old.label,
            "new": self.new.label,
            "documents": {"old": self.old.identity, "new": self.new.identity},
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


def compare(
    old: Revision,
    new: Revision,
    accepted: Sequence[Accepted] = (),
    settings: Settings | None = None,
    today: dt.date | None = None,
) -> Report:
    """Compare two revisions and explain every difference.

    Args:
        old: The revision callers have.
        new: The revision they would get.
        accepted: Changes that were accepted.
        settings: What fails.
        today: The date that announced ends are compared with.

    Raises:
        InputError: One of them is not valid OpenAPI, and cannot be compared.
    """
    date = (today or dt.datetime.now(dt.UTC).date()).isoformat()
    with old.explain_errors(), new.explain_errors():
        if new.conflicts:
            names = Renames(normal(old.vendor.value), normal(new.vendor.value)).names
            new = follow_renames(new, {kind: each for kind, each in names.items() if kind != "paths"})
        context = Context(old, new, date)
        settings = settings or Settings()
        changes: list[Change] = []
        unexplained: list[Difference] = []
        for difference in context.differences:
            found = [change for check in _BY_PLACE[difference.selector] for change in check.run(difference, context)]
            if found:
                changes += found
            else:
                unexplained.append(difference)
        for derived in DERIVED:
            changes += derived.run(context)
        graded = [dataclasses.replace(each, severity=settings.grade(each)) for each in changes]
        one = sorted((_one_finding(each) for each in _group(graded)), key=_worst_first)
        findings = _siblings_as_one(_same_findings(one))
        numbered = _number_equal([_with_spots(each, context) for each in findings])
        marked, expired = mark_accepted([*numbered], accepted)
        changed = tuple(each for each in context.requests if each.stops or each.starts or not each.total)
        return Report(context.old, context.new, marked, changed, tuple(unexplained), expired)


def _group(changes: Sequence[Change]) -> Iterable[list[Change]]:
    """Group what one decision caused."""
    groups: dict[str, list[Change]] = defaultdict(list)
    for each in changes:
        own = json.dumps([each.check, each.pointer, each.old, each.new], sort_keys=True)
        groups[each.cause or own].append(each)
    return groups.values()


def _one_finding(changes: list[Change]) -> Change:
    """Return the worst of the changes of one decision, with the others as its parts."""
    first, *others = sorted(changes, key=_worst_first)
    uses = tuple(dict.fromkeys(use for each in (first, *others) for use in each.uses))
    who = tuple(name for name in WHO if any(name in each.who for each in changes))
    parts = tuple(
        each for each in others if each.who or each.check != first.check
    )  # the other side of the same is no news
    return dataclasses.replace(first, who=who, uses=uses, parts=parts) if others else first


def _same_findings(changes: Sequence[Change]) -> Iterable[Change]:
    """Return equal findings at many places as one."""
    groups: dict[str, list[Change]] = {}
    for each in changes:
        key = json.dumps(
            [each.check, each.effect, each.who, each.old, each.new, each.cause, [p.effect for p in each.parts]]
        )
        groups.setdefault(key if each.places else f"{key} {each.pointer}", []).append(each)
    for found in groups.values():
        places = tuple(dict.fromkeys(place for each in found for place in each.places))
        uses = tuple(dict.fromkeys(use for each in found for use in each.uses))
        yield dataclasses.replace(found[0], places=places, uses=uses)


def _siblings_as_one(changes: Iterable[Change]) -> Iterable[Change]:
    """Return the same finding about several fields of one schema as one, which names them."""
    groups: dict[str, list[Change]] = {}
    for index, each in enumerate(changes):
        owner = each.pointer.rpartition("/")[0]
        alike: list[Any] = [index]
        if owner.endswith("/properties") and len(each.places) == 1:
            texts = [
                text.replace(f".{_field(each)}", "") for text in (each.effect, *(part.effect for part in each.parts))
            ]
            alike = [each.check, owner, each.who, each.severity, each.announced, each.uses, texts]
        groups.setdefault(json.dumps(alike), []).append(each)
    for found in groups.values():
        text = f"{found[0].effect}; the same holds for {', '.join(map(_field, found[1:]))}"
        places = tuple(place for each in found for place in each.places)
        yield dataclasses.replace(found[0], effect=text, places=places) if len(found) > 1 else found[0]


def _field(change: Change) -> str:
    return str(change.places[0][1][-1])


def _with_spots(change: Change, context: Context) -> Change:
    """Return a change with the lines of its places in the vendor documents."""
    old, new = context.old.vendor, context.new.vendor
    spots = tuple((_spot(old, before), _spot(new, after)) for before, after in change.places)
    return dataclasses.replace(change, spots=spots)


def _spot(document: Document, location: Location) -> Spot:
    return Spot(document.path, document.line(location), document.column(location), encode(location))


def _number_equal(changes: Sequence[Change]) -> Iterator[Change]:
    """Number equal changes, so that each has a fingerprint of its own and is accepted by itself."""
    seen: Counter[str] = Counter()
    for change in changes:
        fingerprint = change.fingerprint
        yield dataclasses.replace(change, ordinal=seen[fingerprint])
        seen[fingerprint] += 1


def _worst_first(change: Change) -> tuple[int, bool, str, str]:
    return -change.severity, "wire" not in change.who, change.check, change.pointer
