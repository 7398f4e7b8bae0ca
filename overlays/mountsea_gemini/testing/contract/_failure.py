"""A check that failed, told so that somebody can act: what, where, whose fault, and how to see it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from attrs import evolve, field, frozen

from ..._secrets import printable
from ._exchange import Ask

Blame = Literal["client", "rules", "server", "document"]
SHOWN: Final = 600


@frozen
class Failure:
    """One case in which somebody did not do what the document says.

    Attributes:
        check: The check's name.
        case: What was tried, in a few words.
        place: The rule, or the JSON pointer, it is about.
        got: What happened.
        wanted: What the document says.
        blame: Who is at fault: the client, the compiled rules in it, the server, or the document.
        ask: The request, as it was or would have been sent.
        body: The JSON body it is about, made as small as the failure allows.
    """

    check: str
    case: str
    place: str
    got: str
    wanted: str
    blame: Blame
    ask: Ask | None = None
    body: Any = field(default=None)

    def lines(self, base: str, variable: str) -> list[str]:
        """Return the failure as lines for people.

        Args:
            base: The server's address.
            variable: The environment variable that holds the token.
        """
        found = [f"{self.check}: {self.case}", f"  at {self.place}", f"  got    {self.got}", f"  wanted {self.wanted}"]
        found.append(f"  at fault: {_WHO[self.blame]}")
        if self.body is not None:
            found.append(f"  body   {_cut(json.dumps(self.body, ensure_ascii=False))}")
        if self.ask is not None:
            found.append(f"  again  {self.ask.curl(base, variable)}")
        return [printable(line) for line in found]

    def as_json(self, base: str, variable: str) -> dict[str, Any]:
        """Return the failure as JSON."""
        found: dict[str, Any] = {
            name: getattr(self, name) for name in ("check", "case", "place", "got", "wanted", "blame", "body")
        }
        return {**found, "curl": None if self.ask is None else self.ask.curl(base, variable)}


_WHO: Final[Mapping[Blame, str]] = {
    "client": "the client",
    "rules": "the compiled rules in the client",
    "server": "the server",
    "document": "the effective spec",
}


def blamed(*, document: bool, rules: bool, server: bool) -> Blame:
    """Return who is at fault, by who agrees with the document's rules as a validator reads them; else the client is.

    Args:
        document: Whether the document's two encodings of its rules agree with each other.
        rules: Whether the compiled rules, called directly, agree.
        server: Whether the server agrees.
    """
    if not document:
        return "document"
    if not rules:
        return "rules"
    # The server is asked past the client too, so its word does not depend on the client's; the reverse does.
    return "client" if server else "server"


def smallest(failure: Failure, fails: Callable[[Any], Failure | None], *, tries: int = 60) -> Failure:
    """Return the failure of the smallest body that still fails in the same check.

    Args:
        failure: A failure with a JSON object as its body.
        fails: Tries a body and returns the failure, if it still is one.
        tries: How many bodies may be tried.
    """
    best = failure
    progress = isinstance(failure.body, dict)
    while progress:
        progress = False
        for body in _smaller(best.body):
            if tries == 0:
                return best
            tries -= 1
            found = fails(body)
            if found is not None and found.blame == best.blame:
                best, progress = evolve(found, body=body), True
                break
    return best


def _smaller(body: Mapping[str, Any]) -> Any:
    for name in body:
        yield {key: value for key, value in body.items() if key != name}
    for name, value in body.items():
        if isinstance(value, list) and value:
            yield {**body, name: value[:-1]}
        elif isinstance(value, str) and len(value) > 1 and " " in value:
            yield {**body, name: value.split()[0]}


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text) - SHOWN} more characters)"
