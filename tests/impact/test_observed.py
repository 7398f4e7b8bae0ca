"""Who breaks is said from the documents; here both clients are generated and the old code meets the new client."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.document import load
from tests.impact.conftest import FIXTURES, Lab, edited
from tests.impact.observing import Client, generate, observed, type_errors

ORDER, RECEIPT = "/components/schemas/Order", "/components/schemas/Receipt"
POST, GET = "/paths/~1orders/post", "/paths/~1orders~1{orderId}/get"
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
    "sent_value_new": ([put(f"{ORDER}/properties/speed/enum", ["slow", "fast", "turbo"])], set()),
    "answered_value_new": ([put(f"{RECEIPT}/properties/state/enum", ["waiting", "sent", "lost"])], {"types"}),
    "list_of_values_gone": ([{"remove": f"{ORDER}/properties/speed/enum"}], {"source"}),
    "answered_field_gone": ([{"remove": f"{RECEIPT}/properties/total"}], {"source"}),
    "sent_type_other": ([put(f"{ORDER}/properties/express/type", "string")], {"wire", "types"}),
    "sent_field_needed": (
        [put(f"{ORDER}/required", ["kind", "note", "paid"]), *(put(f"{each}/paid", "yes") for each in EXAMPLES)],
        {"wire", "source"},
    ),
    "sent_field_new": ([put(f"{ORDER}/properties/colour", {"type": "string"})], set()),
    "default_other": ([put(f"{ORDER}/properties/note/default", "thanks")], {"wire"}),
    "operation_renamed": ([put(f"{POST}/operationId", "placeOrder")], {"source"}),
    "operation_renamed_in_no_language": ([put(f"{POST}/operationId", "create_order")], set()),
    "operation_regrouped": ([put(f"{POST}/tags", ["shop"])], {"source"}),
    "parameter_needed": (
        [put(f"{POST}/parameters/2", {"name": "lang", "in": "query", "required": True, "schema": {"type": "string"}})],
        {"wire", "source"},
    ),
    "parameter_gone": ([{"remove": f"{POST}/parameters/0"}], {"source"}),
    "shorter_text": ([put(f"{ORDER}/properties/note/maxLength", 10)], {"wire"}),
    "null_answered": ([put(f"{RECEIPT}/properties/id/nullable", True)], {"types"}),
    "answered_field_optional": ([put(f"{RECEIPT}/required", ["id"])], {"types"}),
    "answer_new": (
        [put(f"{GET}/responses/404", {"description": "No.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}})],
        {"types"},
    ),
    "rule_raised": ([put(f"{ORDER}/x-rules/1/level", "error")], {"rules", "types"}),
    "rule_lowered": ([put(f"{ORDER}/x-rules/0/level", "warning")], set()),
    "function_renamed": ([put(f"{ORDER}/x-variants/names/box", "send_box")], {"source"}),
    "class_renamed": ([put(f"{ORDER}/title", "Purchase")], {"source"}),
    "answered_format_other": ([put(f"{RECEIPT}/properties/remark/format", "date-time")], {"source"}),
    "address_gone": ([{"remove": "/servers/0"}], {"wire"}),
    "sentence_other": ([put(f"{RECEIPT}/properties/remark/description", "Only set once lost.")], set()),
}  # fmt: skip


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Client], dict[str, set[str]]]]:
    """The old client and one for each change, really generated, and what a type checker says of the old code."""
    root = tmp_path_factory.mktemp("clients")
    document = load(FIXTURES / "_base.yaml").value
    made = generate({"old": document, **{name: edited(document, edits) for name, (edits, _) in CHANGES.items()}}, root)
    sys.path.insert(0, str(root))
    try:
        yield made, type_errors(made, made["old"].table, root)
    finally:
        sys.path.remove(str(root))


def test_the_old_code_fits_the_old_client(clients: tuple[dict[str, Client], dict[str, set[str]]]) -> None:
    """Before the change every call runs, every request is taken and the type checker is content."""
    made, errors = clients
    assert errors["old"] == set()
    assert observed(made["old"], made["old"], set()) == set()


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_said_is_what_happens(
    name: str, clients: tuple[dict[str, Client], dict[str, set[str]]], base: Lab
) -> None:
    """Who is said to break is who breaks, neither more nor fewer; types only count where the code still runs."""
    made, errors = clients
    edits, expected = CHANGES[name]
    said = {who for change in base.after(*edits).changes for who in change.who} - {"docs"}
    seen = observed(made["old"], made[name], errors[name])
    assert (_without_types(said), _without_types(seen)) == (_without_types(expected), _without_types(expected))


def _without_types(who: set[str]) -> set[str]:
    return who - {"types"} if "source" in who else who
