"""Which operations start tasks, and which operation polls them: by a link, or by an answer like a linked one."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rulewright.openapi.operations import Operation, is_json, operations
from rulewright.openapi.references import follow

WAITER: Final = "x-waiter"
TASK: Final = "x-task"
"""What a submit changes of the waiter of its poll; false for an operation that starts no task."""
INFERRED: Final = "x-inferred"
"""Marks a link that no document and no overlay has."""
_ASKING: Final = frozenset({"get", "head", "options", "trace", "query", "delete"})
_OF_ANSWER: Final = "$response.body#"


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
