"""`extends`: which document an overlay says it was written for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from rulewright.overlay.check import fault
from rulewright.overlay.model import Overlay


def extended_path(overlay: Overlay) -> Path | None:
    """Return the file that `extends` names, taken relative to the overlay's own folder; None without it.

    Raises:
        OverlayError: It names no local file. Nothing is ever fetched.
    """
    if overlay.extends is None:
        return None
    try:
        parts = urlsplit(overlay.extends)
    except ValueError as error:
        raise fault(overlay.document, ("extends",), f"is not a URI reference: {error}") from error
    wrong = ""
    if parts.scheme in {"http", "https"}:
        wrong = "is not fetched: save the document, and name the file or give it as SPEC"
    elif parts.scheme not in {"", "file"} or parts.netloc not in {"", "localhost"}:
        wrong = f"must name a local file, got {overlay.extends!r}"
    elif parts.query or parts.fragment or not parts.path or "\0" in unquote(parts.path):
        wrong = f"must name a whole file, without ? or #, got {overlay.extends!r}"
    if wrong:
        raise fault(overlay.document, ("extends",), wrong)
    if not parts.scheme:
        return Path(overlay.path).parent / unquote(parts.path)
    from urllib.request import url2pathname  # noqa: PLC0415  with it comes all of HTTP, and this is seldom needed

    return Path(overlay.path).parent / url2pathname(parts.path)


def check_extends(overlay: Overlay, spec: str) -> None:
    """Check that an overlay with `extends` is applied to the document it names.

    Raises:
        OverlayError: It names another file.
    """
    wanted = extended_path(overlay)
    if wanted is not None and wanted.resolve() != Path(spec).resolve():
        raise fault(
            overlay.document,
            ("extends",),
            f"names {overlay.extends}, but the overlay is applied to {spec}; "
            "apply it to that document, or drop extends",
        )
