"""Checks of operations: their names, parameters, bodies, answers and credentials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rulewright.impact.change import (
    ADD,
    REMOVE,
    RENAME,
    Always,
    Change,
    Check,
    breaking,
    compatible,
    nothing,
    review,
    turned_off,
    turned_on,
)
from rulewright.impact.context import Context, parameter_name, python_name, show_value
from rulewright.impact.difference import Difference
from rulewright.impact.normal import at, resolve, same
from rulewright.openapi.operations import METHODS, operations

OPERATIONS: Final = ("OpenAPI.paths[]", *(f"PathItem.{method}" for method in METHODS))
PARAMETERS: Final = ("Operation.parameters[]", "PathItem.parameters[]")
DEPRECATED: Final = tuple(f"{owner}.deprecated" for owner in ("Operation", "Parameter", "Schema", "Header"))
MEDIA: Final = (
    "RequestBody.content[]", "Response.content[]", "Parameter.content[]", "Header.content[]", "Media.schema",
    "Parameter.schema", "Header.schema",
)  # fmt: skip
LINKS: Final = tuple(f"Link.{key}" for key in ("operationId", "operationRef", "parameters", "requestBody", "server"))
SECURITY: Final = ("Operation.security", "OpenAPI.security")
SCHEME: Final = tuple(f"SecurityScheme.{key}" for key in ("type", "name", "in", "scheme", "flows", "openIdConnectUrl"))
STYLES: Final = (
    *(f"Parameter.{key}" for key in ("style", "explode", "allowReserved", "allowEmptyValue")),
    "Header.style", "Header.explode",
)  # fmt: skip
_Way = frozenset[str]
"""The credentials that together are enough."""


def _each(difference: Difference, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and body of each operation of an added or removed part."""
    path = difference.location[1]
    if difference.owner == "PathItem":
        yield f"{difference.key.upper()} {path}", value
    elif isinstance(value, dict):
        methods = [method for method in METHODS if isinstance(value.get(method), dict)]
        for method in methods:
            yield f"{method.upper()} {path}", value[method]
        if not methods:
            yield f"the path {path}, which has no operation,", {}


def _same_id(body: Any, document: Any) -> str | None:
    """Return the operation of a document that has the id of another one."""
    name = body.get("operationId") if isinstance(body, dict) else None
    if not isinstance(name, str):
        return None
    return next(
        (f"{each.method.upper()} {each.path}" for each in operations(document) if each.body.get("operationId") == name),
        None,
    )


def _operation_added(difference: Difference, context: Context) -> Iterator[Change]:
    for name, body in _each(difference, difference.new):
        was = _same_id(body, context.before)
        yield compatible(f"{name} can be called now" + (f"; it was {was}" if was else ""))


def _operation_removed(difference: Difference, context: Context) -> Iterator[Change]:
    for name, body in _each(difference, difference.old):
        if not body:
            yield nothing(f"{name} is gone")
        elif now := _same_id(body, context.after):
            yield breaking(f"{name} moved to {now}: a client that calls the old path fails", "wire")
        else:
            announcement, passed = context.sunset(body)
            text = f"{name} is gone: the server refuses it, and the generated function is gone{announcement}"
            yield breaking(text, "wire", "source", announced=passed)


def _operation_renamed(difference: Difference, _: Context) -> Iterator[Change]:
    old, new = (show_value(value or None) for value in (difference.old, difference.new))
    if python_name(str(difference.old)) == python_name(str(difference.new)):
        yield nothing(f"the operation is named {new}, with the same name in Python")
    else:
        yield breaking(f"the operation {old} is named {new}: imports of its generated module fail", "source")


def _operation_regrouped(difference: Difference, _: Context) -> Iterator[Change]:
    old, new = (
        value[0] if isinstance(value, list) and value else "default" for value in (difference.old, difference.new)
    )
    if old == new:
        yield nothing("the tags changed, but not the first one", "docs")
    else:
        text = f"the first tag of the operation was {show_value(old)}, is {show_value(new)}: imports of its module fail"
        yield breaking(text, "source")


def _parameter_added(difference: Difference, context: Context) -> Iterator[Change]:
    parameter = resolve(difference.new, context.after)
    name = parameter_name(parameter)
    if isinstance(parameter, dict) and parameter.get("required") is True:
        yield breaking(f"the parameter {name} must be given: requests without it are refused", "wire", "source")
    else:
        yield compatible(f"the parameter {name} can be given")


def _parameter_removed(difference: Difference, context: Context) -> Iterator[Change]:
    parameter = resolve(difference.old, context.before)
    announcement, passed = context.sunset(parameter)
    text = f"the parameter {parameter_name(parameter)} is gone: calls that name it fail{announcement}"
    yield breaking(text, "source", announced=passed)


