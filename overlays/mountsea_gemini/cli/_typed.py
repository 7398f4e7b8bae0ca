"""Refuse words that a shell passed as items of a list although they were typed as something else."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from inspect import Parameter
from typing import Any

from mountsea_gemini_api.rules import Violation

from ._fields import Field
from ._package import ConfigurationError, printable


class TypedItems:
    """The items of a list that were typed without its option, such as the URLs in `"a prompt" URL URL`.

    Args:
        field: The list.
        given: The values of all fields.
        typed: The arguments of the command as they were typed.
    """

    def __init__(self, field: Field, given: Mapping[str, Any], typed: Sequence[str]) -> None:
        self._field = field
        self._typed = typed
        named = {word for option, word in itertools.pairwise(typed) if option in field.options}
        items = given.get(field.name, ()) if field.repeated and field.parameter.kind < Parameter.KEYWORD_ONLY else ()
        self.items = [item for item in items if item in typed and item not in named]

    def check_place(self, fields: Sequence[Field]) -> None:
        """Refuse an item behind a value of an option that may be repeated, such as B of `--waive A B`.

        Raises:
            ConfigurationError: Names the item and the option.
        """
        repeatable = {option for field in fields if field.repeated for option in field.options}
        for item in self.items:
            place = self._typed.index(item)
            pair = tuple(self._typed[max(place - 2, 0) : place])
            option, equals, _ = pair[-1].partition("=") if pair else ("", "", "")
            option = option if equals else pair[0] if len(pair) == 2 else ""
            if option in repeatable:
                raise ConfigurationError(
                    f"{printable(repr(item))} follows a value of {option}, which takes one value at a time",
                    way_out=f"repeat {option} for each of its values; for this list, name {self._field.options[0]}",
                )

    def check_values(self, found: Sequence[Violation]) -> None:
        """Refuse items that break even an inferred rule: they may be words of a text that was not quoted.

        Args:
            found: What the request breaks.

        Raises:
            ConfigurationError: Has the rule's message.
        """
        for violation in found if self.items else ():
            if violation.level != "error" and _plain(violation.pointer.split("/")[1]) == _plain(self._field.name):
                raise ConfigurationError(
                    f"{violation.message}, got {' '.join(printable(repr(item)) for item in self.items)}",
                    way_out="put a text of several words in quotes; to send such a value anyway, name its option,"
                    f" {self._field.options[0]}",
                )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
