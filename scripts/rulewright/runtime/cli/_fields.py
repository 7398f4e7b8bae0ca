"""The options of a request, derived from the inputs of its operation, and checks of what was typed."""

from __future__ import annotations

import inspect
import io
import itertools
import json
import operator
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from attrs import evolve, frozen
from cyclopts import Group, Parameter, Token

from .._api import MODELS, Methods, request_violations
from .._errors import ConfigurationError
from .._operation import Input, Operation
from .._secrets import printable
from .._violation import Violation, unlisted
from ._requests import read_input, suggestion

REQUEST: Final = Group(
    "Request",
    help="A text or JSON: @FILE reads it from a file, - from standard input, @@ begins a text with @.",
    sort_key=1,
)
EXTRA: Final = Input(
    "extra",
    "extra",
    "body",
    name="",
    required=False,
    description="Fields that the document does not list, as a JSON object.",
    type="object",
)
STANDARD_INPUT: Final = "@-"

_TYPES: Final[Mapping[str, type]] = {"string": str, "integer": int, "number": float, "boolean": bool}
_DATES: Final[Mapping[str, type]] = {"date": date, "date-time": datetime}
_NOTHING: Final = inspect.Parameter.empty


@frozen
class Field:
    """One argument of a method, as an option.

    Attributes:
        input: What the document says of it.
        options: Its names on the command line, the first for messages.
        parameter: The same for the command line's own signature.
    """

    input: Input
    options: tuple[str, ...]
    parameter: inspect.Parameter

    def option(self, typed: Sequence[str]) -> str:
        """Return the option as it was typed."""
        words = (word.partition("=")[0] for word in typed)
        own = {*self.options, *(f"--no-{each.removeprefix('--')}" for each in self.options)}
        return next((word for word in words if word in own), self.options[0])

    def value(self, given: Any, *, allow_unlisted: bool, typed: Sequence[str]) -> Any:
        """Return what to call the method with.

        Raises:
            ConfigurationError: The value is not among the choices.
        """
        if not self.input.choices:
            return given
        chosen = partial(self._choose, allow_unlisted=allow_unlisted, typed=typed)
        return list(map(chosen, given)) if isinstance(given, list) else chosen(given)

    def _choose(self, text: str, *, allow_unlisted: bool, typed: Sequence[str]) -> Any:
        listed = {_word(choice): choice for choice in self.input.choices}
        if text in listed:
            return listed[text]
        if allow_unlisted:
            return unlisted(text)
        got = f"{printable(text)!r}{suggestion(text, listed)}"
        raise ConfigurationError(
            f"{self.option(typed)} must be one of {', '.join(listed)}, got {got}",
            way_out="to send it anyway: --allow-unlisted",
        )


def operation_fields(operation: Operation[..., Any], taken: Collection[str]) -> tuple[Field, ...]:
    """Return the fields of an operation; path parameters may also be given by their place.

    Args:
        operation: The operation.
        taken: Names that options of the command itself have already.
    """
    # JSON holds no bytes: what a document calls binary in it is a text.
    is_text = bool(operation.contents) and operation.contents[0].is_json
    found = (evolve(each, format="") if is_text and each.format == "binary" else each for each in operation.inputs)
    inputs = (*found, *([EXTRA] if operation.is_open else []))
    names = {*taken, *(each.keyword for each in inputs)}
    return tuple(
        _field(each, _options(each, taken, names), by_place=each.place == "path" and each.required) for each in inputs
    )


def variant_fields(
    method: Callable[..., Any], operation: Operation[..., Any], taken: Collection[str]
) -> tuple[Field, ...]:
    """Return the fields of a variant: those of its operation that its method takes, narrowed as it narrows them.

    Args:
        method: A method of a class, not of an instance.
        operation: What it calls.
        taken: Names that options of the command itself have already.
    """
    inputs = {each.keyword: each for each in operation.inputs}
    hints = get_type_hints(method, localns={"Task": Any})  # what it returns is a name for type checkers only
    _, *parameters = inspect.signature(method).parameters.values()
    names = {*taken, *(each.name for each in parameters)}
    found = []
    for each in parameters:
        if each.name in inputs:
            needed = each.default is _NOTHING
            choices = tuple(dict.fromkeys(_literals(hints[each.name])))
            narrowed = evolve(inputs[each.name], required=needed, choices=choices)
            by_place = needed and each.kind is not inspect.Parameter.KEYWORD_ONLY
            found.append(_field(narrowed, _options(narrowed, taken, names), by_place=by_place, default=each.default))
    return tuple(found)


