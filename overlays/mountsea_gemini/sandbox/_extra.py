"""Say which extra is not installed, in place of a bare ModuleNotFoundError."""

from __future__ import annotations


def missing(error: ImportError) -> ImportError:
    """Return the error that tells what to install; `error` says which module was not found."""
    return ImportError(
        f"the sandbox needs {error.name}, which is not installed: install this distribution with its extra 'sandbox'",
        name=error.name,
    )
