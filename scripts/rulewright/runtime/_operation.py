"""One operation of the API, as data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar

from attrs import define

from ._values import ABSENT, to_json

if TYPE_CHECKING:
    from ._streams import AsyncStream, Stream

P = ParamSpec("P")
R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)

IDEMPOTENT: Final = frozenset({"get", "head", "options", "trace", "put", "delete", "query"})


class Deferred(Generic[R]):
    """A function of a generated module, loaded by its first call.

    Args:
        module: The module, relative to the package.
        name: The function.
    """

    __slots__ = ("_module", "_name")

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *arguments: Any, **named: Any) -> R:
        """Call the function."""
        found: R = self._load()(*arguments, **named)
        return found

    def _load(self) -> Any:
        return getattr(import_module(f".{self._module}", __package__), self._name)


@define(frozen=True)
class Credential:
    """The place of the token in a request.

    Args:
        place: `header`, `query` or `cookie`.
        name: Name of the header, parameter or cookie.
        scheme: `bearer` or `basic` for a word before the token, empty for the token alone.
        key: The name of its security scheme, by which a client may have a token of its own for it.
    """

    place: str
    name: str
    scheme: str
    key: str = ""


@define(frozen=True)
class Hole:
    """Something that the vendor's document names without describing it, so that the client does not have it.

    Args:
        name: What people call it.
        at: JSON pointer of the text that names it.
        quote: The sentence.
        advice: What to do instead.
        path: The end or a part of its path, if that is known.
    """

    name: str
    at: str
    quote: str
    advice: str
    path: str = ""


class _Plain(dict[str, Any]):
    """A JSON object as a field of a form, whose generated class takes models."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as it is."""
        return dict(self)


@define(frozen=True)
class Input:
    """One argument of an operation's method: a parameter, a field of the body, or the whole body.

    Args:
        keyword: The keyword of the method.
        argument: The keyword of `request` for a parameter or the whole body; of a field, the attribute of its model.
        place: `path`, `query`, `header`, `cookie` or `body`.
        name: The name that is sent; empty for the whole body.
        required: Whether a request must have it.
        description: The document's text.
        type: The JSON type; empty where the document names none or several.
        items: Of an array, the JSON type of its items.
        choices: The values that the document lists; of an array, those of its items.
        format: The document's format; of an array, that of its items.
        deprecated: Whether the document calls it deprecated.
        nullable: Whether null is a value of it; of any other, None stands for absent.
        style: The style of a parameter, where it is not the usual one of its place.
        explode: Whether the items of a list are values of their own; None for what is usual in the style.
        reserved: Whether characters with a meaning in a URL are sent as they are.
        content: The media type of a parameter that is written in one.
        fixed: The only value that there is.
        segments: Whether a text in a path may be several of its segments, such as `folders/7/files/1`.
    """

    keyword: str
    argument: str
    place: str
    name: str
    required: bool
    description: str = ""
    type: str = ""
    items: str = ""
    choices: tuple[Any, ...] = ()
    format: str = ""
    deprecated: bool = False
    nullable: bool = False
    style: str = ""
    explode: bool | None = None
    reserved: bool = False
    content: str = ""
    fixed: Any = ABSENT
    segments: bool = False


@define(frozen=True)
class Content:
    """One media type of a body.

    Args:
        type: The media type.
        model: The name of the class of its values; empty if it has none.
        encoding: How the fields of a form are written, where that is not as usual: `contentType`, `style`, `explode`.
    """

    type: str
    model: str = ""
    encoding: Mapping[str, Mapping[str, Any]] = {}

    @property
    def is_json(self) -> bool:
        """Whether it is JSON."""
        essence = self.type.partition(";")[0].strip().lower()
        return essence in {"application/json", "*/*", "application/*"} or essence.endswith("+json")


