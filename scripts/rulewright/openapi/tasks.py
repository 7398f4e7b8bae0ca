"""Which operations start tasks, and which operation polls them: by a link, or by an answer like a linked one."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rulewright.openapi.operations import Operation, is_json, operations
from rulewright.openapi.pointer import decode
from rulewright.openapi.references import follow

WAITER: Final = "x-waiter"
TASK: Final = "x-task"
"""What a submit changes of the waiter of its poll; false for an operation that starts no task."""
INFERRED: Final = "x-inferred"
"""Marks a link that no document and no overlay has."""
_ASKING: Final = frozenset({"get", "head", "options", "trace", "query", "delete"})
_OF_ANSWER: Final = "$response."
STATUS: Final = "$statusCode"
HEADER: Final = "$response.header."
_OF_BODY: Final = "$response.body#"
_DEEPEST: Final = 32
_MEDIA: Final = {"video": "video/mp4", "image": "image/png", "audio": "audio/mpeg"}
_BODY_MEMBER: Final = re.compile(r"\$request\.body#(/.+)")

Place = tuple[str, ...] | str
"""Where an answer holds something: tokens of a pointer into its body, `$statusCode`, or `$response.header.NAME`."""


def place_of(text: Any) -> Place:
    """Return the place that a JSON pointer or a runtime expression of OpenAPI names.

    Raises:
        ValueError: It is neither, or it names the whole body.
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not text")  # noqa: TRY004  what is written is wrong
    if text == STATUS:
        return text
    if re.fullmatch(re.escape(HEADER) + r"[\w!#$%&'*+.^`|~-]+", text):
        return text.lower().replace(HEADER.lower(), HEADER)
    tokens = decode(text.removeprefix(_OF_BODY))
    if not tokens:
        raise ValueError(f"{text!r} names the whole body")
    return tokens


def expression_of(text: str) -> str:
    """Return a place as a runtime expression, as links have it."""
    return _OF_BODY + text if text.startswith("/") else text


def body_member(parameter: str) -> tuple[str, ...]:
    """Return where the body of a poll takes the id of a task; empty where a parameter takes it."""
    found = _BODY_MEMBER.fullmatch(parameter)
    return decode(found[1]) if found else ()


def submitted_at(waiter: Mapping[str, Any]) -> Place:
    """Return where the answer to a submit holds the id, or the address that holds it."""
    return place_of(waiter["id"].get("submitted") or waiter["id"].get("address"))


def id_parameters(document: Any) -> frozenset[tuple[str, str]]:
    """Return operation and name of each parameter that takes the id of a task, whatever segments the id has."""
    found = set[tuple[str, str]]()
    for operation in operations(document):
        waiter = _members(operation.body.get(WAITER))
        name, result = str(_members(waiter.get("id")).get("parameter")), _members(waiter.get("result"))
        owner = str(result.get("operationId"))
        found |= {(operation.id, name), (owner, name)} if waiter else set()
        found |= {(owner, str(key).rpartition(".")[2]) for key in _members(result.get("parameters"))}
    return frozenset(found)


def _members(value: Any) -> Mapping[str, Any]:
    """Return an object of a waiter; an empty one where it is none, which is refused once waiters are checked."""
    return value if isinstance(value, Mapping) else {}


def result_parameter(waiter: Mapping[str, Any], key: str, polled: Iterable[str]) -> Any:
    """Return the expression that gives a parameter of the operation of a waiter's result; None if nothing does.

    Args:
        waiter: The `x-waiter`.
        key: Place and name of the parameter, such as `path:id`.
        polled: Those of the parameters of the poll.
    """
    place, _, name = key.partition(":")
    given = waiter["result"].get("parameters") or {}
    taken = waiter["id"]["parameter"]
    usual = f"$request.{place}.{name}" if key in polled else None
    if name == taken:
        usual = next((f"$request.{each.replace(':', '.', 1)}" for each in polled if each.endswith(f":{name}")), usual)
    return given.get(f"{place}.{name}", given.get(name, usual))


def submits(document: Any) -> Iterator[tuple[str, str]]:
    """Yield the ids of each operation that starts a task and of the operation that its link polls."""
    return ((submit, poll) for submit, poll, _ in task_links(document))


