"""Patches of the generator: each schema has a class of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rulewright.generate.classes import Classes, class_of, class_overrides, module_of
from rulewright.generate.generator import PINNED
from rulewright.generate.openapi_python_client import PATCHES
from rulewright.generate.rewrites import hoist_schemas

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "scripts/rulewright/runtime"
GENERATED = ROOT / "generated/mountsea_gemini"


def document(**schemas: Any) -> dict[str, Any]:
    """Return a document with some schemas."""
    return {"components": {"schemas": schemas}}


def separate_classes(**schemas: Any) -> dict[str, Any]:
    """Return the components of a document in which each class has a name of its own."""
    value = document(**schemas)
    Classes(value).separate()
    made: dict[str, Any] = value["components"]["schemas"]
    return made


def test_schemas_of_equal_title_are_named_by_their_keys() -> None:
    """FastAPI writes `Item-Input` and `Item-Output`; if the keys give one class too, a number is added."""
    made = separate_classes(
        **{"Item-Input": {"title": "Item"}, "Item-Output": {"title": "Item"}, "a.b": {}, "AB": {"title": "a_b"}}
    )
    assert len({module_of(class_of(schema, name)) for name, schema in made.items()}) == 4
    assert class_of(made["Item-Output"], "") == "ItemOutput"
    assert separate_classes(**{"a.b": {}, "a_b": {}})["a_b"] == {"title": "a_b2"}


def test_inline_schemas_become_components() -> None:
    """Inline enums and objects avoid names of components; equal enums share a class."""
    words = {"enum": ["a", "b"]}
    fields = {"status": {"enum": ["a", "c"]}, "step": dict(words), "result": {"items": {"type": "object"}}}
    made = separate_classes(
        JobStatus=words, JobStep=dict(words), JobResultItem={"type": "object"}, Job={"properties": fields}
    )
    assert {key: schema.get("$ref", "") for key, schema in made["Job"]["properties"].items()} == {
        "status": "#/components/schemas/JobStatus2",
        "step": "#/components/schemas/JobStep",
        "result": "",
    }
    assert made["Job"]["properties"]["result"]["items"] == {"$ref": "#/components/schemas/JobResultItem2"}


def test_reserved_class_and_module_names_are_changed() -> None:
    """Otherwise it would shadow an import or a variable of the generated code."""
    found = class_overrides(
        document(File={"properties": {"file": {}}}, Pet={"title": "Dog", "properties": {"dog": {}}})
    )
    assert str(found["File"].module_name) == "file_model"
    assert found["File"].class_name is not None
    assert str(found["Dog"].module_name) == "dog_model"


def test_references_into_schemas_become_components() -> None:
    """`$defs` and referenced properties become components; references to components are kept."""
    fault = {"type": "object", "properties": {"at": {"$ref": "#/components/schemas/A/properties/place"}}}
    inner = {"$defs": {"Fault": fault}, "properties": {"place": {"type": "string"}}}
    value = document(A=inner, A_Fault={}, B={"items": {"$ref": "#/components/schemas/A/$defs/Fault"}})
    made = hoist_schemas(value)["components"]["schemas"]
    assert made["B"] == {"items": {"$ref": "#/components/schemas/A_Fault_"}}
    assert made["A_Fault_"]["properties"]["at"] == {"$ref": "#/components/schemas/A_place"}
    assert made["A_place"] == {"type": "string"}
    assert hoist_schemas(document(A={}, B={"$ref": "#/components/schemas/A"})) == document(
        A={}, B={"$ref": "#/components/schemas/A"}
    )


def test_each_patch_was_observed_with_the_pinned_version() -> None:
    """A new version of the generator requires a review of each patch."""
    assert {patch.version for patch in PATCHES} == {PINNED["openapi-python-client"]}
    assert len({patch.what for patch in PATCHES}) == len(PATCHES)
    assert all(patch.why for patch in PATCHES)
