"""Run openapi-python-client with the changes that this project needs, whichever process this is.

`PATCHES` lists every change, with its reason and the version for which it was last observed; those to the document are
implemented in `rewrites`. Besides the package, `generate` returns the names that were chosen (classes, attributes,
modules), which only the generator knows.
"""

from __future__ import annotations

import copy
import json
import os
import re
import sys
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, Final

from attrs import evolve
from jinja2 import FileSystemBytecodeCache
from openapi_python_client import Project, strings
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData, bodies
from openapi_python_client.parser import openapi as parser
from openapi_python_client.parser.bodies import Body, BodyType
from openapi_python_client.parser.errors import GeneratorError, ParseError, PropertyError
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import (
    LiteralEnumProperty,
    ModelProperty,
    Property,
    merge_properties,
    model_property,
)
from openapi_python_client.parser.properties.const import ConstProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier

from rulewright.generate import rewrites
from rulewright.generate.classes import PREFIX, Classes, class_overrides
from rulewright.generate.rewrites import Patch
from rulewright.generate.tagged import TEMPLATES, TaggedProperty, build_union, fail_where_only_null_is_left
from rulewright.openapi.references import objects, references

_OWN_NAMES: Final = frozenset(
    {
        "additional_keys", "additional_properties", "cast", "cls", "d", "field_dict", "from_dict", "prop", "prop_dict",
        "prop_name", "src_dict", "to_dict", "to_multipart",
    }
)  # fmt: skip
"""What the templates of a model call something beside the attributes they make."""
_OWN_ARGUMENTS: Final = frozenset({"body", "cookies", "headers", "kwargs", "params", "quote", "response"})
"""What those of an operation call something beside the arguments they make, `client` and `url` excepted."""
_FAILED: Final = re.compile(r"Unable to (?:parse|process) schema /components/schemas/(.*?):?\s*\Z")
_CONSEQUENCE: Final = re.compile(
    r"Could not find reference|not found|in allOf was not processed|Invalid property in union"
)
"""What it says of a schema that leads to one it has dropped, among other reasons."""
_WRAPPED: Final = re.compile(r"<openapi_python_client\.\S+UntrustedString object at 0x[0-9a-f]+>")
"""How the generator prints text that it does not trust; the address in it differs from run to run."""
_ANY_LIST: Final = re.compile(rb"^( +\w+) = cast\(list\[Any\], data\)$", re.MULTILINE)
"""The cast it writes below a test that `data` is a list, which a strict mypy refuses as redundant."""
_BODY_TEST: Final = re.compile(rb"^ +if isinstance\(body, .*(?=\):$)", re.MULTILINE)
_ITEMS: Final = re.compile(rb"\b(list|dict)\[[^|]*\]")
"""In the test it writes for which of several bodies it is given; Python has no isinstance of a list of something."""
_TEXT_BODY: Final = re.compile(rb'_kwargs\["json"\](?= = body\s+headers\["Content-Type"\] = "text/)')
"""Where it keeps a text that it takes for JSON."""
_DECLARATION: Final = re.compile(rb"[^\W\d]\w*: (?!.*[=:]).+")
"""The line with which it declares a variable and its type."""
_LITERAL: Final = re.compile(rb"^(\w+ = Literal\[.*\])$", re.MULTILINE)
"""The type it writes for an enum."""
_REFUSAL: Final = re.compile(rb"^( +)raise TypeError\(.* Expected one of .*$", re.MULTILINE)
"""The line with which an enum refuses a value."""
_CONST: Final = re.compile(
    rb"^( +if (\w+) != (.+?)(?: ?and not isinstance\(\2, Unset\))?:\n +)raise ValueError\(f\".* must match const .*$",
    re.MULTILINE,
)
"""The line with which a model or an answer refuses a value other than the only one."""

_PARSED: Final = re.compile(
    rb"\b(datetime\.date(?:time)?\.fromisoformat|UUID)"
    rb"\((?P<value>\w+(?:\.json\(\))?|d\.pop\((?P<name>\"(?:[^\"\\]|\\.)*\")\))\)"
)
"""The call with which a model or an answer reads a date or an identifier."""
_WRITTEN: Final = re.compile(rb"([\w.]+)\.isoformat\(\)")
"""The one with which it writes a date, in a form that not every server reads."""


