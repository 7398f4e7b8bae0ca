"""Run openapi-python-client, in whichever process.

Besides the package it gives the names it chose (classes, attributes, modules), which nobody else can know.
"""

from __future__ import annotations

import copy
import json
import os
import re
import sys
import unicodedata
from collections.abc import Collection, Iterator
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, Final

from jinja2 import FileSystemBytecodeCache
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.bodies import Body, BodyType
from openapi_python_client.parser.errors import GeneratorError, ParseError, PropertyError
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import (
    LiteralEnumProperty,
    ModelProperty,
    Property,
    model_property,
)
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier

from rulewright.generate.class_names import OWN_ARGUMENTS, PREFIX, name_apart, overrides, reserve

_WRAPPED: Final = re.compile(r"<openapi_python_client\.\S+UntrustedString object at 0x[0-9a-f]+>")
"""How the generator prints a text it does not trust; the address in it differs from run to run."""
_ANY_LIST: Final = re.compile(rb"^( +\w+) = cast\(list\[Any\], data\)$", re.MULTILINE)
"""What it writes below a test that `data` is a list. That says as much, and a strict mypy refuses the cast."""
_LIST_BODY: Final = re.compile(rb"^( +if isinstance\(body, )list\[.*\](?=\):$)", re.MULTILINE)
"""How it asks which of several bodies it is given; Python refuses to look for a list of something."""
_LITERAL: Final = re.compile(rb"^(\w+ = Literal\[.*\])$", re.MULTILINE)
"""The type of an enum."""
_REFUSAL: Final = re.compile(rb"^( +)raise TypeError\(.* Expected one of .*$", re.MULTILINE)
"""Where an enum refuses a value."""
_CONST: Final = re.compile(
    rb"^( +if (\w+) != (.+?)(?: ?and not isinstance\(\2, Unset\))?:\n +)raise ValueError\(f\".* must match const .*$",
    re.MULTILINE,
)
"""Where a model refuses a value other than the only one."""


def generate(spec: Path, package: Path) -> dict[str, Any]:
    """Generate a package; return `{"errors": [...], "models": ..., "operations": ...}`.

    Args:
        spec: A file that holds what `phrasing.spoken` gives.
        package: The folder of the package.
    """
    given = json.loads(spec.read_text(encoding="utf-8"))
    document, media = given["document"], given["media"]
    reserve()
    name_apart(document)
    config = Config.from_sources(
        ConfigFile(
            literal_enums=True,
            post_hooks=[],
            package_name_override=package.name,
            content_type_overrides=media,
            class_overrides=overrides(document),
        ),
        meta_type=MetaType.NONE,
        document_source=spec,
        file_encoding="utf-8",
        overwrite=False,
        output_path=package,
    )
    try:
        data = GeneratorData.from_dict(document, config=config)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return {"errors": [f"{type(error).__name__}: {error}"]}
    if isinstance(data, GeneratorError):
        return {"errors": [_explain(data)]}
    endpoints = [
        (tag, endpoint)
        for tag, collection in data.endpoint_collections_by_tag.items()
        for endpoint in collection.endpoints
    ]
    complaints: list[str] = []
    for _, endpoint in endpoints:
        complaints += _settle_bodies(endpoint)
        _name_parameters(endpoint, config)
    operations = [_operation(tag, endpoint) for tag, endpoint in endpoints]  # by what the document calls its bodies
    for _, endpoint in endpoints:
        _settle_types(endpoint)
    project = Project(openapi=data, config=config)
    project.env.bytecode_cache = _compiled_templates()
    try:
        errors = project.build()
    except OSError as error:  # such as a title longer than a file name may be
        return {
            "errors": [
                f"{error.strerror}: a name in the document is the name of a file: {Path(str(error.filename)).name:.80}"
            ]
        }
    _say_lists_plainly(package)
    _open_answers(package, data, {name for _, endpoint in endpoints for name in _sent_enums(endpoint)})
    return {
        "errors": [_explain(error) for error in errors]
        + [_explain(error) for _, endpoint in endpoints for error in endpoint.errors]
        + complaints,
        "models": {str(model.class_info.name): _model(model) for model in data.models},
        "enums": [str(enum.class_info.name) for enum in data.enums],
        "operations": operations,
    }


