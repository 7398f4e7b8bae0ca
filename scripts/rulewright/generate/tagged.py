"""Unions whose members are distinguished by a tag, which openapi-python-client does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

from attrs import define, evolve
from jinja2 import ChoiceLoader, DictLoader
from openapi_python_client import Project
from openapi_python_client import schema as oai
from openapi_python_client.config import Config
from openapi_python_client.parser.errors import ParseError, PropertyError
from openapi_python_client.parser.properties import ModelProperty, Schemas
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol, Value
from openapi_python_client.parser.properties.schemas import parse_reference_path
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonCode, PythonIdentifier

from rulewright.generate.rewrites import TAGS

TEMPLATES: Final = Path(__file__).parent / "templates" / "generator"
"""The templates that it is given beside its own."""
UNION: Final = f"property_templates/{UnionProperty.template}"
_ONLY_NULL: Final = (
    "{% set ns.contains_unmodified_properties = true %}",
    (
        "{% set ns.contains_unmodified_properties = inner_property.get_base_type_string() != PythonCode('None') "
        "or property.inner_properties | length == 1 %}"
    ),
)
"""What it does where a member of a union needs no conversion, null among them; `tagged` puts null first."""


@define
class TaggedProperty(PropertyProtocol):
    """An object of one of several classes.

    Args:
        models: The classes.
        tables: For each field that distinguishes them, what the values of each class are.
        base: The class of an object whose tag is unknown; without one, it is kept as it is.
    """

    name: UntrustedString
    required: bool
    default: Value | None
    python_name: PythonIdentifier
    description: UntrustedString | None
    example: UntrustedString | None
    models: list[ModelProperty]
    tables: list[tuple[str, list[tuple[ModelProperty, list[str]]]]]
    base: ModelProperty | None = None
    template: ClassVar[str] = "tagged_property.py.jinja"
    json_is_dict: ClassVar[bool] = True

    @property
    def untagged(self) -> list[ModelProperty]:
        """The classes that no tag stands for."""
        known = {model.class_info.name for _, table in self.tables for model, _ in table}
        return [model for model in self.models if model.class_info.name not in known]

    def get_base_type_string(self) -> PythonCode:
        """Return the type: without a base, an unknown object is one, too."""
        return self._types("dict[str, Any]")

    def get_base_json_type_string(self) -> PythonCode:
        """Return the type of its JSON."""
        return PythonCode("dict[str, Any]")

    def get_instance_type_string(self) -> PythonCode:
        """Return the type that isinstance is asked for."""
        return self._types("dict")

    def _types(self, raw: str) -> PythonCode:
        names = sorted({str(each.class_info.name) for each in self.models}, key=str.lower)
        return PythonCode(" | ".join(names if self.base else [*names, raw]))

    def convert_value(self, value: Any) -> Value | PropertyError | None:
        """Refuse a default: an object has none in Python."""
        return None if value is None else PropertyError(detail=f"Invalid default value for union {self.name}")

    def get_lazy_imports(self, *, prefix: str) -> set[str]:
        """Return the imports of its classes."""
        return {line for each in self.models for line in each.get_lazy_imports(prefix=prefix)}


_built = UnionProperty.build


def build_union(
    *, data: oai.Schema, name: UntrustedString, required: bool, schemas: Schemas, parent_name: str, config: Config
) -> tuple[UnionProperty | TaggedProperty | PropertyError, Schemas]:
    """Build a union; where tags distinguish its objects, these are one member of it."""
    found, schemas = _built(
        data=data, name=name, required=required, schemas=schemas, parent_name=parent_name, config=config
    )
    if isinstance(found, PropertyError):
        return found, schemas
    found.inner_properties.sort(key=_is_not_null)
    noted = (data.model_extra or {}).get(TAGS)
    if noted is None:
        return found, schemas
    nested = [each for each in found.inner_properties if isinstance(each, TaggedProperty)]
    models = [each for each in found.inner_properties if isinstance(each, ModelProperty)]
    every = {each.class_info.name: each for each in [*models, *(model for each in nested for model in each.models)]}
    table: dict[str, tuple[ModelProperty, list[str]]] = {}
    members = [*data.anyOf, *data.oneOf]
    for tag, index in noted["members"].items():
        made = _class_of(members[index], schemas)
        if isinstance(made, ModelProperty):
            table.setdefault(made.class_info.name, (made, []))[1].append(tag)
    tagged = TaggedProperty(
        name=name,
        required=required,
        default=None,
        python_name=found.python_name,
        description=data.description,
        example=data.example,
        models=list(every.values()),
        tables=[*(each for inner in nested for each in inner.tables), (noted["field"], list(table.values()))],
        base=_class_of(members[noted["base"]], schemas) if "base" in noted else None,
    )
    others = [each for each in found.inner_properties if not isinstance(each, ModelProperty | TaggedProperty)]
    if not every or not others:
        return (tagged if every else found), schemas
    return evolve(found, inner_properties=sorted([evolve(tagged, required=True), *others], key=_is_not_null)), schemas


def _is_not_null(prop: Any) -> bool:
    return not isinstance(prop, NoneProperty)


def _class_of(member: oai.Reference | oai.Schema, schemas: Schemas) -> Any:
    """Return what was made of a member that is a component."""
    path = parse_reference_path(member.ref) if isinstance(member, oai.Reference) else None
    return None if path is None or isinstance(path, ParseError) else schemas.classes_by_reference.get(path)


def fail_where_only_null_is_left(project: Project) -> None:
    """Let the reader of a union fail with its last class where nothing but null is beside."""
    loader = project.env.loader
    source = loader.get_source(project.env, UNION)[0] if loader else ""
    changed = source.replace(*_ONLY_NULL)
    if loader is None or changed == source:
        raise ValueError(f"openapi-python-client has another template of unions: {UNION}")
    project.env.loader = ChoiceLoader([DictLoader({UNION: changed}), loader])
