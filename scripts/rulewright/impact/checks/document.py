"""Checks of the document as such: servers, tags, shared parts, and what says nothing to a client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.registry import Check, Registry
from rulewright.impact.context import Context, shown
from rulewright.impact.grammar import ALTERNATIVES, CONTAINERS, EXTENSION, GRAMMAR, places
from rulewright.impact.structure import Difference

REGISTRY: Final = Registry()
check = REGISTRY.check
_CHANGES: Final = ("add", "remove", "change")


@check("documentation-changed",
       ["Info.title", "Tag.name", *places("docs", "example", "examples"), "Schema.$comment", "Components.examples"],
       _CHANGES, mirror="documentation-changed")  # fmt: skip
def documentation_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Something changed that only people read, and that no rule rests on: an example, a contact, a link."""
    yield context.change(this.id, difference, f"{difference.key} reads otherwise", Severity.NOTHING, "docs")


@check("version-changed", ["Info.version"], _CHANGES, mirror="version-changed")
def version_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """The vendor's own version changed, from which nothing is concluded."""
    text = f"the vendor's version was {shown(difference.old)}, is {shown(difference.new)}; nothing follows from it"
    yield context.change(this.id, difference, text, Severity.NOTHING, "docs")


@check("dialect-changed", ["OpenAPI.openapi", "OpenAPI.jsonSchemaDialect"], _CHANGES, mirror="dialect-changed")
def dialect_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """The document is written in another version of OpenAPI, in which the same words may mean something else."""
    was = f"{difference.key} was {shown(difference.old)}, is {shown(difference.new)}"
    text = f"{was}: the same keywords may mean another thing"
    yield context.change(this.id, difference, text, Severity.REVIEW, "docs")


_SERVERS: Final = ["OpenAPI.servers[]", "PathItem.servers[]", "Operation.servers[]"]


@check("server-added", _SERVERS, ["add"], mirror="server-removed")
def server_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """There is one more address."""
    first = difference.location[-1] == 0
    text = f"the address {_url(difference.new)} is served" + ("; it is now the one clients take" if first else "")
    severity, who = (
        (Severity.BREAKING, ["wire"]) if first and _had_servers(difference, context) else (Severity.COMPATIBLE, [])
    )
    yield context.change(this.id, difference, text, severity, *who)


@check("server-removed", _SERVERS, ["remove"], mirror="server-added")
def server_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """An address is gone."""
    text = f"the address {_url(difference.old)} is gone: clients that use it reach nobody"
    yield context.change(this.id, difference, text, Severity.BREAKING, "wire")


def _url(server: Any) -> str:
    return shown(str(server.get("url"))) if isinstance(server, dict) else "?"


def _had_servers(difference: Difference, context: Context) -> bool:
    return difference.owner != "OpenAPI" or bool(context.old.value.get("servers"))


