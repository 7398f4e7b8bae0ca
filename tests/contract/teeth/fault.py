"""Seeded faults as data: each is one change in one place, and somebody has to notice it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parent / "faults"
LAYERS: Final = {
    "server": "the server",
    "rules": "the compiled rules in the client",
    "client": "the client",
    "overlay": "the effective spec",
    "pipeline": "the pipeline",
}
"""Each layer, and whom a test has to name when it meets a fault there."""


class FaultError(Exception):
    """A fault cannot be seeded; the message says which and why."""


@dataclass(frozen=True)
class Fault:
    """One change.

    Args:
        layer: In which part; what is wrong in an overlay reaches all others, through a regeneration.
        name: What is wrong, in a few words.
        path: The file.
        old: The text that is replaced; it stands there exactly once.
        new: What replaces it.
    """

    layer: str
    name: str
    path: str
    old: str
    new: str

    @property
    def at_fault(self) -> str:
        """The part that a test has to name."""
        return LAYERS[self.layer]

    @property
    def is_compiled(self) -> bool:
        """Whether it reaches others through a regeneration only."""
        return self.layer != "pipeline" and (self.path.endswith(".overlay.yaml") or self.path.startswith("scripts/"))

    def seeded(self, root: Path) -> str:
        """Return the file's text with the fault in it.

        Raises:
            FaultError: The text that is to be replaced does not stand there exactly once.
        """
        path = root / self.path
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        count = text.count(self.old)
        if count != 1:
            raise FaultError(
                f"{self.layer}: {self.name}\n  {self.path} holds {self.old!r} {count} times, wanted once\n"
                f"  the code has changed: write the fault anew in {FOLDER.name}/{self.layer}.yaml"
            )
        return text.replace(self.old, self.new)


def faults(folder: Path = FOLDER) -> list[Fault]:
    """Return all faults, one file a layer.

    Raises:
        FaultError: Two have the same name, or an entry is something else than a fault.
    """
    found: list[Fault] = []
    for layer in LAYERS:
        entries: Any = yaml.safe_load((folder / f"{layer}.yaml").read_text(encoding="utf-8"))
        for number, entry in enumerate(entries):
            try:
                fault = Fault(layer, **entry)
            except TypeError as error:
                raise FaultError(f"{layer}.yaml, entry {number}: {error}") from error
            if any((each.layer, each.name) == (layer, fault.name) for each in found):
                raise FaultError(f"{layer}.yaml, entry {number}: there are two faults named {fault.name!r}")
            found.append(fault)
    return found
