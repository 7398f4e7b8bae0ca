"""What a new operation of an imported page still needs from an overlay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rulewright.openapi.document import to_yaml
from rulewright.openapi.operations import Operation, operations
from rulewright.openapi.pointer import Location, path_of
from rulewright.openapi.references import follow
from rulewright.openapi.schemas import object_parts
from rulewright.openapi.tasks import expression_of, submitted_at

_WAITER: Final = "x-waiter"
_ERRORS: Final = ("4XX", "5XX")


def needs(document: Any, new: set[str]) -> Iterator[str]:
    """Yield what each new operation needs, with the overlay action to write.

    Args:
        document: The document with the overlays applied as far as they fit: it has the waiters.
        new: The operations by method and path, such as `POST /videos`.
    """
    every = list(operations(document))
    for operation in every:
        if operation.title not in new:
            continue
        answers = operation.body.get("responses")
        if not isinstance(answers, dict):
            continue
        for poll in every:
            if poll is not operation and (status := _submit_status(document, operation, poll)) is not None:
                yield _format_action(
                    f"{operation.title} looks like a submit of the waiter {poll.body[_WAITER].get('name')!r}: its "
                    f"answer holds {poll.body[_WAITER]['id'].get('submitted')}; to get tasks, link it",
                    _link(operation, poll, status),
                )
        if not any(str(status)[:1] in {"4", "5", "d"} for status in answers):
            yield _format_action(
                f"{operation.title} documents no error answer; to describe what it may answer, add",
                _errors(operation, every),
            )


def _submit_status(document: Any, operation: Operation, poll: Operation) -> str | None:
    """Return the success status whose answer holds the id that a waiter polls, unless the answer is linked already."""
    waiter = poll.body.get(_WAITER)
    if not isinstance(waiter, Mapping) or operation.method == "get":
        return None
    submitted = submitted_at(waiter)
    if isinstance(submitted, str) or f"{{{waiter['id']['parameter']}}}" in operation.path:
        return None  # no submit can be polled, or the operation is about a task that there is already
    for status, response in operation.body["responses"].items():
        answer = follow(document, response)
        if str(status).startswith("2") and isinstance(answer, dict) and not answer.get("links"):
            for media in (answer.get("content") or {}).values():
                if _has(document, media.get("schema"), submitted):
                    return str(status)
    return None


def _has(document: Any, schema: Any, names: tuple[str, ...]) -> bool:
    """Return whether a schema has a property at a pointer."""
    properties, _ = object_parts(lambda value: follow(document, value), schema)
    return names[0] in properties and (not names[1:] or _has(document, properties[names[0]], names[1:]))


def _link(operation: Operation, poll: Operation, status: str) -> dict[str, Any]:
    waiter = poll.body[_WAITER]
    parameters = {waiter["id"]["parameter"]: expression_of(waiter["id"]["submitted"])}
    return {
        "target": path_of((*operation.location, "responses", status)),
        "description": "Its answer names the task that it started.",
        "update": {"links": {"result": {"operationId": poll.body.get("operationId"), "parameters": parameters}}},
    }


def _errors(operation: Operation, every: list[Operation]) -> dict[str, Any]:
    """Return the action that adds error answers: those that other operations refer to, else bare ones."""
    update = {status: {"description": "An error; its body is not documented."} for status in _ERRORS}
    for other in every:
        answers = other.body.get("responses")
        for status, answer in answers.items() if isinstance(answers, dict) else ():
            if status in update and isinstance(answer, dict) and "$ref" in answer:
                update[status] = {"$ref": answer["$ref"]}
    target: Location = (*operation.location, "responses")
    return {
        "target": path_of(target),
        "description": "The page documents no error answer; these are inferred.",
        "update": update,
    }


def _format_action(head: str, action: dict[str, Any]) -> str:
    return "\n".join([head.replace("\n", "\\n") + ":", *(f"    {line}" for line in to_yaml([action]).splitlines())])
