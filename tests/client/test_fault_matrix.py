"""The published comparison of faults: our own columns stay green, so the bench cannot rot unseen."""

from __future__ import annotations

from bench.faults.__main__ import matrix, red_cells
from bench.faults.columns import Column, OursAsync, OursSync
from bench.faults.rows import ROWS


def test_no_cell_of_ours_is_red() -> None:
    """Every fault of the matrix, on real sockets, sync and async: each meets its stated target."""
    columns: list[Column] = [OursSync(), OursAsync()]
    rows = list(ROWS)
    cells = matrix(rows, columns)
    assert red_cells(rows, columns, cells) == []
    assert all(cell.green for line in cells for cell in line)
