"""Call a generated function with JSON values: each becomes what the function's annotations ask for."""

from __future__ import annotations

import datetime as dt
import types
import typing
from collections.abc import Callable, Mapping
from importlib import import_module
from io import BytesIO
from typing import Any, Final
from uuid import UUID

from mountsea_gemini_api._operation import Operation
from mountsea_gemini_api.client import Client
from mountsea_gemini_api.types import File, Response, Unset

from ._values import ABSENT, Values

_TEXTS: Final[Mapping[Any, Callable[[str], Any]]] = {
    dt.datetime: dt.datetime.fromisoformat,
    dt.date: dt.date.fromisoformat,
    UUID: UUID,
}
_PLAIN: Final = (str, int, float, bool)


def arguments(operation: Operation[..., Any], values: Values) -> dict[str, Any]:
    """Return the keyword arguments of an operation's generated functions."""
    hints = _hints(operation)
    found = {}
    for key, value in values.parameters.items():
        name = operation.arguments[key]
        found[name] = converted(value, hints[name])
    if values.body is not ABSENT:
        found["body"] = converted(values.body, hints["body"])
    return found


def call(operation: Operation[..., Any], values: Values, client: Client) -> Response[Any]:
    """Call an operation as users of the generated client do."""
    answer: Response[Any] = _module(operation).sync_detailed(client=client, **arguments(operation, values))
    return answer


def _module(operation: Operation[..., Any]) -> Any:
    return import_module(f"{Operation.__module__.rpartition('.')[0]}.{operation.module}")


def _hints(operation: Operation[..., Any]) -> dict[str, Any]:
    """Return the types of an operation's arguments."""
    return typing.get_type_hints(_module(operation)._get_kwargs)  # noqa: SLF001  the generated builder


def models(operation: Operation[..., Any]) -> tuple[type[Any], ...]:
    """Return the classes a body of the operation may have."""
    hint: Any = _hints(operation).get("body")
    return tuple(each for each in (typing.get_args(hint) or (hint,)) if hasattr(each, "from_dict"))


def converted(value: Any, hint: Any) -> Any:
    """Return a JSON value as a Python value of a type.

    Raises:
        TypeError: It cannot be one.
    """
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return _one_of(value, typing.get_args(hint))
    if origin is list and isinstance(value, list):
        return [converted(item, typing.get_args(hint)[0]) for item in value]
    if hint is File and isinstance(value, bytes | str):
        return File(BytesIO(value.encode() if isinstance(value, str) else value), "text.txt")
    if hint in _TEXTS and isinstance(value, str):
        return _TEXTS[hint](value)
    read = getattr(hint, "from_dict", None)
    if read is not None and isinstance(value, Mapping):
        return read(value)
    fits = value in typing.get_args(hint) if origin is typing.Literal else hint is Any or _is_plain(value, hint)
    if not fits:
        raise TypeError(f"{value!r:.80} is no {hint}")
    return value


def _is_plain(value: Any, hint: Any) -> bool:
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint) if hint in _PLAIN else value is None and hint is type(None)


def _one_of(value: Any, hints: tuple[Any, ...]) -> Any:
    for hint in hints:
        if hint is not Unset:
            try:
                return converted(value, hint)
            except (TypeError, ValueError, LookupError, AttributeError):
                continue  # the next alternative
    raise TypeError(f"{value!r:.80} is none of {hints}")
