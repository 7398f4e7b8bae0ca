"""The table of the generated rules: which module checks which request, and the shape of each."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.generate.names import ModelName, Names
from rulewright.generate.rules_module import table_module
from rulewright.generate.shapes import Shapes


@pytest.mark.parametrize(
    ("content", "checked"),
    [
        ("application/json", True),
        ("Application/JSON ; charset=utf-8", True),
        ("application/merge-patch+json", True),
        ("*/*", True),
        ("text/plain", False),
        ("application/jsonl", False),
    ],
)
def test_the_requests_that_are_checked(content: str, checked: bool) -> None:
    """Bodies that are JSON, whatever the media type adds to it."""
    body = {"content": {content: {"schema": {"$ref": "#/S"}}}}
    document = {"S": {"type": "object"}, "paths": {"/": {"post": {"requestBody": body}}}}
    names = Names({"Odd": ModelName("Odd", "odd", ("/S",), {})}, frozenset(), ())
    assert ("Odd: DEFINITIONS['#/S']" in table_module([], {}, Shapes(document), names)) is checked


def test_the_table_of_models_and_parameters() -> None:
    """Each module of rules, each request whose shape is checked, and which of them may hold a part with rules."""
    ruled = {"x-rules": [{"id": "first"}]}
    schemas = {"A": {"items": ruled}, "B": {"type": "string"}, "C": {"properties": {"a": {"$ref": "#/A"}}}}

    def body(name: str) -> dict[str, Any]:
        return {"requestBody": {"content": {"application/json": {"schema": {"$ref": f"#/{name}"}}}}}

    document = {
        **schemas,
        "paths": {"/": {method: body(name) for method, name in (("put", "A"), ("post", "B"), ("patch", "C"))}},
    }
    names = Names({each: ModelName(each, each.lower(), (f"/{each}",), {}) for each in "ABC"}, frozenset(), ())
    parameters = {"listThings": "list_things", "getThing": "get_thing"}
    assert table_module(["a", "c"], parameters, Shapes(document), names).splitlines() == [
        '"""Which module checks which model or operation, and the shape of each request body."""',
        "from __future__ import annotations",
        "from collections.abc import Mapping",
        "from typing import Any, Final",
        "from ..models.a import A",
        "from ..models.b import B",
        "from ..models.c import C",
        "from ._engine import RuleSet",
        "from . import a",
        "from . import c",
        "from . import list_things",
        "from . import get_thing",
        "",
        "RULE_SETS: Final[tuple[RuleSet, ...]] = (",
        "a.RULE_SET,",
        "c.RULE_SET,",
        ")",
        "PARAMETERS: Final[Mapping[str, RuleSet]] = {",
        "'listThings': list_things.RULE_SET,",
        "'getThing': get_thing.RULE_SET,",
        "}",
        "# The requests that may hold a part with rules of its own.",
        "HOLDING: Final[frozenset[type[Any]]] = frozenset((A, C, ))",
        (
            "DEFINITIONS: Final[Mapping[str, Any]] = {'#/A': {'items': {'x-rules': 'first'}}, "
            "'#/B': {'type': 'string'}, '#/C': {'properties': {'a': {'$ref': '#/A'}}}}"
        ),
        "SHAPES: Final[Mapping[type[Any], Any]] = {",
        "A: DEFINITIONS['#/A'],",
        "B: DEFINITIONS['#/B'],",
        "C: DEFINITIONS['#/C'],",
        "}",
    ]
