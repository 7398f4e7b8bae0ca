"""The bench a contract is tried on: a client and a server, with everything between them watched."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import attrs
import httpx
from attrs import frozen
from mountsea_gemini_api.rules import BODIES, RuleViolation, RuleWarning, Violation, validate
from rulewright.sandbox import Sandbox
from rulewright.testing import FakeClock

from ..._client import Client
from ..._errors import ApiError, RequestRefused
from ..._particular import TOKEN_VARIABLE
from ..._tasks import Task
from ._contract import Contract, Promise
from ._exchange import Ask, Exchange, Watched
from ._ledger import Ledger

BASE: Final = "http://127.0.0.1:9"  # nobody listens there: what escapes the transport fails
TOKEN: Final = "sandbox"  # noqa: S105  the sandbox's own, published on purpose
WRONG: Final = "not-the-token"


class Survived(httpx.BaseTransport):
    """A transport behind which a crash of the server is what it would be over a network: HTTP 500."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass one request on."""
        try:
            return self._inner.handle_request(request)
        except httpx.HTTPError:
            raise  # a fault on purpose
        except Exception as error:  # noqa: BLE001  whatever it is, it is the server's
            return httpx.Response(500, text=f"the server crashed: {type(error).__name__}: {error}")


@frozen(eq=False)
class Called:
    """What came of one call of the client.

    Attributes:
        task: The handle, if it was accepted.
        error: The error, if not.
        sent: The requests that left the client.
        warned: Ids of the rules it warned of.
    """

    task: Task | None
    error: Exception | None
    sent: tuple[httpx.Request, ...]
    warned: tuple[str, ...]

    @property
    def refused(self) -> tuple[str, ...] | None:
        """Ids of what the client refused to send, `schema` for a misfit; None if it refused nothing."""
        if not isinstance(self.error, RequestRefused):
            return None
        return tuple(dict.fromkeys(each.rule for each in self.error.violations if each.level == "error"))

    @property
    def told(self) -> str:
        """The outcome in a few words."""
        if self.error is None:
            return f"accepted, {len(self.sent)} sent"
        if self.refused is not None:
            return f"refused by the client for {', '.join(self.refused)}, {len(self.sent)} sent"
        return f"{type(self.error).__name__}, {len(self.sent)} sent"


class Bench:
    """A client whose server is a sandbox, and a door for raw requests to the same sandbox.

    Args:
        contract: What is tried.
        server: Another way to answer than the sandbox's own in-process door.
    """

    variable: Final = TOKEN_VARIABLE
    base = BASE

    def __init__(self, contract: Contract | None = None, server: httpx.BaseTransport | None = None) -> None:
        self.contract = contract or Contract()
        self.ledger = Ledger(self.contract)
        self.sandbox = Sandbox(dict(self.contract.document), token=TOKEN)
        self.clock = FakeClock()
        self._sent: list[httpx.Request] = []
        door = Survived(server or self.sandbox.transport())
        self.transport = Watched(door, self._both, self._sent.append)
        self.client = Client(TOKEN, base_url=BASE, transport=self.transport, clock=self.clock)
        self.raw = httpx.Client(base_url=BASE, transport=Watched(door, self._served), trust_env=False)
        self.arguments = self._names()

    def _both(self, exchange: Exchange) -> None:
        self.ledger.exchange("client", exchange)
        self.ledger.exchange("server", exchange)

    def _served(self, exchange: Exchange) -> None:
        self.ledger.exchange("server", exchange)

    def ask(self, ask: Ask) -> httpx.Response:
        """Send a raw request, past the client."""
        headers = dict(ask.headers)
        if ask.credential in {"right", "wrong"}:
            headers["Authorization"] = f"Bearer {TOKEN if ask.credential == 'right' else WRONG}"
        elif ask.credential != "none":
            headers["Authorization"] = ask.credential
        return self.raw.request(ask.method, ask.target, headers=headers, content=ask.content)

    def speaks(self, body: Any) -> bool:
        """Tell whether a typed call can express a body: what is optional is left out, never None."""
        promise = self.contract.submit
        if not isinstance(body, Mapping) or promise.space is None:
            return False
        known = {field.name: field for field in promise.space.fields}
        return all(name in body for name, field in known.items() if field.required) and not any(
            body[name] is None for name in body if name in known and not known[name].required
        )

    def call(self, body: Mapping[str, Any], **options: Any) -> Called:
        """Submit a body through the client's typed call."""
        given, extra = self._divided(body)
        self._sent.clear()
        task: Task | None = None
        error: Exception | None = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", RuleWarning)
            try:
                task = getattr(self.client, str(self.contract.submit.general))(**given, extra=extra, **options)
            except ApiError as found:
                error = found
            except Exception as found:  # noqa: BLE001  whatever is no error of ours is what a check looks for
                error = found
        called = Called(task, error, tuple(self._sent), _named(caught))
        if called.refused is not None and not self._sent:
            self.ledger.refused(self.contract.submit, body)
        return called

    def compiled(self, body: Any, **options: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what the compiled rules say of a body: broken and warned ids, `schema` for a misfit.

        Args:
            body: A JSON object, or a model.
            **options: Those of `validate`: waive, strict.
        """
        found: tuple[Violation, ...] = ()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                validate(body, model=self._model() if isinstance(body, Mapping) else None, **options)
            except RuleViolation as refusal:
                found = refusal.violations
        errors = tuple(dict.fromkeys(each.rule for each in found if each.level == "error"))
        if errors and isinstance(body, Mapping):
            self.ledger.refused(self.contract.submit, body)
        return errors, (*(each.rule for each in found if each.level != "error"), *_named(caught))

    def modelled(self, body: Mapping[str, Any]) -> Any:
        """Return a JSON object as the model of it, built as the typed call builds it."""
        given, extra = self._divided(body)
        model = self._model()(**given)
        if extra:
            model.additional_properties.update(extra)
        return model

    def refuses(self, body: Any, **options: Any) -> bool:
        """Tell whether the compiled rules refuse a JSON object; options are those of `validate`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuleWarning)
            try:
                validate(body, model=self._model(), **options)
            except RuleViolation:
                return True
        return False

    def _divided(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the fields of a body that have an argument, by its name, and the others."""
        names = self.arguments
        given = {names[name]: value for name, value in body.items() if name in names}
        return given, {name: value for name, value in body.items() if name not in names}

    def _model(self) -> type[Any]:
        wanted = set((self.contract.submit.schema or {}).get("properties", {}))
        return next(
            (model for model, body in BODIES.items() if body.is_json and set(body.fields) == wanted),
            next(model for model, body in BODIES.items() if body.is_json),
        )

    def _names(self) -> dict[str, str]:
        """Return the Python name of each field of the submit's body."""
        fields = {_bare(field.name): field.name for field in attrs.fields(self._model()) if field.init}
        promise: Promise = self.contract.submit
        return {field.name: fields[_bare(field.name)] for field in (promise.space.fields if promise.space else ())}

    def close(self) -> None:
        """Close both clients."""
        self.client.close()
        self.raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _named(caught: Iterable[warnings.WarningMessage]) -> tuple[str, ...]:
    """Return the ids of the rules that were warned of."""
    return tuple(str(each.message).partition(":")[0] for each in caught if each.category is RuleWarning)


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def sent_json(request: httpx.Request) -> Any:
    """Return the JSON a request carried, or its bytes."""
    try:
        return json.loads(request.content)
    except ValueError:
        return request.content
