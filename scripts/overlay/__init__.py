"""OpenAPI Overlay 1.0 and 1.1, strict: an action that no longer fits its document is an error.

`python -m scripts.overlay --help` is the command line.
"""

from scripts.overlay.check import check
from scripts.overlay.engine import Absorbed, AbsorbedError, Applied, apply
from scripts.overlay.fault import OverlayError
from scripts.overlay.ledger import Change, redo, trace, undo
from scripts.overlay.model import Action, Overlay, load_overlay, parse_overlay

__all__ = [
    "Absorbed",
    "AbsorbedError",
    "Action",
    "Applied",
    "Change",
    "Overlay",
    "OverlayError",
    "apply",
    "check",
    "load_overlay",
    "parse_overlay",
    "redo",
    "trace",
    "undo",
]
