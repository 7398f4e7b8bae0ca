"""Run the matrix: `python -m bench.faults [--json FILE] [--markdown FILE] [--only TEXT]`.

Rows are faults, columns are clients; a cell is what was seen, green or red by the stated target. Only loopback
is used. Exit code 1 when one of our own cells is red.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from unittest import mock

from attrs import frozen

from .columns import Call, Column, OursAsync, OursSync, RawHttpx
from .peers import installed
from .rows import OLD, ROWS, Outcome, Row
from .server import Server, reply

CAP: Final = 8.0
"""Seconds after which a cell is written off."""

WORKERS: Final = 12
INTRODUCTION: Final = """\
# What clients make of faults

Written by `nox -s faults -- --markdown bench/faults/MATRIX.md`. A row is a fault, on loopback and with real sockets; a
cell is what was seen, green or red by what is wanted. Where a client cannot do a thing at all, its cell is empty; where
it already fails its control, a row in which nothing goes wrong, it is we who hold it wrongly, and nothing is judged.

"""

HANGING: Final = "hanging.example.com"
"""A name that is never resolved."""

_ENVIRONMENT: Final = threading.Lock()

OURS: Final = 2
"""Columns that are ours, the first ones."""


@frozen
class Cell:
    """What one client did with one fault."""

    text: str
    green: bool | None
    """None where the fault cannot be expressed for this client."""

    @property
    def shown(self) -> str:
        """The cell in Markdown."""
        mark = {True: "🟢 ", False: "🔴 ", None: ""}[self.green]
        return mark + self.text.replace("|", "\\|")


def cell(row: Row, column: Column) -> Cell:
    """Fill one cell."""
    if row.does not in column.can:
        return Cell("–", None)
    if row.needs is not None and getattr(column.words, row.needs) is None:
        return Cell("no such thing", None)
    with (
        Server(lambda _: {"file": [reply(404, {})], "submit": [reply(404, {})]}, host="localhost") as other,
        Server(lambda url: row.play(column.words, url, other.url)) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        return _seen(row, column, server, other, Path(folder) / "film.mp4")


@contextlib.contextmanager
def _reached(row: Row, server: Server) -> Iterator[str]:
    """Return the URL that a client is given; who looks into the environment for a proxy does so one at a time."""
    if row.route == "direct":
        yield server.url
        return
    proxy = server.url if row.route == "proxy" else ""
    with _ENVIRONMENT, mock.patch.dict(os.environ, {"HTTPS_PROXY": proxy, "https_proxy": proxy}):
        yield "https://api.example.com" if proxy else f"https://{HANGING}"


def _hanging_on_one_name() -> Any:
    """Let one name never be resolved, whichever client asks."""
    resolve = socket.getaddrinfo

    def hanging(host: Any, *arguments: Any, **named: Any) -> Any:
        if host in {HANGING, HANGING.encode()}:
            time.sleep(CAP - 1)
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return resolve(host, *arguments, **named)

    return mock.patch.object(socket, "getaddrinfo", hanging)


def _run(row: Row, column: Column, call: Call, target: Path) -> tuple[Any, BaseException | None] | None:
    """Return what came of a call and what went wrong, or None if it has not ended in time."""
    ended: list[tuple[Any, BaseException | None]] = []

    def work() -> None:
        try:
            doing = getattr(column, row.does)
            ended.append((doing(call, target) if row.does == "download" else doing(call), None))
        except Exception as error:  # noqa: BLE001  (whatever it is, it is the finding)
            ended.append((None, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(CAP)
    return ended[0] if ended else None


def _seen(row: Row, column: Column, server: Server, other: Server, target: Path) -> Cell:
    target.write_bytes(OLD)
    with _reached(row, server) as url:
        started = time.monotonic()
        ended = _run(row, column, Call(url, row.exchange, row.wait, row.patient), target)
        seconds = time.monotonic() - started
    posts = [seen.at for seen in server.of("submit")]
    if ended is None:
        text = f"still going after {CAP:.0f} s, {len(server.of('poll'))} polls, {len(posts)} POSTs"
        # A time-out that is a constant of the client and longer than this bench: nothing was seen.
        return Cell(text, None if "time-out" in row.name and len(posts) <= 1 else False)
    value, error = ended
    outcome = Outcome(
        posts=len(posts),
        polls=len(server.of("poll")),
        seconds=seconds,
        gaps=tuple(later - earlier for earlier, later in pairwise(posts)),
        error=error,
        value=value,
        elsewhere=len(other.seen),
        key_elsewhere=any(seen.has_key for seen in other.seen),
        file=target.read_bytes() if target.exists() else None,
        left=len([path for path in target.parent.iterdir() if path != target]),
    )
    text, green = row.judge(outcome)
    return Cell(text, green)


def matrix(rows: list[Row], columns: list[Column]) -> list[list[Cell]]:
    """Fill all cells: those of one client one after another, the clients beside each other."""
    with ThreadPoolExecutor(WORKERS) as pool, _hanging_on_one_name():
        # A client whose host is a constant of its module cannot have two cells at a time; others may.
        gates = {column.name: threading.Semaphore(1 if column.name.startswith("fal") else 4) for column in columns}

        def fill(row: Row, column: Column) -> Cell:
            with gates[column.name]:
                return cell(row, column)

        jobs = [[pool.submit(fill, row, column) for column in columns] for row in rows]
        cells = [[job.result() for job in line] for line in jobs]
    _distrust(rows, cells)
    return cells


def red_cells(rows: list[Row], columns: list[Column], cells: list[list[Cell]]) -> list[str]:
    """Return the names of our own cells that miss their target."""
    return [
        f"{row.name} ({column.name}): {each.text}"
        for row, line in zip(rows, cells, strict=True)
        for column, each in zip(columns[:OURS], line[:OURS], strict=True)
        if each.green is False
    ]


def _distrust(rows: list[Row], cells: list[list[Cell]]) -> None:
    """Empty the cells of a client that fails where nothing goes wrong: then it is we who hold it wrongly."""
    for control, line in zip(rows, cells, strict=True):
        if not control.is_control:
            continue
        for n, each in enumerate(line):
            if each.green is False and n >= OURS:
                for row, other in zip(rows, cells, strict=True):
                    if row.does == control.does:
                        other[n] = Cell("not judged", None) if row is not control else Cell(each.text, None)


def markdown(rows: list[Row], columns: list[Column], cells: list[list[Cell]]) -> str:
    """Return the matrix as a page."""
    lines = ["| target | fault | wanted | " + " | ".join(column.name for column in columns) + " |"]
    lines.append("|---" * (3 + len(columns)) + "|")
    for row, line in zip(rows, cells, strict=True):
        lines.append(f"| {row.target} | {row.name} | {row.wanted} | " + " | ".join(each.shown for each in line) + " |")
    red = [sum(line[n].green is False for line in cells) for n in range(len(columns))]
    all_of = [sum(line[n].green is not None for line in cells) for n in range(len(columns))]
    lines.append("| | **red cells** | | " + " | ".join(f"{r} of {a}" for r, a in zip(red, all_of, strict=True)) + " |")
    return "\n".join(lines) + "\n"


def document(rows: list[Row], columns: list[Column], cells: list[list[Cell]]) -> dict[str, Any]:
    """Return the matrix as JSON."""
    return {
        "columns": [column.name for column in columns],
        "rows": [
            {
                "target": row.target,
                "fault": row.name,
                "wanted": row.wanted,
                "cells": [{"text": each.text, "green": each.green} for each in line],
            }
            for row, line in zip(rows, cells, strict=True)
        ],
    }


def _only_loopback() -> None:
    """Refuse every connection to another machine, whichever client asks for it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and str(address[0]) not in {"127.0.0.1", "::1", "localhost"}:
            raise OSError(f"only loopback is allowed here, not {address}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[assignment,method-assign]


def main() -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults")
    parser.add_argument("--json", type=Path, help="write the matrix there as JSON")
    parser.add_argument("--markdown", type=Path, help="write the page there, beside printing it")
    parser.add_argument("--ours", action="store_true", help="only our own columns")
    parser.add_argument("--only", default="", help="only rows whose name holds this")
    options = parser.parse_args()
    _only_loopback()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    rows = [row for row in ROWS if row.is_control or options.only in row.name]
    columns: list[Column] = [OursSync(), OursAsync()]
    if not options.ours:
        columns += [RawHttpx(), *installed()]
    started = time.monotonic()
    cells = matrix(rows, columns)
    page = markdown(rows, columns, cells)
    print(page)
    if options.markdown:
        options.markdown.write_text(INTRODUCTION + page, encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(document(rows, columns, cells), indent=1) + "\n", encoding="utf-8")
    red = red_cells(rows, columns, cells)
    print(
        f"{len(rows)} faults, {len(columns)} clients, {time.monotonic() - started:.0f} s;"
        f" red cells of ours: {', '.join(red) or 'none'}",
        file=sys.stderr,
    )
    return 1 if red else 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
