"""The operations of the effective document as methods, and the module that lists them for callers."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from urllib.parse import urljoin

from rulewright.errors import InputError
from rulewright.generate.names import ModelName, Names
from rulewright.generate.schemas import Schemas, body_schemas
from rulewright.generate.source import constant, in_raw, render, snake
from rulewright.openapi.operations import (
    END,
    Operation,
    has_items,
    is_json,
    is_stream,
    operations,
    parameter_schema,
    sent_path,
    server_url,
    success_contents,
)
from rulewright.openapi.references import follow, follow_schema
from rulewright.openapi.schemas import object_parts
from rulewright.openapi.tasks import id_parameters
from rulewright.rules.definition import VARIANTS, RuledSchema
from rulewright.rules.sources import HOLES


def operation_constants(document: Any) -> dict[str, str]:
    """Return the constant that names each operation.

    Raises:
        InputError: Two operations would share one name.
    """
    result: dict[str, str] = {}
    owners: dict[str, Operation] = {}
    for operation in operations(document):
        name = constant(operation.id)
        if name in owners:
            raise InputError(
                f"the operations {owners[name].id!r} and {operation.id!r} would both be named {name}; "
                "give one another operationId in an overlay",
                pointer=operation.pointer,
            )
        owners[name] = operation
        result[operation.id] = name
    return result


RESERVED: Final = frozenset({"self", "extra", "waive", "strict"})
"""The keywords that the method of every operation may have of its own."""
TAKEN: Final = frozenset(
    {
        "aclose", "call", "close", "run", "settings", "task",
        "bool", "bytes", "datetime", "dict", "float", "int", "list", "models", "object", "str", "tuple",
    }
)  # fmt: skip
"""The names of a client, and of the types of its methods, that no operation may hide; its method has an underscore
appended."""
BODY: Final = "body"


@dataclass(frozen=True)
class Input:
    """One argument of an operation's method, as the record of the client has it, and its Python type beside.

    Args:
        record: The fields of the client's `Input`.
        kind: The Python type.
        is_nullable: Whether None is a value of it, and so cannot mean that it is absent.
    """

    record: Mapping[str, Any]
    kind: str
    is_nullable: bool

    @property
    def keyword(self) -> str:
        """The keyword of the method."""
        return str(self.record["keyword"])


@dataclass(frozen=True)
class Method:
    """The method of one operation.

    Args:
        operation: The operation.
        constant: Its name in `operations`.
        function: The name of the method.
        answer: The Python type of a success.
        inputs: Its arguments, parameters first.
        media: The content type of its body; empty if it has none.
        model: The class that makes the body of its fields, where they are not sent as they are.
        is_open: Whether its body takes fields that the document does not list.
        rules: The ids of the rules that judge its requests.
        bodies: The pointer of the schema of each of its bodies.
        poll: The id of the operation that polls the task it starts; empty if it starts none.
    """

    operation: Operation
    constant: str
    function: str
    answer: str
    inputs: tuple[Input, ...]
    media: str
    model: str
    is_open: bool
    rules: tuple[str, ...]
    bodies: tuple[str, ...]
    poll: str

    @property
    def is_idempotent(self) -> bool:
        """Whether a request that is sent twice means no more than one (RFC 9110, 9.2.2)."""
        return self.operation.method not in {"post", "patch"}

    @property
    def is_body_required(self) -> bool:
        """Whether a request without a body is no request of the operation."""
        return bool(_request_body(self.operation).get("required"))


def read_methods(
    document: Any, ruled: Sequence[RuledSchema], polls: Mapping[str, str], names: Names
) -> tuple[Method, ...]:
    """Return the method of each operation that the client has.

    Args:
        document: The document.
        ruled: The schemas that have rules.
        polls: For each operation that starts a task, the id of the one that polls it.
        names: What the generator named.

    Raises:
        InputError: Two operations would share one name.
    """
    constants, whole = operation_constants(document), id_parameters(document)
    kept = [each for each in operations(document) if not names.lacks(each.method, each.path)]
    return tuple(_method(each, constants[each.id], ruled, names, polls.get(each.id, ""), whole=whole) for each in kept)


def _method(
    operation: Operation,
    constant_name: str,
    ruled: Sequence[RuledSchema],
    names: Names,
    poll: str,
    *,
    whole: Container[tuple[str, str]],
) -> Method:
    named = names.operation(operation.method, operation.path)
    bodies = {key: pointer for key, pointer in body_schemas(operation.document, operation) if key in named.bodies}
    media = min(named.bodies, key=_preference, default="")
    model = names.models.get(named.bodies.get(media) or "")
    model = model if model is not None and model.fields else None
    as_json = is_json(media) and len(named.bodies) == 1
    inputs = _parameters(operation, names, whole)
    if media:
        pointer = bodies.get(media, "")
        inputs += _fields(operation, pointer, model, names) if model else [_whole(operation, pointer, names)]
    others = ("str" if name.startswith("text/") else "bytes" for name in other_media(operation))
    return Method(
        operation,
        constant_name,
        _function(operation, bodies.values(), ruled),
        " | ".join(dict.fromkeys([*type_text(named.answer, names).split(" | "), *others])),
        tuple(_with_keywords(inputs)),
        media,
        model.name if model and not as_json else "",
        model is not None and _takes_others(operation.document, bodies[media]),
        tuple(_rules(operation, bodies.values(), ruled)),
        tuple(bodies.values()),
        poll,
    )


def _preference(media: str) -> int:
    """Return the rank of a content type: JSON before forms, and those before what is sent as a file."""
    return 0 if is_json(media) else 1 if media.startswith(("multipart/", "application/x-www-form")) else 2


def _takes_others(document: Any, pointer: str) -> bool:
    """Return whether a body may hold fields that the document does not list; its class holds them in any case."""
    schema = follow_schema(document, {"$ref": pointer})
    return schema.get("additionalProperties") is not False or "patternProperties" in schema


def _function(operation: Operation, bodies: Collection[str], ruled: Sequence[RuledSchema]) -> str:
    """Return the name of an operation's method: the one of `x-variants`, or else that of its operationId."""
    declared = (each.schema.get(VARIANTS) or {} for each in ruled if each.pointer in bodies)
    general = next((each["general"] for each in declared if "general" in each), None)
    name = str(general or snake(operation.id))
    return f"{name}_" if name in TAKEN else name


