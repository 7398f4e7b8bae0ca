"""Faults of a document that a client cannot be made with, each with the correction where only one is possible.

What a validator merely dislikes is not among them; see `validity`.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs
import yaml

from rulewright.errors import InputError
from rulewright.openapi.document import Document
from rulewright.openapi.operations import (
    METHODS,
    Operation,
    is_ignored,
    operations,
    parameters,
    sent_path,
    with_path_items,
)
from rulewright.openapi.pointer import Location, encode, path_of, resolve
from rulewright.openapi.references import NAMES, follow, objects, references
from rulewright.openapi.schemas import TYPES

_STATUS: Final = re.compile(r"([1-5](?:\d\d|xx|XX))(?:\W.*)?")
REMOVE: Final = object()
"""As a correction: the value goes."""
_CORRECTED: Final = "an overlay with these actions corrects what can be corrected without a choice:"
_PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")
_SYNONYMS: Final[dict[str, dict[str, Any]]] = {
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
    "datetime": {"type": "string", "format": "date-time"},
    "dict": {"type": "object"},
    "double": {"type": "number", "format": "double"},
    "file": {"type": "string", "format": "binary"},
    "float": {"type": "number", "format": "float"},
    "int": {"type": "integer"},
    "list": {"type": "array"},
    "long": {"type": "integer", "format": "int64"},
    "str": {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"},
}
_OF_A_VALUE: Final = ("type", "format", "items", "enum", "default")
"""What a parameter of Swagger 2.0 had of its own, and its schema has now."""
_EMPTY: Final = frozenset({"204", "205", "304"})
"""The statuses whose answers have no content (RFC 9110, 15)."""
_EXPRESSIONS: Final = jsonschema_rs.Draft202012Validator({"format": "regex"}, validate_formats=True)
"""Knows the syntax of ECMA-262, of which the engine that matches takes more, such as `(?i)`."""
_LITERAL: Final = re.compile(r"/(?:(\^.*)|(.*(?<!\\)\$))/([dgimsuvy]*)", re.DOTALL)
"""A literal of JavaScript with an anchor, which would match nothing between the slashes."""
_LONGEST: Final = 300  # characters of a value that an action repeats
_SINGLE: Final = {("schema",), ("items",), ("additionalProperties",)}
_NAMED: Final = {("properties",), ("schemas",), ("allOf",), ("anyOf",), ("oneOf",)}
_PROSE: Final = frozenset({"description", "example", "examples", "externalDocs", "summary", "title"})


@dataclass(frozen=True)
class Repair:
    """One change of the document, as an overlay action would make it.

    Args:
        location: What is changed.
        update: What is merged into it, or `REMOVE`.
    """

    location: Location
    update: Any


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a document.

    Args:
        message: What was found, and what would be right.
        location: Where.
        repairs: The changes that correct it; empty where somebody has to decide.
    """

    message: str
    location: Location
    repairs: tuple[Repair, ...] = ()


def find_faults(value: Any) -> list[Fault]:
    """Return the faults of a document whose version is known; later ones build on the earlier being corrected."""
    if found := list(_shape(value)):
        return found
    checks: tuple[Callable[[Any], Iterator[Fault]], ...] = (
        _references,
        _named_parts,
        _security,
        _authorization,
        _one_header,
        _paths,
        _operation_ids,
        _path_parameters,
        _old_parameters,
        _descriptions,
        _schemas,
    )
    found = [fault for check in checks for fault in check(value)]
    gone = {repair.location: fault for fault in found for repair in fault.repairs if repair.update is REMOVE}
    return [
        fault
        for fault in found
        if all(gone.get(fault.location[:end], fault) is fault for end in range(len(fault.location)))
    ]


def actions(value: Any, found: Sequence[Fault]) -> list[dict[str, Any]]:
    """Return the overlay actions that correct faults, each with the old value and the reason."""
    pairs = [(fault, repair) for fault in found for repair in fault.repairs]
    # last, and the last item of a list first: the places of the others stay as they are
    items = [pair for pair in pairs if pair[1].update is REMOVE and isinstance(pair[1].location[-1], int)]
    items.sort(key=lambda pair: int(pair[1].location[-1]), reverse=True)
    return [_action(value, *pair) for pair in [*(pair for pair in pairs if pair not in items), *items]]


