"""Mistakes in well-formed rules; each check is one function in a registry."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from rulewright.openapi.pointer import Location, encode
from rulewright.openapi.references import follow_schema
from rulewright.openapi.sample import sample
from rulewright.openapi.schemas import SchemaError, Schemas
from rulewright.rules.definition import Finding, Rule, RuledSchema, Verdict
from rulewright.rules.dialect import children


@dataclass(frozen=True)
class Context:
    """What a check may look at beside the rule."""

    document: Any
    ruled: RuledSchema
    verdict: Verdict
    fits: jsonschema_rs.Validator


Check = Callable[[Rule, Context], Iterator[tuple[str, Location]]]
CHECKS: Final[dict[str, Check]] = {}


def check(function: Check) -> Check:
    """Register a check under its function's name; it yields a message and a location relative to the rule."""
    CHECKS[function.__name__.replace("_", "-")] = function
    return function


def lint(document: Any, ruled: Sequence[RuledSchema]) -> list[Finding]:
    """Return every mistake in the rules of a merged document.

    Raises:
        SchemaError: A schema that has rules cannot be evaluated; gives the reason.
    """
    if not ruled:
        return []
    found = []
    schemas = Schemas(document)
    for schema in ruled:
        try:
            fits = schemas.validator(schema.schema)
        except SchemaError as error:
            error.pointer = schema.pointer
            raise
        context = Context(document, schema, Verdict(schema, levels=("error", "warning")), fits)
        for rule in schema.rules:
            for name, function in CHECKS.items():
                found += [
                    Finding(name, rule.id, message, (*rule.location, *location))
                    for message, location in function(rule, context)
                ]
    return found


@check
def field_exists(rule: Rule, context: Context) -> Iterator[tuple[str, Location]]:
    """Every property a rule names is a property of the schema, or a parameter of the operation."""
    if not context.ruled.parameters and context.ruled.parameters is not None:
        yield "the operation has no parameters; what its body holds is ruled at the body's schema", ()
    for key, part in (("if", rule.condition), ("then", rule.requirement)):
        yield from _unknown_fields(part, context.ruled.schema, context.document, (key,))


def _unknown_fields(part: Any, schema: Any, document: Any, location: Location) -> Iterator[tuple[str, Location]]:
    if not isinstance(part, dict):
        return
    known = _properties(schema, document)
    for name in (*part.get("properties", {}), *part.get("required", [])):
        if known and name not in known:
            close = difflib.get_close_matches(name, known, cutoff=0)[0]
            yield f"the schema has no property {name!r}; did you mean {close!r}?", location
    for place, child in children(part):
        below = schema
        if place[0] == "properties":
            below = known.get(str(place[1]))
        elif place[0] == "items":
            below = follow_schema(document, schema).get("items")
        yield from _unknown_fields(child, below, document, (*location, *place))


def _properties(schema: Any, document: Any, above: frozenset[int] = frozenset()) -> dict[str, Any]:
    found = follow_schema(document, schema)
    result = dict(found.get("properties", {}))
    for part in found.get("allOf", []) if id(found) not in above else ():
        result.update(_properties(part, document, above | {id(found)}))
    return result


@check
def condition_needs_presence(rule: Rule, context: Context) -> Iterator[tuple[str, Location]]:  # noqa: ARG001
    """An `if` does not match a body merely because a field is absent.

    JSON Schema accepts whatever `properties` finds nothing to say about, so `if: {properties: {a: {const: x}}}`
    also matches a body without `a`.
    """
    yield from _unreachable(rule.condition, ("if",))


def _unreachable(schema: Any, location: Location) -> Iterator[tuple[str, Location]]:
    if not isinstance(schema, dict):
        return
    for name, child in schema.get("properties", {}).items():
        if name not in schema.get("required", []):
            yield f"the condition also matches a body without {name!r}; add required: [{name}]", location
        yield from _unreachable(child, (*location, "properties", name))
    for keyword in ("allOf", "anyOf"):
        for index, child in enumerate(schema.get(keyword, [])):
            yield from _unreachable(child, (*location, keyword, index))


@check
def condition_names_a_field(rule: Rule, context: Context) -> Iterator[tuple[str, Location]]:  # noqa: ARG001
    """An `if` names at least one field: it decides when the rule applies."""
    if next(_named_fields(rule.condition), None) is None:
        yield "the condition names no field; state when the rule applies, at least that a field is required", ("if",)


@check
def examples_do_what_they_claim(rule: Rule, context: Context) -> Iterator[tuple[str, Location]]:
    """The passing example breaks nothing, the breaking one exactly this rule, and both fit the schema."""
    for key, body, wanted in (("passes", rule.passes, ()), ("breaks", rule.breaks, (rule.id,))):
        location = ("examples", key)
        error = next(iter(context.fits.iter_errors(body)), None)
        if error is not None:
            yield f"the example does not fit the schema: {_misfit(error, context)}", location
        elif (broken := context.verdict.violated_rules(body)) != wanted:
            expected = "no rule" if not wanted else f"{rule.id} and nothing else"
            yield f"the example must break {expected}, it breaks {', '.join(broken) or 'none'}", location


def _misfit(error: jsonschema_rs.ValidationError, context: Context) -> str:
    """Return what is wrong about an example; where a field is missing, with a value to add."""
    if error.kind.name != "required" or error.instance_path:
        return f"{error.message} at {encode(error.instance_path)}" if error.instance_path else error.message
    name = str(error.kind.as_dict()["property"])
    schema = _properties(context.ruled.schema, context.document).get(name, True)
    value = json.dumps(sample(Schemas(context.document), schema), ensure_ascii=False)
    return f"{name!r} is a required property; add {name}: {value}"


@check
def condition_can_be_met(rule: Rule, context: Context) -> Iterator[tuple[str, Location]]:  # noqa: ARG001
    """Both examples meet the condition, so that they show the requirement and not the way around it."""
    condition = jsonschema_rs.Draft202012Validator(rule.condition)
    for key, body in (("passes", rule.passes), ("breaks", rule.breaks)):
        if not condition.is_valid(body):
            yield "the example does not meet the condition, so it shows nothing", ("examples", key)


@check
def message_names_what_is_accepted(rule: Rule, context: Context) -> Iterator[tuple[str, Location]]:  # noqa: ARG001
    """A message names the fields it is about and the values or counts that are accepted."""
    words = set(re.findall(r"[^\s,;()]+", rule.message))
    for name in _named_fields(rule.requirement):
        if not any(name in word.split(".") for word in words):
            yield f"the message does not name the field {name!r}", ("message",)
    for value in _accepted_values(rule.requirement):
        if value not in words and not (value == "0" and words & {"empty", "no", "none"}):
            yield f"the message does not name the accepted value {value}", ("message",)


def _named_fields(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from dict.fromkeys([*schema.get("properties", {}), *schema.get("required", [])])
        for place, child in children(schema):
            yield from _named_fields(child) if place[0] != "items" else ()


def _accepted_values(schema: Any) -> Iterator[str]:
    """Yield the values and bounds a requirement states, as a reader would write them."""
    if not isinstance(schema, dict):
        return
    for keyword in ("minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "maxLength"):
        if keyword in schema:
            yield f"{schema[keyword]:g}"
    for value in [schema["const"]] if "const" in schema else schema.get("enum", []):
        yield value if isinstance(value, str) else json.dumps(value)
    for place, child in children(schema):
        if place[0] != "not":
            yield from _accepted_values(child)
