"""What the figures of each bench script say, as rows of one table, each beside its target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 1.15
"""What regenerating may cost, in runs of the bare generator."""
SECONDS: Final = 0.5
"""What a check may take if nothing changed."""
BARE: Final = "bare generator"
KINDS: Final = {"wall": "wall", "cpu": "processor"}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        what: What was measured.
        value: What was found, in words.
        ratio: To what it is compared with, if it is.
        target: What is wanted, in words; empty if nothing is.
        met: Whether it is; None without a target.
        share: How much of what the target allows was used: above 1 is a miss.
    """

    what: str
    value: str
    ratio: float | None = None
    target: str = ""
    met: bool | None = None
    share: float | None = None


def most(what: str, value: str, number: float, limit: float, *, ratio: bool = True) -> Row:
    """Return a row whose number shall be at most a limit."""
    return Row(what, value, number if ratio else None, f"at most {limit:g}", number <= limit, number / limit)


def least(what: str, value: str, number: float, limit: float) -> Row:
    """Return a row whose number, a ratio, shall be at least a limit."""
    return Row(what, value, number, f"at least {limit:g}", number >= limit, limit / number)


def regenerate(found: Any) -> Iterator[Row]:
    """This project: everything, after a change of a rule, and with nothing to do."""
    ways = found["seconds"]
    yield from _ratios("regenerate, everything", ways["regenerate, everything"], ways[BARE], MOST)
    yield from _ratios("regenerate, a rule changed", ways["regenerate, a rule changed"], ways[BARE], None)
    idle = ways["check, nothing changed"]
    yield most("check, nothing changed", _seconds(idle), idle["wall"], SECONDS, ratio=False)


def scale(found: Any) -> Iterator[Row]:
    """Documents of several sizes, and how the seconds grow between the smallest and the largest."""
    sizes = found["seconds"]
    for size, ways in sizes.items():
        yield from _ratios(f"{size} operations: regenerate", ways["regenerate"], ways[BARE], MOST)
    for size, ways in sizes.items():
        name = "regenerate, a rule changed"
        yield from _ratios(f"{size} operations: {name}", ways[name], ways[BARE], None)
    first, last = min(sizes, key=int), max(sizes, key=int)
    if first == last:
        return
    for kind, word in KINDS.items():
        ours, bare = (sizes[last][way][kind] / sizes[first][way][kind] for way in ("regenerate", BARE))
        value = f"{ours:.1f} times as long, the bare generator {bare:.1f} times"
        yield most(f"from {first} to {last} operations, {word}", value, ours / bare, 1)


def _ratios(name: str, found: Mapping[str, float], bare: Mapping[str, float], limit: float | None) -> Iterator[Row]:
    for kind, word in KINDS.items():
        ratio, value = found[kind] / bare[kind], f"{found[kind]:.2f} s, the bare generator {bare[kind]:.2f} s"
        what = f"{name}, {word}"
        yield Row(what, value, ratio) if limit is None else most(what, value, ratio, limit)


def _seconds(found: Mapping[str, float]) -> str:
    return f"{found['wall']:.2f} s, {found['cpu']:.2f} s of the processor"


def rules(found: Any) -> Iterator[Row]:
    """The generated checks beside the same written by hand; those of valid bodies have a target."""
    ratios = found.get("ratios") or {"violations to the same written by hand, valid bodies": found["ratio"]}
    aimed = ("violations to schema and rules", "violations to the same")
    for name, ratio in ratios.items():
        yield most(name, "", ratio, found.get("most", 2.5)) if name.startswith(aimed) else Row(name, "", ratio)


def sandbox(found: Any) -> Iterator[Row]:
    """The sandbox beside a handler that does nothing else, and beside Prism where there is one."""
    rates = {name: f"{one['requests_per_second']:.0f} a second" for name, one in found["servers"].items()}
    for name, ratio in found["rate_ratio_to"].items():
        told = f"{rates['sandbox']}, {name} {rates[name]}"
        yield least(f"requests a second, to {name}", told, ratio, found["least"][name])
    for name, ratio in found["processor_ratio_to"].items():
        yield Row(f"requests a processor second, to {name}", "", ratio)
    if "prism, silent" not in found["rate_ratio_to"]:
        yield Row("requests a second, to Prism", "not measured: `prism` is not on PATH", target="at least 2.5")
    ready = found["servers"]["sandbox"]["ready_seconds"]
    yield most("ready", f"{ready:.2f} s", ready, 0.5, ratio=False)
    yield most("memory after its requests", f"{found['megabytes']:.1f} MB", found["megabytes"], 60, ratio=False)


def contract(found: Any) -> Iterator[Row]:
    """The contract checks beside plain schemathesis."""
    yield Row("cases a second, to schemathesis", "", found["ratios"]["rate"])
    yield Row("cases a processor second, to schemathesis", "", found["ratios"]["cpu_rate"])


def weight(found: Any) -> Iterator[Row]:
    """What the plain client weighs: its targets stand in its own names."""
    for one in found["targets"]:
        name, sign, limit = one["what"].partition("<=")
        yield Row(name.strip(), one["value"], target=f"at most{limit}" if sign else "as named", met=one["met"])


def faults(found: Any) -> Iterator[Row]:
    """Our own columns of the matrix: no cell may be red."""
    for column, name in enumerate(found["columns"]):
        judged = [row["cells"][column]["green"] for row in found["rows"] if row["cells"][column]["green"] is not None]
        red, value = judged.count(False), f"{judged.count(True)} of {len(judged)} as wanted"
        ours = name.startswith("ours")
        yield Row(name, value, target="all" if ours else "", met=red == 0 if ours else None)


READERS: Final[Mapping[str, Callable[[Any], Iterator[Row]]]] = {
    "regenerate": regenerate,
    "scale": scale,
    "rules": rules,
    "sandbox": sandbox,
    "contract": contract,
    "weight": weight,
    "faults": faults,
}