def _parameter_moved(difference: Difference, context: Context) -> Iterator[Change]:
    where = context.owner(difference).get("in")
    if where == "path" and python_name(str(difference.old)) == python_name(str(difference.new)):
        yield nothing(f"the parameter {show_value(difference.old)} of the path is named {show_value(difference.new)}")
    elif where == "path":
        text = f"the parameter {show_value(difference.old)} of the path is named {show_value(difference.new)}; requests are the same"
        yield breaking(f"{text}, calls that name it fail", "source")
    elif where == "header":
        yield nothing(
            f"the header {show_value(difference.old)} is named {show_value(difference.new)}, which is the same one"
        )
    else:
        text = f"a parameter's name was {show_value(difference.old)}, is {show_value(difference.new)}: old requests lack it"
        yield breaking(text, "wire", "source")


def _parameter_required(difference: Difference, context: Context) -> Iterator[Change]:
    text = f"the parameter {parameter_name(context.owner(difference))} must be given: requests without it are refused"
    yield breaking(text, "wire", "source", witness=context.smallest_without(difference))


def _body_added(difference: Difference, context: Context) -> Iterator[Change]:
    body = resolve(difference.new, context.after)
    if isinstance(body, dict) and body.get("required") is True:
        yield breaking("a body must be sent: requests without one are refused", "wire", "source")
    else:
        yield compatible("a body can be sent")


def _answer_added(difference: Difference, context: Context) -> Iterator[Change]:
    answers = at(context.before, difference.place.old[:-1])
    others = [
        schema
        for answer in (answers.values() if isinstance(answers, dict) else ())
        for schema in _schemas(answer, context.before)
    ]
    text = f"the status {difference.entry} may be answered"
    known = all(any(same(schema, other) for other in others) for schema in _schemas(difference.new, context.after))
    yield compatible(text if known else f"{text}, with a body of a type that the call did not return before",
                     *([] if known else ["types"]))  # fmt: skip


def _answer_removed(difference: Difference, context: Context) -> Iterator[Change]:
    status = str(difference.entry)
    answers = at(context.after, difference.place.new[:-1])
    left = [str(each) for each in answers] if isinstance(answers, dict) else []
    if status.startswith("2") and not {"default", "2XX"} & set(left):
        yield breaking(f"the status {status} is no longer answered: code that expects it fails", "wire", "types")
    else:
        yield review(
            f"the status {status} is no longer documented: code that handles it is dead, or the status is unknown"
        )


def _schemas(answer: Any, document: Any) -> list[Any]:
    """Return the schemas of the bodies of an answer."""
    found = resolve(answer, document)
    content = found.get("content") if isinstance(found, dict) else None
    media = content.values() if isinstance(content, dict) else ()
    schemas = (each.get("schema") for each in media if isinstance(each, dict))
    return [schema for schema in schemas if isinstance(schema, dict)]


def _media_added(difference: Difference, context: Context) -> Iterator[Change]:
    what = f"the content type {show_value(difference.entry)}" if difference.entry else "a schema"
    sides = context.sides(difference)
    if "response" in sides:
        yield compatible(f"{what} may now be answered", "types", side="response")
    elif difference.entry is None and sides and difference.new not in ({}, True):
        text = "a schema was added where any value was accepted: requests that do not fit are refused"
        yield breaking(text, "wire", "types")
    else:
        yield compatible(f"{what} can be sent now")


def _media_removed(difference: Difference, context: Context) -> Iterator[Change]:
    what = f"the content type {show_value(difference.entry)}" if difference.entry else "the schema"
    sides = context.sides(difference)
    if "response" in sides:
        text = f"{what} is no longer answered: the result of the call has another type"
        yield breaking(text, *(["wire"] if difference.entry else []), "types", side="response")
    elif sides:
        text = f"{what} is gone: requests that rely on it may be refused, and its generated type is gone"
        yield breaking(text, "wire", "types")
    else:
        yield nothing(f"{what} is gone (no operation uses it)")


def _security_demanded(difference: Difference, _: Context) -> Iterator[Change]:
    old, new = _ways(difference)
    if lost := _insufficient(old, new):
        text = f"credentials: {_way_names(lost)} is no longer enough, {_way_names(new)} must be sent"
        yield breaking(text, "wire")


def _security_waived(difference: Difference, _: Context) -> Iterator[Change]:
    old, new = _ways(difference)
    if _insufficient(old, new):
        return
    if gained := _insufficient(new, old):
        yield compatible(f"credentials: {_way_names(gained)} is enough now")
    else:
        yield nothing("credentials: the same requirement in another form")


def _ways(difference: Difference) -> tuple[list[_Way], ...]:
    """Return the ways to authenticate, before and now."""
    ways: list[list[_Way]] = []
    for value in (difference.old, difference.new):
        entries = value if isinstance(value, list) and value else [{}]
        ways.append([_credentials(entry) for entry in entries if isinstance(entry, dict)])
    return tuple(ways)


def _credentials(entry: Mapping[str, Any]) -> _Way:
    """Return the schemes of one way, each with its scopes."""
    scopes = ((name, value if isinstance(value, list) else []) for name, value in entry.items())
    return frozenset(part for name, value in scopes for part in (name, *(f"{name} {scope}" for scope in value)))


