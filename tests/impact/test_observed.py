"""Predictions of breakage are compared with old code run against a new generated client."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.impact.conftest import Lab, edited
from tests.impact.observing import generate, observe, type_errors

ORDER, RECEIPT = "/components/schemas/Order", "/components/schemas/Receipt"
POST, GET = "/paths/~1orders/post", "/paths/~1orders~1{orderId}/get"
PROBLEM = {"$ref": "#/components/schemas/Problem"}
EXAMPLES = [f"{ORDER}/x-rules/{rule}/examples/{side}" for rule in (0, 1) for side in ("passes", "breaks")]


def put(pointer: str, value: Any) -> dict[str, Any]:
    """Return the edit that sets a value."""
    return {"set": pointer, "to": value}


# name: the edits (with what keeps the rules' own examples fitting), and who breaks
CHANGES: dict[str, tuple[list[dict[str, Any]], set[str]]] = {
    "sent_value_gone": (
        [put(f"{ORDER}/properties/speed/enum", ["fast", "turbo"]), put(f"{EXAMPLES[3]}/speed", "turbo")],
        {"wire", "types"},
    ),
    "answered_value_new": ([put(f"{RECEIPT}/properties/state/enum", ["waiting", "sent", "lost"])], set()),
    "list_of_values_gone": ([{"remove": f"{ORDER}/properties/speed/enum"}], {"source"}),
    "answered_field_gone": ([{"remove": f"{RECEIPT}/properties/total"}], {"source"}),
    "sent_type_other": ([put(f"{ORDER}/properties/express/type", "string")], {"wire", "types"}),
    "sent_field_needed": (
        [put(f"{ORDER}/required", ["kind", "note", "paid"]), *(put(f"{each}/paid", "yes") for each in EXAMPLES)],
        {"wire", "source"},
    ),
    "default_other": ([put(f"{ORDER}/properties/note/default", "thanks")], set()),  # it must be given
    "operation_renamed": ([put(f"{POST}/operationId", "placeOrder")], {"source"}),
    "operation_regrouped": ([put(f"{POST}/tags", ["shop"])], {"source"}),
    "parameter_needed": (
        [put(f"{POST}/parameters/2", {"name": "lang", "in": "query", "required": True, "schema": {"type": "string"}})],
        {"wire", "source"},
    ),
    "parameter_gone": ([{"remove": f"{POST}/parameters/0"}], {"source"}),
    "shorter_text": ([put(f"{ORDER}/properties/note/maxLength", 10)], {"wire"}),
    "null_answered": ([put(f"{RECEIPT}/properties/id/nullable", True)], {"wire", "types"}),
    "answered_field_optional": ([put(f"{RECEIPT}/required", ["id"])], {"wire", "types"}),
    "answer_new": (
        [put(f"{GET}/responses/404", {"description": "No.", "content": {"application/json": {"schema": PROBLEM}}})],
        {"types"},
    ),
    "rule_raised": ([put(f"{ORDER}/x-rules/1/level", "error")], {"rules", "types"}),
    "function_renamed": ([put(f"{ORDER}/x-variants/names/box", "send_box")], {"source"}),
    "class_renamed": ([put(f"{ORDER}/title", "Purchase")], {"source"}),
    "answered_format_other": ([put(f"{RECEIPT}/properties/remark/format", "date-time")], {"source"}),
    "address_gone": ([{"remove": "/servers/0"}], {"wire"}),
    "nothing_breaks": (
        [
            put(f"{ORDER}/properties/speed/enum", ["slow", "fast", "turbo"]),
            put(f"{ORDER}/properties/colour", {"type": "string"}),
            put(f"{ORDER}/x-rules/0/level", "warning"),
            put(f"{POST}/operationId", "create_order"),
            put(f"{RECEIPT}/properties/remark/description", "Only set once lost."),
        ],
        set(),
    ),
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder whose packages can be imported."""
    sys.path.insert(0, str(tmp_path))
    try:
        yield tmp_path
    finally:
        sys.path.remove(str(tmp_path))
        for name in [name for name in sys.modules if name.partition(".")[0] in {"old", *CHANGES}]:
            del sys.modules[name]


# One of each kind; `nox -s upkeep` takes them all.
FEW = ("sent_value_gone", "answered_field_gone", "parameter_needed", "null_answered", "rule_raised", "nothing_breaks")


@pytest.mark.parametrize(
    "names", [pytest.param(FEW, id="few"), pytest.param(tuple(CHANGES), id="all", marks=pytest.mark.heavy)]
)
def test_who_breaks_is_predicted(root: Path, base: Lab, names: Sequence[str]) -> None:
    """The report names exactly who breaks; types count only if the code still runs.

    One test for all changes: the clients are generated once and one run of the type checker reads them all.
    """
    document = base.vendor.value
    changes = {name: CHANGES[name] for name in names}
    clients = generate(
        {"old": document, **{name: edited(document, edits) for name, (edits, _) in changes.items()}}, root
    )
    errors = type_errors(clients, clients["old"].table, root)
    assert errors["old"] == set(), "the old code must fit the old client, or its failures mean nothing"
    assert observe(clients["old"], clients["old"], set()) == set()
    expected = {name: _without_types(who) for name, (_, who) in changes.items()}
    seen = {name: _without_types(observe(clients["old"], clients[name], errors[name])) for name in changes}
    predicted = {
        name: _without_types({who for change in base.after(*edits).changes for who in change.who} - {"docs"})
        for name, (edits, _) in changes.items()
    }
    assert seen == expected
    assert predicted == seen


def _without_types(who: set[str]) -> set[str]:
    return who - {"types"} if "source" in who else who
