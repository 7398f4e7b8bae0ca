"""A sandbox of the effective spec and a generated client of it, with what each operation is called with."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx
from attrs import evolve
from mountsea_gemini_api._operation import Operation as Generated
from mountsea_gemini_api.client import Client
from mountsea_gemini_api.operations import OPERATIONS
from mountsea_gemini_api.types import Response
from rulewright.sandbox import Sandbox, read_document
from rulewright.sandbox.spec import Operation

from ._calling import arguments, call
from ._values import Maker, Values

TOKEN: Final = "sandbox"  # noqa: S105  the sandbox's own, published on purpose
BASE: Final = "http://127.0.0.1:9"  # nobody listens there: what escapes the transport fails
PLACES: Final = {"params": "query", "headers": "header", "cookies": "cookie"}
UNREADABLE: Final = (TypeError, ValueError, LookupError, AttributeError)
"""What generated code raises over an answer that is not as the document says."""


class Played:
    """Plays the API for the generated client.

    Args:
        url: Where a sandbox listens; None to ask one in this process.
    """

    def __init__(self, url: str | None = None) -> None:
        self.document = dict(read_document(Client))
        self.sandbox = Sandbox(self.document, token=TOKEN)
        self.spec = self.sandbox.core.spec
        self.maker = Maker(self.spec)
        self._url = url or BASE + self.spec.base_path
        self._transport = None if url else self.sandbox.transport()
        self._generated = {(each.method.upper(), each.path): each for each in OPERATIONS.values()}
        self.raw = httpx.Client(transport=self._transport, trust_env=False)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The operations of the document that the generated client has."""
        return tuple(each for each in self.spec.operations if (each.method, each.path) in self._generated)

    def generated(self, operation: Operation) -> Generated[..., Any]:
        """Return what the generated package has of an operation."""
        return self._generated[operation.method, operation.path]

    def values(self, operation: Operation) -> Values:
        """Return a request that is in order; where it asks about a task, one is started first.

        Raises:
            NoValueError: There is none to be found.
        """
        values = self.maker.values(operation)
        keys = {f"{PLACES[place]}:{name}".lower(): value for place, name, value in self._carried(operation)}
        parameters = {key: keys.get(key.lower(), value) for key, value in values.parameters.items()}
        values = evolve(values, parameters=parameters)
        if operation.waiter is None:
            return values
        place = next(each.place for each in operation.parameters if each.name == operation.waiter.parameter)
        key = f"{place}:{operation.waiter.parameter}"
        return Values({**values.parameters, key: self._task(operation)}, values.media, values.body)

    def _task(self, poll: Operation) -> Any:
        for operation in self.spec.operations:
            for link in operation.links:
                if link.poll == poll.name:
                    answer: Any = self.ask(operation, self.values(operation)).json()
                    for token in link.id.split("/")[1:]:
                        answer = answer[token.replace("~1", "/").replace("~0", "~")]
                    return answer
        raise LookupError(f"{poll.name} tells of tasks, and no operation's link leads to it")

    def call(self, operation: Operation, values: Values) -> Response[Any]:
        """Call an operation through the generated client."""
        with self._client(operation) as client:
            return call(self.generated(operation), values, client)

    def _client(self, operation: Operation) -> Client:
        carried = self.credentials(operation)
        extra: dict[str, Any] = {"params": carried["params"], "trust_env": False}
        if self._transport is not None:
            extra["transport"] = self._transport
        headers, cookies = dict(carried["headers"]), dict(carried["cookies"])
        return Client(base_url=self._url, headers=headers, cookies=cookies, httpx_args=extra)

    def ask(self, operation: Operation, values: Values, *, known: bool = True, **changes: Any) -> httpx.Response:
        """Send a request past the client's typed functions; the arguments are those of `request`."""
        return self.raw.send(self.request(operation, values, known=known, **changes))

    def request(self, operation: Operation, values: Values, *, known: bool = True, **changes: Any) -> httpx.Request:
        """Return the HTTP request of an operation.

        Args:
            operation: What is asked for.
            values: Its arguments, in order.
            known: Whether to carry the credential.
            **changes: Parts of the request, as `httpx.Client.request` names them, that replace the right ones.
        """
        generated = self.generated(operation)
        made = generated.request(**arguments(generated, values))
        keys = self.sandbox.core.guard.carriers(operation)  # a parameter of the operation may carry the key, too
        plain = {
            part: {name: value for name, value in made.get(part, {}).items() if (place, name.lower()) not in keys}
            for part, place in PLACES.items()
        }
        carried = self.credentials(operation) if known else {part: {} for part in PLACES}
        merged = {part: {**plain[part], **carried[part]} for part in PLACES}
        merged["headers"] |= changes.pop("headers", {})
        made = {**made, **merged, **changes}
        cookies = "; ".join(f"{name}={value}" for name, value in made.pop("cookies").items())
        made["headers"] = {**made["headers"], **({"Cookie": cookies} if cookies else {})}
        return self.raw.build_request(made.pop("method"), self._url + made.pop("url"), **made)

    def credentials(self, operation: Operation) -> Mapping[str, Mapping[str, str]]:
        """Return the parts of a request that carry the credential where the document wants it."""
        found: dict[str, dict[str, str]] = {"params": {}, "headers": {}, "cookies": {}}
        for place, name, value in self._carried(operation):
            found[place][name] = value
        return found

    def _carried(self, operation: Operation) -> Iterator[tuple[str, str, str]]:
        schemes = (self.document.get("components") or {}).get("securitySchemes") or {}
        for name in operation.security[0] if operation.security else ():
            scheme = self.spec.resolve(schemes[name])
            if scheme["type"] == "apiKey":
                place = {"query": "params", "header": "headers", "cookie": "cookies"}[scheme["in"]]
                yield place, scheme["name"], TOKEN
            elif scheme.get("scheme", "").lower() == "basic":
                yield "headers", "Authorization", "Basic " + base64.b64encode(f"user:{TOKEN}".encode()).decode()
            else:
                yield "headers", "Authorization", f"Bearer {TOKEN}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.raw.close()
