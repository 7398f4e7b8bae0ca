"""A tour of the document on this machine: a sandbox on a port of its own, and a call of each operation."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rulewright.sandbox import Sandbox
from rulewright.sandbox.spec import Operation, is_json

from ..._client import Client
from ..._secrets import printable
from ._played import TOKEN, UNREADABLE, Played
from ._values import ABSENT, NoValueError, Values

_SHOWN: Final = 20
_WIDTH: Final = 200
_ABSENT: Final = re.compile(r"<[\w.]+\.Unset object at 0x[0-9a-f]+>")


def main(arguments: Sequence[str] | None = None) -> int:
    """Call each operation and show its answer; then show what a rule refuses.

    Args:
        arguments: Those after the program's name; None takes them from the process.

    Returns:
        0 if every call was answered as the document says, 1 if not.
    """
    parser = argparse.ArgumentParser(description="Call every operation against a sandbox on this machine.")
    parser.add_argument("--all", action="store_true", help=f"call all operations, not the first {_SHOWN} only")
    options = parser.parse_args(arguments)
    with Sandbox(Client, token=TOKEN).serve() as server, Played(server.url) as played:
        operations = played.operations if options.all else played.operations[:_SHOWN]
        print(f"the sandbox listens on {server.url}; it takes the token {TOKEN!r}\n")
        failed = sum(not _called(played, operation) for operation in operations)
        if left := len(played.operations) - len(operations):
            print(f"... and {left} more operations (--all calls them)\n")
        failed += sum(not _refused(played, operation) for operation in operations)
    print(f"{len(operations)} operations called, {failed} answered otherwise than the document says")
    return int(failed > 0)


def _called(played: Played, operation: Operation) -> bool:
    """Call an operation through the generated client and show what came; tell whether that was right."""
    try:
        values = played.values(operation)
    except NoValueError as error:
        _say(f"{operation.method} {operation.path}\n  not called: {error}\n")
        return True
    _say(f"{operation.method} {operation.path}  ({operation.name})")
    for line in _asked(values):
        _say(f"  {line}")
    try:
        answer = played.call(operation, values)
    except UNREADABLE as error:
        _say(f"  -> cannot be read: {type(error).__name__}: {error}\n")
        return False
    right = answer.status_code == operation.success.status
    _say(f"  -> {int(answer.status_code)} {_cut(answer.parsed if answer.parsed is not None else '')}".rstrip() + "\n")
    return right


def _asked(values: Values) -> Iterator[str]:
    for key, value in values.parameters.items():
        yield _cut(f"{key} = {_text(value)}")
    if values.body is not ABSENT:
        yield _cut(f"{values.media}: {_text(values.body)}")


def _refused(played: Played, operation: Operation) -> bool:
    """Show the refusal of the first body that a rule of an operation shows as wrong, if there is one."""
    if operation.body is None:
        return True
    media = played.maker.media(operation)
    part = "json" if is_json(media) else "data"
    for rule in played.maker.rules(operation.body.media[media]):
        body = (rule.get("examples") or {}).get("breaks", ABSENT)
        if body is not ABSENT and rule["level"] == "error":
            answer = played.ask(operation, played.values(operation), **{part: body})
            _say(f"{operation.method} {operation.path} with a body that breaks {rule['id']}")
            _say(f"  {_cut(_text(body))}\n  -> {answer.status_code} {_cut(answer.text)}\n")
            return 400 <= answer.status_code < 500
    return True


def _text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return repr(value)


def _cut(value: Any) -> str:
    text = _ABSENT.sub("UNSET", str(value))
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _say(text: str) -> None:
    print(printable(text))
