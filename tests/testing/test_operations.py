"""Every operation is called as the document says, and refused where it says so, with nothing listed by hand."""

from __future__ import annotations

import pytest
from mountsea_gemini.testing.operations import Case, Played, cases


@pytest.mark.parametrize("case", cases(), ids=str)
def test_an_operation_keeps_its_promise(case: Case) -> None:
    """The document, the sandbox, the generated client and the compiled rules agree on the request."""
    assert case.problem() is None


def test_a_disagreement_is_told() -> None:
    """A case fails where the sandbox answers otherwise than the document says."""
    played = Played()
    operation = played.spec.operations[0]
    values = played.values(operation)
    played.maker.right = lambda *_: False  # type: ignore[method-assign]
    case = next(case for case in cases(played) if case.what == "the body itself")
    assert str(case.problem()).startswith(f"HTTP {operation.success.status} instead of 400 or 422")
    assert values.body