def generate(spec: Path, package: Path) -> dict[str, Any]:
    """Generate a package; return `{"errors": [...], "models": ..., "operations": ...}`.

    Args:
        spec: A file that holds what `rewrites.generator_input` returns.
        package: The folder of the package.
    """
    given = json.loads(spec.read_text(encoding="utf-8"))
    document, media = given["document"], given["media"]
    classes = Classes(document)
    classes.separate()
    config = Config.from_sources(
        ConfigFile(
            literal_enums=True,
            post_hooks=[],
            package_name_override=package.name,
            content_type_overrides=media,
            class_overrides=class_overrides(document),
        ),
        meta_type=MetaType.NONE,
        document_source=spec,
        file_encoding="utf-8",
        overwrite=False,
        output_path=package,
    )
    data, widened = parse(document, config)
    if isinstance(data, GeneratorError):
        return {"errors": [*widened, _explain(data)]}
    endpoints = [
        (tag, endpoint)
        for tag, collection in data.endpoint_collections_by_tag.items()
        for endpoint in collection.endpoints
    ]
    dropped: list[str] = []
    for _, endpoint in endpoints:
        dropped += keep_one_body_of_a_class(endpoint)
        rename_own_arguments(endpoint, config)
    operations = [_operation(tag, endpoint) for tag, endpoint in endpoints]  # by what the document calls its bodies
    for _, endpoint in endpoints:
        send_ranges_as_json(endpoint)
    project = Project(openapi=data, config=config, custom_template_path=TEMPLATES)
    project.env.bytecode_cache = _template_cache()
    fail_where_only_null_is_left(project)
    try:
        errors = project.build()
    except OSError as error:  # such as a title longer than a file name may be
        return {
            "errors": [
                f"{error.strerror}: a name in the document is the name of a file: {Path(str(error.filename)).name:.80}"
            ]
        }
    drop_sending(package)
    for module in package.rglob("*.py"):
        rewrite_module(module)
    roots: dict[str, list[str]] = {}
    for pointer, name in [*classes.moved.items(), *given["aliases"].items()]:
        roots.setdefault(f"/components/schemas/{name}", []).append(pointer)
    open_answers(package, data, {name for _, endpoint in endpoints for name in _sent_enums(endpoint)})
    return {
        "errors": widened
        + [_explain(error) for error in errors]
        + [_explain(error) for _, endpoint in endpoints for error in endpoint.errors]
        + dropped,
        "models": {str(model.class_info.name): _model(model, roots) for model in data.models},
        "enums": [str(enum.class_info.name) for enum in data.enums],
        "operations": operations,
    }


def parse(document: Any, config: Config) -> tuple[GeneratorData | GeneratorError, list[str]]:
    """Parse a document, letting a schema that the generator has no type for hold anything.

    It would drop the schema and everything that leads to it, operations included.

    Returns:
        What the generator made of it, and a message for each schema that holds anything.
    """
    widened: dict[str, str] = {}
    whole: set[str] = set()
    schemas = document["components"]["schemas"]
    while True:
        try:
            data = GeneratorData.from_dict(document, config=config)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            return GeneratorError(header=f"{type(error).__name__}: {error}"), list(widened.values())
        found = {} if isinstance(data, GeneratorError) else dict(_failed_components(data, set(schemas) - whole))
        if not found:
            return data, list(widened.values())
        for name in _roots(schemas, found):
            circle = [each for _, each in objects(schemas[name]) if each.get("$ref") == f"#/components/schemas/{name}"]
            for each in circle:
                each.clear()
            if not circle:
                whole.add(name)
                schemas[name] = {key: schemas[name][key] for key in ("title", "description") if key in schemas[name]}
            what = "holds anything where it holds itself" if circle else "holds anything, without a class"
            widened[name] = f"schema /components/schemas/{name}: {what}: {found[name]}"


def _roots(schemas: Mapping[str, Any], found: Mapping[str, str]) -> list[str]:
    """Return the dropped components that are not dropped for what they lead to, or one of a circle of them."""
    causes = [name for name, reason in found.items() if not _CONSEQUENCE.search(reason)]
    others = {name: {f"#/components/schemas/{each}" for each in found if each != name} for name in found}
    causes = causes or [
        name for name in found if others[name].isdisjoint(target for _, target in references(schemas[name]))
    ]
    return causes or [next(iter(found))]


