"""Put the commands together."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from attrs import frozen
from cyclopts import App, CycloptsError, Group, Parameter, UnusedCliTokensError

from .._api import HOLES, OPERATIONS, PROGRAM, SUMMARY, VARIANTS, WAITERS
from .._client import Client
from .._errors import ConfigurationError
from .._operation import Hole, Operation
from .._secrets import printable
from . import _batch_commands, _rules, _tasks
from ._command import Desk, Job, run_command
from ._connection import check, connect
from ._exits import Exit, exit_code, table
from ._fields import STANDARD_INPUT, Field, Request, TypedItems, operation_fields, operation_of, variant_fields
from ._options import Calling, Connecting, Reporting, Serving, Submitting, names_of
from ._output import OutputLost, ReaderGone, standard_streams

CHECKOUT: Final = Path(__file__).resolve().parents[3]
"""The project's folder, where the package runs from a checkout; any folder otherwise."""

_OPTIONS: Final = "OPTIONS"
"""In capitals, as no field of a request is."""

_COMPLETION: Final = "completion"
_HYPHEN_TAKING: Final = frozenset({"--output", "-o", "--token-file"})

_SUBMIT: Final = Group("Submit a task", sort_key=1)
_RESUME: Final = Group("Come back to a task", sort_key=2)
_MANY: Final = Group("Many tasks, from a file of requests", sort_key=3)
_TAGGED: Final = 4
_AGENTS: Final = Group("For agents", sort_key=5)
_CHECK: Final = Group("Without key and network", sort_key=6)
_HOLES: Final = Group("Named by the vendor, not described", sort_key=7)


def run(arguments: Sequence[str]) -> int:
    """Run the command line with the arguments after the program's name, and return the exit code."""
    errors = sys.stderr
    try:
        with standard_streams():
            errors = sys.stderr
            return _run(arguments)
    except OutputLost as error:
        if not isinstance(error, ReaderGone):
            print(f"error: {error}", file=errors)
        return exit_code(error)
    except KeyboardInterrupt as error:
        return exit_code(error)


def _run(arguments: Sequence[str]) -> int:
    words = list(_with_standard_input(arguments))
    try:
        return int(build(words)(words) or 0)
    except UnusedCliTokensError as error:
        unused = " ".join(repr(word) for word in error.unused_tokens or ())
        way_out = "put a text of several words in quotes; other values need the name of their option, see --help"
        wrong = ConfigurationError(printable(f"unexpected arguments: {unused}"), way_out=way_out)
    except CycloptsError as error:
        wrong = ConfigurationError(printable(str(error)))
    # No command has read the options yet.
    options = Connecting(json="--json" in takewhile(lambda word: word != "--", arguments))

    def refuse(_: Desk) -> int:
        raise wrong

    return run_command(options, refuse, Job(options))


def _with_standard_input(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the arguments of a command, with a lone `-` of a request written as a value that is no option."""
    commands, before, is_open = _request_commands(), "", True
    for word in arguments:
        is_open = is_open and word != "--"
        lone = word == "-" and is_open and arguments[0] in commands and before not in _HYPHEN_TAKING
        yield STANDARD_INPUT if lone else word
        before = word


def build(arguments: Sequence[str]) -> App:
    """Return the program, with a command for each variant and each operation.

    Args:
        arguments: Those after the program's name. Only the command they name gets its options, as documents may
            describe hundreds; `completion` needs those of all.
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
    for command_name, (command, group) in _OWN.items():
        app.command(command, name=command_name, group=group)
    for name, request in _request_commands().items():
        is_named = arguments[:1] in ([name], [_COMPLETION])
        app.command(request.function(arguments) if is_named else request.stub(), name=name, group=request.group)
    for hole in HOLES:
        if (name := re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "-", hole.name).lower()) not in app:
            app.command(_hole(hole), name=name, group=_HOLES)
    return app


def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """Print the script that completes commands, options and values in a shell.

    bash and zsh: eval "$(PROGRAM completion bash)" in the shell's start-up file.
    fish: PROGRAM completion fish > ~/.config/fish/completions/PROGRAM.fish
    """
    script = build([_COMPLETION]).generate_completion(prog_name=PROGRAM, shell=shell)
    if shell == "zsh":
        # It is written for a folder of zsh's functions, where its first line is enough; `eval` needs the call.
        script += f"compdef _cyclopts_{PROGRAM} {PROGRAM}\n"
    sys.stdout.write(script)
    return 0


def _hole(hole: Hole) -> Callable[..., int]:
    """Return the command for what the vendor names and does not describe: an error with what to do instead."""

    def command(
        *_: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)], options: Reporting | None = None
    ) -> int:
        def refuse(_: Desk) -> int:
            what = "is named by the vendor, but not described, so this client does not have it"
            raise ConfigurationError(f"{hole.name} {what}: “{hole.quote}”", way_out=hole.advice)

        return run_command(options or Reporting(), refuse)

    command.__doc__ = printable(f"Not described by the vendor: {hole.advice}.\n\nThe vendor's words: {hole.quote}")
    return command


def mcp(*, options: Serving | None = None) -> int:
    """Serve the API to agents, over the Model Context Protocol on standard input and output.

    Each operation is a tool. A request is submitted once, however often a host repeats the call; a person confirms
    each that is billed, or --max-submits limits them.
    """
    options = options or Serving()

    def work(desk: Desk) -> int:
        try:
            from . import _mcp
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"mcp needs {error.name}, which is not installed", way_out='python -m pip install "mcp>=2.3,<3"'
            ) from None
        check(options, submits=True)
        with connect(options, desk.interrupts) as client:
            _mcp.serve(client, options.output_dir, options.record or _mcp.record_path(), options.max_submits)
        return Exit.OK

    return run_command(options, work)


