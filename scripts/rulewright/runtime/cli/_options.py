"""The options that commands share, as they stand on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from attrs import fields, frozen
from cyclopts import Group, Parameter

from .._api import BASE_URL_VARIABLE, TOKEN_VARIABLE
from .._client import MAX_DOWNLOAD

RUNNING: Final = Group("Running", sort_key=2)

_flag = Parameter(negative="", show_default=False)


@Parameter(name="*", group=RUNNING)
@frozen(kw_only=True)
class Reporting:
    """How to report."""

    json: Annotated[bool, _flag, Parameter(help="Print one JSON object on standard output.")] = False
    quiet: Annotated[bool, _flag, Parameter(help="Show no progress, only errors.")] = False
    verbose: Annotated[
        bool,
        _flag,
        Parameter(name=("--verbose", "-v"), help="Log each exchange on standard error, without token and request."),
    ] = False


@Parameter(name="*", group=RUNNING)
@frozen(kw_only=True)
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


@Parameter(name="*", group=RUNNING)
@frozen(kw_only=True)
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


@Parameter(name="*", group=RUNNING)
@frozen(kw_only=True)
class Printing(Waiting):
    """Where to write the file, if anywhere."""

    output: Annotated[
        Path | None,
        Parameter(
            name=("--output", "-o"),
            metavar="FILE",
            allow_leading_hyphen=True,
            help="Download the file and write it here, whole or not at all; '-' for standard output. Without it, its"
            " URLs are printed.",
        ),
    ] = None


@Parameter(name="*", group=RUNNING)
@frozen(kw_only=True)
class Saving(Waiting):
    """Where to write the file."""

    output: Annotated[
        Path,
        Parameter(
            name=("--output", "-o"),
            metavar="FILE",
            allow_leading_hyphen=True,
            help="Write the file here, whole or not at all; '-' for standard output.",
        ),
    ]


@Parameter(name="*", group=RUNNING)
@frozen(kw_only=True)
class Submitting(Printing):
    """What to do with a task once it is submitted."""

    no_wait: Annotated[bool, _flag, Parameter(help="Print the task's id and stop.")] = False
    allow_unlisted: Annotated[
        bool, _flag, Parameter(help="Send a value that is not among the choices, such as a new model.")
    ] = False


@Parameter(name="*", group=RUNNING)
@frozen(kw_only=True)
class Many(Waiting):
    """How to process many tasks."""

    concurrency: Annotated[int, Parameter(metavar="N", help="Lines processed at a time.")] = 4
    no_wait: Annotated[bool, _flag, Parameter(help="Submit only; 'resume' waits and downloads.")] = False
    waive: Annotated[
        list[str] | None,
        Parameter(metavar="ID", negative_iterable="", help="Switch off the rule with this id; may be repeated."),
    ] = None
    strict: Annotated[bool, _flag, Parameter(help="Refuse inferred rules too.")] = False


@Parameter(name="*", group=RUNNING)
@frozen(kw_only=True)
class Batching(Many):
    """Where to write the files and the journal of many tasks."""

    output_dir: Annotated[
        Path | None,
        Parameter(
            name=("--output-dir", "-o"),
            metavar="DIR",
            help="Write the files here; without it, into a directory beside FILE, named after it.",
        ),
    ] = None
    journal: Annotated[
        Path | None,
        Parameter(metavar="JOURNAL", help="Keep the journal here; without it, beside FILE as FILE.journal."),
    ] = None


@Parameter(name="*", group=RUNNING)
@frozen(kw_only=True)
class Judging(Reporting):
    """Which rules count."""

    waive: Annotated[
        list[str] | None,
        Parameter(metavar="ID", negative_iterable="", help="Switch off the rule with this id; may be repeated."),
    ] = None
    strict: Annotated[bool, _flag, Parameter(help="Refuse inferred rules too.")] = False


SUBMITTING_NAMES: Final = frozenset({"help", "version", *(field.name for field in fields(Submitting))})
"""What a field of a request cannot be called on the command line."""
