"""The published comparison of faults: our own columns stay green, so the bench cannot rot unseen."""

from __future__ import annotations

from mountsea_gemini.operations import GENERATE_VIDEO, OPERATIONS

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


def test_every_submit_meets_the_same_targets() -> None:
    """Whatever operation starts the task: one POST, and an error that tells money lost from money safe."""
    columns: list[Column] = [OursSync(each) for each in OPERATIONS.values() if each.poll and each is not GENERATE_VIDEO]
    rows = [row for row in ROWS if row.does == "submit"]
    cells = matrix(rows, columns)
    red = [
        f"{row.name} ({column.name}): {each.text}"
        for row, line in zip(rows, cells, strict=True)
        for column, each in zip(columns, line, strict=True)
        if not each.green
    ]
    assert columns
    assert red == []
