"""Requests as data, and valid ones made up from the examples of the document, or else from its schemas."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import evolve, field, frozen

from rulewright.openapi.operations import is_json
from rulewright.openapi.sample import sample, samples
from rulewright.openapi.schemas import Schemas as DocumentSchemas
from rulewright.openapi.schemas import object_parts
from rulewright.sandbox.spec import Operation
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
    """

    operation: Operation
    parameters: Mapping[str, Any] = field(factory=dict)
    media: str | None = None
    body: Any = ABSENT

    @property
    def has_json(self) -> bool:
        """Whether the body is JSON."""
        return self.media is not None and is_json(self.media)

    def with_parameter(self, name: str, value: Any) -> Request:
        """Return the request with another value of one of its parameters."""
        key = next(key for key in self.parameters if key.partition(":")[2] == name)
        return evolve(self, parameters={**self.parameters, key: value})


class Maker:
    """Makes up requests for the operations of one document.

    Args:
        schemas: The document's schemas.
        whole: The same with their rules.
    """

    def __init__(self, schemas: Schemas, whole: DocumentSchemas) -> None:
        self._schemas = schemas
        self._whole = whole
        self._spec = schemas.spec

    def request(self, operation: Operation) -> Request:
        """Return a valid request of an operation.

        Raises:
            NoValueError: None was found.
        """
        parameters = self._parameters(operation)
        if operation.body is None or not operation.body.media:
            return Request(operation, parameters)
        known = operation.body.media
        forms = [each for each in FORMS if each in known]
        # the same values as JSON and as a form with files: the client sends the form, whose files JSON cannot hold
        as_json = [each for each in known if is_json(each)]
        of_files = [form for form in forms if self._files(known[form]) and known[form] in map(known.get, as_json)]
        media = [*of_files, *as_json, *forms, *known][0]
        return Request(operation, parameters, media, self._body(operation, media))

    def keeps_parameter_rules(self, request: Request) -> bool:
        """Return whether parameters keep the stated rules of their operation, by the document alone."""
        names = {each.key: each.rule_name for each in request.operation.parameters}
        given = {names[key]: value for key, value in request.parameters.items()}
        schema = request.operation.written.get("x-parameters", {})
        return bool(self._whole.validator(schema).is_valid(given))

    def _parameters(self, operation: Operation) -> dict[str, Any]:
        """Return the parameters that must be given, or those a rule shows as valid where these are not enough."""
        made = {
            each.key: self._choose(
                operation,
                f"the {each.place} parameter {each.name!r}",
                each.schema,
                itertools.chain(
                    each.examples,
                    samples(self._schemas, each.schema),
                    [self._fill(sample(self._schemas, each.schema), each.schema)],
                ),
                ("", None, [], {}),
            )
            for each in operation.parameters
            if each.required or each.place == "path"
        }
        if not operation.rules or self.keeps_parameter_rules(Request(operation, made)):
            return made
        keys = {each.rule_name: each.key for each in operation.parameters}
        shown = [rule["examples"]["passes"] for rule in operation.rules if "passes" in (rule.get("examples") or {})]
        return {**made, **{keys[name]: value for name, value in shown[0].items()}}

    def _choose(
        self, operation: Operation, what: str, schema: Any, shown: Iterable[Any], unusable: tuple[Any, ...]
    ) -> Any:
        """Return the first of some values that a schema accepts, its rules included.

        Raises:
            NoValueError: There is none.
        """
        accepts = self._whole.validator(schema).is_valid
        for value in shown:
            if not any(value == each for each in unusable) and accepts(value):
                return value
        raise NoValueError(
            f"{operation.name}: no value could be made up for {what}\n  give it an `example` in an overlay"
        )

    def _body(self, operation: Operation, media: str) -> Any:
        is_text = media.startswith("text/")
        if operation.body is None or not (is_json(media) or media in FORMS or is_text):
            return b"text"
        schema = operation.body.media[media]
        examples = operation.body.examples.get(media, ())
        if is_text:
            texts = (*examples, "text", *samples(self._schemas, schema))
            return as_text(next(filter(self._whole.validator(schema).is_valid, texts), "text")).encode()
        if object_parts(self._spec.resolve, schema)[0]:  # a schema without a type would let a text pass
            examples = tuple(each for each in examples if isinstance(each, Mapping))
        shown: Iterable[Any] = (*examples, *self._passing_examples(schema))
        if media in FORMS:  # one with nothing in it is no body at all
            shown = (*shown, self._fill(sample(self._schemas, schema), schema), {"field": "text"})
            shown = (each for each in shown if isinstance(each, Mapping))
        # null is what clients send as no body
        shown = itertools.chain(shown, samples(self._schemas, schema), [{}])
        found = self._choose(operation, f"the body ({media})", schema, shown, (None,))
        return self._with_bytes(found, schema) if media in FORMS else found

    def _passing_examples(self, schema: Any) -> Iterator[Any]:
        value = self._spec.resolve(schema)
        for rule in (value.get("x-rules") or ()) if isinstance(value, Mapping) else ():
            if "passes" in (rule.get("examples") or {}):
                yield rule["examples"]["passes"]

    def _with_bytes(self, value: Any, schema: Any) -> Any:
        """Return the fields of a form; what is a file in it as bytes."""
        if not isinstance(value, dict):
            return {}
        files = self._files(schema)
        return {
            name: each if name not in files else [b"text" for _ in each] if isinstance(each, list) else b"text"
            for name, each in value.items()
        }

    def _files(self, schema: Any) -> set[str]:
        """Return the fields of a form that are files, or lists of them."""
        return {
            name
            for name, each in self._spec.properties(schema).items()
            if isinstance(each, Mapping) and _is_file(self._spec.resolve(each.get("items", each)))
        }

    def _fill(self, value: Any, schema: Any) -> Any:
        """Return an object with an item in each list, and with its first field where none is required."""
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


def as_text(value: Any) -> str:
    """Return a JSON value as the text that stands for it outside of JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
