"""A client and a sandbox in one process, with everything between them watched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import httpx
import requests

from rulewright.contract.cases import Probe
from rulewright.contract.client import Caller, ClientPackage, Inexpressible, Outcome, Skin
from rulewright.contract.contract import BASE, TOKEN, Contract, Subject, Verdict
from rulewright.contract.coverage import Ledger
from rulewright.contract.failure import Ask, Failure, blame_of
from rulewright.contract.request import Request, is_same
from rulewright.sandbox import Sandbox
from rulewright.sandbox.doors import Stream, Transport
from rulewright.testing import FakeClock

WARNINGS: Final = "x-sandbox-warnings"

MAX_BODY: Final = 1024**3
"""No limit of the sandbox: the document limits the size of a body."""

Exchanged = Callable[[httpx.Request, int, bytes], None]


class Watched(Transport):
    """A transport that reports what passes through it.

    Args:
        inner: Who answers; what it raises besides httpx errors is a crash of the server, so HTTP 500.
        sent: Called with each request.
        exchanged: Called with each request that was answered to the end, the status and the answer's body.
    """

    def __init__(self, inner: httpx.BaseTransport, sent: Callable[[httpx.Request], None], exchanged: Exchanged) -> None:
        super().__init__(self._handle)
        self._inner = inner
        self._sent = sent
        self._exchanged = exchanged

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self._sent(request)
        try:
            response = self._inner.handle_request(request)
        except httpx.HTTPError:
            raise  # a fault on purpose
        except Exception as error:  # noqa: BLE001  whatever it is, it is the server's
            response = httpx.Response(500, text=f"the server crashed: {type(error).__name__}: {error}")
        stream = Stream(self._read_parts(request, response), FakeClock())
        return httpx.Response(response.status_code, headers=response.headers.raw, stream=stream)

    def _read_parts(self, request: httpx.Request, response: httpx.Response) -> Iterator[tuple[float, bytes]]:
        stream: Any = response.stream  # a blocking transport gives one that can be iterated
        content = b""
        for part in stream:
            content += part
            yield 0.0, part
        self._exchanged(request, response.status_code, content)


class Bench:
    """A client whose server is a sandbox, and a way past the client to the same sandbox.

    Args:
        package: The client.
        document: The effective document; None for the one that the client carries.
        server: Who answers instead of the sandbox.
    """

    def __init__(
        self,
        package: ClientPackage,
        *,
        document: Mapping[str, Any] | None = None,
        server: httpx.BaseTransport | None = None,
    ) -> None:
        self.package = package
        self.token = TOKEN
        self.contract = Contract(package.document if document is None else document)
        self.sandbox = Sandbox(self.contract.document, token=TOKEN, max_body=MAX_BODY)
        self.ledger = Ledger(self.contract)
        self.compared = 0
        """Requests put to client and server so far."""
        self.called: set[str] = set()
        """The names of the operations that a client was asked to call."""
        self.sent: list[httpx.Request] = []
        """The requests that left a client since the last call began."""
        self.answered: tuple[int, bytes] = (0, b"")
        """Status and body of the last answer that a client got whole."""
        self._door = server or self.sandbox.transport()
        self._transport = Watched(self._door, self.sent.append, self._both)
        self._raw = httpx.Client(
            base_url=BASE, transport=Watched(self._door, lambda _: None, self._server), trust_env=False
        )
        self._callers: dict[Skin, Caller] = {}

    def _both(self, request: httpx.Request, status: int, answer: bytes) -> None:
        self.answered = (status, answer)
        self.ledger.exchange("client", request, status, answer)
        self._server(request, status, answer)

    def _server(self, request: httpx.Request, status: int, answer: bytes) -> None:
        self.ledger.exchange("server", request, status, answer)

    def caller(self, skin: Skin = "sync") -> Caller:
        """Return the one client of a kind, made by the first call: a new one for each request would dominate a run."""
        if skin not in self._callers:
            self._callers[skin] = self.open(skin)
        return self._callers[skin]

    def open(self, skin: Skin, transport: httpx.BaseTransport | None = None) -> Caller:
        """Return a new client, of the sandbox or of another transport."""
        return self.package.open(
            skin, TOKEN, BASE + self.contract.spec.base_path, transport or self._transport, FakeClock()
        )

    def call(self, request: Request, skin: Skin = "sync", **options: Any) -> Outcome:
        """Call an operation; `sent` then holds the requests that left.

        Raises:
            Inexpressible: The client has no arguments for the request.
        """
        self.sent.clear()
        self.called.add(request.operation.name)
        return self.caller(skin).call(request, **options)

    def send(self, ask: Ask, **headers: str) -> httpx.Response:
        """Send a raw request, past the client.

        Args:
            ask: The request.
            **headers: More headers, with `_` for `-`.
        """
        self.compared += 1
        target, given = ask.sent(TOKEN)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._raw.request(ask.method, target, headers={**given, **more}, content=ask.content)

    def pass_on(self, request: requests.PreparedRequest, subject: Subject) -> httpx.Response:
        """Send a request of another HTTP library past the client, with the credential of its operation."""
        self.compared += 1
        given = {name: v.decode("latin-1") if isinstance(v, bytes) else v for name, v in request.headers.items()}
        ask = Ask(str(request.method), str(request.url), given, carriers=subject.carriers)
        target, headers = ask.sent(TOKEN)
        # As bytes: one library takes any character of Latin-1 in a header, the other ASCII only.
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        body: Any = request.body
        return self._raw.request(ask.method, target, headers=encoded, content=body)

    def submit(self, subject: Subject, script: str, skin: Skin = "sync") -> Outcome:
        """Start a task that follows a script."""
        self.sandbox.reset()
        self.sandbox.script(script)
        return self.call(subject.request, skin)

    def start(self, subject: Subject, script: str, skin: Skin = "sync") -> Any:
        """Start a task that follows a script, and return its handle.

        Raises:
            AssertionError: The submit was not accepted.
        """
        outcome = self.submit(subject, script, skin)
        if outcome.error is not None:
            raise AssertionError(f"a valid submit ended with {outcome.name}: {outcome.error}") from outcome.error
        return outcome.value

    def valid(self, subject: Subject, script: str = "") -> Request:
        """Return a valid request of an operation; for the state of a task, one is started first.

        Args:
            subject: The operation.
            script: How that task goes.
        """
        waiter = subject.operation.waiter
        submit = next((each for each in self.contract.submits if each.poll is subject and not each.untried), None)
        if waiter is None or submit is None:
            return subject.request
        self.sandbox.script(script)
        known = set(self.sandbox.core.tasks)
        self.send(self.contract.ask(submit, submit.request))
        return subject.poll_request(next(each for each in self.sandbox.core.tasks if each not in known))

    def agree_on_parameters(self, subject: Subject, case: str, request: Request) -> Failure | None:
        """Put a request whose parameters have rules to compiled rules, client and server."""
        ask, right = self.contract.ask(subject, request), self.contract.maker.keeps_parameter_rules(request)
        wanted = (subject.operation.success.status,) if right else (400, 422)
        status = self.send(ask).status_code
        if status not in wanted:
            return Failure(case, f"{subject} parameters", f"HTTP {status}", f"HTTP {wanted}", "server", ask)
        if not self.package.has(subject.operation.method, subject.operation.path) or not self.package.expresses(
            request
        ):
            return None
        found = {rule for rule, level in self.package.parameter_violations(request) if level == "error"}
        if bool(found) is right:
            got = f"broken {', '.join(found) or 'nothing'}"
            return Failure(case, f"{subject} parameters", got, "accepted" if right else "refused", "rules", ask)
        outcome = self.call(request)
        refused = self.package.refusals(outcome)
        if set(refused or ()) != found or (not right and self.sent):
            got = f"{outcome.name}, {len(self.sent)} sent"
            return Failure(case, f"{subject} parameters", got, f"refused for {found or 'nothing'}", "client", ask)
        return None

    def agree(self, subject: Subject, case: str, request: Request) -> Failure | None:
        """Put a request with a JSON body to everybody; return the failure of the one who disagrees with the document.

        Args:
            subject: The operation.
            case: What is tried.
            request: The request.
        """
        verdict = subject.verdict(request.body)
        ask = self.contract.ask(subject, request)
        answer = self.send(ask)
        server = None if verdict.is_free else _server_problem(answer, subject, verdict)
        rules = client = None
        if self.package.has(subject.operation.method, subject.operation.path):
            rules = self._rules_problem(subject, request, verdict)
            client = self._client_problem(subject, request, verdict)
        if verdict.consistent and not (rules or client or server):
            return None
        blame = blame_of(document=verdict.consistent, rules=rules is None, server=server is None)
        place = ", ".join((*verdict.broken, *verdict.warned)) or ("no rule" if verdict.fits else "the schema")
        got = {
            "document": "the schema's own keywords and x-rules disagree",
            "rules": rules,
            "server": server,
            "client": client,
        }[blame]
        return Failure(f"{subject.name}: {case}", place, str(got), _expectation(verdict), blame, ask, request.body)

    def _rules_problem(self, subject: Subject, request: Request, verdict: Verdict) -> str | None:
        """Ask the compiled rules, of the body as JSON and as a model; return what they find otherwise."""
        if not self.package.judges(request):
            return None
        try:
            found = [self.package.body_violations(request)]
            if self.package.expresses(request):
                found.append(self.package.model_violations(request))
        except Exception as error:  # noqa: BLE001  checks that crash are a finding of this check
            return f"{type(error).__name__}: {error}"
        for each in found:
            errors = {rule for rule, level in each if level == "error"}
            warned = {rule for rule, level in each if level != "error"}
            if verdict.is_free:
                errors.discard("schema")  # it may be refused early, too
            if (errors, warned) != (_ids(verdict), set(verdict.warned)):
                return f"broken {_join_names(errors)}; warned of {_join_names(warned)}"
        if not verdict.accepted:
            self.ledger.refused(subject, request.body)
        return None

    def _client_problem(self, subject: Subject, request: Request, verdict: Verdict) -> str | None:
        """Call the client; return what it does otherwise."""
        self.sandbox.core.queue.clear()
        try:
            outcome = self.call(request)
        except Inexpressible:
            return None
        refused = self.package.refusals(outcome)
        if verdict.is_free and refused is not None and set(refused) == {"schema"}:
            return None
        if not verdict.accepted:
            right = not self.sent and refused is not None and set(refused) == _ids(verdict)
            return None if right or not self.package.judges(request) else f"{outcome.name}, {len(self.sent)} sent"
        if request.body is None and not self.sent:
            return None  # in Python None is no body
        if refused is not None or len(self.sent) != 1:
            return f"{outcome.name}, {len(self.sent)} sent: {outcome.error}"
        if set(outcome.warned) != set(verdict.warned):
            return f"a warning of {', '.join(outcome.warned) or 'nothing'}"
        if not verdict.is_free and subject.poll is not None and outcome.error is not None:
            return f"{outcome.name}: {outcome.error}"
        return self._sent_problem(subject, request)

    def _sent_problem(self, subject: Subject, request: Request) -> str | None:
        """Return what is wrong with the request as it was sent."""
        (sent,), operation = self.sent, subject.operation
        ask = self.contract.ask(subject, request)
        path = ask.target.partition("?")[0]
        if (sent.method, sent.url.raw_path.decode().partition("?")[0]) != (operation.method, path):
            return f"sent {sent.method} {sent.url}"
        # an object without fields is no body where none need be given
        if (sent.content or request.body != {}) and not is_same(json.loads(sent.content or "null"), request.body):
            return f"sent the body {sent.content.decode('utf-8', 'replace')[:300]}"
        kind = sent.headers.get("content-type", "nothing") if sent.content else str(request.media)
        return None if kind.partition(";")[0] == request.media else f"sent the content type {kind}"

    def put(self, probe: Probe) -> Failure | None:
        """Send a raw request; return the failure if its status is not among those wanted."""
        return probe.failure(self.send(probe.ask).status_code)

    def close(self) -> None:
        """Close every client."""
        for caller in self._callers.values():
            caller.close()
        self._raw.close()


def _join_names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _ids(verdict: Verdict) -> set[str]:
    return {*verdict.broken, *(() if verdict.fits else ("schema",))}


def _expectation(verdict: Verdict) -> str:
    if not verdict.accepted:
        return f"refused for {', '.join(verdict.broken) or 'its schema'}"
    return f"accepted, with a warning of {', '.join(verdict.warned)}" if verdict.warned else "accepted"


def _server_problem(answer: httpx.Response, subject: Subject, verdict: Verdict) -> str | None:
    """Return what a server answers otherwise than the document states.

    The sandbox also names the rules; another server need not.
    """
    if verdict.accepted:
        warned = set(filter(None, answer.headers.get(WARNINGS, "").split(",")))
        waiter = subject.operation.waiter
        of_nobody = waiter is not None and waiter.member and answer.status_code == 404
        if answer.status_code != subject.operation.success.status and not of_nobody:
            return f"HTTP {answer.status_code}: {answer.text[:200]}"
        return None if warned == set(verdict.warned) else f"a warning of {', '.join(warned) or 'nothing'}"
    if answer.status_code not in {400, 422}:
        return f"HTTP {answer.status_code}"
    try:
        entries = answer.json().get("violations", [])
    except (ValueError, AttributeError):
        return None
    rules = {entry["rule"] for entry in entries if "rule" in entry}
    fits = not any("keyword" in entry for entry in entries)
    if not entries or (rules == set(verdict.broken) and fits is verdict.valid):
        return None
    return f"HTTP {answer.status_code} for {', '.join(entry.get('rule') or entry['keyword'] for entry in entries)}"