def _action(value: Any, fault: Fault, repair: Repair) -> dict[str, Any]:
    old = _old(value, repair)
    was = {} if old in (None, {}) or len(json.dumps(old)) > _LONGEST else {"x-was": old}
    change = {"remove": True} if repair.update is REMOVE else {"update": repair.update}
    new = "" if repair.update is REMOVE else json.dumps(repair.update, ensure_ascii=False)
    done = "removed" if repair.update is REMOVE else f"now {new}" if len(new) <= _LONGEST else "now as it is here"
    return {"target": path_of(repair.location), "description": f"{fault.message}: {done}.", **was, **change}


def _old(value: Any, repair: Repair) -> Any:
    try:
        old = resolve(value, encode(repair.location))
    except (LookupError, ValueError):
        return None  # an earlier repair puts it there
    if repair.update is REMOVE or not isinstance(old, dict):
        return None if isinstance(old, list) and repair.update is not REMOVE else old  # an update of a list adds to it
    return {key: old[key] for key in repair.update if key in old and not isinstance(old[key], (dict, list))}


def refuse_faults(document: Document, found: Sequence[Fault]) -> None:
    """Refuse a document with faults, all in one error.

    Raises:
        InputError: Names each fault with its place, and the overlay actions that correct it.
    """
    if not found:
        return
    written = [_on_one_line(action) for action in actions(document.value, found)]
    hint = "\n".join(["an overlay with this corrects it:" if len(found) == 1 else _CORRECTED, *written])
    if len(found) == 1:
        error = document.error(found[0].message, found[0].location)
    else:
        error = InputError("\n".join([f"has {len(found)} faults:", *(_join_names(document, each) for each in found)]))
        error.path = document.path
    error.hint = hint if written else ""
    raise error


def _join_names(document: Document, fault: Fault) -> str:
    pointer = encode(fault.location)
    line = document.line(pointer)
    return f"  {f'line {line}: ' if line else ''}{fault.message}\n    at {pointer or '(document root)'}"


def _on_one_line(action: dict[str, Any]) -> str:
    kept = {key: value for key, value in action.items() if key != "description"}
    return (
        "- " + yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=True).strip()
    )


def _shape(value: Any) -> Iterator[Fault]:
    """Find what every later step relies on and is not there."""
    if not re.fullmatch(r"3\.\d+\.\d+(?:-\S+)?", str(value.get("openapi"))):
        version = str(value["openapi"])[:3]
        yield Fault(
            f"openapi must be a version such as '3.0.3', got {show_value(value['openapi'])}",
            ("openapi",),
            (Repair(("openapi",), f"{version}.{3 if version == '3.0' else 0}"),),
        )
    info = value.get("info")
    if info is None:
        yield Fault("info is missing", ("info",), (Repair((), {"info": {"title": "API", "version": "0"}}),))
    elif not isinstance(info, dict):
        yield Fault(f"info must be an object, got {show_value(info)}", ("info",))
    given: dict[str, Any] = info if isinstance(info, dict) else {}
    for key, text in (("title", "API"), ("version", "0")) if isinstance(info, dict) else ():
        if not isinstance(given.get(key), str):
            wrong = (Repair(("info", key), REMOVE),) if isinstance(given.get(key), (dict, list)) else ()
            number = isinstance(given.get(key), (int, float))
            added = Repair(("info",), {key: str(given[key]) if number else text})
            yield Fault(f"info.{key} must be text, got {show_value(given.get(key))}", ("info", key), (*wrong, added))
    if not isinstance(value.get("paths"), dict):
        yield Fault(f"paths must be an object, got {show_value(value.get('paths'))}", ("paths",))
    elif not any(operations(with_path_items(value))) and all(
        reference.startswith("#") for _, reference in references(value["paths"])
    ):
        yield Fault("has no operation, so a part of the document is missing", ("paths",))
    for location in (("components",), ("components", "securitySchemes"), ("components", "schemas")):
        holder: Any = value if len(location) == 1 else value.get("components")
        found = holder.get(location[-1], {}) if isinstance(holder, dict) else {}
        if not isinstance(found, dict):
            yield Fault(f"{'.'.join(location)} must be an object, got {show_value(found)}", location)


