"""Read the parts of an effective document that a server acts on: operations, bodies, security, links and waiters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from rulewright.errors import InputError
from rulewright.openapi.operations import (
    METHODS,
    essence_of,
    is_json,
    is_stream,
    item_schema,
    operation_parameters,
    operations,
    parameter_names,
    parameter_schema,
    parameters_schema,
    server_url,
    with_path_items,
)
from rulewright.openapi.operations import Operation as DocumentOperation
from rulewright.openapi.pointer import encode, resolve
from rulewright.openapi.schemas import object_parts
from rulewright.openapi.tasks import (
    STATUS,
    TASK,
    body_member,
    file_type,
    is_inlined,
    media_named,
    media_of,
    property_of,
    result_operation,
    result_parameter,
)

_SUCCESSES: Final = (r"2\d\d|2XX", "default", r"3\d\d")

Schema = Mapping[str, Any]


class SpecError(InputError):
    """The sandbox cannot act on a part of the effective document; the message names the place."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation.

    Args:
        name: Its name in the request.
        place: "query", "path", "header" or "cookie".
        required: Whether it must be sent.
        schema: The schema of its value.
        rule_name: The name by which rules refer to it.
        examples: The examples of its value, whether they match the schema or not.
        style: How its value is written.
        explode: Whether the items of a list or the members of an object are values of their own.
        is_json: Whether its value is JSON.
        may_be_empty: Whether it may be given without a value.
    """

    name: str
    place: str
    required: bool
    schema: Schema
    rule_name: str
    examples: tuple[Any, ...] = field(default=(), compare=False)
    style: str = "simple"
    explode: bool = False
    is_json: bool = False
    may_be_empty: bool = False

    @property
    def key(self) -> str:
        """Place and name, such as `query:limit`."""
        return f"{self.place}:{self.name}"


@dataclass(frozen=True, slots=True)
class Body:
    """The request body of an operation: its schema and its examples by media type."""

    required: bool
    media: Mapping[str, Schema]
    examples: Mapping[str, tuple[Any, ...]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Success:
    """The documented success response of an operation.

    Args:
        status: The HTTP status.
        schema: The schema of the JSON body; None when there is no JSON body.
        media: The media type of the body; None for none, and for JSON of the usual type.
        examples: The examples of the JSON body, in order, whether they match the schema or not.
        stream: The media type of a stream, which may be there beside JSON.
        item: The schema of its items.
        headers: The schemas of the headers that it must have, by their names in lower case.
    """

    status: int
    schema: Schema | None
    media: str | None = None
    examples: tuple[Any, ...] = ()
    stream: str = ""
    item: Schema | None = None
    headers: Mapping[str, Schema] = field(default_factory=dict)

    @property
    def content_type(self) -> tuple[tuple[bytes, bytes], ...]:
        """The header of a body with a media type of its own."""
        return ((b"content-type", self.media.encode("latin-1", "replace")),) if self.media else ()

    @property
    def filler(self) -> bytes:
        """The content of a body that is neither JSON nor a stream: a text, or some bytes."""
        if self.media is None:
            return b""
        return b"text" if essence_of(self.media).startswith("text/") else bytes(8)


_WITHIN: Final = {"text": "text/plain", "image": "image/png", "audio": "audio/mpeg", "video": "video/mp4"}


@dataclass(frozen=True, slots=True)
class Waiter:
    """The parts of `x-waiter` that a server acts on.

    Args:
        parameter: The parameter of the poll that holds the task's id.
        submitted: JSON pointer to the id in the response to a submit.
        id_schema: The schema of an id.
        state: JSON pointer to the state in the response to a poll.
        waiting: The states with acceptor "retry", in order.
        ends: The terminal states and their acceptors.
        output: JSON pointer to the result, the first one listed; None when there is none.
        error: JSON pointers to "message", "code" and "trace" of a failed task.
        member: Where the body of the poll holds the id, if no parameter does.
        by_address: Whether a submit is answered with the address of the poll in place of the id.
        inlined: Whether the result is a file in base64 and not its URL.
        media: The media type of the file; empty where the document does not name it.
        result: The operationId of the operation that returns the result, if it is not the poll.
        result_is_file: Whether that is the file itself.
        result_ids: Where the poll's last answer holds what that operation takes.
    """

    parameter: str
    submitted: str
    id_schema: Schema
    state: str
    waiting: tuple[str, ...]
    ends: Mapping[str, str]
    output: str | None
    error: Mapping[str, str]
    member: tuple[str, ...] = ()
    by_address: bool = False
    inlined: bool = False
    media: str = ""
    result: str = ""
    result_is_file: bool = False
    result_ids: tuple[str, ...] = ()

    @property
    def outcomes(self) -> Mapping[str, str]:
        """The scripts' words for the ends of a task and their acceptors: states, and an error beside the only state."""
        by_error = "failure" not in self.ends.values() and {"message", "code"} & set(self.error)
        return {**self.ends, **({"failure": "failure"} if by_error else {})}

    def end(self, outcome: str) -> str:
        """Return the state of an end."""
        return (
            outcome if outcome in self.ends else next(state for state, kind in self.ends.items() if kind == "success")
        )

    def of_submit(self, operation: Operation) -> Waiter:
        """Return the waiter with what a submit changes of it."""
        own = operation.written.get(TASK)
        outputs = own.get("outputs") if isinstance(own, Mapping) else None
        return replace(self, output=outputs[0], media=media_named(outputs) or self.media) if outputs else self


