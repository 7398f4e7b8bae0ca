"""Checks of operations: their names, parameters, and bodies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.registry import Check, Registry
from rulewright.impact.context import Context, python_name, shown
from rulewright.impact.grammar import resolved
from rulewright.impact.structure import Difference
from rulewright.openapi.operations import METHODS, operations

REGISTRY: Final = Registry()
check = REGISTRY.check
_CHANGES: Final = ("add", "remove", "change")
_OPERATIONS: Final = ("OpenAPI.paths[]", *(f"PathItem.{method}" for method in METHODS))
_PARAMETERS: Final = ("Operation.parameters[]", "PathItem.parameters[]")


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


def _place(context_value: Any, name: Any) -> str | None:
    if not isinstance(name, str):
        return None
    for each in operations(context_value):
        if each.body.get("operationId") == name:
            return f"{each.method.upper()} {each.path}"
    return None


@check("operation-added", _OPERATIONS, ["add"], mirror="operation-removed")
def operation_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """There is an operation that was not there."""
    for name, body in _each(difference, difference.new):
        was = _place(context.old.value, body.get("operationId") if isinstance(body, dict) else None)
        text = f"{name} can be called now" + (f"; it was {was}" if was else "")
        yield context.change(this.id, difference, text, Severity.COMPATIBLE)


@check("operation-removed", _OPERATIONS, ["remove"], mirror="operation-added")
def operation_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """An operation is gone, or stands under another path."""
    for name, body in _each(difference, difference.old):
        if not body:
            yield context.change(this.id, difference, f"{name} is gone", Severity.NOTHING)
            continue
        now = _place(context.new.value, body.get("operationId") if isinstance(body, dict) else None)
        if now:
            text = f"{name} moved to {now}: a client that calls the old place fails"
            yield context.change(this.id, difference, text, Severity.BREAKING, "wire")
        else:
            text = f"{name} is gone: the server refuses it, and the generated function is gone"
            yield context.change(this.id, difference, text, Severity.BREAKING, "wire", "source")


@check("operation-renamed", ["Operation.operationId"], _CHANGES, mirror="operation-renamed")
def operation_renamed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """An operation has another id, which names the generated function."""
    old, new = (shown(value) if value else "none" for value in (difference.old, difference.new))
    names = [python_name(str(value)) for value in (difference.old, difference.new)]
    if names[0] == names[1]:
        yield context.change(
            this.id, difference, f"the operation is called {new}, in Python as before", Severity.NOTHING
        )
    else:
        text = f"the operation {old} is called {new}: imports of its generated module fail"
        yield context.change(this.id, difference, text, Severity.BREAKING, "source")


@check("operation-regrouped", ["Operation.tags"], _CHANGES, mirror="operation-regrouped")
def operation_regrouped(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """An operation has other tags, the first of which names the generated package it is in."""
    old, new = (
        value[0] if isinstance(value, list) and value else "default" for value in (difference.old, difference.new)
    )
    if old == new:
        yield context.change(this.id, difference, "other tags, the first as before", Severity.NOTHING, "docs")
    else:
        text = f"the operation moved from the group {shown(old)} to {shown(new)}: imports of its module fail"
        yield context.change(this.id, difference, text, Severity.BREAKING, "source")


@check("deprecated", ["Operation.deprecated", "Parameter.deprecated", "Schema.deprecated", "Header.deprecated"],
       _CHANGES, mirror="undeprecated")  # fmt: skip
def deprecated(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Something still works, and is announced to go."""
    if difference.new is True:
        text = f"{difference.pointer.rpartition('/')[0]} is deprecated: it works, and will go"
        yield context.change(this.id, difference, text, Severity.COMPATIBLE, "docs")


@check("undeprecated", ["Operation.deprecated", "Parameter.deprecated", "Schema.deprecated", "Header.deprecated"],
       _CHANGES, mirror="deprecated")  # fmt: skip