def _references(value: Any) -> Iterator[Fault]:
    """Find references that lead out of the document, to nothing, or back to themselves."""
    outside: list[tuple[Location, str]] = []
    for location, reference in references(value):
        if not reference.startswith("#"):
            if prose := next((index for index, key in enumerate(location) if key in _PROSE), None):
                yield Fault(
                    f"the text at the reference {reference!r} is in another file",
                    location,
                    (Repair(location[: prose + (2 if location[prose] == "examples" else 1)], REMOVE),),
                )
            else:
                outside.append((location, reference))
            continue
        target, seen = _target(value, reference), {reference}
        while isinstance(target, dict) and isinstance(further := target.get("$ref"), str) and further not in seen:
            seen.add(further)
            target = _target(value, further)
        if target is _NOTHING:
            item = location[:-1] if "parameters" in location[-3:] or "mapping" in location else location
            repair = Repair(location if "mapping" in location else item, REMOVE)
            yield Fault(
                f"the reference {reference!r} leads to nothing, so a part of the document is missing",
                location,
                (repair,),
            )
        elif isinstance(target, dict) and target.get("$ref") in seen:
            yield Fault(f"the reference {reference!r} leads back to itself", location, (Repair(location, REMOVE),))
    if outside:
        location, reference = outside[0]
        others = len(outside) - 1
        lead = f"the reference {reference!r} and {others} more lead" if others else f"the reference {reference!r} leads"
        message = f"{lead} out of the document, which must be complete in itself"
        yield Fault(f"{message}; join its files first, with `redocly bundle` for example", location)


def _named_parts(value: Any) -> Iterator[Fault]:
    """Find references in place of several named parts, such as the whole content of an answer."""
    for location, found in objects(value):
        for key, parts in found.items():
            reference = parts.get("$ref") if key in NAMES and isinstance(parts, dict) else None
            target = _target(value, reference) if isinstance(reference, str) else None
            if isinstance(target, dict):
                place = (*location, key)
                written_out = (Repair((*place, "$ref"), REMOVE), Repair(place, target))
                yield Fault(f"{key} cannot be a reference; its parts can", place, written_out)


_NOTHING: Final = object()


def _target(value: Any, reference: str) -> Any:
    try:
        return resolve(value, reference)
    except (LookupError, ValueError):
        return _NOTHING


def _security(value: Any) -> Iterator[Fault]:
    """Find security requirements whose scheme is not defined."""
    missing: dict[str, Location] = {}
    schemes = value.get("components", {}).get("securitySchemes", {})
    for location in ((), *(operation.location for operation in operations(value))):
        requirements = resolve(value, encode(location)).get("security", [])
        for index, requirement in enumerate(requirements if isinstance(requirements, list) else []):
            for name in requirement if isinstance(requirement, dict) else {}:
                if name not in schemes:
                    missing.setdefault(name, (*location, "security", index, name))
    for name, location in missing.items():
        kind = "basic" if "basic" in name.lower() else "bearer"
        scheme = {"securitySchemes": {name: {"type": "http", "scheme": kind}}}
        repair = Repair(("components",), scheme) if "components" in value else Repair((), {"components": scheme})
        usual = "by its name it is a user name and a password" if kind == "basic" else "most often it is a bearer token"
        message = f"the security scheme {name!r} is used but not defined; {usual}"
        yield Fault(message, location, (repair,))


