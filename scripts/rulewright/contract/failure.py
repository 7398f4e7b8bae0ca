"""A failed check: where, what was wanted, who is at fault, and the line that reproduces it."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping
from typing import Any, Final, Literal

from attrs import evolve, field, frozen

from rulewright.errors import printable

Blame = Literal["client", "rules", "server", "document"]
_WHO: Final[Mapping[Blame, str]] = {
    "client": "the client",
    "rules": "the compiled rules in the client",
    "server": "the server",
    "document": "the effective document",
}
_SHOWN: Final = 600
_TOKEN: Final = "\x00"  # noqa: S105  no token
"""Stands for the token in a line for a shell, until the name of its variable takes its place."""
WRONG: Final = "not-the-token"
"""The credential of requests that must be refused for it."""


def _size(content: bytes | None) -> str:
    return "None" if content is None else f"<{len(content)} bytes>"


@frozen
class Carrier:
    """Where a request carries the token.

    Attributes:
        place: `header`, `query` or `cookie`.
        name: Of the header, parameter or cookie.
        scheme: `bearer` or `basic` for a word before the token, empty for the token alone.
    """

    place: str
    name: str
    scheme: str

    def value(self, token: str) -> str:
        """Return what the request carries."""
        if self.scheme == "basic":
            return "Basic " + base64.b64encode(f"user:{token}".encode()).decode()
        return f"Bearer {token}" if self.scheme == "bearer" else token


@frozen
class Ask:
    """One request as it goes over the wire, without its credential.

    Attributes:
        method: In capitals.
        target: Path and query.
        headers: Besides the credential.
        content: The body's bytes; None for no body.
        carriers: Where the credential goes.
        credential: `right`, `wrong` or `none`; any other text goes into the header Authorization as it is.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(factory=dict)
    content: bytes | None = field(default=None, repr=_size)
    carriers: tuple[Carrier, ...] = ()
    credential: str = "right"

    def sent(self, token: str) -> tuple[str, dict[str, str]]:
        """Return target and headers with the credential.

        Args:
            token: The accepted one.
        """
        target, headers = self.target, dict(self.headers)
        if self.credential not in {"right", "wrong"}:
            given = {} if self.credential == "none" else {"Authorization": self.credential}
            return target, {**headers, **given}
        for carrier in self.carriers:
            value = carrier.value(token if self.credential == "right" else WRONG)
            if carrier.place == "query":
                target += f"{'&' if '?' in target else '?'}{carrier.name}={value}"
            elif carrier.place == "header":
                headers[carrier.name] = value
            else:
                before = f"{headers['Cookie']}; " if "Cookie" in headers else ""
                headers["Cookie"] = f"{before}{carrier.name}={value}"
        return target, headers

    def curl(self, base: str, variable: str) -> str:
        """Return a shell line that sends the request; the token is named, never shown.

        Args:
            base: The server's address.
            variable: The environment variable that holds the token.
        """
        # A basic credential is left to curl, which joins user and token.
        carriers = [each for each in self.carriers if each.scheme != "basic" or self.credential != "right"]
        ask = evolve(self, carriers=tuple(carriers))
        target, headers = ask.sent(_TOKEN)
        words = ["curl", "-i", "-X", self.method, base + target]
        words += ["-u", f"user:{_TOKEN}"] if len(carriers) < len(self.carriers) else []
        words += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        line = shlex.join(words).replace(_TOKEN, f"'\"${variable}\"'")
        return line if self.content is None else f"{line} {_data(self.content)}"


def _data(content: bytes) -> str:
    try:
        return f"--data-binary {shlex.quote(content.decode('utf-8'))}"
    except UnicodeDecodeError:
        octal = "".join(f"\\{byte:03o}" for byte in content)
        return f"--data-binary @<(printf '{octal}')"


@frozen
class Failure:
    """One case in which somebody did not do what the document states.

    Attributes:
        case: What was tried, in a few words.
        place: The rule, or the part of the document, it is about.
        got: What happened.
        wanted: What the document states.
        blame: Who is at fault.
        ask: The request, as it was or would have been sent.
        body: The JSON body it is about.
    """

    case: str
    place: str
    got: str
    wanted: str
    blame: Blame
    ask: Ask | None = None
    body: Any = None

    def text(self, base: str, variable: str) -> str:
        """Return the failure for a terminal; the arguments are those of `Ask.curl`."""
        lines = [self.case, f"  at {self.place}, got {self.got}", f"  wanted {self.wanted}"]
        lines.append(f"  at fault: {_WHO[self.blame]}")
        if self.body is not None:
            lines.append(f"  body: {_shorten(json.dumps(self.body, ensure_ascii=False))}")
        if self.ask is not None:
            lines.append(f"  reproduce: {self.ask.curl(base, variable)}")
        return printable("\n".join(lines))


def blame_of(*, document: bool, rules: bool, server: bool) -> Blame:
    """Return who is at fault, by who agrees with the document's rules as a validator reads them; else the client is.

    Args:
        document: Whether the document's two encodings of its rules agree with each other.
        rules: Whether the compiled rules, called directly, agree.
        server: Whether the server agrees. It is asked past the client, so its answer does not depend on the client's.
    """
    if not document:
        return "document"
    if not rules:
        return "rules"
    return "client" if server else "server"


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text) - _SHOWN} more characters)"
