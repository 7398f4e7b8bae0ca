"""The sandbox as its users hold it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rulewright.sandbox._clock import Clock, SteadyClock
from rulewright.sandbox._core import Core, Settings
from rulewright.sandbox._http import Request, Response
from rulewright.sandbox._journal import Recorded
from rulewright.sandbox._labels import labels
from rulewright.sandbox._script import Script, Timing
from rulewright.sandbox._spec import Spec, SpecError

if TYPE_CHECKING:
    import httpx
    import respx

    from rulewright.sandbox._asgi import Application
    from rulewright.sandbox._inprocess import Transport
    from rulewright.sandbox._server import Running

DOCUMENT: Final = "openapi.effective.json"
"""The file in which a client package carries its effective document."""

Document = Mapping[str, Any] | Path | str | type


class Sandbox:
    """A server that behaves as an effective spec says: checks, tasks with a life, result files, faults.

    One core behind three doors: `transport` and `mock` (in process), `app` (ASGI), `serve` (TCP).

    Args:
        document: The effective document, its file, the name of a client package, or a client's class.
        token: The accepted credential.
        seed: Decides the ids of tasks: the same seed and the same requests give the same bytes.
        timing: How long each state lasts; by default each is shown to one poll.
        script: What becomes of tasks that nothing else speaks for, as a `Script` or as its text.
        strict: Refuse bodies that break rules of level "warning" too.
        clock: What time it is; by default real elapsed time with a made-up calendar.
        max_tasks: How many tasks are remembered; then the oldest ended ones are forgotten.
        max_body: The largest request body accepted, in bytes.

    Raises:
        SpecError: The spec cannot be read or played.
        ScriptError: The script cannot be understood, or the spec has no state for its outcome.
    """

    def __init__(
        self,
        document: Document,
        *,
        token: str = "sandbox",  # noqa: S107  a made-up one, published on purpose
        seed: int = 0,
        timing: Timing | None = None,
        script: Script | str = "",
        strict: bool = False,
        clock: Clock | None = None,
        max_tasks: int = 10_000,
        max_body: int = 1024 * 1024,
    ) -> None:
        script = Script.parse(script) if isinstance(script, str) else script
        settings = Settings(token, seed, timing or Timing(), script, strict, max(1, max_tasks), max_body)
        self.core = Core(Spec(read_document(document)), settings, clock or SteadyClock())

    def script(self, *scripts: Script | str) -> None:
        """Queue what becomes of the next submits, one script each.

        Raises:
            ScriptError: A script cannot be understood; none of them was queued.
        """
        self.core.enqueue([Script.parse(script) if isinstance(script, str) else script for script in scripts])

    @property
    def requests(self) -> list[Recorded]:
        """What was asked so far, oldest first; credentials read `[accepted]` or `[refused]`."""
        with self.core.lock:
            return self.core.journal.entries()

    def reset(self) -> None:
        """Forget tasks, queued scripts and recorded requests, and start the ids again."""
        self.core.reset()

    def handle(self, request: Request) -> Response:
        """Answer a request given as plain data."""
        return self.core.handle(request)

    def labels(self) -> list[str]:
        """Return a line for each operation, rule and invention: how sure it is, and what it is."""
        return [str(label) for label in labels(self.core)]

    def transport(self) -> Transport:
        """Return an httpx transport, sync and async, that ends in this sandbox."""
        from rulewright.sandbox._inprocess import Transport  # noqa: PLC0415  a server needs no httpx

        return Transport(self.core)

    def mock(self, router: respx.MockRouter) -> respx.Route:
        """Let a respx router answer every request it has no other route for from this sandbox."""
        from rulewright.sandbox._inprocess import ask  # noqa: PLC0415

        def side_effect(request: httpx.Request) -> httpx.Response:
            return ask(self.core, request)

        return router.route().mock(side_effect=side_effect)

    @property
    def app(self) -> Application:
        """The sandbox as a Starlette application."""
        from rulewright.sandbox._asgi import Application  # noqa: PLC0415

        return Application(self.core)

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Running:
        """Listen on a port until the returned object is stopped; its `url` is what clients need.

        Raises:
            OSError: The address cannot be listened on.
        """
        from rulewright.sandbox._server import Listener, Running  # noqa: PLC0415

        return Running(Listener(self.core, host, port))


def serve(document: Document, host: str = "127.0.0.1", port: int = 0, **options: Any) -> Running:
    """Listen with a new sandbox; the options are those of `Sandbox`."""
    return Sandbox(document, **options).serve(host, port)


def _document_of(client: str | type) -> Path:
    """Return the effective document of a client: of the package that the name or the class stands for.

    A class may be written by hand over a generated one, so the packages of its bases are searched too.
    """
    modules = [client] if isinstance(client, str) else [base.__module__ for base in client.__mro__]
    for module in modules:
        names = module.split(".")
        for end in range(len(names), 0, -1):
            try:
                found = find_spec(".".join(names[:end]))
            except (ImportError, ValueError):
                continue  # a parent that cannot be imported, or a name that is none
            for folder in (found.submodule_search_locations or ()) if found else ():
                if (path := Path(folder) / DOCUMENT).is_file():
                    return path
    shown = client if isinstance(client, str) else client.__qualname__
    raise SpecError(f"{shown}: there is no client package of this name that carries {DOCUMENT}")


def read_document(document: Document) -> Mapping[str, Any]:
    """Return an effective document as JSON.

    Args:
        document: The document, its file, the name of a client package, or a client's class.

    Raises:
        SpecError: There is no such file or package, or the file is not a JSON object.
    """
    if isinstance(document, Mapping):
        return document
    place = document if isinstance(document, Path) else _document_of(document)
    try:
        value = json.loads(place.read_bytes())
    except OSError as error:
        raise SpecError(f"{place}: the effective spec cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SpecError(f"{place}: the effective spec is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise SpecError(f"{place}: the effective spec is not a JSON object")
    return value