@dataclass(frozen=True, slots=True)
class Link:
    """A link from a submit to its poll: the poll's operationId and the JSON pointer to the id, empty if it has none."""

    poll: str
    id: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document.

    Args:
        method: In capitals.
        path: The path template.
        name: The operationId, or method and path.
        provenance: How sure the document is that the server behaves so.
        security: The alternatives, each a list of security schemes that are all required.
        parameters: Those of the path included.
        body: The request body, if it takes one.
        success: The success response.
        links: The links of that response.
        waiter: How to poll, if it is a poll.
        answers: The answer of each state, if its status is the state.
        rules: The rules of its parameters.
        written: The operation as the document has it.
    """

    method: str
    path: str
    name: str
    provenance: str
    security: tuple[tuple[str, ...], ...]
    parameters: tuple[Parameter, ...]
    body: Body | None
    success: Success
    links: tuple[Link, ...]
    waiter: Waiter | None
    rules: tuple[Mapping[str, Any], ...] = ()
    answers: Mapping[str, Success] = field(default_factory=dict)
    written: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class Spec:
    """An effective document, read.

    Raises:
        SpecError: Something the sandbox needs is missing or of the wrong kind; names the place.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document: Mapping[str, Any] = with_path_items(dict(document))
        self.server = server_url((document.get("servers") or [{}])[0])
        self.base_path = urlsplit(self.server).path.rstrip("/")
        self.operations = tuple(self._operations())
        if not self.operations:
            raise SpecError("#/paths: the document has no operation to serve")

    def resolve(self, value: Any) -> Any:
        """Follow local references until a value that is not a reference.

        Raises:
            SpecError: A reference leads nowhere, to itself or out of the document.
        """
        seen: set[str] = set()
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if reference in seen:
                raise SpecError(f"{reference}: the reference leads to itself")
            if not reference.startswith("#/"):
                raise SpecError(f"{reference}: only references inside the document can be followed")
            seen.add(reference)
            try:
                value = resolve(self.document, reference)
            except (LookupError, ValueError) as error:
                raise SpecError(f"{reference}: the reference leads nowhere") from error
        return value

    def examples(self, entry: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the examples written beside a schema, references followed."""
        if "example" in entry:
            yield entry["example"]
        examples = entry.get("examples")
        for reference in examples.values() if isinstance(examples, Mapping) else ():
            example = self.resolve(reference)
            if isinstance(example, Mapping) and "value" in example:
                yield example["value"]

    def keyword(self, schema: Any, keyword: str) -> list[Any]:
        """Return the values of a keyword in a schema, or else in the members of its allOf, anyOf and oneOf."""
        found = self.resolve(schema)
        if not isinstance(found, Mapping):
            return []
        if keyword in found:
            return [found[keyword]]
        members = [member for key in ("allOf", "anyOf", "oneOf") for member in found.get(key, ())]
        return [value for member in members for value in self.keyword(member, keyword)]

    def properties(self, schema: Any) -> dict[str, Any]:
        """Return the properties of an object schema, its allOf members included, references followed."""
        return {name: self.resolve(child) for name, child in object_parts(self.resolve, schema)[0].items()}

    def _operations(self) -> Iterator[Operation]:
        for path, item in (self.document.get("paths") or {}).items():
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method, item[method])

    def _operation(self, path: str, method: str, value: Mapping[str, Any]) -> Operation:
        security = value.get("security", self.document.get("security")) or []
        status, response = self._first_success(value.get("responses") or {})
        parameters = tuple(self._parameters(path, value))
        place = f"#{encode(('paths', path, method))}/x-waiter"
        return Operation(
            method=method.upper(),
            path=path,
            name=value.get("operationId") or f"{method} {path}",
            provenance=value.get("x-certainty", "published"),
            security=tuple(tuple(alternative) for alternative in security),
            parameters=parameters,
            body=self._body(value.get("requestBody")),
            success=self._success(status, {**response, "content": None} if method == "head" else response),
            links=tuple(self._links(response)),
            waiter=self._waiter(value, place, parameters) if "x-waiter" in value else None,
            answers=self._answers(value) if "x-waiter" in value else {},
            rules=tuple(value.get("x-rules") or ()),
            written=value,
        )

    def _first_success(self, responses: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """Return the response to a valid request; an operation may document its refusals only.

        One that is a stream is that to a valid request if no other has content.
        """
        for wanted in _SUCCESSES:
            codes = [code for code in responses if re.fullmatch(wanted, str(code), re.IGNORECASE)]
            found = {code: self.resolve(responses[code]) for code in codes}
            plain = [code for code in found if not all(map(is_stream, found[code].get("content") or ()))]
            for code, response in found.items():
                if code in plain or not (plain and response.get("content")):
                    return int(code) if str(code).isdecimal() else 200, response
        return 204, {}

    def _success(self, status: int, response: Mapping[str, Any]) -> Success:
        content, headers = response.get("content") or {}, dict(self._headers(response))
        stream = next(filter(is_stream, content), "")
        item = item_schema(self.document, stream, content[stream]) if stream else None
        for media, entry in content.items():
            if is_json(media):
                own = None if "*" in media or essence_of(media) == "application/json" else media
                examples = tuple(self.examples(entry))
                return Success(status, entry.get("schema") or {}, own, examples, stream, item, headers)
        media = next((media for media in content if "*" not in media), None) or next(map(_type_within, content), None)
        return Success(status, None, media, stream=stream, item=item, headers=headers)

    def _headers(self, response: Mapping[str, Any]) -> Iterator[tuple[str, Schema]]:
        """Yield each header that an answer must have; OpenAPI ignores the definition of Content-Type."""
        for name, reference in (response.get("headers") or {}).items():
            header = self.resolve(reference)
            is_name = re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) and name.lower() != "content-type"
            if is_name and header.get("required") is True:
                yield name.lower(), parameter_schema(header)

    def _parameters(self, path: str, operation: Mapping[str, Any]) -> Iterator[Parameter]:
        found = operation_parameters(self.document, path, operation)
        names = parameter_names(found)
        schemas = parameters_schema(self.document, path, operation)["properties"]
        for value in found:
            rule_name = names[f"{value['in']}:{value['name']}"]
            if value["in"] != "querystring":  # the client cannot send one
                style = value.get("style") or ("form" if value["in"] in {"query", "cookie"} else "simple")
                yield Parameter(
                    value["name"],
                    value["in"],
                    bool(value.get("required")),
                    schemas[rule_name],
                    rule_name,
                    tuple(self.examples(value)),
                    style,
                    bool(value.get("explode", style == "form")),
                    "schema" not in value and any(map(is_json, value.get("content") or ())),
                    value["in"] == "query" and value.get("allowEmptyValue") is True,
                )

    def _body(self, value: Any) -> Body | None:
        body = self.resolve(value)
        if not body:
            return None
        media: dict[str, Schema] = {}
        examples: dict[str, tuple[Any, ...]] = {}
        for name, entry in (body.get("content") or {}).items():
            media.setdefault(type_sent(name), entry.get("schema") or {})
            examples.setdefault(type_sent(name), tuple(self.examples(entry)))
        return Body(bool(body.get("required")), media, examples)

    def _links(self, response: Mapping[str, Any]) -> Iterator[Link]:
        for reference in (response.get("links") or {}).values():
            link = self.resolve(reference)
            given = [*(link.get("parameters") or {}).values()]
            for expression in given or [""]:
                pointer = re.fullmatch(r"\$response\.body#(/.*)|\$response\.header\..*|", str(expression))
                if pointer and "operationId" in link:
                    yield Link(link["operationId"], pointer[1] or "")

    def _answers(self, written: Mapping[str, Any]) -> dict[str, Success]:
        """Return the answer of each state of a poll whose status is the state."""
        found = written.get("responses") or {}
        states = written["x-waiter"]["acceptors"] if written["x-waiter"].get("state") == STATUS else ()
        responses = {state: self.resolve(found.get(state)) or {} for state in states}
        return {state: self._success(int(state), each) for state, each in responses.items()}

    def _waiter(self, written: Mapping[str, Any], place: str, parameters: tuple[Parameter, ...]) -> Waiter:
        value = written["x-waiter"]
        try:
            acceptors: Mapping[str, str] = value["acceptors"]
            name = value["id"]["parameter"]
            schemas = (self.resolve(parameter.schema) for parameter in parameters if parameter.name == name)
            member = body_member(name)
            schema = next(schemas, {}) if not member else self._member(written, member)
            operation = next(each for each in operations(self.document) if each.body is written)
            waiter = Waiter(
                parameter=name,
                submitted=_pointer(value["id"].get("submitted") or value["id"].get("address") or ""),
                id_schema=schema,
                state=_pointer(value["state"]),
                waiting=tuple(state for state, kind in acceptors.items() if kind == "retry"),
                ends={state: kind for state, kind in acceptors.items() if kind != "retry"},
                output=next(map(_pointer, value.get("outputs") or ()), None),
                error={key: _pointer(each) for key, each in (value.get("error") or {}).items()},
                member=member,
                by_address="address" in value["id"],
                inlined=is_inlined(operation, value, self.document),
                media=media_of(operation, value, self.document),
                **self._result(operation, value),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SpecError(f"{place}: {error} is missing or of the wrong kind") from error
        if not waiter.waiting or "success" not in waiter.ends.values():
            raise SpecError(f"{place}/acceptors: needs a state with 'retry' and one with 'success'")
        return waiter

    def _member(self, written: Mapping[str, Any], member: tuple[str, ...]) -> Schema:
        """Return the schema of a member of a body in JSON."""
        content = (self.resolve(written.get("requestBody")) or {}).get("content") or {}
        schema: Any = next((entry.get("schema") for media, entry in content.items() if is_json(media)), {})
        for name in member:
            schema = property_of(schema, name, self.document)
        return self.resolve(schema) or {}

    def _result(self, poll: DocumentOperation, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a waiter whose result another operation returns."""
        operation = result_operation(value, self.document)
        if operation is None:
            return {}
        polled = [f"{each['in']}:{each['name']}" for each in poll.parameters]
        keys = [f"{each['in']}:{each['name']}" for each in operation.parameters]
        taken = (str(result_parameter(value, key, polled)) for key in keys)
        return {
            "result": operation.id,
            "result_is_file": bool(file_type(operation, self.document)),
            "result_ids": tuple(_pointer(each) for each in taken if each.startswith(("/", "$response."))),
        }


def _type_within(media_range: str) -> str:
    """Return a media type of a range such as `image/*`."""
    return _WITHIN.get(media_range.partition("/")[0].lower(), "application/octet-stream")


def _pointer(place: Any) -> str:
    """Return a place of a body as JSON pointer; any other as it is."""
    return str(place).removeprefix("$response.body#")


def type_sent(media: str) -> str:
    """Return the type by which requests announce a body: without parameters, and JSON where any type will do."""
    essence = essence_of(media)
    return "application/json" if essence == "*/*" else essence
