"""What both clients have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from ._clock import SystemClock
from ._errors import ConfigurationError
from ._settings import Settings

MAX_DOWNLOAD: Final = 2 * 2**30
SYSTEM: Final = SystemClock()


def named_only(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments of an operation by keyword.

    Raises:
        ConfigurationError: Some were given without a name.
    """
    if arguments:
        raise ConfigurationError(f"the arguments of an operation have names; {len(arguments)} came without one")
    return named


class Base:
    """A client's settings, its end, and what it never does."""

    settings: Settings
    _closed = False

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigurationError(f"this {type(self).__name__} is closed; build a new one")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.settings.base_url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client is not pickled: it holds a token; build one where it is needed")
