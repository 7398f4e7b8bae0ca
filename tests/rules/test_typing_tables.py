"""The tables of right and wrong calls of an invented operation."""

from __future__ import annotations

from typing import Any

from rulewright.generate.methods import write_typing_tables
from rulewright.generate.names import FieldName
from rulewright.rules.definition import Rule

from tests.rules.parcels import BOX, LARGE, both, build_parcels, methods_of, rule

LABELLED = {"properties": {"labels": {"minItems": 1}}, "required": ["labels"]}
HEAD = [
    "from __future__ import annotations",
    "from typing import Any",
    "from parcels import Client",
    "from parcels.raw import models",
]


def lines(source: str) -> list[str]:
    """Return the lines of a module that hold anything."""
    return [line for line in source.splitlines() if line]


def tables(*rules: Rule, **how: Any) -> tuple[list[str], list[str]]:
    """Return the lines of both tables without their common head, which is checked."""
    variants, value, names = build_parcels(*rules, **how)
    right, wrong = write_typing_tables([variants], methods_of(variants, value, names), "parcels")
    assert right.endswith("\n")
    assert wrong.endswith("\n")
    assert lines(right)[:5] == [
        '"""Calls that keep every stated rule: a type checker accepts each line."""', *HEAD,
    ]  # fmt: skip
    assert lines(wrong)[:5] == [
        '"""Calls that violate the rules named: a type checker rejects each line."""', *HEAD,
    ]  # fmt: skip
    return lines(right)[5:], lines(wrong)[5:]


def test_each_combination_of_restricted_fields_is_one_call() -> None:
    """Each combination is in one table, wrong ones with the rules they break; required free fields are parameters."""
    right, wrong = tables(rule(both(BOX, LARGE), LABELLED, "large"), rule(both(BOX, LARGE), False, "none", "warning"))
    assert right[0] == "def right_send(client: Client, to_whom: str, labels_item: str) -> None:"
    assert right[1:6] == [
        "    client.send_box(to_whom=to_whom)",
        "    client.send_box(to_whom=to_whom, labels=())",
        "    client.send_box(to_whom=to_whom, labels=(labels_item,))",
        "    client.send_box(to_whom=to_whom, labels=(labels_item, labels_item))",
        "    client.send_box(to_whom=to_whom, size='s')",
    ]
    assert len(right) == 1 + 32 - 2
    assert right[-1] == "    client.send_letter(to_whom=to_whom, size='l', labels=(labels_item, labels_item))"
    assert wrong == [
        "def wrong_send(client: Client, to_whom: str, labels_item: str) -> None:",
        "    client.send_box(to_whom=to_whom, size='l')  # large",
        "    client.send_box(to_whom=to_whom, size='l', labels=())  # large",
    ]


def test_a_call_that_breaks_several_rules_names_them_all() -> None:
    """In the order of the rules."""
    _, wrong = tables(rule(both(BOX, LARGE), False, "one"), rule(both(BOX, LARGE), False, "two"))
    assert wrong[1:] == ["    client.send_box(to_whom=to_whom, size='l')  # one, two"]


def test_without_a_wrong_call_the_table_is_empty() -> None:
    """The function body is `pass`."""
    assert tables(rule(BOX, {"required": ["kind"]})) == (
        [
            "def right_send(client: Client, to_whom: str, labels_item: str) -> None:",
            "    client.send_box(to_whom=to_whom)",
            "    client.send_letter(to_whom=to_whom)",
        ],
        ["def wrong_send(client: Client, to_whom: str, labels_item: str) -> None:", "    pass"],
    )


def test_arguments_stand_where_the_call_takes_them() -> None:
    """Positional arguments come first, then required parameters of the operation."""
    arguments = (("path:depot", "depot", "str", True), ("query:trace", "trace", "str", False))
    right, _ = tables(rule(BOX, LARGE), declared={"positional": ["toWhom", "size"]}, arguments=arguments)
    assert right[0] == "def right_send(client: Client, depot: Any, to_whom: str, labels_item: str) -> None:"
    assert right[1:3] == [
        "    client.send_box(to_whom, 'l', depot=depot)",
        "    client.send_letter(to_whom, depot=depot)",
    ]
    late, _ = tables(rule(BOX, LARGE), declared={"positional": ["size", "toWhom"]})
    assert late[1:3] == ["    client.send_box('l', to_whom)", "    client.send_letter(to_whom=to_whom)"]


def test_a_text_is_wrong_only_if_no_sample_is_right() -> None:
    """Presence counts; the sample that breaks the fewest rules decides."""
    bob = {"properties": {"toWhom": {"const": "Bob"}}, "required": ["toWhom"]}
    right, wrong = tables(rule(BOX, bob, "bob"), required=("kind",))
    assert right[1:3] == ["    client.send_box(to_whom=to_whom)", "    client.send_letter()"]
    assert wrong[1:] == ["    client.send_box()  # bob"]
    ann = {"properties": {"toWhom": {"const": "Ann"}}}
    rules = (rule(BOX, bob | {"required": []}, "a"), rule(BOX, bob | {"required": []}, "b"), rule(BOX, ann, "c"))
    given = {"required": ["toWhom"]}
    _, best = tables(*rules, rule({"not": BOX}, given, "given"), required=("kind",))
    assert best[1:3] == ["    client.send_box(to_whom=to_whom)  # c", "    client.send_letter()  # given"]


def test_parameters_have_the_types_of_the_fields() -> None:
    """Plain types and models; any other type is `Any`."""
    plain = [(name, name) for name in ("str", "int", "float", "bool", "Any")]
    for declared, known in (*plain, ("ParcelSize", "models.ParcelSize"), ("dict[str, int]", "Any")):
        fields = {
            "toWhom": FieldName("to_whom", declared, None),
            "labels": FieldName("labels", f"list[{declared}]", None),
        }
        right, _ = tables(rule(both(BOX, LARGE), LABELLED), fields=fields)
        assert right[0] == f"def right_send(client: Client, to_whom: {known}, labels_item: {known}) -> None:"


def test_a_schema_that_requires_nothing() -> None:
    """Calls pass the discriminating field only."""
    variants, value, names = build_parcels(required=())
    del value["components"]["schemas"]["Parcel"]["required"]
    right, _ = write_typing_tables([variants], methods_of(variants, value, names), "parcels")
    assert lines(right)[6:] == ["    client.send_box()", "    client.send_letter()"]
