"""What a test did not foresee, as failures of that test."""

from __future__ import annotations


class UnexpectedRequest(AssertionError):  # noqa: N818  (it says what happened, as the tree of errors does)
    """A request came that no script speaks for."""


class MissedScript(AssertionError):  # noqa: N818  (it says what happened, as the tree of errors does)
    """A submit that a script was written for never came."""
