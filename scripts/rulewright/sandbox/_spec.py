"""What the sandbox needs to know of an effective spec: operations, bodies, security, links and waiters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from rulewright.sandbox._pointer import pointer, tokens_of

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_SUCCESSES: Final = (r"2\d\d|2XX", "default", r"3\d\d")

# Headers whose definition OpenAPI has ignored: bodies, answers and security schemes say what they hold.
_UNSAID: Final = frozenset({"accept", "authorization", "content-type"})

JSON = Any
Schema = Mapping[str, Any]


class SpecError(ValueError):
    """The effective spec holds something the sandbox cannot act on; the message names the place."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    place: str
    required: bool
    schema: Schema


@dataclass(frozen=True, slots=True)
class Body:
    """The request body of an operation."""

    required: bool
    media: Mapping[str, Schema]


@dataclass(frozen=True, slots=True)
class Success:
    """The documented success answer of an operation; `schema` is None when it has no JSON body, but maybe another."""

    status: int
    schema: Schema | None
    media: str | None = None
    shown: tuple[Any, ...] = ()
    """The examples of the JSON body, in order, whether they fit its schema or not."""

    @property
    def content_type(self) -> tuple[tuple[bytes, bytes], ...]:
        """The header of a body that is not JSON."""
        return ((b"content-type", self.media.encode("latin-1", "replace")),) if self.media else ()

    @property
    def filler(self) -> bytes:
        """The body where it is not JSON: one event of a stream, a text, or some bytes."""
        if self.media is None:
            return b""
        kind = essence_of(self.media)
        return b"data: text\n\n" if kind == "text/event-stream" else b"text" if kind.startswith("text/") else bytes(8)