def _request_body(operation: Operation) -> Mapping[str, Any]:
    found = follow(operation.document, operation.body.get("requestBody"))
    return found if isinstance(found, dict) else {}


def _parameters(operation: Operation, names: Names, whole: Container[tuple[str, str]]) -> list[Input]:
    named = names.operation(operation.method, operation.path)
    found = {f"{each.get('in')}:{each['name']}": each for each in operation.parameters}
    result = []
    for key, argument in named.arguments.items():
        parameter = found.get(key, {})
        place, _, name = key.partition(":")
        kind, required = named.types[key]
        schema = parameter_schema(parameter)
        followed = follow_schema(operation.document, schema)
        about = parameter.get("description") or followed.get("description")
        record: dict[str, Any] = {
            "keyword": argument,
            "argument": argument,
            "place": place,
            "name": name,
            "required": required,
            "description": _text(about),
            **_facts(operation.document, schema),
            "deprecated": any(each.get("deprecated") is True for each in (parameter, followed)),
            **_style(operation.document, parameter),
            **({"segments": True} if place == "path" and (operation.id, name) in whole else {}),
        }
        result.append(_input(record, kind, names))
    return result


def _style(document: Any, parameter: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the value of a parameter is written, where that is not the usual way of its place."""
    usual = "form" if parameter.get("in") in {"query", "cookie"} else "simple"
    style, content = parameter.get("style", usual), parameter.get("content")
    schema = follow_schema(document, parameter_schema(parameter))
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    explode = parameter.get("explode")
    return {
        "style": "" if style == usual else style,
        "explode": None if explode is (style == "form") else explode,
        "reserved": parameter.get("allowReserved") is True,
        "content": next(filter(is_json, content), "") if isinstance(content, dict) else "",
        **({"fixed": values[0]} if parameter.get("required") is True and len(values) == 1 else {}),
    }


def servers(document: Any) -> tuple[str, ...]:
    """Return the addresses of a document, the defaults of their variables filled in."""
    return tuple(filter(None, map(server_url, document.get("servers") or ())))


def _server(operation: Operation) -> str:
    """Return the address of an operation that is not at that of its document; relative ones are of its host."""
    item = operation.document["paths"][operation.path]
    given = operation.body.get("servers") or item.get("servers")
    found = server_url(given[0]) if isinstance(given, list) and given else ""
    others = servers(operation.document)
    return urljoin(others[0], found).rstrip("/") if found and others else found.rstrip("/")


def _accept(operation: Operation) -> str:
    """Return the media types of an operation's answers, those of a success first, and no stream beside others."""
    answers = operation.body.get("responses") or {}
    ranked = sorted(answers, key=lambda code: not str(code).startswith("2"))
    found = [
        media
        for code in ranked
        for media in (follow(operation.document, answers[code]) or {}).get("content") or {}
        if (has_items(operation) or not is_stream(media)) and re.fullmatch(r"[\w.+*-]+/[\w.+*-]+(?: *;[ -~]*)?", media)
    ]
    return ", ".join(dict.fromkeys(found)) or "application/json"


def other_media(operation: Operation) -> tuple[str, ...]:
    """Return the media types of successes that are beside JSON, and neither JSON nor a stream."""
    found = [content for content in success_contents(operation) if any(map(is_json, content))]
    return tuple(dict.fromkeys(name for content in found for name in content if not (is_json(name) or is_stream(name))))


def _stream(operation: Operation) -> dict[str, Any]:
    """Return the media types of an operation's answers that are streams, and whether every success is one."""
    found = success_contents(operation)
    streams = {name: media for content in found for name, media in content.items() if is_stream(name)}
    end = next((each[END] for each in streams.values() if isinstance(each, Mapping) and END in each), None)
    return {"stream": ", ".join(streams), "has_items": has_items(operation), "stream_end": end}


def _fields(operation: Operation, pointer: str, model: ModelName, names: Names) -> list[Input]:
    """Return the fields of a body as arguments."""
    resolve = partial(follow, operation.document)
    properties, required = object_parts(resolve, {"$ref": pointer})
    is_required = _request_body(operation).get("required") is True
    result = []
    for name, field in model.fields.items():
        beside = properties.get(name)
        schema = {**follow_schema(operation.document, beside), **(beside if isinstance(beside, dict) else {})}
        if schema.get("readOnly") is True:
            continue
        record = {
            "keyword": field.attribute,
            "argument": field.attribute,
            "place": BODY,
            "name": name,
            "required": is_required and name in required,
            "description": _text(schema.get("description")),
            **_facts(operation.document, schema),
            "deprecated": schema.get("deprecated") is True,
        }
        result.append(_input(record, field.type, names))
    return result


def _whole(operation: Operation, pointer: str, names: Names) -> Input:
    """Return a body that is given whole: one that is no object, or one of several kinds."""
    body = _request_body(operation)
    record = {
        "keyword": BODY,
        "argument": BODY,
        "place": BODY,
        "name": "",
        "required": body.get("required") is True,
        "description": _text(body.get("description")),
        **_facts(operation.document, {"$ref": pointer} if pointer else {}),
        "deprecated": False,
    }
    return _input(record, names.operation(operation.method, operation.path).body, names)


def _input(record: Mapping[str, Any], kind: str, names: Names) -> Input:
    is_nullable = kind == "Any" or "None" in re.findall(r"\w+", kind)
    return Input({**record, "nullable": is_nullable}, type_text(kind, names), is_nullable)


def _facts(document: Any, schema: Any) -> dict[str, Any]:
    """Return what is known of a value: its JSON type, its format, the values listed; of a list, those of its items."""
    found = follow_schema(document, schema)
    kind = _type(found)
    items = follow_schema(document, found.get("items")) if kind == "array" else {}
    one = items if kind == "array" else found
    choices = one.get("enum", [one["const"]] if "const" in one else [])
    return {
        "type": kind,
        "items": _type(items),
        "choices": tuple(choice for choice in choices if choice is not None) if isinstance(choices, list) else (),
        "format": one["format"] if isinstance(one.get("format"), str) else "",
    }


def _type(schema: Mapping[str, Any]) -> str:
    """Return the one JSON type of a schema beside null; empty if there are several, or it is not stated."""
    kind = schema.get("type")
    kinds = [each for each in kind if each != "null"] if isinstance(kind, list) else [kind]
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], str) else ""


