"""Every operation of the document, called through the generated client and past it: what is right, what is wrong.

    @pytest.mark.parametrize("case", cases(), ids=str)
    def test_operations(case):
        assert case.problem() is None

Everything is worked out from the effective spec: there is no list of operations, fields or rules here.
"""

from ._cases import Case, cases
from ._played import Played
from ._values import NoValueError, Values

__all__ = ["Case", "NoValueError", "Played", "Values", "cases"]
