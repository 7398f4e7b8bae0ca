"""The table of what noticed each fault: for people, and for the next run, which asks that test first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.contract.teeth.fault import Fault
from tests.contract.teeth.runner import Verdict

TABLE: Final = Path(__file__).with_name("TABLE.md")
_HEAD: Final = """# What notices each seeded fault

Written by `nox -s teeth -- --write`: each fault of `faults/` was put into a copy by itself, and the tests of its layer
were run. The first that failed stands here, and the part it laid the fault at. Tests that draw took no part. A fault
without a row has not been tried since it was written down; `-- --missing --write` tries those.

"""

Key = tuple[str, str]


def read(path: Path = TABLE) -> dict[Key, tuple[str, str]]:
    """Return, by layer and name, the test that noticed a fault and the part it named."""
    found: dict[Key, tuple[str, str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 5 and cells[2].startswith("`"):
            found[cells[1], cells[0]] = (f"tests/{cells[2].strip('`')}", cells[3])
    return found


def written(verdicts: Iterable[Verdict], faults: Sequence[Fault], before: Mapping[Key, tuple[str, str]]) -> str:
    """Return the table of all faults: what was found now, and what is known of those that were not tried."""
    now = {key_of(verdict.fault): row(verdict) for verdict in verdicts}
    rows = []
    for fault in faults:
        key = key_of(fault)
        if key in now:
            rows.append(now[key])
        elif key in before:
            test, blame = before[key]
            rows.append(_row(fault, test, blame, right=blame == fault.at_fault))
    return _HEAD + rendered(rows)


def rendered(rows: Sequence[str]) -> str:
    """Return the table."""
    head = ["| fault | layer | noticed by | at fault | right? |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def row(verdict: Verdict) -> str:
    """Return the table's row for one fault."""
    found = verdict.found
    return _row(verdict.fault, found.test, found.blame or "", right=verdict.right)


def _row(fault: Fault, test: str | None, blame: str, *, right: bool) -> str:
    shown = "**nobody**" if test is None else f"`{test.removeprefix('tests/')}`"
    layer, name = key_of(fault)
    cells = (name, layer, shown.replace("|", "/"), blame, "yes" if right else "**no**")
    return f"| {' | '.join(cells)} |"


def key_of(fault: Fault) -> Key:
    """Return layer and name of a fault as the table shows them."""
    return fault.layer, fault.name.replace("|", "/")
