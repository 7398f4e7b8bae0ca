"""The published fault matrix: our own columns stay green."""

from __future__ import annotations

import pytest
from mountsea_gemini.operations import GENERATE_VIDEO, OPERATIONS

from bench.faults.__main__ import matrix, red_cells
from bench.faults.columns import Column, OursAsync, OursSync
from bench.faults.rows import ROWS


def test_no_cell_of_ours_is_red() -> None:
    """Every fault on real sockets, for both clients, meets its stated target."""
    columns: list[Column] = [OursSync(), OursAsync()]
    rows = list(ROWS)
    cells = matrix(rows, columns)
    assert red_cells(rows, columns, cells) == []
    assert all(cell.green for line in cells for cell in line)


@pytest.mark.parametrize("every_row", [False, pytest.param(True, marks=pytest.mark.heavy)], ids=["shared out", "all"])
def test_every_submit_meets_the_same_targets(*, every_row: bool) -> None:
    """Each operation sends one POST, and its error says whether money may be lost.

    All go through the same code, so that the default run shares the rows out among the operations.
    """
    columns = [OursSync(each) for each in OPERATIONS.values() if each.poll and each is not GENERATE_VIDEO]
    rows = [row for row in ROWS if row.does == "submit"]
    red = []
    for number, column in enumerate(columns):
        chosen = rows if every_row else rows[number :: len(columns)]
        cells = matrix(chosen, [column])
        red += [
            f"{row.name} ({column.name}): {cell.text}"
            for row, (cell,) in zip(chosen, cells, strict=True)
            if not cell.green
        ]
    assert columns
    assert red == []