def _authorization(value: Any) -> Iterator[Fault]:
    """Find operations that declare their credential as a header, which OpenAPI ignores."""
    schemes = value.get("components", {}).get("securitySchemes", {})
    name = next(name for name in ("authorization", "authorization_header") if name not in schemes)
    scheme = {"securitySchemes": {name: {"type": "apiKey", "in": "header", "name": "Authorization"}}}
    added = [Repair(("components",), scheme) if "components" in value else Repair((), {"components": scheme})]
    for operation in operations(value):
        given = (value["paths"][operation.path].get("parameters"), operation.body.get("parameters"))
        ignored = [each for part in given for each in parameters(value, part) if is_ignored(each)]
        declared = [each for each in ignored if each["name"].lower() == "authorization"]
        required = operation.security if isinstance(operation.security, list) else []
        carried = [schemes.get(each) for requirement in required for each in requirement]
        if declared and not any(map(_is_header, carried)):
            asked = [{**each, name: []} for each in required or [{}]]
            if not any(each.get("required") for each in declared):
                asked += required or [{}]
            message = "the header parameter Authorization has no meaning in OpenAPI 3; a security scheme has"
            yield Fault(message, operation.location, (*added, Repair(operation.location, {"security": asked})))
            added = []


def _is_header(scheme: Any) -> bool:
    """Return whether a security scheme is sent in the header Authorization."""
    kind = scheme.get("type") if isinstance(scheme, dict) else None
    return kind in {"http", "oauth2", "openIdConnect"} or str(scheme.get("name")).lower() == "authorization"


def _one_header(value: Any) -> Iterator[Fault]:
    """Find security requirements of several kinds of credentials in the header Authorization, which holds one."""
    schemes = value.get("components", {}).get("securitySchemes", {})
    for location in ((), *(operation.location for operation in operations(value))):
        place: Location = (*location, "security")
        requirements = resolve(value, encode(location)).get("security", [])
        for index, requirement in enumerate(requirements if isinstance(requirements, list) else []):
            names = [name for name in requirement if name in schemes and _is_header(follow(value, schemes[name]))]
            words = {follow(value, schemes[name]).get("scheme", "") for name in names}
            for name in names[1:] if len(words) > 1 else ():
                other = {each: scopes for each, scopes in requirement.items() if each == name or each not in names}
                message = f"{names[0]!r} and {name!r} cannot both be in the header Authorization; they are alternatives"
                yield Fault(message, place, (Repair((*place, index, name), REMOVE), Repair(place, other)))


def wire_path(path: str) -> str:
    """Return what of a path template is sent, with placeholders that have no names."""
    return _PLACEHOLDER.sub("{}", sent_path(path))


def _paths(value: Any) -> Iterator[Fault]:
    """Find operations that a server cannot distinguish from an earlier one: their paths differ in what is not sent."""
    first: dict[tuple[str, str], str] = {}
    for operation in operations(value):
        taken = first.setdefault((operation.method, wire_path(operation.path)), operation.path)
        if taken != operation.path:
            differs = "a fragment" if "#" in operation.path + taken else "the names of parameters"
            yield Fault(
                f"{operation.title} differs from {operation.method.upper()} {taken} in {differs} only, which is not "
                "sent: they are one operation",
                operation.location,
                (Repair(operation.location, REMOVE),),
            )


def _operation_ids(value: Any) -> Iterator[Fault]:
    """Find operations whose name another has, as text or in Python."""
    taken: dict[str, Operation] = {}
    found = list(operations(value))
    known = {_letters(_name(operation)) for operation in found}
    for operation in found:
        name = _name(operation)
        first = taken.setdefault(_letters(name), operation)
        if first is operation:
            continue
        free = next(each for each in _other_names(operation, name) if _letters(each) not in known)
        known.add(_letters(free))
        location = (*operation.location, "operationId")
        given = operation.body.get("operationId")
        shown = f"the operationId {name!r}" if given else f"the name {name!r}, which has no operationId,"
        message = f"{shown} is taken by {first.title} ({encode(first.location)}); it must be unique"
        yield Fault(message, location, (Repair(operation.location, {"operationId": free}),))


def _name(operation: Operation) -> str:
    path = operation.path.replace("{", "").replace("}", "").replace("/", "_").strip("_")
    given = operation.body.get("operationId")
    return given if isinstance(given, str) and given else f"{operation.method}_{path}"


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _other_names(operation: Operation, name: str) -> Iterator[str]:
    words = [word for word in re.split(r"[\W_]+", _PLACEHOLDER.sub("", operation.path)) if word]
    every = [word for word in re.split(r"[\W_]+", operation.path) if word]
    yield "_".join([name, *(word for word in words if not re.fullmatch(r"v\d+", word))])
    yield "_".join([name, *every])
    yield "_".join([name, operation.method, *every])
    for number in range(2, 1000):
        yield f"{name}_{number}"


