"""One operation of the API, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Generic, ParamSpec, TypeVar

from attrs import define

P = ParamSpec("P")
R = TypeVar("R")


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
        found: R = self._loaded()(*arguments, **named)
        return found

    @property
    def __kwdefaults__(self) -> dict[str, Any] | None:
        """The defaults of the function's keywords, as every function has them."""
        found: dict[str, Any] | None = self._loaded().__kwdefaults__
        return found

    def _loaded(self) -> Any:
        return getattr(import_module(f".{self._module}", __package__), self._name)


@define(frozen=True)
class Credential:
    """The place of the token in a request.

    Args:
        place: `header`, `query` or `cookie`.
        name: Name of the header, parameter or cookie.
        scheme: `bearer` or `basic` for a word before the token, empty for the token alone.
    """

    place: str
    name: str
    scheme: str


@define(frozen=True)
class Operation(Generic[P, R]):
    """One operation of the API.

    Args:
        id: Its operationId.
        method: The HTTP method, lower case.
        path: The path template, relative to the server.
        request: Builds the keyword arguments of `httpx.Client.request` from the operation's parameters.
        read: Parses an `httpx.Response` that the document describes.
        module: The module of its generated functions, relative to the package.
        arguments: The keyword of `request` for each parameter, by its place and name, such as `query:limit`.
        joined: The query parameters whose values are written as one, joined by commas.
        credentials: The places of the token: the first alternative of the document; empty for none.
        certainty: How sure the operation is: `published`, `sibling`, `observed` or `inferred`.
    """

    id: str
    method: str
    path: str
    request: Callable[P, dict[str, Any]]
    read: Callable[..., R]
    module: str
    arguments: Mapping[str, str]
    joined: tuple[str, ...]
    credentials: tuple[Credential, ...]
    certainty: str

    def filled_in(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a request with the defaults of its builder."""
        return {**(getattr(self.request, "__kwdefaults__", None) or {}), **arguments}