def _say_lists_plainly(package: Path) -> None:
    """Mend what the generator writes of lists: a cast that says nothing, and a question that Python refuses."""
    for module in package.rglob("*.py"):
        written = module.read_bytes()
        said = _LIST_BODY.sub(rb"\1list", _ANY_LIST.sub(rb"\1: list[Any] = data", written))
        if said != written:
            module.write_bytes(said)


def _open_answers(package: Path, data: GeneratorData, sent: Collection[str]) -> None:
    """Let models hold values that the document does not list, where an answer has some; see `_unlisted`.

    The type of an enum that no request holds admits them, too. A request's stays as it is, so that type checkers
    find a misspelt value before it is sent.
    """
    models = package / "models"
    for enum in data.enums:
        if not isinstance(enum, LiteralEnumProperty):  # by its configuration the generator makes no others
            continue
        module = models / f"{enum.class_info.module_name}.py"
        written = module.read_bytes()
        if enum.class_info.name not in sent:
            written = _LITERAL.sub(rb"\1 | " + enum.get_instance_type_string().as_unembedded_code().encode(), written)
        values = f"{enum.get_class_name_snake_case().upper()}_VALUES".encode()
        refused = _REFUSAL.sub(rb"\1return unlisted(value, " + values + rb", __name__)", written)
        module.write_bytes(b"from .._unlisted import unlisted\n" + refused)
    for module in models.glob("*.py"):
        written = module.read_bytes()
        said = _CONST.sub(rb'\1_unlisted.unlisted(\2, (\3,), __name__ + ".\2")', written)
        if said != written:
            module.write_bytes(said.replace(b"\nfrom ", b"\nfrom .. import _unlisted\nfrom ", 1))


def _sent_enums(endpoint: Endpoint) -> Iterator[str]:
    """Yield the class of each enum that a request of the endpoint may hold."""
    waiting: list[Any] = [body.prop for body in endpoint.bodies]
    waiting += [parameter for _, parameter in endpoint.iter_all_parameters()]
    seen: set[str] = set()
    while waiting:
        prop = waiting.pop()
        if isinstance(prop, ListProperty):
            waiting.append(prop.inner_property)
        elif isinstance(prop, UnionProperty):
            waiting += prop.inner_properties
        elif isinstance(prop, LiteralEnumProperty):
            yield prop.class_info.name
        elif isinstance(prop, ModelProperty) and prop.class_info.name not in seen:
            seen.add(prop.class_info.name)
            waiting += [
                *(prop.required_properties or ()),
                *(prop.optional_properties or ()),
                prop.additional_properties,
            ]


def _compiled_templates() -> FileSystemBytecodeCache | None:
    """Return where the generator's templates are kept compiled: where Python keeps this module, if it keeps any.

    Compiling them takes a third of the time that the generator needs for a small document.
    """
    folder = Path(cache_from_source(__file__)).parent
    if sys.dont_write_bytecode or not os.access(folder, os.W_OK):
        return None
    return FileSystemBytecodeCache(str(folder), f"templates-{version('jinja2')}-%s.pyc")


def _copied(endpoint: Endpoint, memo: dict[int, Any]) -> Endpoint:
    """Return a copy of an endpoint that shares its answers and bodies with the original.

    The generator copies each endpoint before it renames its parameters, and with it every class that the answers and
    bodies lead to, which nothing changes. In documents whose schemas refer to each other that is nine tenths of its
    work, and a long chain of them exceeds the recursion limit.
    """
    shared = (*endpoint.responses.patterns, endpoint.responses.default, *endpoint.bodies)
    memo.update({id(each): each for each in shared})
    return Endpoint(**copy.deepcopy(vars(endpoint), memo))


Endpoint.__deepcopy__ = _copied  # type: ignore[attr-defined]

_resolved = model_property._resolve_naming_conflict  # noqa: SLF001  the one place where it gives up


def _told_apart(first: Property, second: Property, config: Config) -> PropertyError | None:
    """Spell what a name of Python cannot hold, where two properties differ in nothing else: `+1` and `-1`.

    The generator would leave out the model, and with it everything that leads to it.
    """
    error = _resolved(first, second, config)
    if error is not None:
        for each in (first, second):
            each.set_python_name(UntrustedString(_spelled(_text(each.name))), config)
    return None if first.python_name != second.python_name else error


model_property._resolve_naming_conflict = _told_apart  # noqa: SLF001


def _spelled(name: str) -> str:
    return re.sub(r"\W", lambda sign: f" {unicodedata.name(sign[0], 'sign').lower()} ", name).strip()


