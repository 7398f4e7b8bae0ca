"""One case for everything about an operation that can be right or wrong, each with the answer it must get."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import httpx
from attrs import evolve, frozen
from mountsea_gemini_api.rules import Violation, request_violations, violations
from rulewright.sandbox.spec import Operation, Parameter, is_json

from ._calling import arguments, models
from ._played import UNREADABLE, Played
from ._values import NoValueError, Values

_MISFITS: Final[tuple[Any, ...]] = (None, [], {}, "text", 7, True)
_REFUSED: Final = (400, 422)


@frozen
class Case:
    """One request and what must come of it.

    Attributes:
        operation: The operation's id.
        what: What is right or wrong about the request.
        untried: Why there is no request to send, where there is none.
    """

    operation: str
    what: str
    _run: Callable[[], str | None]
    untried: str | None = None

    def __str__(self) -> str:
        return f"{self.operation}: {self.what}"

    def problem(self) -> str | None:
        """Send the request; return what is not as it must be, or None."""
        return self._run()


def cases(played: Played | None = None) -> list[Case]:
    """Return the cases of every operation of the effective spec.

    Args:
        played: Where they are sent; None for a sandbox in this process.
    """
    played = played or Played()
    return [case for operation in played.operations for case in _Operation(played, operation).cases()]


@frozen
class _Operation:
    """The cases of one operation."""

    played: Played
    operation: Operation

    def cases(self) -> Iterator[Case]:
        try:
            values = self.played.values(self.operation)
        except NoValueError as error:
            told = str(error)
            yield Case(self.operation.name, "a request can be made up", lambda: told, told)
            return
        yield self._case("accepted and read by the generated client", lambda: self._accepted(values))
        if self.operation.security and all(self.operation.security):
            yield self._case(
                "refused without a credential",
                lambda: _status(self.played.ask(self.operation, values, known=False), (401,)),
            )
        for parameter in self.operation.parameters:
            yield from self._parameter(parameter, values)
        for rule, word, parameters in self.played.maker.ruled_parameters(self.operation):
            what = f"parameters that {'keep' if word == 'passes' else 'break'} {rule}"
            yield self._case(what, lambda parameters=parameters: self._ruled(values, parameters))  # type: ignore[misc]
        if values.media is not None and is_json(values.media):
            yield from self._bodies(values)

    def _case(self, what: str, run: Callable[[], str | None]) -> Case:
        return Case(self.operation.name, what, run)

    def _accepted(self, values: Values) -> str | None:
        """Tell what is wrong with the answer to a request that is in order."""
        expected = self.operation.success
        try:
            answer = self.played.call(self.operation, values)
        except UNREADABLE as error:
            return f"the generated client cannot read the answer: {type(error).__name__}: {error}"
        if answer.status_code != expected.status:
            return f"HTTP {answer.status_code} instead of {expected.status}: {answer.content[:300]!r}"
        read: Any = answer.parsed
        if not hasattr(read, "to_dict") or not answer.content:
            return None
        sent = json.loads(answer.content)
        return None if _same(read.to_dict(), sent) else f"read as {read.to_dict()!r:.200}, sent was {sent!r:.200}"

    def _ruled(self, values: Values, parameters: Mapping[str, Any]) -> str | None:
        """Compare what the document, the sandbox and the compiled rules say of parameters."""
        waiter = self.operation.waiter
        task = [key for key in values.parameters if waiter and key.partition(":")[2] == waiter.parameter]
        asked = evolve(values, parameters={**parameters, **{key: values.parameters[key] for key in task}})
        right = self.played.maker.right_parameters(self.operation, asked.parameters)
        answer = self.played.ask(self.operation, asked)
        generated = self.played.generated(self.operation)
        found = request_violations(generated, arguments(generated, asked))
        wanted = (self.operation.success.status,) if right else _REFUSED
        return _status(answer, wanted) or _disagreement(found, parameters, right=right)

    def _parameter(self, parameter: Parameter, values: Values) -> Iterator[Case]:
        """Yield the cases of one parameter; cookies are left to the security schemes."""
        if parameter.required and parameter.place in {"query", "header"}:
            what = f"refused without the {parameter.place} parameter {parameter.name}"
            keys = self.played.sandbox.core.guard.carriers(self.operation)
            wanted = (401,) if (parameter.place, parameter.name.lower()) in keys else _REFUSED
            yield self._case(what, lambda: _status(self._without(parameter, values), wanted))

    def _without(self, parameter: Parameter, values: Values) -> httpx.Response:
        request = self.played.request(self.operation, values)
        if parameter.place == "header":
            request.headers.pop(parameter.name, None)
        else:
            request.url = request.url.copy_remove_param(parameter.name)
        return self.played.raw.send(request)

    def _bodies(self, values: Values) -> Iterator[Case]:
        """Yield right and wrong bodies; the document alone says which is which."""
        operation = self.operation
        if operation.body is not None and operation.body.required:
            yield self._case(
                "refused without a body",
                lambda: _status(self.played.ask(operation, values, json=None, content=b""), _REFUSED),
            )
        for what, body in self._variations(values.body):
            yield self._case(what, lambda body=body: self._judged(values, body))  # type: ignore[misc]

    def _variations(self, body: Any) -> Iterator[tuple[str, Any]]:
        yield "the body itself", body
        for value in _MISFITS:
            yield f"the body {json.dumps(value)}", value
        schema = self.operation.body.media[self.played.maker.media(self.operation)] if self.operation.body else {}
        for rule in self.played.maker.rules(schema):
            for word, example in (rule.get("examples") or {}).items():
                yield f"a body that {word} {rule['id']}", example
        if not isinstance(body, dict):
            return
        for name in body:
            yield f"{name} missing", {key: value for key, value in body.items() if key != name}
            for value in _MISFITS:
                yield f"{name} is {json.dumps(value)}", {**body, name: value}

    def _judged(self, values: Values, body: Any) -> str | None:
        """Compare what the document, the sandbox and the compiled rules say of a body."""
        right = self.played.maker.right(self.operation, body)
        wanted = (self.operation.success.status,) if right else _REFUSED
        content, headers = json.dumps(body).encode(), {"Content-Type": str(values.media)}
        answer = self.played.ask(self.operation, values, json=None, content=content, headers=headers)
        # Formats are left to the server: what it takes for a date or an address is its own affair.
        return _status(answer, wanted) or self._compiled(
            body, right=self.played.maker.right(self.operation, body, formats=False)
        )

    def _compiled(self, body: Any, *, right: bool) -> str | None:
        kinds = models(self.played.generated(self.operation))
        several = sum(map(is_json, self.operation.body.media if self.operation.body else ())) > 1
        if len(kinds) != 1 or several or not isinstance(body, Mapping):
            return None  # the compiled rules speak of JSON objects that have a class of their own
        return _disagreement(violations(body, model=kinds[0]), body, right=right)


def _disagreement(found: Sequence[Violation], asked: Any, *, right: bool) -> str | None:
    errors = [each for each in found if each.level == "error"]
    if bool(errors) is not right:
        return None
    told = "; ".join(map(str, errors)) or "nothing"
    return f"the document says {'right' if right else 'wrong'}, the compiled rules say {told}: {asked!r:.200}"


def _status(answer: httpx.Response, wanted: tuple[int, ...]) -> str | None:
    if answer.status_code in wanted:
        return None
    return f"HTTP {answer.status_code} instead of {' or '.join(map(str, wanted))}: {answer.text[:300]}"


def _same(read: Any, sent: Any) -> bool:
    """Tell whether a model holds what was sent; dates may be written in another way."""
    if isinstance(read, dict) and isinstance(sent, dict):
        return all(name in read and _same(read[name], value) for name, value in sent.items())
    return isinstance(read, str) or read == sent or isinstance(read, list)