@check("server-rewritten", ["Server.url", "Server.variables"], _CHANGES, mirror="server-rewritten")
def server_rewritten(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """An address is made up in another way."""
    text = f"{difference.key} of an address changed: clients that use the old one may reach nobody"
    yield context.change(this.id, difference, text, Severity.BREAKING, "wire")


@check("tag-added", ["OpenAPI.tags[]"], ["add"], mirror="tag-removed")
def tag_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A group is described that was not."""
    yield context.change(
        this.id, difference, f"the group {shown(difference.entry)} is described", Severity.NOTHING, "docs"
    )


@check("tag-removed", ["OpenAPI.tags[]"], ["remove"], mirror="tag-added")
def tag_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """The description of a group is gone; its operations are not."""
    yield context.change(
        this.id, difference, f"the group {shown(difference.entry)} is no longer described", Severity.NOTHING, "docs"
    )


@check("schema-added", ["Components.schemas[]", "Schema.$defs[]"], ["add"], mirror="schema-removed")
def schema_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """There is one more schema."""
    yield context.change(this.id, difference, f"there is a class for {shown(difference.entry)}", Severity.COMPATIBLE)


@check("schema-removed", ["Components.schemas[]", "Schema.$defs[]"], ["remove"], mirror="schema-added")
def schema_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A schema is gone, and so is its generated class."""
    schema = difference.old if isinstance(difference.old, dict) else {}
    made = difference.owner == "Components" and ("enum" in schema or schema.get("type", "object") == "object")
    text = f"{shown(difference.entry)} is gone" + (": imports of its generated class fail" if made else "")
    who = ("source",) if made else ("docs",)
    yield context.change(this.id, difference, text, Severity.BREAKING if made else Severity.NOTHING, *who)


_SHARED: Final = [
    f"Components.{key}[]" for key in ("responses", "parameters", "requestBodies", "headers", "links", "pathItems")
]  # fmt: skip


@check("shared-part-added", [*_SHARED, "Components.securitySchemes[]"], ["add"], mirror="shared-part-removed")
def shared_part_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """There is a shared part; what uses it is reported at its place."""
    yield context.change(this.id, difference, f"{shown(difference.entry)} is there to be used", Severity.NOTHING)


@check("shared-part-removed", [*_SHARED, "Components.securitySchemes[]"], ["remove"], mirror="shared-part-added")
def shared_part_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A shared part is gone; what used it is reported at its place."""
    uses = context.uses(difference)
    text = f"{shown(difference.entry)} is gone" + (", and operations still name it: they are broken" if uses else "")
    still = [use for use in context.usage[1].of(difference.location) if use in uses]
    severity, who = (Severity.BREAKING, ["wire"]) if still else (Severity.NOTHING, [])
    yield context.change(this.id, difference, text if still else f"{shown(difference.entry)} is gone", severity, *who)


@check("part-replaced", ["OpenAPI.info", "OpenAPI.components"], ["add", "remove"],
       mirror="part-replaced")  # fmt: skip
def part_replaced(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A whole part of the document came or went."""
    gone = difference.kind == "remove" and difference.key == "components" and difference.old
    text = f"{difference.key} {'is gone' if difference.kind == 'remove' else 'is new'} as a whole"
    if gone:
        yield context.change(
            this.id, difference, f"{text}: what refers to it is broken", Severity.BREAKING, "wire", "source"
        )
    else:
        severity = Severity.COMPATIBLE if difference.key == "components" else Severity.NOTHING
        yield context.change(this.id, difference, text, severity, "docs")


@check("container-changed", CONTAINERS, ["add", "remove"], mirror="container-changed")
def container_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A list or map came or went; each of its entries is reported by itself."""
    what = "is stated" if difference.kind == "add" else "is no longer stated"
    text = f"{difference.key} {what}; entries count one by one"
    yield context.change(this.id, difference, text, Severity.NOTHING)


_ORDERED: Final = [*CONTAINERS, *(f"Schema.{key}" for key in ALTERNATIVES), "Schema.enum", "Schema.required"]


@check("order-changed", _ORDERED, ["order", "change"], mirror="order-changed")
def order_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """The same entries stand in another order."""
    old, new = difference.old, difference.new
    if not isinstance(old, list) or not isinstance(new, list):
        return
    if difference.kind == "change" and (any(each not in new for each in old) or any(each not in old for each in new)):
        return
    if difference.key == "servers" and old[:1] != new[:1]:
        text = "another address stands first: clients take that one"
        yield context.change(this.id, difference, text, Severity.BREAKING, "wire")
    else:
        yield context.change(this.id, difference, f"{difference.key}: the same in another order", Severity.NOTHING)


@check("extension-changed", [*(f"{owner}.{EXTENSION}" for owner in GRAMMAR), f"OpenAPI.{EXTENSION}[]",
       f"Operation.{EXTENSION}[]"], _CHANGES, mirror="extension-changed")  # fmt: skip
def extension_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """An extension field changed, whose meaning is not known here."""
    name = shown(str(difference.location[-1]))
    yield context.change(
        this.id, difference, f"the extension {name} changed: look what it means", Severity.REVIEW, "docs"
    )