def _insufficient(given: Sequence[_Way], required: Sequence[_Way]) -> list[_Way]:
    """Return the ways that do not include all credentials of any required way."""
    return [way for way in given if not any(other <= way for other in required)]


def _way_names(ways: Sequence[_Way]) -> str:
    return " or ".join(show_value(" with ".join(sorted(way)) or None) for way in ways)


CHECKS: Final[tuple[Check, ...]] = (
    Check("operation-added", "There is a further operation.", OPERATIONS, _operation_added, ADD),
    Check("operation-removed", "An operation is gone, or has another path.", OPERATIONS, _operation_removed, REMOVE),
    Check("operation-renamed", "An operation has another id, which names the generated function.",
          ["Operation.operationId"], _operation_renamed),
    Check("operation-regrouped", "An operation has other tags, the first of which names the generated package.",
          ["Operation.tags"], _operation_regrouped),
    Check("deprecated", "Something still works, and is announced to go.", DEPRECATED,
          Always(compatible("{object} is deprecated: it still works, and will be removed", "docs")), when=turned_on),
    Check("undeprecated", "Something is no longer announced to go.", DEPRECATED,
          Always(compatible("{object} is no longer deprecated", "docs")), when=turned_off),
    Check("parameter-added", "There is a further parameter.", PARAMETERS, _parameter_added, ADD),
    Check("parameter-removed", "A parameter is gone.", PARAMETERS, _parameter_removed, REMOVE),
    Check("parameter-moved", "A parameter has another name.", ["Parameter.name"], _parameter_moved),
    Check("path-renamed", "The parameters of a path have other names.", ["OpenAPI.paths[]"],
          Always(nothing("the path {old} is written {new}; requests are the same")), RENAME),
    Check("parameter-moved", "A shared parameter is sent in another place.", ["Parameter.in"],
          Always(breaking("a parameter's place was {old}, is {new}: old requests lack it", "wire"))),
    Check("parameter-demanded", "A parameter that was optional is required.", ["Parameter.required"], _parameter_required,
          when=turned_on),
    Check("parameter-relaxed", "A parameter that was required is optional.", ["Parameter.required"],
          Always(compatible("the parameter {parameter} may be left out")), when=turned_off),
    Check("parameter-rewritten", "A parameter is serialized differently.", STYLES,
          Always(breaking("{key} of {parameter} changed: the server reads old requests differently", "wire"))),
    Check("body-added", "An operation accepts a body.", ["Operation.requestBody"], _body_added, ADD),
    Check("body-removed", "An operation no longer accepts a body.", ["Operation.requestBody"],
          Always(breaking("a body is no longer accepted: calls that pass one fail", "wire", "source")), REMOVE),
    Check("body-demanded", "A body that was optional is required.", ["RequestBody.required"],
          Always(breaking("the body must be sent: requests without one are refused", "wire", "source")), when=turned_on),
    Check("body-relaxed", "A body that was required is optional.", ["RequestBody.required"],
          Always(compatible("the body may be left out")), when=turned_off),
    Check("answer-added", "A further status is documented.", ["Operation.responses[]"], _answer_added, ADD),
    Check("answer-removed", "A status is no longer documented.", ["Operation.responses[]"], _answer_removed, REMOVE),
    Check("media-added", "A content type, or its schema, is documented.", MEDIA, _media_added, ADD),
    Check("media-removed", "A content type, or its schema, is gone.", MEDIA, _media_removed, REMOVE),
    Check("encoding-changed", "Parts of a body are encoded differently.", ["Media.encoding"],
          Always(breaking("the parts of the body are encoded differently: old requests may be refused", "wire"))),
    Check("header-added", "An answer documents a further header.", ["Response.headers[]"],
          Always(compatible("the header {entry} may be answered")), ADD),
    Check("header-removed", "An answer no longer documents a header.", ["Response.headers[]"],
          Always(review("the header {entry} is no longer documented: code that reads it may miss it")), REMOVE),
    Check("header-promised", "A header is always answered.", ["Header.required"],
          Always(compatible("the header is always answered", "docs")), when=turned_on),
    Check("header-promised", "A header is no longer always answered.", ["Header.required"],
          Always(review("the header may be missing: code that reads it may miss it")), when=turned_off),
    Check("link-changed", "A link from an answer to the next request changed; waiters follow such links.",
          ["Response.links[]", *LINKS],
          Always(review("the link from this answer to the next request changed: waiting for the task may fail"))),
    Check("callbacks-changed", "A request that the server sends itself changed.",
          ["Operation.callbacks", "OpenAPI.webhooks[]", "Components.callbacks"],
          Always(review("a request that the server sends itself changed: check its receivers"))),
    Check("security-demanded", "A way to authenticate is no longer enough.", SECURITY, _security_demanded),
    Check("security-waived", "There is a further way to authenticate, or none is needed.", SECURITY, _security_waived),
    Check("security-scheme-changed", "Credentials are sent differently.", SCHEME,
          Always(breaking("credentials: {key} was {old}, is {new}; requests signed the old way are refused", "wire"))),
)  # fmt: skip
