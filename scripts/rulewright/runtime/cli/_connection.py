"""The client of a command: for the API, or for a sandbox."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from .._addresses import is_loopback
from .._api import TOKEN_VARIABLE
from .._client import Client
from .._errors import ConfigurationError
from ._options import Connecting, Waiting
from ._signals import Clock, Interrupts

SANDBOX_TOKEN: Final = "sandbox"  # noqa: S105  (made up and published: the default of every sandbox)
SANDBOX_PACE: Final = 0.02
_TOKEN_LIMIT: Final = 64 * 1024


@contextmanager
def connect(options: Connecting, interrupts: Interrupts) -> Iterator[Client]:
    """Open the client that the options ask for.

    Raises:
        ConfigurationError: An option cannot be used, or there is no token.
    """
    with connection(options) as (settings, pace), Client(**settings, clock=Clock(interrupts, pace)) as client:
        yield client


@contextmanager
def connection(options: Connecting) -> Iterator[tuple[dict[str, Any], float]]:
    """Return what to give a client, and what to multiply its pauses by.

    Raises:
        ConfigurationError: An option cannot be used, or there is no token.
    """
    settings: dict[str, Any] = {"base_url": options.base_url}
    if isinstance(options, Waiting):
        settings["allow_private_downloads"] = options.allow_private_downloads
        settings["max_download_bytes"] = options.max_download_bytes
    with ExitStack() as stack:
        if options.sandbox and options.base_url is None:
            try:
                # The one import of the tool by a client: without --sandbox the client works alone.
                from rulewright.sandbox import Sandbox
            except ModuleNotFoundError as error:
                raise ConfigurationError(
                    f"--sandbox needs {error.name}, which is not installed", way_out="python -m pip install rulewright"
                ) from None
            settings["base_url"] = stack.enter_context(Sandbox(Client, token=SANDBOX_TOKEN).serve()).url
        yield {**settings, "token": token(options)}, SANDBOX_PACE if options.sandbox else 1.0


def check(options: Connecting, *, submits: bool) -> None:
    """Refuse a use of `--sandbox` that cannot work or would do harm.

    Raises:
        ConfigurationError: With what to do instead.
    """
    if not options.sandbox:
        return
    if options.base_url is None and not submits:
        raise ConfigurationError(
            "--sandbox alone starts a new sandbox, which knows no task yet",
            way_out="run 'rulewright sandbox' and give its URL as --base-url beside --sandbox",
        )
    try:
        is_local = options.base_url is None or is_loopback(urlsplit(options.base_url).hostname or "")
    except ValueError:
        is_local = False
    if not is_local:
        raise ConfigurationError(
            "--sandbox with --base-url is for a sandbox on this machine, because it polls without pauses",
            way_out="leave out --sandbox",
        )


def token(options: Connecting) -> str:
    """Return the token: from the file, from the sandbox, or from the environment.

    Raises:
        ConfigurationError: There is none, or its file cannot be read.
    """
    path = options.token_file
    if path is None and options.sandbox:
        # Never the real one: what listens there is not the API.
        return SANDBOX_TOKEN
    if path is None:
        if not os.environ.get(TOKEN_VARIABLE, "").strip():
            raise ConfigurationError(
                f"there is no token: set {TOKEN_VARIABLE} or give --token-file FILE",
                way_out="to try without a token and without network: --sandbox",
            )
        return os.environ[TOKEN_VARIABLE]
    try:
        if str(path) == "-" and sys.stdin is not None:
            text = sys.stdin.read(_TOKEN_LIMIT)
        else:
            with path.open(encoding="utf-8-sig") as file:
                text = file.read(_TOKEN_LIMIT)
    except OSError as error:
        raise ConfigurationError(f"--token-file {path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"--token-file {path}: is not text in UTF-8") from None
    lines = text.split()
    if len(lines) != 1:
        raise ConfigurationError(f"--token-file {path}: must hold one token and nothing else, got {len(lines)} words")
    return lines[0]