@dataclass(frozen=True, slots=True)
class Waiter:
    """The parts of `x-waiter` that a server acts on.

    Args:
        parameter: The parameter of the poll that carries the task's id.
        submitted: JSON pointer of the id in the submit's answer.
        id_schema: What an id is like.
        state: JSON pointer of the state in a poll's answer.
        waiting: The states with acceptor "retry", in order.
        ends: The other acceptors: state to kind.
        output: JSON pointer of the result, the most trusted one; None when there is none.
        error: What is reported at which pointer: "message", "code", "trace".
    """

    parameter: str
    submitted: str
    id_schema: Schema
    state: str
    waiting: tuple[str, ...]
    ends: Mapping[str, str]
    output: str | None
    error: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """How a submit's answer leads to its poll: the poll's operationId and where the answer holds the id."""

    poll: str
    id: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the spec."""

    method: str
    path: str
    name: str
    certainty: str
    security: tuple[tuple[str, ...], ...]
    parameters: tuple[Parameter, ...]
    body: Body | None
    success: Success
    links: tuple[Link, ...]
    waiter: Waiter | None
    rules: tuple[Mapping[str, Any], ...] = ()
    """What is ruled of its parameters, as of an object that holds them by name."""


class Spec:
    """An effective spec, read.

    Raises:
        SpecError: Something needed is missing or of the wrong kind; names the place.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.is_30 = str(document.get("openapi")).startswith("3.0")
        self.base_path = urlsplit(_address((document.get("servers") or [{}])[0])).path.rstrip("/")
        self.operations = tuple(self._operations())
        if not self.operations:
            raise SpecError("#/paths: the spec has no operation to play")

    def resolve(self, value: Any) -> Any:
        """Follow local references until a value that is not one."""
        seen: set[str] = set()
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if reference in seen:
                raise SpecError(f"{reference}: the reference leads to itself")
            seen.add(reference)
            value = self._look_up(reference)
        return value

    def _look_up(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise SpecError(f"{reference}: only references inside the document can be followed")
        value: Any = self.document
        for token in tokens_of(unquote(reference)):
            if isinstance(value, Mapping) and token in value:
                value = value[token]
            elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
                value = value[int(token)]
            else:
                raise SpecError(f"{reference}: the reference leads nowhere")
        return value

    def _operations(self) -> Iterator[Operation]:
        for path, item in (self.document.get("paths") or {}).items():
            shared = self.resolve(item)
            for method in METHODS:
                if method in shared:
                    yield self._operation(path, method, shared)

    def _operation(self, path: str, method: str, item: Mapping[str, Any]) -> Operation:
        value = item[method]
        place = f"#{pointer(('paths', path, method))}"
        security = value.get("security", self.document.get("security")) or []
        status, response = self._first_success(value.get("responses") or {})
        parameters = tuple(self._parameters(item, value))
        return Operation(
            method=method.upper(),
            path=path,
            name=value.get("operationId") or f"{method} {path}",
            certainty=value.get("x-certainty", "published"),
            security=tuple(tuple(alternative) for alternative in security),
            parameters=parameters,
            body=self._body(value.get("requestBody")),
            success=self._success(status, None if method == "head" else response.get("content")),
            links=tuple(self._links(response)),
            waiter=self._waiter(value["x-waiter"], place, parameters) if "x-waiter" in value else None,
            rules=tuple(value.get("x-rules") or ()),
        )

    def _first_success(self, responses: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """Return what answers a request that is in order; an operation may document its refusals only."""
        for wanted in _SUCCESSES:
            for code, response in responses.items():
                if re.fullmatch(wanted, str(code), re.IGNORECASE):
                    return int(code) if str(code).isdecimal() else 200, self.resolve(response)
        return 204, {}

    def _success(self, status: int, content: Any) -> Success:
        schema = json_schema_of(content)
        others = [name for name in content or () if "*" not in name]
        shown = next((self.shown(entry) for name, entry in (content or {}).items() if is_json(name)), iter(()))
        return Success(status, schema, others[0] if schema is None and others else None, tuple(shown))

    def shown(self, entry: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the examples written beside a schema, references followed."""
        if "example" in entry:
            yield entry["example"]
        examples = entry.get("examples")
        for reference in examples.values() if isinstance(examples, Mapping) else ():
            example = self.resolve(reference)
            if isinstance(example, Mapping) and "value" in example:
                yield example["value"]

    def _parameters(self, item: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Parameter]:
        found: dict[tuple[str, str], Parameter] = {}
        for reference in [*item.get("parameters", ()), *operation.get("parameters", ())]:
            value = self.resolve(reference)
            schema = value.get("schema") or json_schema_of(value.get("content")) or {}
            place, name = value["in"], value["name"]
            if place == "querystring" or (place == "header" and name.lower() in _UNSAID):
                continue  # no client of ours writes a whole query string
            found[place, name] = Parameter(name, place, bool(value.get("required")), schema)
        yield from found.values()

    def _body(self, value: Any) -> Body | None:
        body = self.resolve(value)
        if not body:
            return None
        media: dict[str, Schema] = {}
        for name, entry in (body.get("content") or {}).items():
            media.setdefault(type_sent(name), entry.get("schema") or {})
        return Body(bool(body.get("required")), media)

    def _links(self, response: Mapping[str, Any]) -> Iterator[Link]:
        for reference in (response.get("links") or {}).values():
            link = self.resolve(reference)
            for expression in (link.get("parameters") or {}).values():
                pointer = re.fullmatch(r"\$response\.body#(/.*)", str(expression))
                if pointer and "operationId" in link:
                    yield Link(link["operationId"], pointer[1])

    def _waiter(self, value: Any, place: str, parameters: tuple[Parameter, ...]) -> Waiter:
        try:
            acceptors: Mapping[str, str] = value["acceptors"]
            outputs = value.get("outputs") or [None]
            waiter = Waiter(
                parameter=value["id"]["parameter"],
                submitted=str(value["id"].get("submitted") or ""),
                id_schema=next(
                    (self.resolve(each.schema) for each in parameters if each.name == value["id"]["parameter"]), {}
                ),
                state=value["state"],
                waiting=tuple(state for state, kind in acceptors.items() if kind == "retry"),
                ends={state: kind for state, kind in acceptors.items() if kind != "retry"},
                output=outputs[0],
                error=value.get("error") or {},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SpecError(f"{place}/x-waiter: {error} is missing or of the wrong kind") from error
        if not waiter.waiting or "success" not in waiter.ends.values():
            raise SpecError(f"{place}/x-waiter/acceptors: needs a state to retry at and one that is a success")
        return waiter


def _address(server: Mapping[str, Any]) -> str:
    """Return the URL of a server with the default of each variable in it."""
    url = str(server.get("url", ""))
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    return url


def json_schema_of(content: Any) -> Schema | None:
    """Return the schema of the JSON entry of a `content` object, or None."""
    for media, entry in (content or {}).items():
        if is_json(media):
            schema: Schema = entry.get("schema") or {}
            return schema
    return None


def essence_of(media: str) -> str:
    """Return a media type without its parameters."""
    return media.partition(";")[0].strip().lower()


def type_sent(media: str) -> str:
    """Return the type that requests say their body is of: no parameters, and no range."""
    essence = essence_of(media)
    return "application/json" if essence == "*/*" else essence


@lru_cache(64)
def is_json(media: str) -> bool:
    """Tell whether a media type carries JSON."""
    essence = essence_of(media)
    return essence in {"application/json", "*/*", "application/*"} or essence.endswith("+json")
