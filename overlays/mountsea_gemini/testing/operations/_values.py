"""Make up the arguments of an operation: the examples of the document, else the plainest the schemas allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen
from rulewright.openapi.sample import sample
from rulewright.sandbox.spec import Operation, Parameter, Spec, is_json, type_sent
from rulewright.sandbox.validation import Schemas

from ..contract._judge import Judge

ABSENT: Final = object()
FORMS: Final = ("multipart/form-data", "application/x-www-form-urlencoded")


class NoValueError(Exception):
    """Nothing was found that fits a schema; the message says what of which operation, and the way out."""


@frozen
class Values:
    """What an operation is called with, as JSON.

    Attributes:
        parameters: By place and name, such as `query:limit`.
        media: Type of the body; None where there is none.
        body: The body; `ABSENT` where there is none.
    """

    parameters: Mapping[str, Any]
    media: str | None = None
    body: Any = ABSENT


class Maker:
    """Makes up values for the operations of one document.

    Args:
        spec: The effective spec.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._schemas = Schemas(spec)
        self.judge = Judge(spec.document)

    def values(self, operation: Operation) -> Values:
        """Return a request of an operation that is in order.

        Raises:
            NoValueError: There is none to be found.
        """
        parameters = self._parameters(operation)
        if operation.body is None:
            return Values(parameters)
        media = self.media(operation)
        return Values(parameters, media, self._body(operation, media))

    def media(self, operation: Operation) -> str:
        """Return the type of body that an operation is called with: JSON where it takes that."""
        known = list(operation.body.media) if operation.body else []
        return next(iter([*filter(is_json, known), *(each for each in FORMS if each in known), *known]))

    def right(self, operation: Operation, body: Any, *, formats: bool = True) -> bool:
        """Tell whether a JSON body is in order, by the document alone: its schema and the rules written into it.

        Args:
            operation: Whose body it is.
            body: The body.
            formats: Whether text that is not of its `format` is wrong.
        """
        schema = operation.body.media[self.media(operation)] if operation.body else {}
        return bool(self.judge.whole(schema, formats=formats).is_valid(body))

    def right_parameters(self, operation: Operation, parameters: Mapping[str, Any]) -> bool:
        """Tell whether parameters keep the stated rules of their operation, by the document alone.

        Args:
            operation: Whose parameters they are.
            parameters: Their values by place and name, such as `query:limit`.
        """
        names = {f"{each.place}:{each.name}": each.rule_name for each in operation.parameters}
        given = {names[key]: value for key, value in parameters.items()}
        schema = self._raw(operation)[0].get("x-parameters", {})
        return bool(self.judge.whole(schema).is_valid(given))

    @staticmethod
    def ruled_parameters(operation: Operation) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield the parameters that the rules of an operation show: the rule's id, `passes` or `breaks`, the values."""
        keys = {each.rule_name: f"{each.place}:{each.name}" for each in operation.parameters}
        for rule in operation.rules:
            for word, example in (rule.get("examples") or {}).items():
                yield rule["id"], word, {keys[called]: value for called, value in example.items()}

    def _parameters(self, operation: Operation) -> dict[str, Any]:
        """Return the parameters that must be given, or those a rule shows as right where these are not enough."""
        made = {
            f"{each.place}:{each.name}": self._parameter(operation, each)
            for each in operation.parameters
            if each.required or each.place == "path"
        }
        if not operation.rules or self.right_parameters(operation, made):
            return made
        return next(values for _, word, values in self.ruled_parameters(operation) if word == "passes")

    def _parameter(self, operation: Operation, parameter: Parameter) -> Any:
        raw = self._raw(operation)
        entries = [self._spec.resolve(each) for part in raw for each in part.get("parameters", ())]
        entry = next(each for each in entries if (each["in"], each["name"]) == (parameter.place, parameter.name))
        fits = self.judge.whole(parameter.schema).is_valid
        candidates = [*self._spec.examples(entry), sample(self._schemas, parameter.schema)]
        found = next((value for value in candidates if value not in ("", None) and fits(value)), ABSENT)
        if found is ABSENT:
            raise NoValueError(
                _way_out(operation, f"the {parameter.place} parameter {parameter.name!r}", candidates[-1])
            )
        return found

    def _body(self, operation: Operation, media: str) -> Any:
        schema = operation.body.media[media] if operation.body else {}
        body = self._spec.resolve(self._raw(operation)[0]["requestBody"])
        entry = next(value for name, value in body["content"].items() if type_sent(name) == media)
        candidates = [*self._spec.examples(entry), *self.passing(schema), sample(self._schemas, schema)]
        if not is_json(media) and media not in FORMS:
            return b"text"
        if media in FORMS:  # one with nothing in it is no body at all
            candidates[-1:] = [self._filled(candidates[-1], schema), candidates[-1]]
        fits = self.judge.whole(schema).is_valid
        told = [*(value for value in candidates if value is not None), {}]  # null is what clients send as no body
        found = next((value for value in told if fits(value)), ABSENT)
        if found is ABSENT:
            raise NoValueError(_way_out(operation, f"the body ({media})", candidates[-1]))
        return self._with_bytes(found, schema) if media in FORMS else found

    def rules(self, schema: Any) -> Iterator[Mapping[str, Any]]:
        """Yield the rules of a body's schema."""
        value = self._spec.resolve(schema)
        yield from value.get("x-rules", ()) if isinstance(value, Mapping) else ()

    def passing(self, schema: Any) -> Iterator[Any]:
        """Yield the bodies that the rules of a schema show as right."""
        for rule in self.rules(schema):
            if "passes" in (rule.get("examples") or {}):
                yield rule["examples"]["passes"]

    def _raw(self, operation: Operation) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        item = self._spec.resolve(self._spec.document["paths"][operation.path])
        return item[operation.method.lower()], item

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


def _way_out(operation: Operation, what: str, tried: Any) -> str:
    return (
        f"{operation.name}: no value could be made up for {what}; {tried!r:.80} does not fit its schema\n"
        "  give it an `example` in an overlay"
    )
