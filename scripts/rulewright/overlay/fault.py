"""What an overlay got wrong, or what no longer fits it."""

from __future__ import annotations

from collections.abc import Sequence

from rulewright.errors import InputError, printable


class OverlayError(InputError):
    """An overlay document is not valid, or one of its actions cannot be applied.

    Args:
        message: What was wrong.
        path: The overlay file.
        line: 1-based line of the action or field in it.
        pointer: JSON pointer into the overlay document.
        action: Number of the action, counted from 1; None for a fault of the overlay as a whole.
        details: Further lines: place in the spec, got, wanted, way out.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        pointer: str | None = None,
        action: int | None = None,
        details: Sequence[str] = (),
    ) -> None:
        super().__init__(message, path=path, line=line, pointer=pointer)
        self.action = action
        self.details = tuple(details)

    def __str__(self) -> str:
        if self.action is None:
            return "\n  ".join([super().__str__(), *map(printable, self.details)])
        head = f"{place(self.path or 'overlay', self.line)}, action {self.action}: {self.message}"
        return printable("\n  ".join([head, *self.details]))


def place(path: str, line: int | None) -> str:
    """Return `file:line`, or the file alone."""
    return path if line is None else f"{path}:{line}"
