"""What is patched in the generator: each schema has a class of its own name, whatever the document calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rulewright.generate.openapi_python_client import PATCHES, class_overrides, title_classes_apart
from rulewright.generate.rewrites import hoist_schemas
from rulewright.generate.tools import PINNED

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "scripts/rulewright/runtime"
GENERATED = ROOT / "generated/mountsea_gemini"


def document(**schemas: Any) -> dict[str, Any]:
    """Return a document with some schemas."""
    return {"components": {"schemas": schemas}}


def test_two_of_one_title_go_by_their_own_names() -> None:
    """Such as FastAPI's `Item-Input` and `Item-Output`; where the names make one class too, a number is added."""
    value = document(
        **{"Item-Input": {"title": "Item"}, "Item-Output": {"title": "Item"}, "a.b": {}, "AB": {"title": "a_b"}}
    )
    title_classes_apart(value)
    assert value == document(**{"Item-Input": {"title": "Item"}, "Item-Output": {}, "a.b": {}, "AB": {"title": "AB2"}})
    value = document(**{"a.b": {}, "a_b": {}})
    title_classes_apart(value)
    assert value["components"]["schemas"]["a_b"] == {"title": "a_b2"}


def test_a_schema_within_another_gives_way_to_one_of_that_name() -> None:
    """A list of words, or an object; the same words twice are one class."""
    words = {"enum": ["a", "b"]}
    job: dict[str, Any] = {
        "properties": {"status": {"enum": ["a"]}, "step": dict(words), "result": {"items": {"type": "object"}}}
    }
    value = document(JobStatus=words, JobStep=dict(words), JobResultItem={"type": "object"}, Job=job)
    title_classes_apart(value)
    assert job["properties"]["status"]["title"] == "status2"
    assert "title" not in job["properties"]["step"]
    assert job["properties"]["result"]["items"]["title"] == "result_item2"


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
