"""The sandbox as its users have it, and where it finds the document that it plays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rulewright.openapi.document import load
from rulewright.sandbox.core import Core
from rulewright.sandbox.doors import Application, Listener, Running, Transport, ask
from rulewright.sandbox.exchange import Recorded, Request, Response
from rulewright.sandbox.script import Script, Timing
from rulewright.sandbox.spec import Spec, SpecError
from rulewright.sandbox.tasks import SANDBOX_TOKEN, Clock, Settings, SteadyClock

if TYPE_CHECKING:
    import respx

DOCUMENT: Final = "openapi.effective.json"
"""The file in which a client package has its effective document."""

Document = Mapping[str, Any] | Path | str | type
"""An effective document, its file (JSON or YAML), the name of a client package that has one, or a client's class."""


class Sandbox:
    """A server that plays an effective document: checks, tasks with a life, result files, faults.

    One core behind three doors: `transport` and `mock` (in process), `app` (ASGI), `serve` (TCP).

    Args:
        document: The effective document, its file, the name of a client package, or a client's class.
        token: The accepted credential.
        seed: The seed of the task ids: the same seed and the same requests give the same bytes.
        timing: How long each state lasts; by default for one poll.
        script: The script of tasks that neither the queue nor a header gives one, as a `Script` or as text.
        strict: Enforce rules of level "warning" too.
        clock: The time; by default real elapsed time with an invented calendar.
        max_tasks: How many tasks are kept; beyond it the oldest ended ones are forgotten.
        max_body: The largest request body accepted, in bytes.

    Raises:
        InputError: The document cannot be read, or a schema in it cannot be compiled.
        SpecError: The sandbox cannot act on the document.
        ScriptError: The script cannot be parsed, or the document has no state for its outcome.
    """

    def __init__(
        self,
        document: Document,
        *,
        token: str = SANDBOX_TOKEN,
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
        """Queue the scripts of the next submits, one each.

        Raises:
            ScriptError: A script cannot be parsed; none was queued.
        """
        self.core.enqueue([Script.parse(script) if isinstance(script, str) else script for script in scripts])

    @property
    def requests(self) -> list[Recorded]:
        """The requests so far, oldest first; credentials read `[accepted]` or `[refused]`."""
        with self.core.lock:
            return self.core.journal.entries()

    def reset(self) -> None:
        """Forget tasks, queued scripts and recorded requests, and start the ids again."""
        self.core.reset()

    def handle(self, request: Request) -> Response:
        """Answer a request given as plain data."""
        return self.core.handle(request)

    def provenance(self) -> list[str]:
        """Return a line for each operation, rule and invention: how sure it is, and what it is."""
        return [str(each) for each in self.core.provenance()]

    def transport(self) -> Transport:
        """Return an httpx transport, sync and async, that ends in this sandbox."""
        return Transport(partial(ask, self.core))

    def mock(self, router: respx.MockRouter) -> respx.Route:
        """Let a respx router answer every request it has no other route for from this sandbox."""
        return router.route().mock(side_effect=partial(ask, self.core))

    @property
    def app(self) -> Application:
        """The sandbox as a Starlette application."""
        return Application(self.core)

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Running:
        """Listen on a port until the returned object is stopped; its `url` is the base URL for clients.

        Raises:
            OSError: The address cannot be listened on.
        """
        return Running(Listener(self.core, host, port))


def serve(document: Document, host: str = "127.0.0.1", port: int = 0, **options: Any) -> Running:
    """Listen with a new sandbox; the options are those of `Sandbox`."""
    return Sandbox(document, **options).serve(host, port)


def read_document(document: Document) -> Mapping[str, Any]:
    """Return an effective document as JSON.

    Raises:
        InputError: There is no such file or package, or the file is not a JSON object.
    """
    if isinstance(document, Mapping):
        return document
    path = document if isinstance(document, Path) else _document_of(document)
    try:
        # A document that regeneration wrote is read as JSON, which is much faster than YAML.
        value = json.loads(path.read_bytes()) if path.suffix.lower() == ".json" else load(path).value
    except OSError as error:
        raise SpecError(f"the effective document cannot be read: {error.strerror}", path=path.as_posix()) from error
    except ValueError as error:
        raise SpecError(f"the effective document is not JSON: {error}", path=path.as_posix()) from error
    if not isinstance(value, dict):
        raise SpecError("the effective document is not a JSON object", path=path.as_posix())
    return value


def _document_of(client: str | type) -> Path:
    """Return the effective document of a client package, by its name or by a class in it.

    A class may be written by hand over a generated one, so the packages of its bases are searched too.
    """
    modules = [client] if isinstance(client, str) else [base.__module__ for base in client.__mro__]
    for module in modules:
        names = module.split(".")
        for end in range(len(names), 0, -1):
            try:
                found = find_spec(".".join(names[:end]))
            except (ImportError, ValueError):
                continue  # a parent that cannot be imported, or a malformed name
            for folder in (found.submodule_search_locations or ()) if found else ():
                if (path := Path(folder) / DOCUMENT).is_file():
                    return path
    shown = client if isinstance(client, str) else client.__qualname__
    raise SpecError(f"{shown!r}: there is no client package of this name that has a file {DOCUMENT}")
