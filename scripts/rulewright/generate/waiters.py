"""Waiters: the `x-waiter` of an operation, checked against the spec and written as data."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.names import Names
from rulewright.generate.source import render
from rulewright.openapi.operations import Operation, operations
from rulewright.openapi.pointer import decode
from rulewright.openapi.references import follow
from rulewright.openapi.tasks import TASK, WAITER, links, submits

EXTENSION: Final = WAITER
ACCEPTORS: Final = ("retry", "success", "failure", "cancelled", "timeout")
_KEYS: Final = frozenset(
    {"name", "id", "state", "acceptors", "delay", "deadline", "grace", "outputs", "error", "reasons"}
)  # fmt: skip
_REQUEST: Final = re.compile(r"\$request\.(path|query|header)\.(.+)")
_DELAY: Final = ("first", "factor", "max")
_OPTIONAL: Final = {"grace": ("not_found",), "error": ("message", "code", "trace")}
_OWN: Final = frozenset({"outputs", "delay", "deadline"})
"""What a submit may change of the waiter of its poll."""
_DEEPEST: Final = 32


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
        waiters.append(_fields(replace(waiter, data=data), names))
    shared = {
        submit: arguments
        for submit, poll in pairs.items()
        if (arguments := shared_arguments(document, by_id[submit], by_id[poll], names))
    }
    tasks = {submit: _fields(waiter, names) for submit, waiter in own.items() if waiter is not None}
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


def _fields(waiter: WaiterDefinition, names: Names) -> dict[str, Any]:
    """Return the fields of the `Waiter` of the generated package."""
    data, operation = waiter.data, waiter.operation
    arguments = names.operation(operation.method, operation.path).arguments
    parameter = data["id"]["parameter"]
    argument = next((value for key, value in arguments.items() if key.partition(":")[2] == parameter), None)
    if argument is None:
        raise _error(waiter, f"id.parameter {parameter!r} is not a parameter of {operation.id}")
    error = data.get("error", {})
    return {
        "name": data["name"],
        "operation": operation.id,
        "argument": argument,
        "submitted": decode(data["id"]["submitted"]),
        "state": decode(data["state"]),
        "acceptors": data["acceptors"],
        **{key: float(data["delay"][key]) for key in _DELAY},
        "deadline": float(data["deadline"]),
        "not_found_grace": float(data.get("grace", {}).get("not_found", 0)),
        "outputs": tuple(decode(pointer) for pointer in data.get("outputs", [])),
        "error_message": decode(error["message"]) if "message" in error else None,
        "error_code": decode(error["code"]) if "code" in error else None,
        "trace": decode(error["trace"]) if "trace" in error else None,
        "reasons": tuple(decode(pointer) for pointer in data.get("reasons", [])),
    }


def _check(waiter: WaiterDefinition, document: Any) -> None:
    data = waiter.data
    if not isinstance(data, dict):
        raise _error(waiter, "must be an object")
    missing = sorted({"name", "id", "state", "acceptors", "delay", "deadline"} - set(data))
    unknown = sorted(key for key in set(data) - _KEYS if not key.startswith("x-"))
    if missing or unknown:
        raise _error(waiter, f"lacks {missing[0]!r}" if missing else f"does not know {unknown[0]!r}")
    for place, keys in (("id", ("parameter", "submitted")), ("delay", _DELAY)):
        if not isinstance(data[place], dict) or set(data[place]) != set(keys):
            raise _error(waiter, f"{place} must be an object with {', '.join(keys)}")
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
    for place in data.get("outputs", []):
        if fields := _fields_at(_answer(waiter, document), decode(place), document):
            raise _error(
                waiter,
                f"outputs: at {place} stand objects; name the field of theirs that holds the URL, "
                f"such as {place}/{fields[0]}",
            )


def _is_place(text: Any) -> bool:
    """Return whether something is a JSON pointer to a part of an answer."""
    try:
        return isinstance(text, str) and decode(text) != ()
    except ValueError:
        return False


def _fields_at(schema: Any, tokens: tuple[str, ...], document: Any) -> list[str]:
    """Return the fields of the objects at a place, if the document has such; their URLs first."""
    for _ in range(_DEEPEST):  # a list may be one of itself
        parts = [*_parts(schema, document)]
        items = [part["items"] for part in parts if "items" in part]
        if items:
            schema, tokens = items[0], tokens[1:] if tokens and tokens[0].isdecimal() else tokens
        elif tokens:
            schema, tokens = _property(schema, tokens[0], document), tokens[1:]
        else:
            fields = dict.fromkeys(name for part in parts for name in part.get("properties", {}))
            return sorted(fields, key=lambda name: "url" not in name.lower())
    return []


def _answer(waiter: WaiterDefinition, document: Any) -> Any:
    """Return the schema of a successful answer to a poll; None if the document has none."""
    responses = waiter.operation.body.get("responses", {})
    good = [code for code in responses if code.startswith("2")] or ["default"]
    content = (follow(document, responses.get(good[0])) or {}).get("content", {})
    return next((entry.get("schema") for name, entry in content.items() if "json" in name or "*" in name), None)


def _parts(schema: Any, document: Any) -> Iterator[dict[str, Any]]:
    """Yield what a schema is made of, references followed: itself and the members of its allOf, each of them once."""
    seen: list[Any] = []
    left = [schema]
    while left:
        found = follow(document, left.pop(0))
        if isinstance(found, dict) and not any(found is each for each in seen):
            seen.append(found)
            left = [*found.get("allOf", []), *left]
            yield found


def _property(schema: Any, name: str, document: Any) -> Any:
    """Return the schema of a field of an object; None if it has none."""
    fields = (part.get("properties", {}).get(name) for part in _parts(schema, document))
    return next((field for field in fields if field is not None), None)


def _check_states(waiter: WaiterDefinition, document: Any) -> None:
    data = waiter.data
    if not isinstance(data["acceptors"], dict):
        raise _error(waiter, f"acceptors must be an object with the fate of each state, got {data['acceptors']!r:.60}")
    for state, acceptor in data["acceptors"].items():
        if acceptor not in ACCEPTORS:
            raise _error(waiter, f"acceptor of {state!r} must be one of {', '.join(ACCEPTORS)}, got {acceptor!r}")
    if "success" not in data["acceptors"].values():
        raise _error(waiter, "no state is accepted as success, so a wait could never end well")
    listed = _listed_states(waiter, document)
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


def _listed_states(waiter: WaiterDefinition, document: Any) -> list[str] | None:
    """Return the states the spec lists for the field that holds the state, if it lists any."""
    schema: Any = _answer(waiter, document)
    for token in decode(waiter.data["state"]):
        schema = _property(schema, token, document)
        if schema is None:
            raise _error(waiter, f"state {waiter.data['state']!r} is not a field of the answer")
    listed = (_words(part) for part in _parts(schema, document))
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
