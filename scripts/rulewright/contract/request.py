"""Requests as data, and valid ones made up from the examples of the document, or else from its schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen

from rulewright.contract.judge import Judge
from rulewright.openapi.operations import is_json
from rulewright.openapi.sample import sample
from rulewright.sandbox.spec import Operation, Parameter, type_sent
from rulewright.sandbox.validation import Schemas

ABSENT: Final = object()
FORMS: Final = ("multipart/form-data", "application/x-www-form-urlencoded")


class NoValueError(Exception):
    """No value was found that fits a schema; the message names the operation, the place and the way out."""


@frozen
class Request:
    """What an operation is called with, as JSON.

    Attributes:
        operation: Which.
        parameters: By place and name, such as `query:limit`.
        media: Type of the body; None where there is none.
        body: The body; `ABSENT` where there is none.
        method_name: The client's typed method for any request of the operation, where the document names one.
    """

    operation: Operation
    parameters: Mapping[str, Any] = field(factory=dict)
    media: str | None = None
    body: Any = ABSENT
    method_name: str | None = None

    @property
    def has_json(self) -> bool:
        """Whether the body is JSON."""
        return self.media is not None and is_json(self.media)


class Maker:
    """Makes up requests for the operations of one document.

    Args:
        schemas: The schemas of the effective document.
        judge: Says what a schema accepts.
    """

    def __init__(self, schemas: Schemas, judge: Judge) -> None:
        self._schemas = schemas
        self._spec = schemas.spec
        self._judge = judge

    def request(self, operation: Operation) -> Request:
        """Return a valid request of an operation.

        Raises:
            NoValueError: None was found.
        """
        parameters = self._parameters(operation)
        if operation.body is None or not operation.body.media:
            return Request(operation, parameters)
        media = self.media(operation)
        schema = self._spec.resolve(operation.body.media[media])
        general = (schema.get("x-variants") or {}).get("general") if isinstance(schema, Mapping) else None
        return Request(operation, parameters, media, self._body(operation, media), general)

    def media(self, operation: Operation) -> str:
        """Return the type of body that an operation is called with: JSON where it takes that."""
        known = list(operation.body.media) if operation.body else []
        return next(iter([*filter(is_json, known), *(each for each in FORMS if each in known), *known]))

    def keeps_parameter_rules(self, request: Request) -> bool:
        """Return whether parameters keep the stated rules of their operation, by the document alone."""
        names = {f"{each.place}:{each.name}": each.rule_name for each in request.operation.parameters}
        given = {names[key]: value for key, value in request.parameters.items()}
        schema = self.raw(request.operation)[0].get("x-parameters", {})
        return bool(self._judge.whole(schema).is_valid(given))

    def raw(self, operation: Operation) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return an operation and its path item as the document has them."""
        item = self._spec.resolve(self._spec.document["paths"][operation.path])
        return item[operation.method.lower()], item

    def _parameters(self, operation: Operation) -> dict[str, Any]:
        """Return the parameters that must be given, or those a rule shows as valid where these are not enough."""
        made = {
            f"{each.place}:{each.name}": self._parameter(operation, each)
            for each in operation.parameters
            if each.required or each.place == "path"
        }
        if not operation.rules or self.keeps_parameter_rules(Request(operation, made)):
            return made
        keys = {each.rule_name: f"{each.place}:{each.name}" for each in operation.parameters}
        shown = [rule["examples"]["passes"] for rule in operation.rules if "passes" in (rule.get("examples") or {})]
        return {**made, **{keys[name]: value for name, value in shown[0].items()}}

    def _parameter(self, operation: Operation, parameter: Parameter) -> Any:
        entries = [self._spec.resolve(each) for part in self.raw(operation) for each in part.get("parameters", ())]
        entry = next(each for each in entries if (each["in"], each["name"]) == (parameter.place, parameter.name))
        fits = self._judge.whole(parameter.schema).is_valid
        candidates = [*self._spec.examples(entry), sample(self._schemas, parameter.schema)]
        found = next((value for value in candidates if value not in ("", None) and fits(value)), ABSENT)
        if found is ABSENT:
            raise _no_value(operation, f"the {parameter.place} parameter {parameter.name!r}", candidates[-1])
        return found

    def _body(self, operation: Operation, media: str) -> Any:
        schema = operation.body.media[media] if operation.body else {}
        body = self._spec.resolve(self.raw(operation)[0]["requestBody"])
        entry = next(value for name, value in body["content"].items() if type_sent(name) == media)
        if not is_json(media) and media not in FORMS:
            return b"text"
        made = sample(self._schemas, schema)
        candidates = [*self._spec.examples(entry), *self._passing(schema), made]
        if media in FORMS:  # one with nothing in it is no body at all
            candidates[-1:] = [self._filled(made, schema), made]
        fits = self._judge.whole(schema).is_valid
        given = [*(value for value in candidates if value is not None), {}]  # null is what clients send as no body
        found = next((value for value in given if fits(value)), ABSENT)
        if found is ABSENT:
            raise _no_value(operation, f"the body ({media})", made)
        return self._with_bytes(found, schema) if media in FORMS else found

    def _passing(self, schema: Any) -> Iterator[Any]:
        value = self._spec.resolve(schema)
        for rule in (value.get("x-rules") or ()) if isinstance(value, Mapping) else ():
            if "passes" in (rule.get("examples") or {}):
                yield rule["examples"]["passes"]

    def _with_bytes(self, value: Any, schema: Any) -> Any:
        """Return the fields of a form; what is a file in it as bytes."""
        if not isinstance(value, dict):
            return {}
        files = {
            name
            for name, each in self._spec.properties(schema).items()
            if isinstance(each, Mapping) and _is_file(self._spec.resolve(each.get("items", each)))
        }
        return {
            name: each if name not in files else [b"text" for _ in each] if isinstance(each, list) else b"text"
            for name, each in value.items()
        }

    def _filled(self, value: Any, schema: Any) -> Any:
        """Return a form with an item in each list, and with its first field where none is required."""
        if not isinstance(value, dict):
            return value
        properties = self._spec.properties(schema)
        filled = {
            name: [sample(self._schemas, properties.get(name, {}).get("items"))] if each == [] else each
            for name, each in value.items()
        }
        return filled or {name: sample(self._schemas, each) for name, each in [*properties.items()][:1]}


def _is_file(schema: Any) -> bool:
    return isinstance(schema, Mapping) and (schema.get("format") == "binary" or "contentMediaType" in schema)


def _no_value(operation: Operation, what: str, tried: Any) -> NoValueError:
    return NoValueError(
        f"{operation.name}: no value could be made up for {what}; {tried!r:.80} does not fit its schema\n"
        "  give it an `example` in an overlay"
    )


def is_same(read: Any, sent: Any) -> bool:
    """Return whether one JSON value holds what another does; dates may be written in another way."""
    if isinstance(read, dict) and isinstance(sent, dict):
        return all(name in read and is_same(read[name], value) for name, value in sent.items())
    if isinstance(read, list) and isinstance(sent, list):
        return len(read) == len(sent) and all(map(is_same, read, sent))
    return read == sent or (isinstance(read, str) and isinstance(sent, str) and _date(read) == _date(sent) is not None)


def _date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
