"""Put the commands together."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from cyclopts import App, CycloptsError, Group, UnusedCliTokensError

from .._api import PROGRAM, SUMMARY, VARIANTS, request_violations
from .._client import Client
from .._errors import ConfigurationError
from .._operation import Operation
from .._secrets import printable
from .._violation import Violation
from . import _batch_commands, _rules, _tasks
from ._command import Desk, Job, run_command
from ._exits import exit_code, table
from ._fields import Field, TypedItems, fields_of
from ._options import SUBMITTING_NAMES, Connecting, Submitting
from ._output import OutputLost, standard_streams

Variants = Mapping[str, Mapping[str, str]]

CHECKOUT: Final = Path(__file__).resolve().parents[3]
"""The project's folder, where the package runs from a checkout; any folder otherwise."""

_OPTIONS: Final = "OPTIONS"
"""In capitals, as no field of a request is."""

_SUBMIT: Final = Group("Submit a task", sort_key=1)
_RESUME: Final = Group("Come back to a task", sort_key=2)
_MANY: Final = Group("Many tasks, from a file of requests", sort_key=3)
_CHECK: Final = Group("Without key and network", sort_key=4)


def run(arguments: Sequence[str], *, client_class: type[Client] = Client, variants: Variants = VARIANTS) -> int:
    """Run the command line.

    Args:
        arguments: Those after the program's name.
        client_class: The client whose methods become commands.
        variants: Field to value to the name of a method: one command for each value.

    Returns:
        The exit code.
    """
    errors = sys.stderr
    try:
        with standard_streams():
            errors = sys.stderr
            return _run(build(client_class, variants, arguments), arguments)
    except OutputLost as error:
        print(f"error: {error}", file=errors)
        return exit_code(error)
    except KeyboardInterrupt as error:
        return exit_code(error)


def _run(app: App, arguments: Sequence[str]) -> int:
    try:
        return int(app(list(arguments)) or 0)
    except UnusedCliTokensError as error:
        words = " ".join(repr(word) for word in error.unused_tokens or ())
        way_out = "put a text of several words in quotes; other values need the name of their option, see --help"
        wrong = ConfigurationError(printable(f"unexpected arguments: {words}"), way_out=way_out)
    except CycloptsError as error:
        wrong = ConfigurationError(printable(str(error)))
    # No command has read the options yet.
    options = Connecting(json="--json" in takewhile(lambda word: word != "--", arguments))

    def refuse(_: Desk) -> int:
        raise wrong

    return run_command(options, refuse, Job(options))


def build(client_class: type[Client], variants: Variants, arguments: Sequence[str]) -> App:
    """Return the program, with a command for each variant.

    Args:
        client_class: The client whose methods become commands.
        variants: Field to value to the name of a method.
        arguments: Those after the program's name, as they were typed.
    """
    app = App(
        name=PROGRAM,
        help=SUMMARY,
        help_format="plaintext",
        help_epilogue=f"Exit codes:\n{table()}",
        version=running_version,
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    app.command(_batch_commands.submit, group=_MANY)
    app.command(_tasks.status, group=_RESUME)
    app.command(_tasks.wait, group=_RESUME)
    app.command(_tasks.download, group=_RESUME)
    for command in (_batch_commands.worker, _batch_commands.resume, _batch_commands.settle, _batch_commands.cancel):
        app.command(command, group=_MANY)
    app.command(_batch_commands.list_lines, name="list", group=_MANY)
    app.command(_batch_commands.retry_download, name="retry-download", group=_MANY)
    app.command(_batch_commands.export, group=_MANY)
    app.command(_rules.rules, group=_CHECK)
    app.command(_rules.explain, group=_CHECK)
    for field, methods in variants.items():
        for value, method in methods.items():
            command = _variant(client_class, method, arguments)
            app.command(command, name=_name(field, value, method, taken=app), group=_SUBMIT)
    return app


def _name(field: str, value: str, method: str, taken: App) -> str:
    name = value if re.fullmatch(r"\w[\w.-]*", value) else method.strip("_").replace("_", "-")
    return f"{field}-{name}" if name in taken else name


def _variant(client_class: type[Client], name: str, typed: Sequence[str]) -> Callable[..., int]:
    """Return the command that calls one method, with that method's signature and documentation."""
    method = getattr(client_class, name)
    fields = fields_of(method, SUBMITTING_NAMES)

    def command(*positional: Any, **given: Any) -> int:
        options: Submitting = given.pop(_OPTIONS, None) or Submitting()
        bound = signature.bind_partial(*positional, **given).arguments

        def start(client: Client) -> Any:
            arguments = _arguments(fields, bound, options)
            for items in (TypedItems(field, arguments, typed) for field in fields):
                if items.items:
                    items.check_place(fields)
                    items.check_values(_found_violations(client_class, name, arguments))
            return getattr(client, name)(**arguments)

        return _tasks.submit(options, start, client_class)

    own = inspect.Parameter(_OPTIONS, inspect.Parameter.KEYWORD_ONLY, annotation=Submitting | None, default=None)
    parameters = sorted((field.parameter for field in fields), key=lambda parameter: parameter.kind)
    signature = inspect.Signature([*parameters, own])
    command.__annotations__ = {}
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__doc__ = _help(inspect.getdoc(method) or "")
    return command


def _found_violations(client_class: type[Client], method: str, given: Mapping[str, Any]) -> tuple[Violation, ...]:
    """Return what the request of a method would break, inferred rules included; nothing is sent."""

    class Builder(client_class):  # type: ignore[misc,valid-type]
        def __init__(self) -> None:
            """Open no connection."""

        def _start(
            self,
            operation: Operation[..., Any],
            given: Mapping[str, Any],
            extra: Mapping[str, Any] | None = None,
            *,
            waive: Collection[str],
            **_: Any,
        ) -> Any:
            return request_violations(operation, operation.arguments_of(given, extra), waive=waive)

        _call = _start

    found: tuple[Violation, ...] = getattr(Builder(), method)(**given)
    return found


def _arguments(fields: tuple[Field, ...], bound: Mapping[str, Any], options: Submitting) -> dict[str, Any]:
    """Return what was given, and nothing else: absent stays absent."""
    return {
        field.name: field.value(bound[field.name], allow_unlisted=options.allow_unlisted)
        for field in fields
        if bound.get(field.name) is not None
    }


def _help(text: str) -> str:
    """Return a docstring with its rules before its arguments; after them they would not be shown."""
    text = printable(text)
    head, arguments, tail = text.partition("\nArgs:\n")
    tail, rules, listed = tail.partition("\nRules:\n")
    return head + (rules + listed + "\n" if rules else "") + arguments + tail


def running_version(checkout: Path = CHECKOUT) -> str:
    """Return the version: the project file's in a checkout, installed or not, else the installed one's."""
    try:
        project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        if project["name"] == PROGRAM:
            return str(project["version"])
    except (OSError, ValueError, LookupError, TypeError):
        pass  # no checkout, or that of a program which holds a copy of this package
    try:
        return version(PROGRAM)
    except PackageNotFoundError:
        return "unknown: it runs from a copy that was not installed"
