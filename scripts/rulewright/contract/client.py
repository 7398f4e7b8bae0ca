"""The client under test: a package that is imported when a run names it, and everything that is looked up in it."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import re
import types
import typing
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from importlib import import_module
from io import BytesIO
from types import ModuleType
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

import attrs
import httpx
from attrs import evolve, frozen

from rulewright.contract.request import ABSENT, Request, is_same
from rulewright.errors import InputError
from rulewright.openapi.operations import is_json, sent_path
from rulewright.sandbox import SpecError, read_document

Skin = Literal["sync", "async"]
T = TypeVar("T")

_TEXTS: Final[Mapping[Any, Callable[[str], Any]]] = {
    dt.datetime: dt.datetime.fromisoformat,
    dt.date: dt.date.fromisoformat,
    UUID: UUID,
}
_PLAIN: Final = (str, int, float, bool)
UNREADABLE: Final = (TypeError, ValueError, LookupError, AttributeError)
"""What generated code raises over a value that is not as the document states."""


class Inexpressible(Exception):  # noqa: N818  no error: the client has no argument for such a value
    """A request that no typed call of the client can be given."""


@frozen
class Outcome:
    """How one call of the client ended.

    Attributes:
        value: What it returned.
        error: The exception, if it raised one.
        warned: Ids of the rules it warned about.
    """

    value: Any
    error: Exception | None
    warned: tuple[str, ...] = ()

    @property
    def ended(self) -> Any:
        """What came of it: the value or the error."""
        return self.value if self.error is None else self.error

    @property
    def name(self) -> str:
        """The class of what came of it."""
        return type(self.ended).__name__

    def is_a(self, name: str) -> bool:
        """Whether it ended with a value or an error of this class, or of one derived from it."""
        return any(kind.__name__ == name for kind in type(self.ended).__mro__)


class ClientPackage:
    """A generated client, by its import name.

    Args:
        name: Such as `shop`, or `app.vendored.shop` for a copy inside another package.

    Raises:
        InputError: There is no such package, or it is no client.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._known: dict[str, dict[str, Any]] = {}
        try:
            self._module = import_module(name)
            self._client: type[Any] = self._module.Client
            self._async_client: type[Any] = self._module.AsyncClient
            self.document: Mapping[str, Any] = read_document(self._client)
            self._rules: Any = self._part("rules")
            self._operations = {
                (each.method.upper(), each.path): each for each in self._part("operations").OPERATIONS.values()
            }
            self.variable: str = self._part("_api").TOKEN_VARIABLE
        except (ImportError, AttributeError, SpecError) as error:
            raise InputError(f"{name} is not an installed client that rulewright generated: {error}") from error

    def _part(self, name: str) -> ModuleType:
        return import_module(f"{self.name}.{name}")

    @property
    def rules(self) -> Mapping[str, tuple[str, str, str]]:
        """Level, message and quoted words of each compiled rule, by its id."""
        return {each.id: (each.level, each.message, each.source.quote) for each in self._rules.RULES.values()}

    def has(self, method: str, path: str) -> bool:
        """Whether the client has an operation; what the generator cannot express, it goes without."""
        return (method, sent_path(path)) in self._operations

    def open(self, skin: Skin, token: str, base_url: str, transport: httpx.BaseTransport, clock: Any) -> Caller:
        """Return a caller with a new client.

        Args:
            skin: Blocking or async.
            token: The credential.
            base_url: The server's address.
            transport: What carries requests, sync and async.
            clock: Whose time it is.
        """
        kind = self._client if skin == "sync" else self._async_client
        return Caller(self, kind(token, base_url=base_url, transport=transport, clock=clock))

    def judges(self, request: Request) -> bool:
        """Whether the compiled rules judge the body of a request: JSON, and an object where other types are taken."""
        media = request.operation.body.media if request.operation.body else ()
        is_clear = isinstance(request.body, Mapping) or len(media) == 1
        return request.has_json and is_clear and sum(map(is_json, media)) == 1

    def expresses(self, request: Request) -> bool:
        """Whether the client has arguments for a request."""
        try:
            self._arguments(request)
        except Inexpressible:
            return False
        return True

    def json_body(self, request: Request) -> Any:
        """Return the JSON body that the client sends for a request; dates may be written in another way.

        Raises:
            Inexpressible: The client has no arguments for it.
        """
        body = self._arguments(request)["body"]
        return body.to_dict() if hasattr(body, "to_dict") else request.body

    def body_violations(self, request: Request, **options: Any) -> tuple[tuple[str, str], ...]:
        """Return what the compiled rules find in a JSON body that they judge: id and level each.

        Args:
            request: With the body.
            **options: Those of the generated `request_violations`.
        """
        return self._violations(request, request.body, **options)

    def model_violations(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return the same for the body as a model: the rules read each form in a way of their own.

        Raises:
            Inexpressible: There is no such model.
        """
        return self._violations(request, self._arguments(request)["body"])

    def parameter_violations(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return what the compiled rules find in the parameters of a request."""
        return self._violations(request, ABSENT)

    def _violations(self, request: Request, body: Any, **options: Any) -> tuple[tuple[str, str], ...]:
        arguments = self._arguments(evolve(request, body=ABSENT))
        given = arguments if body is ABSENT else {**arguments, "body": body}
        found = self._rules.request_violations(self._operation(request), given, **options)
        return tuple((each.rule, each.level) for each in found)

    def refusals(self, outcome: Outcome) -> tuple[str, ...] | None:
        """Return the ids of the stated rules for which the client sent nothing; None if it refused nothing."""
        if not isinstance(outcome.error, self._module.RequestRefused):
            return None
        violations: Iterable[Any] = getattr(outcome.error, "violations", ())
        return tuple(dict.fromkeys(each.rule for each in violations if each.level == "error"))

    def every_violation(self, outcome: Outcome) -> set[str]:
        """Return the ids of all rules for which the client refused a request."""
        return {each.rule for each in getattr(outcome.error, "violations", ())}

    def _operation(self, request: Request) -> Any:
        return self._operations[request.operation.method, sent_path(request.operation.path)]

    def _hints(self, request: Request) -> dict[str, Any]:
        """Return the types of an operation's arguments."""
        module = self._operation(request).module
        if module not in self._known:
            self._known[module] = typing.get_type_hints(self._part(module)._get_kwargs)  # noqa: SLF001
        return self._known[module]

    def _models(self, request: Request) -> tuple[type[Any], ...]:
        hint: Any = self._hints(request).get("body")
        if typing.get_origin(hint) is list:
            return ()
        found = tuple(each for each in (typing.get_args(hint) or (hint,)) if hasattr(each, "from_dict"))
        of_json = {each.model for each in self._operation(request).contents if each.is_json and request.has_json}
        return tuple(each for each in found if each.__name__ in of_json) or found

    def _arguments(self, request: Request) -> dict[str, Any]:
        """Return a request as the keyword arguments of its operation.

        Raises:
            Inexpressible: Some value is not of the type of its argument.
        """
        operation, hints = self._operation(request), self._hints(request)
        names = {key: operation.arguments[key] for key in request.parameters}
        found = {names[key]: _convert(value, hints[names[key]]) for key, value in request.parameters.items()}
        if request.body is not ABSENT:
            models = self._models(request)
            is_one = request.has_json and len(models) == 1 and isinstance(request.body, Mapping)
            body = _model(models[0], request.body) if is_one else _convert(request.body, hints["body"])
            if request.has_json and hasattr(body, "to_dict") and not is_same(body.to_dict(), request.body):
                raise Inexpressible(f"{type(body).__name__} does not hold the body as it is")
            found["body"] = body
        return found


class Caller:
    """One client of the package, blocking or async, whose calls are made the same way.

    Attributes:
        client: The client itself.
    """

    def __init__(self, package: ClientPackage, client: Any) -> None:
        self.client = client
        self._package = package
        self._runner: asyncio.Runner | None = None

    def call(self, request: Request, **options: Any) -> Outcome:
        """Call the method of an operation.

        Args:
            request: What with.
            **options: `waive` and `strict`.

        Raises:
            Inexpressible: The client has no arguments for it.
        """
        package = self._package
        arguments = package._arguments(request)  # noqa: SLF001  one thing in two classes
        operation = package._operation(request)  # noqa: SLF001
        given = _method_arguments(operation, request, arguments)
        if given is not None:
            return self.outcome(lambda: getattr(self.client, operation.function)(**given, **options))
        if operation.poll:  # what a method has no words for
            return self.outcome(lambda: self.client._submit(operation, arguments, **options))  # noqa: SLF001
        call = self.client.stream if operation.has_items else self.client.call
        return self.outcome(lambda: call(operation, **arguments))

    def outcome(self, call: Callable[[], Any]) -> Outcome:
        """Make a call of this client and return how it ended, awaited if it has to be."""
        value, error = None, None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                value = call()
                if inspect.iscoroutine(value):
                    self._runner = self._runner or asyncio.Runner()
                    value = self._runner.run(value)
                if isinstance(value, Iterator):
                    value = list(value)
                elif isinstance(value, AsyncIterator) and self._runner is not None:
                    value = self._runner.run(_items(value))
            except Exception as raised:  # noqa: BLE001  an error of no class of the client is what checks look for
                error = raised
        named = [str(each.message).partition(":")[0] for each in caught if each.category.__name__ == "RuleWarning"]
        return Outcome(value, error, tuple(dict.fromkeys(named)))

    def close(self) -> None:
        """Close the client."""
        if hasattr(self.client, "aclose"):
            self._runner = self._runner or asyncio.Runner()
            self._runner.run(self.client.aclose())
        else:
            self.client.close()
        if self._runner is not None:
            self._runner.close()


async def _items(stream: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in stream]


def _method_arguments(operation: Any, request: Request, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the arguments of an operation's method for those of its generated function; None if it has none for them.

    Of a method, None stands for an absent value, unless null is one.
    """
    body = arguments.get("body", ABSENT)
    fields = {each.name for each in operation.inputs if each.place == "body"}
    if body is not ABSENT and not (isinstance(request.body, Mapping) and fields) and fields != {""}:
        return None
    given: dict[str, Any] = {}
    for each in operation.inputs:
        if each.place != "body" or not each.name:
            value = arguments.get(each.argument, ABSENT)
        else:
            value = body.get(each.name, ABSENT) if isinstance(body, Mapping) else getattr(body, each.argument, ABSENT)
        if value is None and not each.nullable:
            return None
        if value is not ABSENT and type(value).__name__ != "Unset":
            given[each.keyword] = value
    if any(each.required and each.keyword not in given for each in operation.inputs):
        return None
    if body is ABSENT or "" in fields:
        return given
    if not request.body and not operation.body_required:
        return None  # a call without fields sends no body
    extra = {name: value for name, value in request.body.items() if name not in fields}
    if extra and not operation.is_open:
        return None
    return {**given, **({"extra": extra} if extra else {})}


def _model(kind: type[Any], body: Mapping[str, Any]) -> Any:
    """Return a JSON object as a model, with values of wrong types in it as a caller could put them there.

    Raises:
        Inexpressible: It has no place for some field or value.
    """
    try:
        return _check_round_trip(kind.from_dict(body), body)
    except UNREADABLE:
        pass
    try:
        names = _attributes(kind, body)
        model = kind(**{names[name]: value for name, value in body.items() if name in names})
        model.additional_properties.update({name: value for name, value in body.items() if name not in names})
        return _check_round_trip(model, body)
    except UNREADABLE as error:
        raise Inexpressible(f"{kind.__name__}: {error}") from error


def _check_round_trip(model: Any, body: Any) -> Any:
    """Return what was made of a JSON value, if it can be written as JSON again without losing anything."""
    if hasattr(model, "to_dict") and not is_same(model.to_dict(), body):
        raise ValueError("does not hold the body as it is")
    return model


def _attributes(kind: type[Any], names: Iterable[str]) -> dict[str, str]:
    """Return the attribute of a model for each JSON name that has one."""
    attributes = {_letters(field.name): field.name for field in attrs.fields(kind) if field.init}
    return {name: attributes[_letters(name)] for name in names if _letters(name) in attributes}


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _convert(value: Any, hint: Any) -> Any:
    """Return a JSON value as a Python value of a type.

    Raises:
        Inexpressible: It cannot be one.
    """
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return _one_of(value, [each for each in typing.get_args(hint) if each.__name__ != "Unset"])
    try:
        if origin is list and isinstance(value, list):
            return [_check_round_trip(_convert(item, typing.get_args(hint)[0]), item) for item in value]
        if getattr(hint, "__name__", "") == "File" and isinstance(value, bytes | str):
            return hint(BytesIO(value.encode() if isinstance(value, str) else value), "text.txt")
        if hint is str and isinstance(value, bytes):
            return value.decode()
        if hint in _TEXTS and isinstance(value, str):
            return _TEXTS[hint](value)
        read = getattr(hint, "from_dict", None)
        if read is not None and isinstance(value, Mapping):
            return read(value)
    except UNREADABLE as error:
        raise Inexpressible(f"{value!r:.80}: {error}") from error
    fits = value in typing.get_args(hint) if origin is Literal else hint is Any or _is_plain(value, hint)
    if not fits:
        raise Inexpressible(f"{value!r:.80} is not of type {hint}")
    return value


def _is_plain(value: Any, hint: Any) -> bool:
    if isinstance(value, bool) or hint is bool:
        return isinstance(value, bool) and hint is bool
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint) if hint in _PLAIN else value is None and hint is type(None)


def _one_of(value: Any, hints: list[Any]) -> Any:
    for hint in hints:
        try:
            return _convert(value, hint)
        except Inexpressible:
            continue  # the next alternative
    raise Inexpressible(f"{value!r:.80} is not of one of the types {hints}")