_OF_TASKS: Final[Mapping[str, tuple[Callable[..., int], Group]]] = {
    "status": (_tasks.status, _RESUME),
    "wait": (_tasks.wait, _RESUME),
    "download": (_tasks.download, _RESUME),
    "submit": (_batch_commands.submit, _MANY),
    "worker": (_batch_commands.worker, _MANY),
    "resume": (_batch_commands.resume, _MANY),
    "settle": (_batch_commands.settle, _MANY),
    "cancel": (_batch_commands.cancel, _MANY),
    "list": (_batch_commands.list_lines, _MANY),
    "retry-download": (_batch_commands.retry_download, _MANY),
    "export": (_batch_commands.export, _MANY),
}
_OWN: Final[Mapping[str, tuple[Callable[..., int], Group]]] = {
    **(_OF_TASKS if WAITERS else {}),
    "mcp": (mcp, _AGENTS),
    "rules": (_rules.rules, _CHECK),
    "explain": (_rules.explain, _CHECK),
    _COMPLETION: (completion, _CHECK),
}
"""The commands that stand in no document."""


@frozen
class _RequestCommand:
    """A command that sends a request.

    Attributes:
        method: The method of the client that it calls.
        operation: The operation; None for a variant, whose method knows it.
    """

    method: str
    operation: Operation[..., Any] | None = None

    @property
    def group(self) -> Group:
        """Return the panel of the help: what starts a task, else its first tag."""
        if self.operation is None:
            return _SUBMIT
        return _panel_of(next(iter(self.operation.tags), ""))

    @property
    def about(self) -> str:
        """Return the help."""
        text = printable(inspect.getdoc(getattr(Client, self.method)) or "")
        # Without the sections that describe what the options and the exit codes do.
        return re.sub(r"(?m)^(Args|Returns|Raises):\n(?:(?: .*)?\n)*(?: .*)?", "", text).rstrip()

    def stub(self) -> Callable[[], int]:
        """Return the command without its options, for the list of commands."""

        def command() -> int:
            return 0

        command.__doc__ = self.about
        return command

    def function(self, typed: Sequence[str]) -> Callable[..., int]:
        """Return the command.

        Args:
            typed: The arguments as they were typed.
        """
        fields, operation = self._fields()
        kind = Submitting if operation.poll else Calling

        def command(*positional: Any, **given: Any) -> int:
            options: Submitting | Calling = given.pop(_OPTIONS, None) or kind()
            bound = signature.bind_partial(*positional, **given).arguments
            found = {each.input.keyword: each for each in fields if bound.get(each.input.keyword) is not None}

            def send(client: Client) -> Any:
                arguments = {
                    name: each.value(bound[name], allow_unlisted=options.allow_unlisted, typed=typed)
                    for name, each in found.items()
                }
                named = {"waive": options.waive or (), "strict": options.strict or None}
                # Items of a list, typed without its option, may be words of a text that was not quoted.
                for items in (TypedItems(each, arguments, typed) for each in fields):
                    if items.items:
                        items.check_place(fields)
                        items.check_values(Request.of(self.method, arguments).violations(options.waive or ()))
                return getattr(client, self.method)(**arguments, **named)

            names = {each.input.name: each.option(typed) for each in fields}
            sending = _tasks.Sending(operation, names, send)
            return _tasks.submit(sending, options) if isinstance(options, Submitting) else _tasks.call(sending, options)

        own = inspect.Parameter(_OPTIONS, inspect.Parameter.KEYWORD_ONLY, annotation=kind | None, default=None)
        # What is given by its place first, and of the rest the required first, as Python has it.
        parameters = sorted(
            (each.parameter for each in fields),
            key=lambda each: (each.kind, each.default is not inspect.Parameter.empty),
        )
        signature = inspect.Signature([*parameters, own])
        command.__annotations__ = {}
        command.__signature__ = signature  # type: ignore[attr-defined]
        command.__doc__ = self.about
        return command

    def _fields(self) -> tuple[tuple[Field, ...], Operation[..., Any]]:
        if self.operation is not None:
            taken = names_of(Submitting if self.operation.poll else Calling)
            return operation_fields(self.operation, taken), self.operation
        method = getattr(Client, self.method)
        operation = operation_of(self.method)
        return variant_fields(method, operation, names_of(Submitting if operation.poll else Calling)), operation


@cache
def _panel_of(tag: str) -> Group:
    """Return the one panel of a tag."""
    return Group(printable(f"Operations: {tag}" if tag else "Operations"), sort_key=_TAGGED)


def _request_commands() -> dict[str, _RequestCommand]:
    """Return the commands that send a request, by name."""
    found: dict[str, _RequestCommand] = {}
    for field, methods in VARIANTS.items():
        for value, method in methods.items():
            name = value if re.fullmatch(r"\w[\w.-]*", value) else _kebab(method)
            found[name if name not in _OWN.keys() | found.keys() else f"{field}-{name}"] = _RequestCommand(method)
    for operation in OPERATIONS.values():
        name = _kebab(operation.function)
        while name in _OWN.keys() | found.keys():
            name = f"operation-{name}"
        found[name] = _RequestCommand(operation.function, operation)
    return found


def _kebab(function: str) -> str:
    return function.strip("_").replace("_", "-")


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