def _name_parameters(endpoint: Endpoint, config: Config) -> None:
    """Add its place to the name of a parameter that the templates call something else by."""
    for place, parameter in endpoint.iter_all_parameters():
        name = parameter.python_name
        if name in OWN_ARGUMENTS:
            parameter.set_python_name(UntrustedString(f"{name}_{place}"), config)
            path = endpoint.path.get_untrusted_value()
            endpoint.path = UntrustedString(path.replace(f"{{{name}}}", f"{{{parameter.python_name}}}"))


def _settle_bodies(endpoint: Endpoint) -> Iterator[str]:
    """Leave one body of each class, JSON before others, and yield a complaint about each that goes.

    By its class the client tells which of the types a body is of; one that may be anything leaves none to others. The
    templates ask for one class after the other, so that what is of two would be sent as both, and forget to import
    what stands for no body.
    """
    kept: dict[str, Body] = {}
    for body in sorted(endpoint.bodies, key=lambda each: (_type(each.prop) != "Any", each.body_type != BodyType.JSON)):
        made = _type(body.prop)
        first = kept.get("Any") or kept.setdefault("list" if made.startswith("list[") else made, body)
        if first is not body:
            yield (
                f"parsing {endpoint.method.upper()} {_text(endpoint.path)} within its body: there is one class for "
                f"{_text(first.content_type)} and {_text(body.content_type)}, and it is sent as the former"
            )
    endpoint.bodies = [body for body in endpoint.bodies if body in kept.values()]
    if len(endpoint.bodies) > 1:
        endpoint.relative_imports.add("from ...types import Unset")


def _settle_types(endpoint: Endpoint) -> None:
    """Send a body of any type as the JSON it is made as: a range is what a server takes, and no type of a request."""
    for body in endpoint.bodies:
        if str(body.content_type.get_untrusted_value()).partition(";")[0].strip() == "*/*":
            body.content_type = UntrustedString("application/json")


def _explain(error: GeneratorError) -> str:
    text = f"{error.header}: {error.detail}" if error.detail else str(error.header)
    if isinstance(error, ParseError) and error.data is not None:
        text += f" in {error.data.model_dump_json(exclude_unset=True, by_alias=True)[:300]}"
    return _WRAPPED.sub("(of the document)", text)


def _model(model: ModelProperty) -> dict[str, Any]:
    properties = [*(model.required_properties or []), *(model.optional_properties or [])]
    return {
        "module": str(model.class_info.module_name),
        "roots": sorted(_text(root) for root in model.roots),
        "fields": {_text(prop.name): _field(prop) for prop in properties},
    }


def _field(prop: Any) -> dict[str, Any]:
    inner = prop.inner_property if isinstance(prop, ListProperty) else prop
    return {
        "attribute": str(prop.python_name),
        "type": _type(prop),
        "model": str(inner.class_info.name) if isinstance(inner, ModelProperty) else None,
    }


def _operation(tag: str, endpoint: Endpoint) -> dict[str, Any]:
    return {
        "module": f"api.{tag}.{PythonIdentifier(endpoint.name, PREFIX)}",
        "method": endpoint.method,
        "path": _text(endpoint.path),
        "arguments": {
            f"{location.value}:{_text(prop.name)}": str(prop.python_name)
            for location, prop in endpoint.iter_all_parameters()
        },
        "types": {
            f"{location.value}:{_text(prop.name)}": [_type(prop), bool(prop.required)]
            for location, prop in endpoint.iter_all_parameters()
        },
        "answer": _answer(endpoint),
        "bodies": {_text(body.content_type): _body_class(body.prop) for body in endpoint.bodies},
    }


def _type(prop: Any) -> str:
    return str(prop.get_type_string(no_optional=True).as_unembedded_code())


def _answer(endpoint: Endpoint) -> str:
    """Return the type of what the endpoint gives where it succeeds."""
    good = [each for each in endpoint.responses.patterns if (each.status_code.range or (0, 0))[0] // 100 == 2]
    if not good and endpoint.responses.default is not None:
        good = [endpoint.responses.default]
    types = dict.fromkeys("None" if each.source["return_type"] == "None" else _type(each.prop) for each in good)
    return " | ".join(types) or "None"


def _body_class(prop: Any) -> str | None:
    return str(prop.class_info.name) if isinstance(prop, ModelProperty) else None


def _text(value: Any) -> str:
    return str(value.get_untrusted_value()) if hasattr(value, "get_untrusted_value") else str(value)
