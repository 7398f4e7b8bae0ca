"""Checks of answers: statuses, media types, headers and links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.registry import Check, Registry
from rulewright.impact.context import Context, shown
from rulewright.impact.grammar import resolved
from rulewright.impact.structure import Difference, same

REGISTRY: Final = Registry()
check = REGISTRY.check
_CHANGES: Final = ("add", "remove", "change")
_RESPONSES: Final = "Operation.responses[]"
_MEDIA: Final = ("RequestBody.content[]", "Response.content[]", "Parameter.content[]", "Header.content[]")


@check("answer-added", [_RESPONSES], ["add"], mirror="answer-removed")
def answer_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A status is documented that was not."""
    if _typed(difference.new, context.new.value, _others(difference, context.old.value)):
        text = f"the status {difference.entry} may be answered, with a body of a type the call did not return before"
        yield context.change(this.id, difference, text, Severity.BREAKING, "types")
    else:
        text = f"the status {difference.entry} may be answered"
        yield context.change(this.id, difference, text, Severity.COMPATIBLE)


@check("answer-removed", [_RESPONSES], ["remove"], mirror="answer-added")
def answer_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A status is no longer documented."""
    text = (
        f"the status {difference.entry} is no longer documented: code that expects it is dead, or the answer is unknown"
    )
    yield context.change(this.id, difference, text, Severity.REVIEW, "docs")


def _others(difference: Difference, document: Any) -> list[Any]:
    """Return the schemas of the other answers of the operation."""
    value = document
    for key in difference.location[:-1]:
        value = value.get(key, {}) if isinstance(value, dict) else {}
    return (
        [schema for answer in value.values() for schema in _schemas(answer, document)]
        if isinstance(value, dict)
        else []
    )


def _schemas(answer: Any, document: Any) -> list[Any]:
    found = resolved(answer, document)
    content = found.get("content", {}) if isinstance(found, dict) else {}
    media = (
        [each.get("schema") for each in content.values() if isinstance(each, dict)] if isinstance(content, dict) else []
    )
    return [schema for schema in media if isinstance(schema, dict)]


def _typed(answer: Any, document: Any, others: list[Any]) -> bool:
    """Tell whether an answer has a body of a type that none of the others has."""
    return any(not any(same(schema, other) for other in others) for schema in _schemas(answer, document))


@check("media-added", [*_MEDIA, "Media.schema", "Parameter.schema", "Header.schema"], ["add"], mirror="media-removed")
def media_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A content type, or the schema of one, is documented that was not."""
    what = f"the content type {shown(difference.entry)}" if difference.entry else "a schema"
    if "response" in context.sides(difference):
        text = f"{what} may now be answered"
        yield context.change(this.id, difference, text, Severity.BREAKING, "types", side="response")
    elif difference.entry is None and context.sides(difference):
        text = "a schema is stated where any value was taken: requests that do not fit are refused"
        yield context.change(this.id, difference, text, Severity.BREAKING, "wire", "types")
    else:
        yield context.change(this.id, difference, f"{what} can be sent now", Severity.COMPATIBLE)


@check(
    "media-removed", [*_MEDIA, "Media.schema", "Parameter.schema", "Header.schema"], ["remove"], mirror="media-added"
)
def media_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A content type, or the schema of one, is gone."""
    what = f"the content type {shown(difference.entry)}" if difference.entry else "the schema"
    if "response" in context.sides(difference):
        text = f"{what} is no longer answered: the result of the call has another type"
        yield context.change(this.id, difference, text, Severity.BREAKING, "types", side="response")
    elif context.sides(difference):
        text = f"{what} is gone: requests that rely on it may be refused, and its generated type is gone"
        yield context.change(this.id, difference, text, Severity.BREAKING, "wire", "types")
    else:
        yield context.change(this.id, difference, f"{what} is gone (no operation uses it)", Severity.NOTHING)


@check("encoding-changed", ["Media.encoding"], _CHANGES, mirror="encoding-changed")
def encoding_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Parts of a body are encoded in another way."""
    text = "the parts of the body are encoded otherwise: old requests may be refused"
    yield context.change(this.id, difference, text, Severity.BREAKING, "wire")


@check("header-added", ["Response.headers[]"], ["add"], mirror="header-removed")
def header_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """An answer documents one more header."""
    yield context.change(
        this.id, difference, f"the header {shown(difference.entry)} may be answered", Severity.COMPATIBLE
    )


@check("header-removed", ["Response.headers[]"], ["remove"], mirror="header-added")
def header_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """An answer no longer documents a header."""
    text = f"the header {shown(difference.entry)} is no longer promised: code that reads it may miss it"
    yield context.change(this.id, difference, text, Severity.REVIEW, "docs")


@check("header-promised", ["Header.required"], _CHANGES, mirror="header-promised")
def header_promised(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A header is always answered, or no longer always."""
    if (difference.new is True) != (difference.old is True):
        always = difference.new is True
        text = (
            "the header is always answered" if always else "the header may be missing: code that reads it may miss it"
        )
        yield context.change(this.id, difference, text, Severity.COMPATIBLE if always else Severity.REVIEW, "docs")


_LINKS: Final = [f"Link.{key}" for key in ("operationId", "operationRef", "parameters", "requestBody", "server")]


@check("link-changed", ["Response.links[]", *_LINKS], _CHANGES, mirror="link-changed")
def link_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """How one answer leads to the next request is stated otherwise; waiting follows such links."""
    text = "the link from this answer to the next request changed: waiting for what was started may follow it no more"
    yield context.change(this.id, difference, text, Severity.REVIEW, "docs")


@check("callbacks-changed", ["Operation.callbacks", "OpenAPI.webhooks[]", "Components.callbacks"], _CHANGES,
       mirror="callbacks-changed")  # fmt: skip
def callbacks_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """What the server sends by itself is stated otherwise."""
    yield context.change(
        this.id, difference, "what the server sends by itself changed: receivers look", Severity.REVIEW, "docs"
    )
