"""Waiters: the `x-waiter` of an operation, checked against the spec and written as data."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.names import Names
from rulewright.generate.source import render
from rulewright.openapi.operations import Operation, is_json, operations
from rulewright.openapi.references import follow
from rulewright.openapi.tasks import (
    STATUS,
    TASK,
    WAITER,
    answer_schema,
    body_member,
    file_type,
    is_inlined,
    links,
    media_of,
    parts_at,
    parts_of,
    place_of,
    property_of,
    result_operation,
    result_parameter,
    submits,
    submitted_at,
)

EXTENSION: Final = WAITER
ACCEPTORS: Final = ("retry", "success", "failure", "cancelled", "timeout")
_KEYS: Final = frozenset(
    {"name", "id", "state", "acceptors", "delay", "deadline", "grace", "outputs", "encoding", "result", "error",
     "reasons"}
)  # fmt: skip
_REQUEST: Final = re.compile(r"\$request\.(path|query|header)\.(.+)")
_DELAY: Final = ("first", "factor", "max")
_OPTIONAL: Final = {"grace": ("not_found",), "error": ("message", "code", "trace")}
_OWN: Final = frozenset({"outputs", "delay", "deadline"})
"""What a submit may change of the waiter of its poll."""


@dataclass(frozen=True)
class WaiterDefinition:
    """One `x-waiter` and its operation."""

    operation: Operation
    data: dict[str, Any]


def read_waiters(document: Any) -> tuple[WaiterDefinition, ...]:
    """Return the waiters of a document.

    Raises:
        InputError: One is incomplete, or a state the spec lists has no acceptor (or the reverse).
    """
    found = tuple(
        WaiterDefinition(operation, operation.body[EXTENSION])
        for operation in operations(document)
        if EXTENSION in operation.body
    )
    for waiter in found:
        _check(waiter, document)
    return found


def shared_arguments(document: Any, submit: Operation, poll: Operation, names: Names) -> dict[str, str]:
    """Return which argument of a poll is which argument of the submit: by its link, or of the same place and name.

    Raises:
        InputError: The poll needs a parameter that nothing gives.
    """
    given = names.operation(submit.method, submit.path).arguments
    asked = names.operation(poll.method, poll.path)
    own = poll.body[EXTENSION]["id"]["parameter"]
    leading = [link for link in links(document, submit) if link.get("operationId") == poll.id]
    sources = {key: text for link in leading for key, text in link.get("parameters", {}).items()}
    result = {}
    for key, argument in asked.arguments.items():
        name = key.partition(":")[2]
        found = _REQUEST.fullmatch(str(sources.get(name)))
        source = given.get(f"{found[1]}:{found[2]}" if found else key)
        if name != own and source is not None:
            result[argument] = source
        elif name != own and asked.types[key][1]:
            raise InputError(
                f"{EXTENSION}: {poll.id} also needs {name!r}; let the link of {submit.id} say where it comes from, "
                f"such as $request.path.{name}",
                pointer=f"{poll.pointer}/{EXTENSION}",
            )
    return result


def waiters_module(document: Any, names: Names) -> str:
    """Return the source of `waiters.py`.

    Raises:
        InputError: A waiter, or what a submit changes of it, does not fit the document.
    """
    found = {waiter.operation.id: waiter for waiter in read_waiters(document)}
    pairs = dict(submits(document))
    by_id = {operation.id: operation for operation in operations(document)}
    own = {submit: _of_submit(by_id[submit], found[poll], document) for submit, poll in pairs.items()}
    for operation in by_id.values():
        if operation.body.get(TASK) and operation.id not in pairs:
            raise _task_error(operation, "stands on an operation that starts no task: no link leads to a polled one")
    waiters = []
    for poll, waiter in found.items():
        every = [waiter, *(each for submit, each in own.items() if each is not None and pairs[submit] == poll)]
        outputs = list(dict.fromkeys(place for each in every for place in each.data.get("outputs", [])))
        data = {**waiter.data, **({"outputs": outputs} if outputs else {})}
        waiters.append(_fields(replace(waiter, data=data), names, document))
    shared = {
        submit: arguments
        for submit, poll in pairs.items()
        if (arguments := shared_arguments(document, by_id[submit], by_id[poll], names))
    }
    tasks = {submit: _fields(waiter, names, document) for submit, waiter in own.items() if waiter is not None}
    return render("waiters.py.jinja", waiters=waiters, tasks=tasks, submits=pairs, shared=shared)


def _of_submit(submit: Operation, waiter: WaiterDefinition, document: Any) -> WaiterDefinition | None:
    """Return the waiter of a submit that changes something of it.

    Raises:
        InputError: It changes what it cannot, or the result does not fit the document.
    """
    changes = submit.body.get(TASK)
    if not changes:
        return None
    if not isinstance(changes, dict) or not set(changes) <= _OWN:
        raise _task_error(submit, f"must be false, or an object with nothing but {', '.join(sorted(_OWN))}")
    changed = replace(waiter, data={**waiter.data, **changes})
    try:
        _check(changed, document)
    except InputError as error:
        raise _task_error(submit, error.message.removeprefix(f"{EXTENSION} ")) from error
    return changed


def _task_error(operation: Operation, message: str) -> InputError:
    return InputError(f"{TASK} {message}", pointer=f"{operation.pointer}/{TASK}")


def _fields(waiter: WaiterDefinition, names: Names, document: Any) -> dict[str, Any]:
    """Return the fields of the `Waiter` of the generated package."""
    data, operation = waiter.data, waiter.operation
    arguments = names.operation(operation.method, operation.path).arguments
    parameter = data["id"]["parameter"]
    member = body_member(parameter)
    named = (value for key, value in arguments.items() if key.partition(":")[2] == parameter)
    argument = "body" if member else next(named, None)
    if argument is None:
        raise _error(waiter, f"id.parameter {parameter!r} is not a parameter of {operation.id}")
    error = data.get("error", {})
    parts = parts_at(_body_schema(waiter.operation, document), member, document) if member else []
    more = {
        "by_address": "address" in data["id"],
        "member": member,
        "constants": _constants(waiter, document),
        "numeric": any(part.get("type") in {"integer", "number"} for part in parts),
        "inlined": _inline_media_type(waiter, document),
        "media": media_of(waiter.operation, data, document),
        **_result(waiter, names, document),
    }
    return {
        "name": data["name"],
        "operation": operation.id,
        "argument": argument,
        "submitted": submitted_at(data),
        "state": place_of(data["state"]),
        "acceptors": data["acceptors"],
        **{key: float(data["delay"][key]) for key in _DELAY},
        "deadline": float(data["deadline"]),
        "not_found_grace": float(data.get("grace", {}).get("not_found", 0)),
        "outputs": tuple(map(place_of, data.get("outputs", []))),
        "error_message": place_of(error["message"]) if "message" in error else None,
        "error_code": place_of(error["code"]) if "code" in error else None,
        "trace": place_of(error["trace"]) if "trace" in error else None,
        "reasons": tuple(map(place_of, data.get("reasons", []))),
        **{key: value for key, value in more.items() if value},
    }


def _body_schema(operation: Operation, document: Any) -> Any:
    """Return the schema of a body in JSON; None if there is none."""
    body = follow(document, operation.body.get("requestBody")) or {}
    return next((entry.get("schema") for media, entry in body.get("content", {}).items() if is_json(media)), None)


def _result(waiter: WaiterDefinition, names: Names, document: Any) -> dict[str, Any]:
    """Return the fields of a waiter whose result another operation returns."""
    operation = result_operation(waiter.data, document)
    if operation is None:
        return {}
    poll, own = waiter.operation, waiter.data["id"]["parameter"]
    polled = names.operation(poll.method, poll.path).arguments
    asked = names.operation(operation.method, operation.path)
    taken: dict[str, Any] = {}
    for key, argument in asked.arguments.items():
        text = result_parameter(waiter.data, key, polled)
        found = _REQUEST.fullmatch(str(text))
        if text == own and body_member(own):
            taken[argument] = "$request.body"
        elif found and f"{found[1]}:{found[2]}" in polled:
            taken[argument] = f"$request.{polled[f'{found[1]}:{found[2]}']}"
        elif text is not None and (_is_place(text) and not found):
            taken[argument] = place_of(text)
        elif text is not None or asked.types[key][1]:
            name = key.partition(":")[2]
            raise _error(
                waiter,
                f"result.parameters must say where {name!r} of {operation.id} comes from, such as "
                f"$response.body#/{name} or $request.path.{own}, got {text!r:.60}",
            )
    return {"result": operation.id, "result_from": taken, "result_is_file": file_type(operation, document) != ""}


def _inline_media_type(waiter: WaiterDefinition, document: Any) -> str:
    """Return the media type of results that an answer holds in base64; empty where it holds their URLs."""
    if not is_inlined(waiter.operation, waiter.data, document):
        return ""
    return media_of(waiter.operation, waiter.data, document) or "application/octet-stream"


def _check(waiter: WaiterDefinition, document: Any) -> None:
    data = waiter.data
    if not isinstance(data, dict):
        raise _error(waiter, "must be an object")
    missing = sorted({"name", "id", "state", "acceptors", "delay", "deadline"} - set(data))
    unknown = sorted(key for key in set(data) - _KEYS if not key.startswith("x-"))
    if missing or unknown:
        raise _error(waiter, f"lacks {missing[0]!r}" if missing else f"does not know {unknown[0]!r}")
    if not isinstance(data["delay"], dict) or set(data["delay"]) != set(_DELAY):
        raise _error(waiter, f"delay must be an object with {', '.join(_DELAY)}")
    if not isinstance(data["id"], dict) or set(data["id"]) not in (
        {"parameter", "submitted"},
        {"parameter", "address"},
    ):
        raise _error(waiter, "id must be an object with parameter, submitted, or with parameter, address")
    if data.get("encoding", "base64") != "base64":
        raise _error(waiter, f"encoding must be base64, got {data['encoding']!r:.60}")
    _constants(waiter, document)
    _check_result(waiter, document)
    for place, known in _OPTIONAL.items():
        if not isinstance(data.get(place, {}), dict) or not set(data.get(place, {})) <= set(known):
            raise _error(waiter, f"{place} must be an object with nothing but {', '.join(known)}")
    _check_places(waiter, document)
    _check_numbers(waiter)
    _check_states(waiter, document)


def _check_places(waiter: WaiterDefinition, document: Any) -> None:
    data = waiter.data
    for key, text in {"name": data["name"], "state": data["state"], **data["id"], **data.get("error", {})}.items():
        if not isinstance(text, str) or not any(map(str.isalnum, text)):
            raise _error(waiter, f"{key} must be text, got {text!r:.60}")
        if key not in {"name", "parameter"} and not _is_place(text):
            raise _error(waiter, f"{key} must be a JSON pointer, such as /state, got {text!r:.60}")
    for key in ("outputs", "reasons"):
        places = data.get(key, [])
        if not isinstance(places, list) or not all(map(_is_place, places)):
            raise _error(waiter, f"{key} must be a list of JSON pointers, got {places!r:.60}")
    operation = result_operation(data, document) or waiter.operation
    for place in data.get("outputs", []):
        tokens = place_of(place)
        if isinstance(tokens, tuple) and (fields := _fields_at(answer_schema(operation, document), tokens, document)):
            raise _error(
                waiter,
                f"outputs: at {place} stand objects; name the field of theirs that holds the URL, "
                f"such as {place}/{fields[0]}",
            )


def _is_place(text: Any) -> bool:
    """Return whether something is a JSON pointer, or a runtime expression, that names a part of an answer."""
    try:
        return bool(place_of(text))
    except ValueError:
        return False


def _constants(waiter: WaiterDefinition, document: Any) -> dict[str, Any]:
    """Return the fields of the body of a poll, beside the id, that the document leaves no choice of.

    Raises:
        InputError: It cannot be made of these and the id.
    """
    member = body_member(str(waiter.data["id"]["parameter"]))
    body = follow(document, waiter.operation.body.get("requestBody")) or {}
    schema = _body_schema(waiter.operation, document)
    if member and (schema is None or property_of(schema, member[0], document) is None):
        raise _error(waiter, f"id.parameter: the body of {waiter.operation.id} has no field {member[0]!r}")
    if not member and body.get("required"):
        raise _error(
            waiter, f"{waiter.operation.id} needs a body; let id.parameter name a field of it: $request.body#/..."
        )
    found: dict[str, Any] = {}
    needed = dict.fromkeys(name for part in parts_of(schema, document) for name in part.get("required", ()))
    for name in needed if member else ():
        field = follow(document, property_of(schema, name, document)) or {}
        values = [field["const"]] if "const" in field else field.get("enum", [])
        if len(values) == 1:
            found[name] = values[0]
        elif name != member[0]:
            raise _error(waiter, f"the body of {waiter.operation.id} also needs {name!r}, which nothing gives")
    return found


def _check_result(waiter: WaiterDefinition, document: Any) -> None:
    result = waiter.data.get("result")
    if result is None:
        return
    if not isinstance(result, dict) or not isinstance(result.get("operationId"), str):
        raise _error(waiter, "result must be an object with operationId and, if need be, parameters, as a link is")
    if unknown := sorted(set(result) - {"operationId", "parameters"}):
        raise _error(waiter, f"result does not know {unknown[0]!r}")
    operation = result_operation(waiter.data, document)
    if operation is None or operation.method != "get":
        raise _error(waiter, f"result: there is no GET operation {result['operationId']!r}")
    given = result.get("parameters", {})
    known = {form for each in operation.parameters for form in (each["name"], f"{each['in']}.{each['name']}")}
    if not isinstance(given, dict):
        raise _error(waiter, "result.parameters must be an object")
    if extra := sorted(set(given) - known):
        raise _error(waiter, f"result.parameters: {operation.id} has no parameter {extra[0]!r}")
    if file_type(operation, document) and waiter.data.get("outputs"):
        raise _error(waiter, f"outputs: {operation.id} returns the file itself, so there is no place to name")


def _fields_at(schema: Any, tokens: tuple[str, ...], document: Any) -> list[str]:
    """Return the fields of the objects at a place, if the document has such; their URLs first."""
    fields = dict.fromkeys(name for part in parts_at(schema, tokens, document) for name in part.get("properties", {}))
    return sorted(fields, key=lambda name: "url" not in name.lower())


def _check_states(waiter: WaiterDefinition, document: Any) -> None:
    data = waiter.data
    if not isinstance(data["acceptors"], dict):
        raise _error(waiter, f"acceptors must be an object with the fate of each state, got {data['acceptors']!r:.60}")
    for state, acceptor in data["acceptors"].items():
        if acceptor not in ACCEPTORS:
            raise _error(waiter, f"acceptor of {state!r} must be one of {', '.join(ACCEPTORS)}, got {acceptor!r}")
    if "success" not in data["acceptors"].values():
        raise _error(waiter, "no state is accepted as success, so a wait could never end well")
    listed = _enum_of_state(waiter, document)
    if listed is not None and (gap := [state for state in listed if state not in data["acceptors"]]):
        raise _error(waiter, f"the spec lists the state {gap[0]!r}, which has no acceptor")
    if listed is not None and (extra := [state for state in data["acceptors"] if state not in listed]):
        raise _error(waiter, f"there is an acceptor for {extra[0]!r}, which the spec does not list")


def _check_numbers(waiter: WaiterDefinition) -> None:
    delay = waiter.data["delay"]
    for key, value in {**delay, "deadline": waiter.data["deadline"]}.items():
        if not _is_number(value) or value <= 0:
            raise _error(waiter, f"{key} must be a number above zero, got {value!r}")
    for key, value in waiter.data.get("grace", {}).items():
        if not _is_number(value) or value < 0:
            raise _error(waiter, f"{key} must be zero or a number above it, got {value!r}")
    if delay["factor"] < 1 or delay["max"] < delay["first"]:
        raise _error(waiter, "delays must not shrink: factor is at least 1 and max at least first")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _enum_of_state(waiter: WaiterDefinition, document: Any) -> list[str] | None:
    """Return the states the spec lists for the place that holds the state, if it lists any."""
    place = place_of(waiter.data["state"])
    if place == STATUS:
        codes = waiter.operation.body.get("responses", {})
        named = [code for code in codes if code in waiter.data["acceptors"] or code.startswith(("2", "3"))]
        return named if all(map(str.isdecimal, named)) else None
    if isinstance(place, str):
        return None
    schema: Any = answer_schema(waiter.operation, document)
    for token in place:
        schema = property_of(schema, token, document)
        if schema is None:
            raise _error(waiter, f"state {waiter.data['state']!r} is not a field of the answer")
    listed = (_words(part) for part in parts_of(schema, document))
    return next((words for words in listed if words is not None), None)


def _words(schema: Mapping[str, Any]) -> list[str] | None:
    """Return the states a schema lists, as text: the numbers and truth values of some vendors, too."""
    kind = schema.get("type")
    either = kind == "boolean" or (isinstance(kind, list) and "boolean" in kind)
    listed = schema.get("enum", [False, True] if either else None)
    if not isinstance(listed, list):
        return None
    return [word if isinstance(word, str) else json.dumps(word) for word in listed if word is not None]


def _error(waiter: WaiterDefinition, message: str) -> InputError:
    return InputError(f"{EXTENSION} {message}", pointer=f"{waiter.operation.pointer}/{EXTENSION}")