def task_links(document: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the same with the link itself."""
    polls = {operation.id for operation in operations(document) if WAITER in operation.body}
    for operation in operations(document):
        for _, link in _links(document, operation):
            if link.get("operationId") in polls:
                yield operation.id, link["operationId"], link


def links(document: Any, operation: Operation) -> Iterator[Mapping[str, Any]]:
    """Yield the links of the answers of an operation, references followed."""
    return (link for _, link in _links(document, operation))


def _links(document: Any, operation: Operation) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Yield each link with the reference to the schema of the answer it stands on."""
    for answer in _answers(document, operation).values():
        for link in (answer.get("links") or {}).values():
            yield _schema(answer), follow(document, link) or {}


def _answers(document: Any, operation: Operation) -> dict[str, Mapping[str, Any]]:
    responses = operation.body.get("responses")
    given = responses.items() if isinstance(responses, dict) else ()
    found = ((str(status), follow(document, each)) for status, each in given)
    return {status: answer for status, answer in found if isinstance(answer, dict)}


def _schema(answer: Mapping[str, Any]) -> str | None:
    """Return the reference to the component that an answer holds as JSON, if it refers to one."""
    content = answer.get("content")
    for media, entry in content.items() if isinstance(content, dict) else ():
        schema = entry.get("schema") if is_json(media) and isinstance(entry, dict) else None
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        return reference if isinstance(reference, str) else None
    return None


def with_task_links(document: Any) -> Any:
    """Return a document in which every submit has the link to its poll.

    An operation that changes something and is answered with the very component that a linked submit is answered with
    starts a task of the same kind. `x-task: false` switches that off.
    """
    every = list(operations(document))
    polls = {operation.id for operation in every if WAITER in operation.body}
    known: dict[str, dict[str, Any]] = {}
    for operation in every:
        for schema, link in _links(document, operation):
            parameters = link.get("parameters") or {}
            by_answer = all(str(each).startswith(_OF_ANSWER) for each in parameters.values())
            if schema and link.get("operationId") in polls and by_answer:
                known.setdefault(schema, {"operationId": link["operationId"], "parameters": dict(parameters)})
    added = [found for each in every if each.id not in polls and (found := _alike(document, each, known)) is not None]
    if not added:
        return document
    result = {**document, "paths": copy.deepcopy(document["paths"])}
    for operation, status, link in added:
        responses = result["paths"][operation.path][operation.method]["responses"]
        answer = copy.deepcopy(follow(document, responses[status]))
        responses[status] = {**answer, "links": {"task": {**copy.deepcopy(link), INFERRED: "from its answer"}}}
    return result


def _alike(
    document: Any, operation: Operation, known: Mapping[str, dict[str, Any]]
) -> tuple[Operation, str, dict[str, Any]] | None:
    """Return where an operation lacks a link, and the link."""
    if operation.method in _ASKING or operation.body.get(TASK) is False:
        return None
    answers = {status: each for status, each in _answers(document, operation).items() if str(status)[:1] == "2"}
    if any(each.get("links") for each in answers.values()):
        return None
    for status, answer in answers.items():
        if (schema := _schema(answer)) in known:
            return operation, status, known[str(schema)]
    return None


def result_operation(data: Mapping[str, Any], document: Any) -> Operation | None:
    """Return the operation that returns the result of a waiter's tasks, if it is not the poll."""
    name = (data.get("result") or {}).get("operationId")
    return next((each for each in operations(document) if name and each.id == name), None)


def file_type(operation: Operation, document: Any) -> str:
    """Return the media type of an operation that returns a file; empty where it returns JSON."""
    content = _content(operation, document)
    return "" if any(map(is_json, content)) else next(iter(content), "application/octet-stream")


def is_inlined(operation: Operation, data: Mapping[str, Any], document: Any) -> bool:
    """Return whether the places of results hold files in base64: the waiter says so, or the document."""
    schemas = _output_schemas(operation, data, document)
    return data.get("encoding") == "base64" or any(
        each.get("format") == "byte" or each.get("contentEncoding") in {"base64", "base64url"} for each in schemas
    )


def media_of(operation: Operation, data: Mapping[str, Any], document: Any) -> str:
    """Return the media type of the files that tasks make: as the document has it, or as the names of places suggest."""
    other = result_operation(data, document)
    if other is not None and (found := file_type(other, document)):
        return found if "*" not in found else ""
    for schema in _output_schemas(operation, data, document):
        if "contentMediaType" in schema:
            return str(schema["contentMediaType"])
    return media_named(data.get("outputs", []))


def media_named(places: Iterable[str]) -> str:
    """Return the media type that the name of a place suggests, the first that suggests one."""
    found = (media for place in places for word, media in _MEDIA.items() if word in place.lower())
    return next(found, "")


def _output_schemas(operation: Operation, data: Mapping[str, Any], document: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas of the places of results, and of the items of lists there."""
    answer = answer_schema(result_operation(data, document) or operation, document)
    for place in map(place_of, data.get("outputs", [])):
        yield from parts_at(answer, place, document) if isinstance(place, tuple) else ()


def parts_at(schema: Any, tokens: tuple[str, ...], document: Any) -> list[dict[str, Any]]:
    """Return the schemas that the values at a place are made of; a list on the way stands for each of its items."""
    for _ in range(_DEEPEST):  # a list may be one of itself
        parts = [*parts_of(schema, document)]
        items = [part["items"] for part in parts if "items" in part]
        if items:
            schema, tokens = items[0], tokens[1:] if tokens and tokens[0].isdecimal() else tokens
        elif tokens:
            schema, tokens = property_of(schema, tokens[0], document), tokens[1:]
        else:
            return parts
    return []


def _content(operation: Operation, document: Any) -> Mapping[str, Any]:
    """Return the content of the first success of an operation that has any."""
    responses = operation.body.get("responses", {})
    by_status = (operation.body.get(WAITER) or {}).get("acceptors", {})
    codes = [code for code in responses if str(code).startswith("2")] or ["default"]
    good = sorted(codes, key=lambda code: by_status.get(code) != "success")
    found = ((follow(document, responses.get(code)) or {}).get("content") for code in good)
    return next(filter(None, found), {})


def answer_schema(operation: Operation, document: Any) -> Any:
    """Return the schema of a successful answer in JSON; None if the document has none."""
    content = _content(operation, document)
    return next((entry.get("schema") for name, entry in content.items() if "json" in name or "*" in name), None)


def parts_of(schema: Any, document: Any) -> Iterator[dict[str, Any]]:
    """Yield what a schema is made of, references followed: itself and the members of its allOf, each of them once."""
    seen: list[Any] = []
    left = [schema]
    while left:
        found = follow(document, left.pop(0))
        if isinstance(found, dict) and not any(found is each for each in seen):
            seen.append(found)
            left = [*found.get("allOf", []), *left]
            yield found


def property_of(schema: Any, name: str, document: Any) -> Any:
    """Return the schema of a field of an object; None if it has none."""
    fields = (part.get("properties", {}).get(name) for part in parts_of(schema, document))
    return next((field for field in fields if field is not None), None)