def _literals(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Literal:
        yield from get_args(hint)
        return
    for argument in get_args(hint):
        yield from _literals(argument)


def _options(each: Input, taken: Collection[str], names: Collection[str]) -> tuple[str, ...]:
    """Return the options of an input: its name, and for a list that of one item unless it means something else."""
    item = re.sub(r"_list$", "", each.keyword) if each.type == "array" else ""
    found = [item] if item and item not in names else []
    found.append(f"field_{each.keyword}" if each.keyword in taken else each.keyword)
    return tuple(f"--{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}" for name in found)


def _field(each: Input, options: tuple[str, ...], *, by_place: bool, default: Any = _NOTHING) -> Field:
    repeated = each.type == "array"
    one = each.items if repeated else each.type
    read: Callable[[Token], Any] | None = None
    kind: Any = Any
    about = " ".join(each.description.split())
    extra: dict[str, Any] = {}
    if each.choices:
        # Or any text: where pydantic happens to be loaded, cyclopts has it judge the type, and a value the
        # caller insists on would be refused. `Field.value` checks the choices.
        kind = Union[Literal[tuple(map(_word, each.choices))], str]  # noqa: UP007  (known at run time only)
        read, extra["metavar"] = operator.attrgetter("value"), "CHOICE"
    elif each.format == "binary":
        read, extra["metavar"] = _file, "@FILE"
    elif one == "string" and each.format not in _DATES:
        kind, read = str, _text
    elif one in _TYPES and not (repeated and one == "boolean"):
        kind = _DATES.get(each.format, str) if one == "string" else _TYPES[one]
    else:
        read, extra["metavar"] = _json if one else _json_or_text, "JSON"
    if repeated:
        kind, extra["negative_iterable"] = list[kind], ""
        read = _items if read is _json else read
    if read is not None:
        extra["converter"] = partial(_each if repeated else _only, read)
    shown = Parameter(
        name=options,
        group=REQUEST,
        help=printable(f"Deprecated. {about}" if each.deprecated and not about.startswith("Deprecated") else about),
        **extra,
    )
    needed = each.required and default is _NOTHING
    parameter = inspect.Parameter(
        each.keyword,
        # What is optional goes by its option only: words of a text that was not quoted must not become its value.
        inspect.Parameter.POSITIONAL_OR_KEYWORD if by_place else inspect.Parameter.KEYWORD_ONLY,
        # An option nobody gave is not passed on at all, so the method's own default shows here and applies there.
        default=_NOTHING if needed else None if default is _NOTHING or repeated else default,
        annotation=Annotated[kind if needed else kind | None, shown],
    )
    return Field(each, options, parameter)


def _word(choice: Any) -> str:
    return choice if isinstance(choice, str) else json.dumps(choice)


def _only(read: Callable[[Token], Any], _: Any, tokens: Sequence[Token]) -> Any:
    return read(tokens[0])


def _each(read: Callable[[Token], Any], _: Any, tokens: Sequence[Token]) -> list[Any]:
    values = map(read, tokens)
    return list(itertools.chain.from_iterable(values)) if read is _items else list(values)


def _text(token: Token) -> str:
    """Return a text: as it is, from a file with `@FILE`, or what follows the first `@` of two."""
    if not token.value.startswith("@") or token.value.startswith("@@"):
        return token.value.removeprefix("@") if token.value.startswith("@@") else token.value
    try:
        return read_input(token.value[1:]).decode("utf-8-sig").removesuffix("\n")
    except ConfigurationError as error:
        raise ValueError(f"{error.message}; a text that begins with @ is written with @@") from None


def _json(token: Token) -> Any:
    return json.loads(_text(token))


def _items(token: Token) -> list[Any]:
    value = _json(token)
    return value if isinstance(value, list) else [value]


def _json_or_text(token: Token) -> Any:
    text = _text(token)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _file(token: Token) -> Any:
    name = token.value.removeprefix("@")
    generated = import_module(f"{MODELS.__name__.rpartition('.')[0]}.types")
    try:
        return generated.File(payload=io.BytesIO(read_input(name)), file_name=Path(name).name)
    except ConfigurationError as error:
        raise ValueError(error.message) from None


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
        by_place = field.input.type == "array" and field.parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        items = given.get(field.input.keyword, ()) if by_place else ()
        self.items = [item for item in items if item in typed and item not in named]

    def check_place(self, fields: Sequence[Field]) -> None:
        """Refuse an item behind a value of an option that may be repeated, such as B of `--waive A B`.

        Raises:
            ConfigurationError: Names the item and the option.
        """
        repeatable = {"--waive", *(option for each in fields if each.input.type == "array" for option in each.options)}
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

    def check_values(self, found: Iterable[Violation]) -> None:
        """Refuse items that break even an inferred rule: they may be words of a text that was not quoted.

        Args:
            found: What the request breaks.

        Raises:
            ConfigurationError: Has the rule's message.
        """
        for violation in found:
            if violation.level != "error" and violation.pointer.split("/")[1:2] == [self._field.input.name]:
                raise ConfigurationError(
                    f"{violation.message}, got {' '.join(printable(repr(item)) for item in self.items)}",
                    way_out="put a text of several words in quotes; to send such a value anyway, name its option,"
                    f" {self._field.options[0]}",
                )


@frozen
class Request:
    """What a method would send.

    Attributes:
        operation: The operation it calls.
        given: Its arguments by keyword, those that the method fills in included.
    """

    operation: Operation[..., Any]
    given: Mapping[str, Any]

    @classmethod
    def of(cls, method: str, given: Mapping[str, Any]) -> Request:
        """Call a method of a client that sends nothing, and return what it would have sent."""
        found: Request = getattr(_Recorder(), method)(**given)
        return found

    def violations(self, waive: Collection[str]) -> tuple[Violation, ...]:
        """Return what it breaks, inferred rules included."""
        return request_violations(self.operation, self.operation.arguments_of(self.given), waive=waive)


def operation_of(method: str) -> Operation[..., Any]:
    """Return the operation that a method of a client calls."""
    parameters = inspect.signature(getattr(Methods, method)).parameters.values()
    needed = [each.name for each in parameters if each.default is _NOTHING and each.name != "self"]
    return Request.of(method, dict.fromkeys(needed)).operation


class _Recorder(Methods):
    """The methods of a client, which return their requests."""

    def _start(self, operation: Operation[..., Any], given: Mapping[str, Any], extra: Any = None, **_: Any) -> Any:
        return Request(operation, given)

    _call = _stream = _start