def undeprecated(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Something is no longer announced to go."""
    if difference.old is True and difference.new is not True:
        text = f"{difference.pointer.rpartition('/')[0]} is no longer deprecated"
        yield context.change(this.id, difference, text, Severity.COMPATIBLE, "docs")


@check("parameter-added", _PARAMETERS, ["add"], mirror="parameter-removed")
def parameter_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """There is a parameter that was not there."""
    parameter = resolved(difference.new, context.new.value)
    name = _named(parameter)
    if isinstance(parameter, dict) and parameter.get("required") is True:
        text = f"the parameter {name} must be given: requests without it are refused"
        yield context.change(this.id, difference, text, Severity.BREAKING, "wire", "source")
    else:
        yield context.change(this.id, difference, f"the parameter {name} can be given", Severity.COMPATIBLE)


@check("parameter-removed", _PARAMETERS, ["remove"], mirror="parameter-added")
def parameter_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A parameter is gone."""
    name = _named(resolved(difference.old, context.old.value))
    text = f"the parameter {name} is gone: calls that name it fail"
    yield context.change(this.id, difference, text, Severity.BREAKING, "source")


def _named(parameter: Any) -> str:
    if not isinstance(parameter, dict):
        return "?"
    return f"{shown(str(parameter.get('name', '?')))} ({shown(str(parameter.get('in', '?')))})"


@check("parameter-moved", ["Parameter.name", "Parameter.in"], _CHANGES, mirror="parameter-moved")
def parameter_moved(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A shared parameter has another name or is sent in another place."""
    text = (
        f"a parameter's {difference.key} was {shown(difference.old)}, is {shown(difference.new)}: old requests lack it"
    )
    who = ("wire", "source") if difference.key == "name" else ("wire",)
    yield context.change(this.id, difference, text, Severity.BREAKING, *who)


@check("parameter-demanded", ["Parameter.required"], _CHANGES, mirror="parameter-relaxed")
def parameter_demanded(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A parameter has to be given that could be left out."""
    if difference.new is True:
        text = f"the parameter {_holder(difference, context)} must be given: requests without it are refused"
        yield context.change(
            this.id, difference, text, Severity.BREAKING, "wire", "source", witness=context.without(difference)
        )


@check("parameter-relaxed", ["Parameter.required"], _CHANGES, mirror="parameter-demanded")
def parameter_relaxed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A parameter can be left out that had to be given."""
    if difference.old is True and difference.new is not True:
        text = f"the parameter {_holder(difference, context)} may be left out"
        yield context.change(this.id, difference, text, Severity.COMPATIBLE)


def _holder(difference: Difference, context: Context) -> str:
    was, now = context.schema_at(difference)
    return _named(now or was)


@check("parameter-rewritten", [f"Parameter.{key}" for key in ("style", "explode", "allowReserved", "allowEmptyValue")]
       + ["Header.style", "Header.explode"], _CHANGES, mirror="parameter-rewritten")  # fmt: skip
def parameter_rewritten(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A parameter is written in another way."""
    text = f"{difference.key} of {_holder(difference, context)} changed: the server reads old requests otherwise"
    yield context.change(this.id, difference, text, Severity.BREAKING, "wire")


@check("body-added", ["Operation.requestBody"], ["add"], mirror="body-removed")
def body_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """An operation takes a body that took none."""
    body = resolved(difference.new, context.new.value)
    needed = isinstance(body, dict) and body.get("required") is True
    text = "a body must be sent: requests without one are refused" if needed else "a body can be sent"
    who = ("wire", "source") if needed else ()
    yield context.change(this.id, difference, text, Severity.BREAKING if who else Severity.COMPATIBLE, *who)


@check("body-removed", ["Operation.requestBody"], ["remove"], mirror="body-added")
def body_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """An operation takes no body any more."""
    text = "no body is taken any more: calls that give one fail"
    yield context.change(this.id, difference, text, Severity.BREAKING, "wire", "source")


@check("body-demanded", ["RequestBody.required"], _CHANGES, mirror="body-relaxed")
def body_demanded(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A body has to be sent that could be left out."""
    if difference.new is True:
        text = "the body must be sent: requests without one are refused"
        yield context.change(this.id, difference, text, Severity.BREAKING, "wire", "source")


@check("body-relaxed", ["RequestBody.required"], _CHANGES, mirror="body-demanded")
def body_relaxed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A body can be left out that had to be sent."""
    if difference.old is True and difference.new is not True:
        yield context.change(this.id, difference, "the body may be left out", Severity.COMPATIBLE)
