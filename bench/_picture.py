"""The figures as one picture: how regenerating grows beside the bare generator, and what of each target is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from bench._rows import Row

WAYS: Final = {
    "bare generator": ("#555555", "o--"),
    "regenerate": ("#1f77b4", "s-"),
    "regenerate, a rule changed": ("#2ca02c", "^-"),
    "check, nothing changed": ("#9467bd", "v-"),
}
GOOD, BAD = "#4c9f70", "#c44e52"


def draw(figures: Mapping[str, Any], rows: Mapping[str, Sequence[Row]], *targets: Path) -> None:
    """Write the picture, in the format that each name ends with; equal figures give equal bytes."""
    mpl.rcParams.update({"svg.hashsalt": "bench", "font.size": 9})
    aimed = [(name, row) for name, found in rows.items() for row in found if row.share is not None]
    figure = Figure(figsize=(13, max(4.5, 1.2 + 0.24 * len(aimed))), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    _growth(left, figures.get("scale", {}).get("seconds", {}))
    _shares(right, aimed)
    for target in targets:
        figure.savefig(target, dpi=110, metadata={"Date": None} if target.suffix == ".svg" else None)


def _growth(axes: Axes, sizes: Mapping[str, Any]) -> None:
    axes.set_title("Regenerating documents of several sizes")
    numbers = sorted(map(int, sizes))
    for way, (colour, style) in WAYS.items():
        seconds = [sizes[str(number)][way]["cpu"] for number in numbers]
        axes.plot(numbers, seconds, style, color=colour, label=way)
        if seconds:
            axes.annotate(f"{seconds[-1]:.2g} s", (numbers[-1], seconds[-1]), (5, -3), textcoords="offset points")
    axes.set(xscale="log", yscale="log", xlabel="operations of the document", ylabel="processor seconds")
    axes.yaxis.set_major_formatter("{x:g}")
    if numbers:
        axes.set_xticks(numbers, [f"{number:,}" for number in numbers])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(numbers[0] * 0.8, numbers[-1] * 2)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(loc="upper left")


def _shares(axes: Axes, aimed: Sequence[tuple[str, Row]]) -> None:
    axes.set_title("Share of what each target allows (above 1: missed)")
    labels = [f"{name}: {row.what} ({row.target})" for name, row in aimed]
    shares = [row.share or 0 for _, row in aimed]
    places = range(len(aimed), 0, -1)
    axes.barh(places, shares, color=[GOOD if row.met else BAD for _, row in aimed], height=0.7)
    axes.axvline(1, color="black", linewidth=1)
    for place, share in zip(places, shares, strict=True):
        axes.annotate(f"{share:.2f}", (0, place), (4, -3), textcoords="offset points", fontsize=8, color="white")
    axes.set_yticks(places, labels, fontsize=8)
    axes.set_xlim(0, max([1.2, *shares]) * 1.12)
    axes.set_ylim(0.3, len(aimed) + 0.7)
