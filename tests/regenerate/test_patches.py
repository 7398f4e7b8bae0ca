"""What is patched in the generator: each schema has a class of its own name, whatever the document calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rulewright.generate.classes import Classes, class_of, class_overrides, module_of
from rulewright.generate.openapi_python_client import PATCHES
from rulewright.generate.rewrites import hoist_schemas
from rulewright.generate.tools import PINNED

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "scripts/rulewright/runtime"
GENERATED = ROOT / "generated/mountsea_gemini"


def document(**schemas: Any) -> dict[str, Any]:
    """Return a document with some schemas."""
    return {"components": {"schemas": schemas}}


def separate(**schemas: Any) -> dict[str, Any]:
    """Return the components of a document in which each class has a name of its own."""
    value = document(**schemas)
    Classes(value).separate()
    made: dict[str, Any] = value["components"]["schemas"]
    return made


def test_two_of_one_title_go_by_their_own_names() -> None:
    """Such as FastAPI's `Item-Input` and `Item-Output`; where the names make one class too, a number is added."""
    made = separate(
        **{"Item-Input": {"title": "Item"}, "Item-Output": {"title": "Item"}, "a.b": {}, "AB": {"title": "a_b"}}
    )
    assert len({module_of(class_of(schema, name)) for name, schema in made.items()}) == 4
    assert class_of(made["Item-Output"], "") == "ItemOutput"
    assert separate(**{"a.b": {}, "a_b": {}})["a_b"] == {"title": "a_b2"}


def test_a_schema_within_another_becomes_a_component_of_its_own_name() -> None:
    """A list of words, or an object; it gives way to a component of that name, and the same words are one class."""
    words = {"enum": ["a", "b"]}
    fields = {"status": {"enum": ["a", "c"]}, "step": dict(words), "result": {"items": {"type": "object"}}}
    made = separate(JobStatus=words, JobStep=dict(words), JobResultItem={"type": "object"}, Job={"properties": fields})
    assert {key: schema.get("$ref", "") for key, schema in made["Job"]["properties"].items()} == {
        "status": "#/components/schemas/JobStatus2",
        "step": "#/components/schemas/JobStep",
        "result": "",
    }
    assert made["Job"]["properties"]["result"]["items"] == {"$ref": "#/components/schemas/JobResultItem2"}


def test_a_class_or_module_of_the_generators_own_gets_another_name() -> None:
    """It would hide what the generated code imports, or the variable that holds the new object."""
    found = class_overrides(
        document(Response={"properties": {"response": {}}}, Pet={"title": "Dog", "properties": {"dog": {}}})
    )
    assert str(found["Response"].module_name) == "response_model"
    assert found["Response"].class_name is not None
    assert str(found["Dog"].module_name) == "dog_model"


def test_a_reference_into_a_schema_leads_to_one_of_its_own() -> None:
    """`$defs` and properties of others become components; what refers to components stays."""
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
    """Another version of the generator makes somebody look at each patch again."""
    assert {patch.version for patch in PATCHES} == {PINNED["openapi-python-client"]}
    assert len({patch.what for patch in PATCHES}) == len(PATCHES)
    assert all(patch.why for patch in PATCHES)
