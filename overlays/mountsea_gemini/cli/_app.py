"""Put the commands together."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cyclopts import App, CycloptsError, Group
from mountsea_gemini_api.variants import VARIANTS

from .._particular import PROGRAM, SUMMARY
from . import _many, _rules, _tasks
from ._exits import Exit, table
from ._fields import Field, fields_of
from ._options import SUBMITTING_NAMES, Submitting
from ._package import Client, printable
from ._screen import abandon_output, tolerant
from ._version import running_version

Variants = Mapping[str, Mapping[str, str]]

_OPTIONS: Final = "OPTIONS"
"""In capitals, as no field of a request is."""

_SUBMIT: Final = Group("Submit a task", sort_key=1)
_RESUME: Final = Group("Come back to a task", sort_key=2)
_CHECK: Final = Group("Without key and network", sort_key=3)


def run(arguments: Sequence[str], *, client_class: type[Client] = Client, variants: Variants = VARIANTS) -> int:
    """Run the command line.

    Args:
        arguments: Those after the program's name.
        client_class: The client whose methods become commands.
        variants: Field to value to the name of a method: one command for each value.

    Returns:
        The exit code.
    """
    tolerant(sys.stdout)
    tolerant(sys.stderr)
    app = build(client_class, variants)
    try:
        return int(app(list(arguments)) or 0)
    except CycloptsError:
        return Exit.USAGE
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        abandon_output()
        return Exit.UNEXPECTED


def build(client_class: type[Client], variants: Variants) -> App:
    """Return the program, with a command for each variant."""
    app = App(
        name=PROGRAM,
        help=SUMMARY,
        help_format="plaintext",
        help_epilogue=f"Exit codes:\n{table()}",
        version=running_version,
        exit_on_error=False,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    app.command(_many.submit, group=_SUBMIT)
    app.command(_many.resume, group=_RESUME)
    app.command(_tasks.status, group=_RESUME)
    app.command(_tasks.wait, group=_RESUME)
    app.command(_tasks.download, group=_RESUME)
    app.command(_rules.rules, group=_CHECK)
    app.command(_rules.explain, group=_CHECK)
    for field, methods in variants.items():
        for value, method in methods.items():
            command = _variant(client_class, method)
            app.command(command, name=_name(field, value, method, taken=app), group=_SUBMIT)
    return app


def _name(field: str, value: str, method: str, taken: App) -> str:
    name = value if re.fullmatch(r"\w[\w.-]*", value) else method.strip("_").replace("_", "-")
    return f"{field}-{name}" if name in taken else name


def _variant(client_class: type[Client], name: str) -> Callable[..., int]:
    """Return the command that calls one method, with that method's signature and words."""
    method = getattr(client_class, name)
    fields = fields_of(method, SUBMITTING_NAMES)

    def command(*positional: Any, **given: Any) -> int:
        options: Submitting = given.pop(_OPTIONS, None) or Submitting()
        bound = signature.bind_partial(*positional, **given).arguments

        def start(client: Client) -> Any:
            return getattr(client, name)(**_arguments(fields, bound, options))

        return _tasks.submit(options, start, client_class)

    own = inspect.Parameter(_OPTIONS, inspect.Parameter.KEYWORD_ONLY, annotation=Submitting | None, default=None)
    signature = inspect.Signature([*(field.parameter for field in fields), own])
    command.__annotations__ = {}
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__doc__ = _words(inspect.getdoc(method) or "")
    return command


def _arguments(fields: tuple[Field, ...], bound: Mapping[str, Any], options: Submitting) -> dict[str, Any]:
    """Return what was given, and nothing else: absent stays absent."""
    return {
        field.name: field.value(bound[field.name], allow_unlisted=options.allow_unlisted)
        for field in fields
        if bound.get(field.name) is not None
    }


def _words(text: str) -> str:
    """Return a docstring with its rules before its arguments; behind them they would not be shown."""
    text = printable(text)
    head, arguments, tail = text.partition("\nArgs:\n")
    tail, rules, listed = tail.partition("\nRules:\n")
    return head + (rules + listed + "\n" if rules else "") + arguments + tail