@define(frozen=True)
class Operation(Generic[P, R]):
    """One operation of the API.

    Args:
        id: Its operationId.
        method: The HTTP method, lower case.
        path: The path template, relative to the server.
        function: The name of its method of a client.
        request: Builds the keyword arguments of `httpx.Client.request` from the operation's parameters.
        read: Parses an `httpx.Response` that the document describes.
        module: The module of its generated functions, relative to the package.
        model: Makes the body of its fields, where these are not sent as they are given.
        inputs: The arguments of its method, parameters first.
        credentials: The places of the token: the first alternative of the document; empty for none.
        alternatives: The other ones, each enough by itself; an empty one says that a token is not needed.
        summary: The document's summary, in one line.
        description: The document's description.
        tags: The document's tags; they group texts, never names.
        deprecated: Whether the document calls it deprecated.
        contents: The media types of its body, the usual one first.
        server: Its own server, where it is not that of the document.
        accept: The media types of its answers.
        others: The media types of its successes that are there beside JSON: a text, or bytes.
        stream: The media types of its answers that are streams, by commas; empty if there are none.
        has_items: Whether every success is a stream, of which `read` parses an item.
        stream_end: The data of an event that means the end of a stream.
        successes: The statuses of its successes, such as `200` or `2XX`; empty where there is but a default.
        body_required: Whether a request must have a body.
        is_open: Whether its body takes fields that the document does not list.
        poll: The id of the operation that polls the task which this one starts; empty if it starts none.
        rules: The ids of the rules that judge its requests.
        certainty: How sure the operation is: `published`, `sibling`, `observed` or `inferred`.
    """

    id: str
    method: str
    path: str
    function: str
    request: Callable[P, dict[str, Any]]
    read: Deferred[R]
    module: str
    model: Callable[..., Any] | None = None
    inputs: tuple[Input, ...] = ()
    credentials: tuple[Credential, ...] = ()
    alternatives: tuple[tuple[Credential, ...], ...] = ()
    summary: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    deprecated: bool = False
    contents: tuple[Content, ...] = ()
    server: str = ""
    accept: str = "application/json"
    others: tuple[str, ...] = ()
    stream: str = ""
    has_items: bool = False
    stream_end: str | None = None
    successes: tuple[str, ...] = ()
    body_required: bool = False
    is_open: bool = False
    poll: str = ""
    rules: tuple[str, ...] = ()
    certainty: str = "published"

    @property
    def is_free(self) -> bool:
        """Whether it can be called without any token."""
        return () in (self.credentials, *self.alternatives)

    def status_read(self, status: int) -> int:
        """Return the documented status as which an answer is read: a success is one, whichever it is."""
        known = {str(status), f"{status // 100}XX"}
        if not self.successes or status // 100 != 2 or known & {each.upper() for each in self.successes}:
            return status
        return int(self.successes[0]) if self.successes[0].isdecimal() else 200

    @property
    def media(self) -> str:
        """The content type of its body; empty if it has none."""
        return self.contents[0].type if self.contents else ""

    def content(self, body: Any) -> Content | None:
        """Return the media type of a body: the one of its class, bytes for bytes, or else the usual one."""
        is_file = isinstance(body, bytes) or hasattr(body, "payload") or hasattr(body, "read")
        named = [each for each in self.contents if each.model == type(body).__name__]
        kind = [each for each in self.contents if is_file and not (each.is_json or each.model)]
        return next(iter(named or kind or self.contents), None)

    @property
    def arguments(self) -> Mapping[str, str]:
        """The keyword of `request` for each parameter, by its place and name, such as `query:limit`."""
        return {f"{each.place}:{each.name}": each.argument for each in self.inputs if each.place != "body"}

    @property
    def is_idempotent(self) -> bool:
        """Whether a request that is sent twice means no more than one (RFC 9110, 9.2.2, and the QUERY method)."""
        return self.method in IDEMPOTENT

    def arguments_of(self, given: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the arguments of `request` for those of the operation's method.

        Args:
            given: The arguments by keyword; `ABSENT`, and None where null is no value, stand for no value.
            extra: Fields of the body that the document does not list.
        """
        found: dict[str, Any] = {}
        fields: dict[str, Any] = {}
        for each in self.inputs:
            value = given.get(each.keyword, ABSENT)
            if value is ABSENT or (value is None and not each.nullable):
                continue
            if each.place == "body" and each.name:
                fields[each.name if self.model is None else each.argument] = value
            else:
                found[each.argument] = value
        if fields or extra or (self.body_required and any(each.place == "body" and each.name for each in self.inputs)):
            found["body"] = self._body(fields, extra or {})
        return found

    def _body(self, fields: Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
        if self.model is None:
            return {name: to_json(value) for name, value in {**extra, **fields}.items()}
        body = self.model(**{name: _Plain(value) if type(value) is dict else value for name, value in fields.items()})
        if extra:
            body.additional_properties.update(extra)
        return body

    def fill_in(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a request with those that have one value only."""
        return {**{each.argument: each.fixed for each in self.inputs if each.fixed is not ABSENT}, **arguments}


class Caller(ABC, Generic[T_co]):
    """What the generated methods of a client rest on; `T_co` is the handle of a task."""

    @abstractmethod
    def _call(
        self,
        operation: Operation[..., R],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> R:
        """Send a request, and return what it is answered with."""

    @abstractmethod
    def _stream(
        self,
        operation: Operation[..., R],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> Stream[R]:
        """Send a request, and return the items of the stream that it is answered with."""

    @abstractmethod
    def _start(
        self,
        operation: Operation[..., Any],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> T_co:
        """Submit a request, and return the handle of the task."""


class AsyncCaller(ABC, Generic[T_co]):
    """The same on asyncio."""

    @abstractmethod
    async def _call(
        self,
        operation: Operation[..., R],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> R:
        """Send a request, and return what it is answered with."""

    @abstractmethod
    async def _stream(
        self,
        operation: Operation[..., R],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> AsyncStream[R]:
        """Send a request, and return the items of the stream that it is answered with."""

    @abstractmethod
    async def _start(
        self,
        operation: Operation[..., Any],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> T_co:
        """Submit a request, and return the handle of the task."""
