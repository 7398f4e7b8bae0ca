"""A command's options, derived from the signature of the method it calls, and checks of what was typed."""

from __future__ import annotations

import difflib
import inspect
import itertools
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from attrs import frozen
from cyclopts import Group, Parameter, Token

from .._errors import ConfigurationError
from .._secrets import printable
from .._violation import Violation, unlisted

REQUEST: Final = Group("Request", sort_key=1)
_PLAIN: Final = (str, bool, int, float, date, datetime)
_SEQUENCES: Final = (list, tuple, set, frozenset, Sequence, Collection)


@frozen
class Field:
    """One parameter of a method, as an option.

    Attributes:
        name: The parameter's name.
        options: Its names on the command line, the first for messages.
        repeated: Whether it takes several values, each with its own option.
        choices: The values it may have, if they are listed.
        parameter: The same for the command line's own signature.
    """

    name: str
    options: tuple[str, ...]
    repeated: bool
    choices: tuple[Any, ...]
    parameter: inspect.Parameter

    def value(self, given: Any, *, allow_unlisted: bool) -> Any:
        """Return what to call the method with.

        Raises:
            ConfigurationError: The value is not among the choices.
        """
        if not self.choices:
            return given
        if isinstance(given, list):
            return [self._chosen(item, allow_unlisted=allow_unlisted) for item in given]
        return self._chosen(given, allow_unlisted=allow_unlisted)

    def _chosen(self, text: str, *, allow_unlisted: bool) -> Any:
        listed = {str(choice): choice for choice in self.choices}
        if text in listed:
            return listed[text]
        if allow_unlisted:
            return unlisted(text)
        close = difflib.get_close_matches(text, listed, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ConfigurationError(
            f"{self.options[0]} must be one of {', '.join(listed)}, got {printable(text)!r}{hint}",
            way_out="to send it anyway: --allow-unlisted",
        )


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
        items = (
            given.get(field.name, ())
            if field.repeated and field.parameter.kind < inspect.Parameter.KEYWORD_ONLY
            else ()
        )
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
            place = violation.pointer.removeprefix("/").partition("/")[0]
            if violation.level != "error" and _plain(place) == _plain(self._field.name):
                raise ConfigurationError(
                    f"{violation.message}, got {' '.join(printable(repr(item)) for item in self.items)}",
                    way_out="put a text of several words in quotes; to send such a value anyway, name its option,"
                    f" {self._field.options[0]}",
                )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def fields_of(method: Callable[..., Any], taken: Collection[str]) -> tuple[Field, ...]:
    """Return the fields of a method's signature, in order.

    Args:
        method: A method of a class, not of an instance.
        taken: Names that options of the command itself have already.
    """
    hints = get_type_hints(method, localns={"Task": object})
    _, *parameters = inspect.signature(method).parameters.values()
    names = {*taken, *(parameter.name for parameter in parameters)}
    return tuple(
        _field(parameter, hints[parameter.name], _options(parameter.name, taken, names)) for parameter in parameters
    )


def _options(name: str, taken: Collection[str], names: Collection[str]) -> tuple[str, ...]:
    """Return the options of a parameter: its name, and for a list that of one item unless it means something else."""
    item = re.sub(r"_list$", "", name)
    found = [item] if item and item not in names else []
    found.append(f"field_{name}" if name in taken else name)
    return tuple(f"--{re.sub(r'[^a-z0-9]+', '-', each.lower()).strip('-')}" for each in found)


def _field(parameter: inspect.Parameter, hint: Any, options: tuple[str, ...]) -> Field:
    members = [member for member in _members(hint) if member is not NoneType]
    repeated = bool(members) and all(get_origin(member) in _SEQUENCES for member in members)
    if repeated:
        inner = (argument for member in members for argument in get_args(member) if argument is not ...)
        members = [member for argument in inner for member in _members(argument)]
    choices: tuple[Any, ...] = ()
    extra: dict[str, Any] = {"name": options, "group": REQUEST}
    kind: Any = _union(members)
    if members and all(get_origin(member) is Literal for member in members):
        choices = tuple(dict.fromkeys(value for member in members for value in get_args(member)))
        # Or any text: where pydantic happens to be loaded, cyclopts has it judge the type, and a value the
        # caller insists on would be refused. `Field.value` checks the choices.
        kind = Union[Literal[choices], str]  # noqa: UP007  (a union of what is known at run time only)
        extra |= {"converter": _texts if repeated else _text, "metavar": "CHOICE"}
    elif not all(member in _PLAIN for member in members):
        kind = Any
        extra |= {"converter": partial(_json_list if repeated else _json, members), "metavar": "JSON"}
    if repeated:
        kind = list[kind]
        extra |= {"negative_iterable": ""}
    required = parameter.default is inspect.Parameter.empty
    if not required:
        # By option only: words of a text that was not quoted must not become values of an optional field.
        parameter = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
    # An option nobody gave is not passed on at all, so the method's own default shows here and applies there.
    default = None if repeated else parameter.default
    optional = kind if required else kind | None
    shown = parameter.replace(
        annotation=Annotated[optional, Parameter(**extra)],
        default=parameter.default if required else default,
    )
    return Field(parameter.name, options, repeated, choices, shown)


def _members(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in {Union, UnionType}:
        for member in get_args(hint):
            yield from _members(member)
    elif not isinstance(hint, TypeVar):
        yield hint


def _union(members: list[Any]) -> Any:
    # Text takes anything, so it comes last.
    ordered = sorted(dict.fromkeys(members), key=lambda member: member is str)
    return Union[tuple(ordered)] if ordered else str  # noqa: UP007  (a union of what is known at run time only)


def _text(_: Any, tokens: Sequence[Token]) -> str:
    return tokens[0].value


def _texts(_: Any, tokens: Sequence[Token]) -> list[str]:
    return [token.value for token in tokens]


def _json(members: Sequence[Any], _: Any, tokens: Sequence[Token]) -> Any:
    return _modelled(json.loads(tokens[0].value), members)


def _json_list(members: Sequence[Any], _: Any, tokens: Sequence[Token]) -> list[Any]:
    values = [json.loads(token.value) for token in tokens]
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [_modelled(item, members) for item in items]


def _modelled(value: Any, members: Sequence[Any]) -> Any:
    """Return an object as the first model of it that can be made, and anything else as it is.

    Raises:
        ValueError: No model can be made of it; names what the last one lacks.
    """
    kinds = [member for member in members if hasattr(member, "from_dict")]
    problem: Exception | None = None
    for kind in kinds if isinstance(value, dict) else ():
        try:
            return kind.from_dict(value)
        except KeyError as error:
            problem = ValueError(f"the object lacks {error}")
        except (TypeError, ValueError, AttributeError) as error:
            problem = ValueError(f"the object does not match the document: {error}")
    if problem is not None:
        raise problem
    return value
