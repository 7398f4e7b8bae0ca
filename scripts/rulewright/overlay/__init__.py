"""OpenAPI Overlay 1.0 and 1.1, strict: an action that no longer fits its document is an error.

`rulewright overlay --help` is the command line.
"""

from rulewright.overlay.engine import Absorbed, AbsorbedError, Applied, Change, apply, trace
from rulewright.overlay.model import (
    Action,
    Overlay,
    OverlayError,
    check,
    load_overlay,
    notes,
    parse_overlay,
)

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
    "notes",
    "parse_overlay",
    "trace",
]
