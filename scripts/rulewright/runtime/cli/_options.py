"""The options that commands share, as they stand on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypeAlias

from attrs import fields, frozen
from cyclopts import Group, Parameter

from .._api import BASE_URL_VARIABLE, POLL_ARGUMENTS, PROGRAM, TASKS, TOKEN_VARIABLE, WAITERS
from .._client import MAX_DOWNLOAD

STORE_VARIABLE: Final = f"{BASE_URL_VARIABLE.removesuffix('_BASE_URL')}_STORE"
"""Where the store is, unless an option names one."""

RUNNING: Final = Group("Running", sort_key=2)

_flag = Parameter(negative="", show_default=False)
_file = Parameter(name=("--output", "-o"), metavar="FILE", allow_leading_hyphen=True)


@Parameter(name="*", group=RUNNING)
@frozen(kw_only=True, slots=False)
class Reporting:
    """How to report."""

    json: Annotated[bool, _flag, Parameter(help="Print one JSON object on standard output.")] = False
    quiet: Annotated[bool, _flag, Parameter(help="Show no progress, only errors.")] = False
    verbose: Annotated[
        bool,
        _flag,
        Parameter(name=("--verbose", "-v"), help="Log each exchange on standard error, without token and request."),
    ] = False


@frozen(kw_only=True, slots=False)
class Judging(Reporting):
    """Which rules count."""

    waive: Annotated[
        list[str] | None,
        Parameter(metavar="ID", negative_iterable="", help="Switch off the rule with this id; may be repeated."),
    ] = None
    strict: Annotated[bool, _flag, Parameter(help="Refuse inferred rules too.")] = False


@frozen(kw_only=True, slots=False)
class Connecting(Reporting):
    """Which server to connect to, and with which token.

    There is no option for the token itself: arguments are visible in process lists and in the
    history of shells.
    """

    token_file: Annotated[
        Path | None,
        Parameter(
            metavar="FILE",
            allow_leading_hyphen=True,
            help=f"Read the token from this file, '-' for standard input; without it, from {TOKEN_VARIABLE}."
            " There is no option for the token itself: arguments are visible in process lists.",
        ),
    ] = None
    base_url: Annotated[
        str | None,
        Parameter(metavar="URL", help=f"URL of the API; without it, from {BASE_URL_VARIABLE}, else the API's own."),
    ] = None
    sandbox: Annotated[
        bool,
        _flag,
        Parameter(
            help="Use a sandbox: no token, no network, no waiting. A new one on a loopback port, or the one that"
            " runs at --base-url."
        ),
    ] = False


@frozen(kw_only=True, slots=False)
class Polling(Connecting):
    """How to ask for a task, where its id is not enough."""

    operation: Annotated[
        str | None,
        Parameter(
            metavar="NAME",
            show=len(WAITERS) > 1 or bool(TASKS),
            help=f"The operation that polls the task, or started it: {', '.join(sorted({*WAITERS, *TASKS}))}.",
        ),
    ] = None
    argument: Annotated[
        list[str] | None,
        Parameter(
            metavar="NAME=VALUE",
            negative_iterable="",
            show=any(POLL_ARGUMENTS.values()),
            help="What the poll takes beside the id; may be repeated.",
        ),
    ] = None


@frozen(kw_only=True, slots=False)
class Waiting(Connecting):
    """How long to wait, and what may be downloaded."""

    timeout: Annotated[
        float | None,
        Parameter(
            metavar="SECONDS",
            help="Stop waiting after that; the task is still running. Without it, as the API's waiter says.",
        ),
    ] = None
    allow_private_downloads: Annotated[
        bool, _flag, Parameter(help="Let the file come over http and from addresses that are not public.")
    ] = False
    max_download_bytes: Annotated[
        int, Parameter(metavar="BYTES", help="Largest file to accept.", show_default=False)
    ] = MAX_DOWNLOAD


@frozen(kw_only=True, slots=False)
class Printing(Waiting):
    """Where to write the file, if anywhere."""

    output: Annotated[
        Path | None,
        _file,
        Parameter(
            help="Download the file and write it here, whole or not at all; '-' for standard output. Without it, its"
            " URLs are printed."
        ),
    ] = None


@frozen(kw_only=True, slots=False)
class Resuming(Printing, Polling):
    """What to do with a task that was submitted before."""


@frozen(kw_only=True, slots=False)
class Saving(Waiting, Polling):
    """Where to write the file."""

    output: Annotated[
        Path,
        _file,
        Parameter(help="Write the file here, whole or not at all; '-' for standard output."),
    ]


@frozen(kw_only=True, slots=False)
class Requesting(Connecting, Judging):
    """How to send a request."""

    allow_unlisted: Annotated[
        bool, _flag, Parameter(help="Send a value that is not among the choices, such as a new one.")
    ] = False


@frozen(kw_only=True, slots=False)
class Serving(Waiting):
    """How to serve agents."""

    max_submits: Annotated[
        int | None,
        Parameter(
            metavar="N", help="Billed calls to allow without asking; without it, the host asks a person each time."
        ),
    ] = None
    output_dir: Annotated[
        Path,
        Parameter(name=("--output-dir", "-o"), metavar="DIR", help="Write downloads here, and nowhere else."),
    ] = Path()
    record: Annotated[
        Path | None,
        Parameter(
            metavar="FILE",
            help="Where the submits are recorded, so that none is sent twice; without it, in the user's directory of"
            " state. It holds hashes of requests and ids of tasks.",
        ),
    ] = None


StoreOption: TypeAlias = Annotated[
    str | None,
    Parameter(
        metavar="STORE",
        help=f"A SQLite file, or postgresql://USER@HOST/DATABASE; without it, from {STORE_VARIABLE}, else"
        f" {PROGRAM}.sqlite in the current directory. It holds the requests in clear, and no token.",
    ),
]


@frozen(kw_only=True, slots=False)
class Calling(Requesting):
    """What to do with the answer."""

    output: Annotated[
        Path | None,
        _file,
        Parameter(
            help="Write the answer here, whole or not at all; '-' for standard output. Without it, it is printed."
        ),
    ] = None


@frozen(kw_only=True, slots=False)
class Submitting(Printing, Requesting):
    """What to do with a task once it is submitted."""

    no_wait: Annotated[bool, _flag, Parameter(help="Print the task's id and stop.")] = False


@frozen(kw_only=True, slots=False)
class Storing(Reporting):
    """Which store."""

    store: StoreOption = None


@frozen(kw_only=True, slots=False)
class Working(Waiting):
    """How to work on a store."""

    store: StoreOption = None
    concurrency: Annotated[
        int | None,
        Parameter(metavar="N", help="Submits in flight, for each worker: 4, until one says otherwise for all."),
    ] = None
    rate: Annotated[
        str | None,
        Parameter(metavar="N/s", help="Submits a second (or N/m, N/h) of all workers together."),
    ] = None
    output_dir: Annotated[
        Path | None,
        Parameter(name=("--output-dir", "-o"), metavar="DIR", help="Write the files here."),
    ] = None
    lease: Annotated[
        float,
        Parameter(metavar="SECONDS", help="Silence after which a worker counts as dead, and others adopt its tasks."),
    ] = 60.0


@frozen(kw_only=True, slots=False)
class Spending(Working):
    """What may be submitted."""

    max_submits: Annotated[
        int | None,
        Parameter(metavar="N", help="Submit at most N requests; the others are held for a later 'resume'."),
    ] = None
    yes: Annotated[bool, _flag, Parameter(help="Submit without a question, whatever it costs.")] = False


@frozen(kw_only=True, slots=False)
class Batching(Spending, Judging):
    """How to submit a file of requests."""

    operation: Annotated[
        str | None, Parameter(metavar="ID", help="The operation that submits the lines which name none.")
    ] = None
    extension: Annotated[
        str | None,
        Parameter(metavar="EXT", help="The extension of the files that lines do not name, if not that of their type."),
    ] = None
    no_wait: Annotated[bool, _flag, Parameter(help="Enqueue only; workers and 'resume' do the rest.")] = False


def names_of(options: type[Reporting]) -> frozenset[str]:
    """Return what a field of a request cannot be called beside these options."""
    return frozenset({"help", "version", *(field.name for field in fields(options))})