def _path_parameters(value: Any) -> Iterator[Fault]:
    """Find placeholders without a parameter, and path parameters without a placeholder."""
    for path, item in value["paths"].items():
        if not isinstance(item, dict):
            continue
        names = set(_PLACEHOLDER.findall(path))
        shared = set[str]()
        for holder in [(), *((method,) for method in METHODS if isinstance(item.get(method), dict))]:
            location: Location = ("paths", path, *holder)
            body = item[holder[0]] if holder else item
            given: list[Any] = body["parameters"] if isinstance(body.get("parameters"), list) else []
            found = [follow(value, each) for each in given]
            declared = {each["name"] for each in found if isinstance(each, dict) and _is_named(each, "path")}
            open_names = names - declared - shared
            for index in range(len(found)):
                place: Location = (*location, "parameters", index)
                if isinstance(found[index], dict) and _is_named(found[index], "query"):
                    if found[index]["name"] in open_names:
                        declared.add(found[index]["name"])
                        yield _move_into_path(found[index], given[index], place)
                else:
                    yield from _path_parameter(found[index], names, given[index], place)
            if not holder:
                shared = declared
            for name in sorted(names - declared - shared) if holder else ():
                new = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                message = f"the path has {{{name}}}, and {holder[0].upper()} has no parameter of that name"
                yield Fault(message, location, (Repair(location, {"parameters": [new]}),))


def _move_into_path(parameter: dict[str, Any], given: Any, place: Location) -> Fault:
    """Return the fault of a parameter that is sent twice: in the query, and for its placeholder."""
    message = f"the path has {{{parameter['name']}}}, for which this parameter of the query stands"
    moved: dict[str, Any] = {"in": "path", "required": True}
    if given is parameter:
        return Fault(message, place, (Repair(place, moved),))
    copied = {"parameters": [{**parameter, **moved}]}
    return Fault(message, place, (Repair(place[:-2], copied), Repair(place, REMOVE)))


def _is_named(parameter: Any, place: str) -> bool:
    return parameter.get("in") == place and isinstance(parameter.get("name"), str)


def _path_parameter(parameter: Any, names: set[str], given: Any, location: Location) -> Iterator[Fault]:
    if not isinstance(parameter, dict) or not _is_named(parameter, "path"):
        return
    if parameter["name"] not in names:
        message = f"the path has no {{{parameter['name']}}} for this parameter"
        yield Fault(message, location, (Repair(location, REMOVE),))
    elif parameter.get("required") is not True and given is parameter:
        yield Fault("a path parameter is required", location, (Repair(location, {"required": True}),))


def _old_parameters(value: Any) -> Iterator[Fault]:
    """Find what Swagger 2.0 called parameters: the fields of a form, and a whole body."""
    for operation in operations(value):
        place = (*operation.location, "parameters")
        given = operation.body.get("parameters")
        old = [
            (index, each)
            for index, each in enumerate(given if isinstance(given, list) else [])
            if isinstance(each, dict) and each.get("in") in {"body", "formData"} and isinstance(each.get("name"), str)
        ]
        if not old:
            continue
        repairs = [Repair((*place, index), REMOVE) for index, _ in old]
        if "requestBody" not in operation.body:
            repairs.append(Repair(operation.location, {"requestBody": _as_body([each for _, each in old])}))
        message = "a parameter in a body or a form is of Swagger 2.0; OpenAPI 3 has a requestBody"
        yield Fault(message, place, tuple(repairs))