def _with_keywords(inputs: Sequence[Input]) -> Iterator[Input]:
    """Yield the arguments with keywords of which no two are alike: one that is taken gets its place appended."""
    taken = set(RESERVED)
    for each in inputs:
        keyword = each.keyword
        if keyword in taken:
            keyword = f"{keyword}_{each.record['place']}"
        while keyword in taken:
            keyword += "_"
        taken.add(keyword)
        yield replace(each, record={**each.record, "keyword": keyword})


def _rules(operation: Operation, bodies: Iterable[str], ruled: Sequence[RuledSchema]) -> Iterator[str]:
    """Yield the ids of the rules that judge a request: those of its parameters, and of every schema of its body."""
    if not any(each.rules for each in ruled):
        return
    schemas = Schemas(operation.document)
    for pointer in bodies:
        if pointer.startswith("#"):
            schemas.add(pointer)
    for each in ruled:
        if each.location == operation.location or each.pointer in schemas.definitions:
            yield from (rule.id for rule in each.rules)


def _text(text: Any) -> str:
    return str(text or "").strip()


def one_line(text: Any) -> str:
    """Return a description in one line."""
    return " ".join(str(text or "").split())


def operations_module(document: Any, methods: Sequence[Method], names: Names) -> str:
    """Return the source of `operations.py`.

    Args:
        document: The document.
        methods: The methods of its operations.
        names: What the generator named.
    """
    entries = [_entry(each, names) for each in methods]
    return render(
        "operations.py.jinja",
        operations=entries,
        servers=servers(document),
        holes=document.get(HOLES, []),
        imports=list(type_imports([each.answer for each in methods], names)),
    )


