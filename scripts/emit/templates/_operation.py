"""One operation of the API, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define


@define(frozen=True)
class Operation:
    """One operation of the API.

    Args:
        id: Its operationId.
        method: The HTTP method, lower case.
        path: The path template, relative to the server.
        request: Builds the keyword arguments of `httpx.Client.request` from the operation's parameters.
        module: The module of its generated functions, relative to the package.
        arguments: The keyword of `request` for each parameter, by its place and name, such as `query:limit`.
        certainty: How sure it is that the vendor offers it: `published`, `sibling`, `observed` or `inferred`.
    """

    id: str
    method: str
    path: str
    request: Callable[..., dict[str, Any]]
    module: str
    arguments: Mapping[str, str]
    certainty: str