def _as_body(old: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the body that parameters of Swagger 2.0 describe."""
    schemas = {
        each["name"]: {key: each[key] for key in _OF_A_VALUE if key in each} | (each.get("schema") or {})
        for each in old
    }
    required = [each["name"] for each in old if each.get("required") is True]
    whole = next((each["name"] for each in old if each["in"] == "body"), None)
    if whole is not None:
        return {"required": whole in required, "content": {"application/json": {"schema": schemas[whole]}}}
    is_file = any(each.get("type") == "file" or each.get("format") == "binary" for each in schemas.values())
    media = "multipart/form-data" if is_file else "application/x-www-form-urlencoded"
    schema = {"type": "object", "properties": schemas, **({"required": required} if required else {})}
    return {"required": bool(required), "content": {media: {"schema": schema}}}


def _descriptions(value: Any) -> Iterator[Fault]:
    """Find answers without the one thing that OpenAPI requires of them."""
    shared = value.get("components", {}).get("responses")
    places: list[tuple[Location, Any]] = [(("components", "responses"), shared)]
    places += [((*each.location, "responses"), each.body.get("responses")) for each in operations(value)]
    for place, answers in places:
        for status, answer in answers.items() if isinstance(answers, dict) else ():
            if isinstance(answer, dict) and "$ref" not in answer and not isinstance(answer.get("description"), str):
                location = (*place, status)
                yield Fault("an answer has a description", location, (Repair(location, {"description": ""}),))


def _schemas(value: Any) -> Iterator[Fault]:
    """Find keywords of schemas that no validator can compile."""
    modern = not str(value["openapi"]).startswith("3.0")
    for location, schema in objects(value):
        if isinstance(schema.get("required"), bool) and (location[-1:] in _SINGLE or location[-2:-1] in _NAMED):
            place = (*location, "required")
            yield Fault("required must be a list of names", place, (Repair(place, REMOVE),))
        for key in ("enum", "allOf", "anyOf", "oneOf"):
            if schema.get(key) == []:
                yield Fault(
                    f"{key} is empty, so nothing would fit", (*location, key), (Repair((*location, key), REMOVE),)
                )
        yield from _patterns(schema, location)
        yield from _type(schema, location, modern=modern)
        yield from _values(schema, location)
        yield from _bounds(schema, location, modern=modern)
        yield from _answers(schema, location, modern=modern)
        yield from _statuses(value, schema, location)


def _patterns(schema: dict[str, Any], location: Location) -> Iterator[Fault]:
    """Find patterns that no validator can read, and those that match nothing as they stand."""
    pattern, by_name = schema.get("pattern"), schema.get("patternProperties")
    if isinstance(pattern, str) and (wrong := _misread(pattern)):
        message, meant = wrong
        place = (*location, "pattern")
        yield Fault(message, place, (Repair(location, {"pattern": meant}) if meant else Repair(place, REMOVE),))
    for name, child in by_name.items() if isinstance(by_name, dict) else ():
        if wrong := _misread(name):
            message, meant = wrong
            place = (*location, "patternProperties", name)
            added = (Repair(place[:-1], {meant: child}),) if meant else ()
            yield Fault(message, place, (*added, Repair(place, REMOVE)))


def _misread(pattern: str) -> tuple[str, str] | None:
    """Return what is wrong with a pattern, if anything is, and what it means; empty where that cannot be written."""
    literal = _LITERAL.fullmatch(pattern)
    if literal and _is_expression(inner := literal[1] or literal[2]) and "i" not in literal[3]:
        return f"a pattern does not stand between slashes: {pattern!r:.80}", inner
    if literal or not _is_expression(pattern):
        return f"no regular expression of ECMA-262: {pattern!r:.80}", ""
    return None


@functools.cache
def _is_expression(pattern: str) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except ValueError:
        return False
    return _EXPRESSIONS.is_valid(pattern)


def _type(schema: dict[str, Any], location: Location, *, modern: bool) -> Iterator[Fault]:
    """Find types that do not exist, and lists of types where there is only one."""
    kind = schema.get("type")
    if not modern and isinstance(kind, list) and (names := [each for each in kind if each != "null"]):
        union = [{"type": each, **({"nullable": True} if "null" in kind else {})} for each in names]
        key = "anyOf" if "anyOf" not in schema else "allOf"
        change: Any = union[0] if len(union) == 1 else {key: union if key == "anyOf" else [{"anyOf": union}]}
        place = (*location, "type")
        yield Fault("type is one word in OpenAPI 3.0", place, (Repair(place, REMOVE), Repair(location, change)))
    if "in" in schema or location[-2:-1] == ("securitySchemes",) or not isinstance(kind, str) or kind in TYPES.values():
        return
    if location[-2:-1] == ("parameters",) or location[:1] not in {("paths",), ("components",)}:
        return
    place = (*location, "type")
    meant = _SYNONYMS.get(kind.lower(), {"type": kind.lower()} if kind.lower() in TYPES.values() else None)
    repair = Repair(place, REMOVE) if meant is None else Repair(location, meant)
    yield Fault(f"there is no type {kind!r}", place, (repair,))


def _values(schema: dict[str, Any], location: Location) -> Iterator[Fault]:
    """Find listed values in the spelling of another type: texts of numbers, and numbers in place of texts."""
    kind, listed = schema.get("type"), schema.get("enum")
    given = [each for each in listed if each is not None] if isinstance(listed, list) else []
    if kind in ("integer", "number") and given and all(_is_number(each) for each in given):
        meant: dict[Any, Any] = {each: json.loads(each) for each in given}
    elif kind == "string" and any(type(each) is int for each in given):
        meant = {each: str(each) for each in given if type(each) is int}
    else:
        return
    place = (*location, "enum")
    values = [meant.get(each, each) if type(each) in {int, str} else each for each in listed or ()]
    change = (Repair(place, REMOVE), Repair(location, {"enum": values}))
    yield Fault(f"the values of enum are not of the type {kind}", place, change)


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", value) is not None


def _bounds(schema: dict[str, Any], location: Location, *, modern: bool) -> Iterator[Fault]:
    """Find exclusive bounds in the form of the other version."""
    for exclusive, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        found = schema.get(exclusive)
        place = (*location, exclusive)
        if modern and isinstance(found, bool):
            bound = found and plain in schema
            change = Repair(location, {exclusive: schema[plain]}) if bound else Repair(place, REMOVE)
            gone = [Repair((*location, plain), REMOVE)] if bound else []
            yield Fault(f"{exclusive} is a number in OpenAPI 3.1", place, (change, *gone))
        elif not modern and isinstance(found, (int, float)) and not isinstance(found, bool):
            change = Repair(location, {exclusive: True, plain: found})
            yield Fault(f"{exclusive} is true or false in OpenAPI 3.0", place, (change,))


def _answers(found: dict[str, Any], location: Location, *, modern: bool) -> Iterator[Fault]:
    """Find operations without answers, which OpenAPI 3.1 allows."""
    is_operation = not modern and location[:1] == ("paths",) and len(location) == 3 and location[-1] in METHODS
    if is_operation and not (isinstance(found.get("responses"), dict) and found["responses"]):
        wrong = (Repair((*location, "responses"), REMOVE),) if "responses" in found else ()
        answer = {"responses": {"default": {"description": "Not documented."}}}
        yield Fault("an operation must have responses", location, (*wrong, Repair(location, answer)))


def _statuses(value: Any, found: dict[str, Any], location: Location) -> Iterator[Fault]:
    """Find ranges of statuses in small letters, words beside statuses, and content of answers that HTTP allows none."""
    answers = found.get("responses")
    if not (location[:1] == ("paths",) and len(location) == 3 and isinstance(answers, dict)):
        return
    for status, answer in answers.items():
        place = (*location, "responses", status)
        code = _STATUS.fullmatch(status)
        if code and code[1].upper() not in answers:
            renamed = (Repair(place, REMOVE), Repair(place[:-1], {code[1].upper(): answer}))
            yield Fault(f"the status is written {code[1].upper()}", place, renamed)
        meant = follow(value, answer)
        if status in _EMPTY and isinstance(meant, dict) and meant.get("content"):
            alone = Repair(place[:-1], {status: {"description": str(meant.get("description", ""))}})
            emptied = (Repair(place, REMOVE), alone) if "$ref" in answer else (Repair((*place, "content"), REMOVE),)
            yield Fault(f"an answer {status} has no content", place, emptied)


def show_value(value: Any) -> str:
    """Return a value as messages show it, cut."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