def _entry(method: Method, names: Names) -> dict[str, Any]:
    """Return what the template needs of one operation: names, and under `record` what is written as literals."""
    operation, body = method.operation, method.operation.body
    module = names.operation(operation.method, operation.path).module
    tags = body.get("tags")
    bodies = names.operation(operation.method, operation.path).bodies
    given = _request_body(operation).get("content") or {}
    contents = []  # the usual media type first
    for media in sorted(bodies, key=_preference):
        encoding = (given.get(media) or {}).get("encoding") or {}
        kept = {
            name: {key: each[key] for key in ("contentType", "style", "explode") if key in each}
            for name, each in encoding.items()
            if isinstance(each, dict)
        }
        contents.append((media, bodies[media] or "", kept))
    return {
        "constant": method.constant,
        "answer": method.answer,
        "module": module,
        "model": method.model,
        "inputs": [each.record for each in method.inputs],
        "contents": contents,
        "credentials": credentials(operation),
        "first": {
            "id": operation.id,
            "method": operation.method,
            "path": sent_path(operation.path),
            "function": method.function,
        },
        "rest": {
            "summary": one_line(body.get("summary")),
            "description": _text(body.get("description")),
            "tags": tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
            "deprecated": body.get("deprecated") is True,
            "body_required": method.is_body_required,
            "is_open": method.is_open,
            "server": _server(operation),
            "accept": _accept(operation),
            "others": other_media(operation),
            **_stream(operation),
            "successes": tuple(str(code) for code in body.get("responses") or () if str(code).startswith("2")),
            "poll": method.poll,
            "rules": method.rules,
            "certainty": str(body.get("x-certainty", "published")),
        },
    }


_IMPORTED: Final = {
    "datetime": "import datetime",
    "UUID": "from uuid import UUID",
    "File": f"from {in_raw('types')} import File",
    "Literal": "from typing import Literal",
}


def type_text(text: str, names: Names) -> str:
    """Return a type as the generator wrote it, its classes found in `models`, where no name of ours can hide them."""
    own = {*names.models, *names.enums}
    return re.sub(r"(?<![\w.'\"])[^\W\d]\w*", lambda found: f"models.{found[0]}" if found[0] in own else found[0], text)


def type_imports(types: Iterable[str], names: Names) -> Iterator[str]:
    """Yield the imports that some types need, given as `type_text` returns them."""
    words = {word for text in types for word in re.findall(r"\w+", text)}
    yield from (line for word, line in _IMPORTED.items() if word in words)
    if words & {*names.models, *names.enums}:
        yield f"from {in_raw()} import models"


def credentials(operation: Operation) -> list[tuple[tuple[str, str, str, str], ...]]:
    """Return the alternatives of an operation's credentials that a client can send, one without any last.

    Each credential has its place, its name, the word before it and the name of its security scheme.
    """
    schemes = operation.document.get("components", {}).get("securitySchemes", {})
    found = []
    for alternative in operation.security if isinstance(operation.security, list) else ():
        carriers = {name: _carrier(follow(operation.document, schemes.get(name))) for name in alternative}
        kept = tuple((*carrier, name) for name, carrier in carriers.items() if carrier is not None)
        if len(kept) == len(carriers) and kept not in found:
            found.append(kept)
    return sorted(found, key=lambda alternative: not alternative)


def unsupported_credentials(document: Any) -> Iterator[str]:
    """Yield a message for each operation that asks for credentials of kinds only that a client does not send."""
    for operation in operations(document):
        if operation.security and not credentials(operation):
            names = ", ".join(dict.fromkeys(name for each in operation.security for name in each))
            yield (
                f"parsing {operation.method.upper()} {operation.path} within its security: credentials of {names} are "
                "not sent; bearer, basic, oauth2, openIdConnect and apiKey are"
            )


def _carrier(scheme: Any) -> tuple[str, str, str] | None:
    if not isinstance(scheme, dict):
        return None
    kind, word = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    if kind == "apiKey" and isinstance(scheme.get("name"), str) and scheme.get("in") in {"header", "query", "cookie"}:
        return (scheme["in"], scheme["name"], "")
    if kind in {"oauth2", "openIdConnect"} or (kind == "http" and word == "bearer"):
        return ("header", "Authorization", "bearer")
    return ("header", "Authorization", "basic") if kind == "http" and word == "basic" else None