def _failed_components(data: GeneratorData, known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the components that the generator dropped for a reason of their own."""
    for error in data.errors:
        found = _FAILED.search(str(error.header))
        name = found[1] if found else ""
        if name in known:
            detail = _WRAPPED.sub("(of the document)", str(error.detail))  # an address differs from run to run
            yield name, " ".join(detail.partition("\n\nFailure to process")[0].split())


def drop_repeated(code: bytes) -> bytes:
    """Leave out the declaration of a variable that its function has declared before, as it does for each use of a list.

    A union that is a component and holds lists names the items alike wherever a model leads to it.
    """
    functions: list[tuple[int, set[bytes]]] = [(-1, set())]
    kept = []
    for line in code.split(b"\n"):
        word = line.lstrip()
        indent = len(line) - len(word)
        while word and indent <= functions[-1][0]:
            functions.pop()
        if word.startswith(b"def "):
            functions.append((indent, set()))
        elif _DECLARATION.fullmatch(word):
            if word in functions[-1][1]:
                continue
            functions[-1][1].add(word)
        kept.append(line)
    return b"\n".join(kept)


def rewrite_module(module: Path) -> None:
    """Remove casts of lists that a test has proven and types of items from a test; send text; show what is unset."""
    written = module.read_bytes()
    changed = _ANY_LIST.sub(rb"\1: list[Any] = data", written)
    changed = changed.replace(
        b"class Unset:\n", b'class Unset:\n    def __repr__(self) -> str:\n        return "UNSET"\n\n'
    )
    changed = _BODY_TEST.sub(lambda found: _ITEMS.sub(rb"\1", found[0]), changed)
    changed = _TEXT_BODY.sub(b'_kwargs["content"]', changed)
    changed = drop_repeated(changed)
    if changed != written:
        module.write_bytes(changed)


def drop_sending(package: Path) -> None:
    """Remove what only the functions need that send a request; the template of an endpoint leaves those out."""
    for name in ("client.py", "errors.py"):
        (package / name).unlink()


def open_answers(package: Path, data: GeneratorData, sent: Collection[str]) -> None:
    """Let models and answers hold values that the document does not list, where an answer has some; see `_values`.

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
        module.write_bytes(b"from ..._values import unlisted\n" + refused)
    for module in (*models.glob("*.py"), *package.glob("api/*/*.py")):
        written = module.read_bytes()
        changed = _CONST.sub(rb'\1_Values_.unlisted(\2, (\3,), __name__ + ".\2")', written)
        changed = _PARSED.sub(_read_tolerantly, changed)
        changed = _WRITTEN.sub(rb"_Values_.write_date(\1)", changed)
        if b"_Values_." in changed:  # the template calls what it reads of a property `values` `_values`
            above = b"." * (len(module.relative_to(package).parts) + 1)
            changed = changed.replace(b"\nfrom ", b"\nfrom %s import _values as _Values_\nfrom " % above, 1)
        if changed != written:
            module.write_bytes(changed)


def _read_tolerantly(call: re.Match[bytes]) -> bytes:
    """Return the call that reads a date or an identifier, if it is one; its place is a variable or a required field."""
    place = call["name"] or b'"%s"' % call["value"]
    parse = b"_Values_.parse_moment" if b"datetime.datetime" in call[1] else call[1]
    return b'_Values_.parse_text(%s, %s, __name__ + "." + %s)' % (parse, call["value"], place)


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
        elif isinstance(prop, TaggedProperty):
            waiting += prop.models
        elif isinstance(prop, LiteralEnumProperty):
            yield prop.class_info.name
        elif isinstance(prop, ModelProperty) and prop.class_info.name not in seen:
            seen.add(prop.class_info.name)
            waiting += [
                *(prop.required_properties or ()),
                *(prop.optional_properties or ()),
                prop.additional_properties,
            ]


def _template_cache() -> FileSystemBytecodeCache | None:
    """Return where the generator's templates are kept compiled: where Python keeps this module, if it keeps any.

    Compiling them takes a third of the time that the generator needs for a small document.
    """
    folder = Path(cache_from_source(__file__)).parent
    if sys.dont_write_bytecode or not os.access(folder, os.W_OK):
        return None
    return FileSystemBytecodeCache(str(folder), f"templates-{version('jinja2')}-%s.pyc")


def copy_endpoint(endpoint: Endpoint, memo: dict[int, Any]) -> Endpoint:
    """Return a copy of an endpoint that shares its answers and bodies with the original.

    The generator copies each endpoint before it renames its parameters, and with it every class that the answers and
    bodies lead to, which nothing changes. In documents whose schemas refer to each other that is nine tenths of its
    work, and a long chain of them exceeds the recursion limit.
    """
    shared = (*endpoint.responses.patterns, endpoint.responses.default, *endpoint.bodies)
    memo.update({id(each): each for each in shared})
    return Endpoint(**copy.deepcopy(vars(endpoint), memo))


_resolved = model_property._resolve_naming_conflict  # noqa: SLF001  the one place where it gives up


def resolve_naming_conflict(first: Property, second: Property, config: Config) -> PropertyError | None:
    """Disambiguate property names that differ only in punctuation, such as `+1` and `-1`."""
    error = _resolved(first, second, config)
    if error is not None:
        for each in (first, second):
            each.set_python_name(UntrustedString(_spell_signs(_text(each.name))), config)
    return None if first.python_name != second.python_name else error


_checked = Endpoint._check_parameters_for_conflicts  # noqa: SLF001


def check_parameters(endpoint: Endpoint, *, config: Config, **options: Any) -> Endpoint | ParseError:
    """Disambiguate parameters of one place whose names differ too little, such as `a` and `a[]`, `a` and `a_`."""
    alike: dict[tuple[str, str], list[Property]] = {}
    for place, parameter in endpoint.iter_all_parameters():
        alike.setdefault((place, parameter.python_name), []).append(parameter)
    for group in alike.values():
        for number, parameter in enumerate(group if len(group) > 1 else (), 1):
            if re.search(r"\W", name := _text(parameter.name)):
                parameter.set_python_name(UntrustedString(_spell_signs(name)), config)
            elif number > 1:
                parameter.set_python_name(UntrustedString(f"{name}_{number}"), config)
    return _checked(endpoint, config=config, **options)


_joined = merge_properties.merge_properties


def join_properties(first: Property, second: Property) -> Property | PropertyError:
    """Join two definitions of a property, or take one: that with the fewest values, else the later."""
    joined = _joined(evolve(first), second)  # a copy: it changes the items of the first list, which others share
    if not isinstance(joined, PropertyError):
        return joined
    pair = (second, first)
    narrow = (each for kind in (ConstProperty, LiteralEnumProperty) for each in pair if isinstance(each, kind))
    return evolve(next(narrow, second), required=first.required or second.required)


def _spell_signs(name: str) -> str:
    return re.sub(r"\W", lambda sign: f" {unicodedata.name(sign[0], 'sign').lower()} ", name).strip()


def rename_own_arguments(endpoint: Endpoint, config: Config) -> None:
    """Add its place to the name of a parameter that the templates use for something else."""
    for place, parameter in endpoint.iter_all_parameters():
        name = parameter.python_name
        if name in _OWN_ARGUMENTS:
            parameter.set_python_name(UntrustedString(f"{name}_{place}"), config)
            path = endpoint.path.get_untrusted_value()
            endpoint.path = UntrustedString(path.replace(f"{{{name}}}", f"{{{parameter.python_name}}}"))


def keep_one_body_of_a_class(endpoint: Endpoint) -> Iterator[str]:
    """Keep one body of each class: a form for files, else JSON before others.

    The client chooses the media type by the class of a body; a body of any type leaves no other class. What is dropped
    is a gap, unless it is the same value in another encoding.

    Yields:
        The message of each gap.
    """
    kept: dict[str, Body] = {}
    for body in sorted(endpoint.bodies, key=_rank):
        made = _type(body.prop)
        first = kept.get("Any") or kept.setdefault("list" if made.startswith("list[") else made, body)
        is_encoded = BodyType.CONTENT not in {first.body_type, body.body_type}
        if first is not body and not (is_encoded and _type(first.prop) == made):
            yield (
                f"parsing {endpoint.method.upper()} {_text(endpoint.path)} within its body: it is sent as "
                f"{_text(first.content_type)}, never as {_text(body.content_type)}: both are of one class"
            )
    endpoint.bodies = [body for body in endpoint.bodies if body in kept.values()]
    for body in endpoint.bodies:
        if isinstance(
            body.prop, UnionProperty | TaggedProperty
        ):  # its template calls to_dict of a body that is not given
            body.prop = evolve(body.prop, required=True)
    if len(endpoint.bodies) > 1:
        endpoint.relative_imports.add("from ...types import Unset")


def _rank(body: Body) -> tuple[bool, bool]:
    """Return the rank of a body: anything first, and what its class is best sent as."""
    fields = (
        [*(body.prop.optional_properties or []), *(body.prop.required_properties or [])]
        if isinstance(body.prop, ModelProperty)
        else []
    )
    inner = [each.inner_property if isinstance(each, ListProperty) else each for each in fields]
    best = BodyType.FILES if any(isinstance(each, FileProperty) for each in inner) else BodyType.JSON
    return _type(body.prop) != "Any", body.body_type != best


def send_ranges_as_json(endpoint: Endpoint) -> None:
    """Send a body whose media type is a range as JSON."""
    for body in endpoint.bodies:
        if str(body.content_type.get_untrusted_value()).partition(";")[0].strip() == "*/*":
            body.content_type = UntrustedString("application/json")


def _explain(error: GeneratorError) -> str:
    text = f"{error.header}: {error.detail}" if error.detail else str(error.header)
    if isinstance(error, ParseError) and error.data is not None:
        text += f" in {error.data.model_dump_json(exclude_unset=True, by_alias=True)[:300]}"
    return _WRAPPED.sub("(of the document)", text)


def _model(model: ModelProperty, others: Mapping[str, list[str]]) -> dict[str, Any]:
    roots = [_text(root) for root in model.roots]
    properties = [*(model.required_properties or []), *(model.optional_properties or [])]
    return {
        "module": str(model.class_info.module_name),
        "roots": sorted({*roots, *(other for root in roots for other in others.get(root, ()))}),
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
    good = [each for each in endpoint.responses.patterns if (each.status_code.range or (0, 0))[0] // 100 == 2]
    if not good and endpoint.responses.default is not None:
        good = [endpoint.responses.default]
    types = dict.fromkeys("None" if each.source["return_type"] == "None" else _type(each.prop) for each in good)
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
        "answer": " | ".join(types) or "None",
        "bodies": {
            _text(body.content_type): str(body.prop.class_info.name) if isinstance(body.prop, ModelProperty) else None
            for body in endpoint.bodies
        },
        "body": " | ".join(dict.fromkeys(_type(body.prop) for body in endpoint.bodies)),
    }


def _type(prop: Any) -> str:
    return str(prop.get_type_string(no_optional=True).as_unembedded_code())


def _text(value: Any) -> str:
    return str(value.get_untrusted_value()) if hasattr(value, "get_untrusted_value") else str(value)


def _reserve_names() -> None:
    strings.RESERVED_WORDS = strings.RESERVED_WORDS | _OWN_NAMES


def _share_answers() -> None:
    Endpoint.__deepcopy__ = copy_endpoint  # type: ignore[attr-defined]


def _resolve_conflicts() -> None:
    model_property._resolve_naming_conflict = resolve_naming_conflict  # noqa: SLF001


def _check_parameters() -> None:
    Endpoint._check_parameters_for_conflicts = check_parameters  # type: ignore[assignment]  # noqa: SLF001


def _join_properties() -> None:
    merge_properties.merge_properties = join_properties  # type: ignore[assignment]


def _allow_everywhere() -> None:
    PropertyProtocol.validate_location = lambda *_: None  # type: ignore[method-assign]


def take_text(content_type: str, config: Config) -> str | None:
    """Return the media type that the generator takes that of a body for: JSON for text."""
    found = strings.get_content_type(content_type, config)
    return "application/json" if str(found).startswith("text/") else found


def _distinguish_by_tags() -> None:
    UnionProperty.build = build_union  # type: ignore[assignment, method-assign]


def _take_text_bodies() -> None:
    bodies.get_content_type = take_text  # type: ignore[attr-defined]


def _name_placeholders() -> None:
    parser._PATH_PARAM_REGEX = re.compile(r"{([^{}]+)}")  # noqa: SLF001


LIBRARY_PATCHES: Final = (
    Patch(
        "take one of two definitions of a property that cannot be joined",
        "it drops the model: a text and a constant, null and a union with it",
        "0.29.1",
        _join_properties,
    ),
    Patch(
        "let a parameter of any type stand in any place",
        "it drops the operation; the client writes parameters by itself",
        "0.29.1",
        _allow_everywhere,
    ),
    Patch(
        "choose the class of a value by its tag, and keep one with an unknown tag as it is",
        "it takes the first class that can be read, or refuses the answer",
        "0.29.1",
        _distinguish_by_tags,
    ),
    Patch("take a body of text, and send it as it is", "it drops the operation", "0.29.1", _take_text_bodies),
    Patch("take any name of a placeholder", "it drops the operation", "0.29.1", _name_placeholders),
    Patch(
        "rename attributes that have the name of a variable of the model template",
        "its from_dict and to_dict overwrite the attribute",
        "0.29.1",
        _reserve_names,
    ),
    Patch(
        "share answers and bodies between the copies of an endpoint",
        "it copies every class they lead to, which exceeds the recursion limit where schemas refer to each other",
        "0.29.1",
        _share_answers,
    ),
    Patch(
        "spell out the punctuation of properties that differ in nothing else, such as +1 and -1",
        "it drops the model and everything that leads to it",
        "0.29.1",
        _resolve_conflicts,
    ),
    Patch(
        "spell out the punctuation of parameters that differ in nothing else, such as a and a[], or number them",
        "it drops the operation",
        "0.29.1",
        _check_parameters,
    ),
)
"""Changes to the library itself, made when this module is imported."""
PATCHES: Final = (
    *LIBRARY_PATCHES,
    *rewrites.REFERENCE_REWRITES,
    *rewrites.OBJECT_REWRITES,
    *rewrites.DOCUMENT_REWRITES,
    Patch(
        "let references lead to what a component means that is only another name",
        "it reads the schema once for each name, and drops the second model",
        "0.29.1",
        rewrites.replace_aliases,
    ),
    Patch(
        "give each schema that becomes a class a component and a name of its own",
        "it drops the second of two schemas with one name, and what it has read half before it comes to a reference",
        "0.29.1",
        Classes.separate,
    ),
    Patch(
        "let a schema hold anything where there is no type for it",
        "it drops the schema, and every model and operation that leads to it",
        "0.29.1",
        parse,
    ),
    Patch(
        "rename classes and modules that its templates use themselves, and devices of Windows",
        "the generated class hides the imported one; Windows has no file of that name",
        "0.29.1",
        class_overrides,
    ),
    Patch(
        "keep one body of each class",
        "its templates send a body that fits two media types as both, and do not import Unset",
        "0.29.1",
        keep_one_body_of_a_class,
    ),
    Patch(
        "rename parameters that have the name of a variable of the endpoint template",
        "its function overwrites the argument",
        "0.29.1",
        rename_own_arguments,
    ),
    Patch(
        "send media type ranges as JSON", "it sends the range, which is no media type", "0.29.1", send_ranges_as_json
    ),
    Patch(
        "let the reader of a union fail with its last class where nothing but null is beside",
        "it returns an object with an unlisted value or an odd date as a dict",
        "0.29.1",
        fail_where_only_null_is_left,
    ),
    Patch(
        "write how a request is built and an answer is read, and no function that sends one",
        "its functions send a request unchecked, and say nothing of one whose outcome is unknown",
        "0.29.1",
        drop_sending,
    ),
    Patch(
        "rewrite casts, tests and declarations of lists, and show what is unset by its name",
        "a strict mypy refuses the cast and what is declared twice, Python the test; a model shows the address of each "
        "unset field",
        "0.29.1",
        rewrite_module,
    ),
    Patch(
        "read values that the document does not list",
        "an answer with a new enum value or const raises, although its task was paid for",
        "0.29.1",
        open_answers,
    ),
)
"""Every change to what openapi-python-client reads, does or writes."""

for _patch in LIBRARY_PATCHES:
    _patch.apply()
