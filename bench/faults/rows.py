"""The rows: one fault each, its target, and how to tell a cell that meets it."""

from __future__ import annotations

import copy
import gzip
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from attrs import frozen

from .columns import CROWD, Words
from .server import KEY, Behaviour, babble, drip, hang_up, one_by_one, raw, reply, reset, say_nothing

OLD: Final = b"the older film"
FILM: Final = (
    b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\x00\x00\x00\x08moov" + b"\x00\x00\x40\x08free" + bytes(16384)
)
SOON: Final = {"Retry-After": "1"}
HTML: Final = b"<html><body>Bad gateway</body></html>"


@frozen
class Outcome:
    """What a cell saw."""

    posts: int
    polls: int
    seconds: float
    gaps: tuple[float, ...]
    error: BaseException | None
    value: Any
    elsewhere: int
    key_elsewhere: bool
    file: bytes | None
    left: int
    """Files beside the target."""


Verdict: TypeAlias = tuple[str, bool]
Play: TypeAlias = Callable[[Words, str, str], Mapping[str, Sequence[Behaviour]]]


@frozen
class Row:
    """One fault.

    Attributes:
        target: The statement it belongs to.
        name: What goes wrong.
        wanted: What a green cell does.
        does: What the client is asked to do.
        play: What the server does, given the vendor's words, its URL and that of another host.
        judge: A word for what was seen, and whether it is green.
        exchange: Seconds one exchange may take; None leaves the client's default.
        wait: Seconds a wait may take.
        patient: Whether pauses stay as long as they are.
        needs: A word the vendor must have.
        route: How the server is reached: as it is, as a proxy to an https API, or by a name that is never resolved.
    """

    target: str
    name: str
    wanted: str
    does: str
    play: Play
    judge: Callable[[Outcome], Verdict]
    exchange: float | None = None
    wait: float | None = None
    patient: bool = False
    needs: str | None = None
    route: Literal["direct", "proxy", "hanging name"] = "direct"

    @property
    def is_control(self) -> bool:
        """Whether nothing goes wrong in it."""
        return not self.target


def _kind(outcome: Outcome) -> str:
    return type(outcome.error).__name__ if outcome.error else "returned"


def one_post(outcome: Outcome) -> Verdict:
    """Exactly one POST, and an error."""
    posts = f"{outcome.posts} POST{'s' * (outcome.posts != 1)}"
    return f"{posts}, {_kind(outcome)}", outcome.posts == 1 and outcome.error is not None


def never_sent(outcome: Outcome) -> Verdict:
    """An error in time that does not send anybody looking for a task: nothing was sent."""
    unclear = "Unknown" in _kind(outcome)
    fine = outcome.error is not None and not outcome.posts and not unclear and outcome.seconds < 6
    return f"{_kind(outcome)}, {outcome.seconds:.1f} s", fine


def different_ids(outcome: Outcome) -> Verdict:
    """As many different ids as there were submits."""
    found = outcome.value if isinstance(outcome.value, list) else []
    fine = outcome.error is None and len({*found}) == outcome.posts == len(found)
    return f"{outcome.posts} POSTs, {len({*found})} ids, {_kind(outcome)}", fine


def stays_home(outcome: Outcome) -> Verdict:
    """One POST here, nothing elsewhere."""
    text, fine = one_post(outcome)
    text += ", followed" if outcome.elsewhere else ""
    text += " with the key" if outcome.key_elsewhere else ""
    return text, fine and not outcome.elsewhere


def gave_up(outcome: Outcome) -> Verdict:
    """One POST, at once, with the seconds the server asked for on the error."""
    told = (
        any("3600" in str(value) for value in (outcome.error, *vars(outcome.error or 0).values()))
        if outcome.error
        else False
    )
    text, fine = one_post(outcome)
    return f"{text}, {outcome.seconds:.1f} s{', value kept' if told else ''}", fine and told and outcome.seconds < 2


def never_early(outcome: Outcome) -> Verdict:
    """A second POST not before the moment the server named, or none."""
    early = any(gap < 1.5 for gap in outcome.gaps)
    gaps = ", ".join(f"after {gap:.1f} s" for gap in outcome.gaps)
    return f"{outcome.posts} POST{'s' * (outcome.posts != 1)} {gaps}".strip(), outcome.posts >= 1 and not early


def result(outcome: Outcome) -> Verdict:
    """A finished wait."""
    said = "result" if outcome.error is None else f"lost: {_kind(outcome)}"
    return f"{said}, {outcome.polls} polls", outcome.error is None and outcome.posts == 1


def raised(outcome: Outcome) -> Verdict:
    """An error, with one POST, that says more than a broken look-up does."""
    plain = isinstance(outcome.error, KeyError | IndexError | AttributeError)
    return f"{_kind(outcome)}, {outcome.polls} polls", outcome.error is not None and outcome.posts == 1 and not plain


def ended_right(outcome: Outcome) -> Verdict:
    """An error soon after the vendor said the word, not when the time was over."""
    text, fine = raised(outcome)
    return text, fine and outcome.polls <= 2


def went_well(outcome: Outcome) -> Verdict:
    """No error."""
    return ("fine", True) if outcome.error is None else (f"{outcome.error!r}"[:60], False)


def waited_on(outcome: Outcome) -> Verdict:
    """A finished wait that did not take the unknown state for the end."""
    text, fine = result(outcome)
    return text if outcome.polls > 1 else f"returned unfinished, {outcome.polls} polls", fine and outcome.polls > 1


def at_once(outcome: Outcome) -> Verdict:
    """An error at the first look."""
    return f"{_kind(outcome)}, {outcome.polls} polls", outcome.error is not None and outcome.polls == 1


def in_time(outcome: Outcome) -> Verdict:
    """An end within a second of the deadline of 1.5 s."""
    over = outcome.seconds - 1.5
    return f"{_kind(outcome)}, {over:+.1f} s", outcome.error is not None and over <= 1.0


def whole_or_old(outcome: Outcome) -> Verdict:
    """The older file untouched, nothing beside it, and an error."""
    file = "old file" if outcome.file == OLD else "no file" if outcome.file is None else f"{len(outcome.file)} bytes"
    left = " and a part" if outcome.left else ""
    return f"{file}{left}, {_kind(outcome)}", outcome.file == OLD and not outcome.left and outcome.error is not None


def no_key(outcome: Outcome) -> Verdict:
    """The key does not go to another host."""
    text = "key sent elsewhere" if outcome.key_elsewhere else "key stays home"
    return f"{text}, {_kind(outcome)}", not outcome.key_elsewhere


def _unpickled(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)


def intact(outcome: Outcome) -> Verdict:
    """An error that survives pickle and deepcopy, and shows no key."""
    if outcome.error is None:
        return "returned", False
    problems = []
    twins: dict[str, Callable[[Any], Any]] = {"pickle": _unpickled, "deepcopy": copy.deepcopy}
    for name, twin in twins.items():
        try:
            if type(twin(outcome.error)) is not type(outcome.error):
                problems.append(name)
        except Exception:  # noqa: BLE001  (whatever it is, it is the finding)
            problems.append(name)
    if KEY in f"{outcome.error!r}{outcome.error}":
        problems.append("key shown")
    return f"{_kind(outcome)}: {', '.join(problems) or 'whole'}", not problems


def keeps_id(outcome: Outcome) -> Verdict:
    """One POST, and an error that leads to the task it may have started."""
    text, fine = one_post(outcome)
    found = outcome.error is not None and "t-1" in f"{outcome.error}{vars(outcome.error)}"
    return f"{text}, {'id kept' if found else 'id lost'}", fine and found


def no_prompt(outcome: Outcome) -> Verdict:
    """An error that does not repeat the prompt, which is "a cat"."""
    shown = "cat" in f"{outcome.error!r}{outcome.error}"
    return f"{_kind(outcome)}{', prompt shown' if shown else ''}", outcome.error is not None and not shown


def _submit(step: Behaviour) -> Play:
    return lambda *_: {"submit": [step]}


def _polls(*steps: Behaviour) -> Play:
    """Spoil the first polls; then the task is done."""
    return lambda words, url, _other: {
        "submit": [reply(200, words.accepted(url))],
        "poll": [*steps, reply(200, words.state(words.done, f"{url}/file"))],
    }


def _state(word: Callable[[Words], str | None], *, file: bool = False) -> Play:
    """Answer every look with one word."""
    return lambda words, url, _other: {
        "submit": [reply(200, words.accepted(url))],
        "poll": [reply(200, words.state(word(words) or "", f"{url}/file" if file else ""))],
    }


def _every_look(step: Behaviour) -> Play:
    return lambda words, url, _other: {"submit": [reply(200, words.accepted(url))], "poll": [step]}


def _with_id(status: int, headers: Mapping[str, str]) -> Play:
    """Answer a submit with an error whose body is that of an accepted one."""
    return lambda words, url, _other: {"submit": [reply(status, words.accepted(url), headers)]}


def _late(step: Behaviour) -> Play:
    """Spoil one poll after many good ones; then the task is done."""
    return lambda words, url, _other: {
        "submit": [reply(200, words.accepted(url))],
        "poll": [
            *[reply(200, words.state(words.going, ""))] * 8,
            step,
            reply(200, words.state(words.done, f"{url}/file")),
        ],
    }


def _file(*steps: Behaviour) -> Play:
    return lambda words, url, _other: {
        "poll": [reply(200, words.state(words.done, f"{url}/file"))],
        "file": list(steps),
    }


def _to_other(status: int, kind: str) -> Play:
    def play(words: Words, url: str, other: str) -> Mapping[str, Sequence[Behaviour]]:
        found = {
            "submit": [reply(200, words.accepted(url))],
            "poll": [reply(200, words.state(words.done, f"{url}/file"))],
        }
        return {**found, kind: [reply(status, b"", {"Location": f"{other}/file"})]}

    return play


MONEY: Final = (
    *(
        Row("A1", name, "1 POST and an error", "submit", _submit(step), one_post, exchange=0.5)
        for name, step in {
            "submit: read time-out": say_nothing,
            "submit: connection reset": reset,
            "submit: server closes": hang_up,
            "submit: answer cut": reply(201, b'{"id"', length=99),
            "submit: not HTTP": babble,
        }.items()
    ),
    *(
        Row("A1", f"submit: HTTP {status}", "1 POST and an error", "submit", _submit(reply(status, HTML)), one_post)
        for status in (408, 409, 500, 502, 503, 504, 520, 522, 524, 527)
    ),
    Row(
        "A1",
        "submit: HTTP 503, Retry-After 1",
        "1 POST and an error",
        "submit",
        _submit(reply(503, HTML, {"Retry-After": "1"})),
        one_post,
    ),
    Row("A1", "submit: 200 with HTML", "1 POST and an error", "submit", _submit(reply(200, HTML)), one_post),
    Row("A1", "submit: 201 without an id", "1 POST and an error", "submit", _submit(reply(201, {})), one_post),
    Row("D2", "submit: 307 to another host", "not followed", "submit", _to_other(307, "submit"), stays_home),
    Row(
        "A4",
        "submit: 429, Retry-After 3600",
        "gives up at once, value on the error",
        "submit",
        _submit(reply(429, {}, {"Retry-After": "3600"})),
        gave_up,
    ),
    Row(
        "A4",
        "submit: 429, Retry-After 2",
        "never earlier than asked",
        "submit",
        _submit(reply(429, {}, {"Retry-After": "2"})),
        never_early,
        patient=True,
    ),
    *(
        Row("A1", f"submit: 429, Retry-After 1, {name}", "1 POST and an error", "submit", play, one_post)
        for name, play in {
            "with an id": _with_id(429, SOON),
            "cut JSON": _submit(reply(429, b'{"id": "t', SOON)),
            "cut off": _submit(reply(429, b"too many", SOON, length=99)),
            "not UTF-8": _submit(reply(429, b"\xff\xfe", SOON)),
        }.items()
    ),
    *(
        Row(
            "A2",
            f"submit: HTTP {status} with an id",
            "the id is on the error",
            "submit",
            _with_id(status, {}),
            keeps_id,
        )
        for status in (400, 429, 500)
    ),
    *(
        Row("D1", f"submit: the prompt echoed as {name}", "an error without it", "submit", _submit(step), no_prompt)
        for name, step in {
            "text": reply(400, {"message": "refused: a cat", "error": {"message": "refused: a cat"}}),
            "a URL": reply(400, {"message": "refused: a%20cat", "detail": "a+cat"}),
            "JSON": reply(400, b'{"message": "refused: a\\\\u0020cat", "prompt": "a\\u0020cat"}'),
            "HTML": reply(422, b"<html><p>a&nbsp;cat</p></html>"),
        }.items()
    ),
    Row(
        "C2",
        "submit: the error of an HTTP 500",
        "pickles and copies, no key",
        "submit",
        _submit(reply(500, {"echo": KEY})),
        intact,
    ),
)


def _counted(*more: Behaviour) -> Play:
    """Answer each submit with another id, and then do more."""
    return lambda words, url, _other: {
        "submit": [one_by_one(_another_id(words, url, number), *more) for number in range(CROWD)]
    }


def _another_id(words: Words, url: str, number: int) -> Behaviour:
    return reply(200, json.loads(json.dumps(words.accepted(url)).replace("t-1", f"t-{number}")))


def _surplus(words: Words, url: str, _other: str) -> Mapping[str, Sequence[Behaviour]]:
    """Answer the first submit once more than asked."""
    first, second = (_another_id(words, url, number) for number in (1, 2))
    return {"submit": [one_by_one(first, first), second]}


def _tunnel(step: Behaviour) -> Play:
    return lambda *_: {"tunnel": [step]}


_STANDS: Final = raw(b"HTTP/1.1 200 OK\r\n\r\n")

CONNECTIONS: Final = (
    Row("A1", "a surplus answer to the first of two submits", "two ids", "submits", _surplus, different_ids),
    Row("A1", "server closes after the first of two submits", "two ids", "submits", _counted(hang_up), different_ids),
    Row("A1", f"{CROWD} submits at a time", f"{CROWD} ids", "crowd", _counted(), different_ids),
    *(
        Row(
            "A1",
            f"submit: the proxy {name}",
            "never sent",
            "submit",
            _tunnel(step),
            never_sent,
            exchange=0.5,
            route="proxy",
        )
        for name, step in {
            "closes": hang_up,
            "resets": reset,
            "sends garbage": babble,
            "sends half a line": one_by_one(raw(b"HTTP/1.1 2"), hang_up),
            "says nothing": say_nothing,
            "refuses": reply(407, {}),
            "closes once the tunnel stands": one_by_one(_STANDS, hang_up),
            "says nothing once the tunnel stands": one_by_one(_STANDS, say_nothing),
            "sends garbage for TLS": one_by_one(_STANDS, babble),
        }.items()
    ),
    Row(
        "A1",
        "submit: a name that is never resolved",
        "never sent",
        "submit",
        _submit(hang_up),
        never_sent,
        exchange=0.5,
        route="hanging name",
    ),
)

WAITING: Final = (
    *(
        Row("B3", f"5 polls in a row: {name}", "the result", "wait", _polls(*[step] * 5), result, exchange=0.3, wait=60)
        for name, step in {
            "HTTP 502": reply(502, HTML),
            "HTTP 503": reply(503, HTML),
            "HTTP 429": reply(429, {}),
            "time-out": say_nothing,
            "disconnect": hang_up,
            "reset": reset,
            "HTML": reply(200, HTML),
            "cut JSON": reply(200, b'{"status": "comp'),
        }.items()
    ),
    Row("B3", "2 early polls: HTTP 404", "the result", "wait", _polls(*[reply(404, {})] * 2), result, wait=60),
    Row("B3", "1 late poll: HTTP 404", "the result", "wait", _late(reply(404, {})), result, wait=300),
    Row("B3", "poll: HTTP 401", "an error at the first", "wait", _every_look(reply(401, {})), at_once, wait=60),
    Row("B4", "task failed", "an error", "wait", _state(lambda words: words.failed), ended_right, wait=30),
    Row(
        "B4",
        "task cancelled",
        "an error",
        "wait",
        _state(lambda words: words.cancelled),
        ended_right,
        wait=6,
        needs="cancelled",
    ),
    Row(
        "B4",
        "task timed out at the vendor",
        "an error",
        "wait",
        _state(lambda words: words.timeout),
        ended_right,
        wait=6,
        needs="timeout",
    ),
    Row(
        "B5",
        "a state nobody documented, then done",
        "the result",
        "wait",
        lambda words, url, _other: {
            "submit": [reply(200, words.accepted(url))],
            "poll": [reply(200, words.state("moderating", "")), reply(200, words.state(words.done, f"{url}/file"))],
        },
        waited_on,
        wait=60,
    ),
    Row(
        "B6",
        "done, but no file",
        "an error",
        "wait",
        _state(lambda words: words.done),
        raised,
        wait=6,
        needs="names_file",
    ),
    Row(
        "B6",
        "200 that says it failed",
        "an error in time",
        "wait",
        _every_look(reply(200, {"statusCode": 500, "message": "upstream"})),
        raised,
        wait=6,
    ),
    Row(
        "B1",
        "never ends",
        "an end at the deadline",
        "wait",
        _state(lambda words: words.going),
        in_time,
        wait=1.5,
        patient=True,
    ),
    Row(
        "B1",
        "never answers a poll",
        "an end at the deadline",
        "wait",
        _every_look(say_nothing),
        in_time,
        wait=1.5,
        patient=True,
    ),
    Row(
        "B1", "ten bytes a second", "an end at the deadline", "wait", _every_look(drip), in_time, wait=1.5, patient=True
    ),
)

FILES: Final = (
    *(
        Row(target, f"download: {name}", "the older file, an error", "download", _file(step), whole_or_old, wait=30)
        for target, name, step in (
            ("D3", "cut short", reply(200, FILM[:9000], {"Content-Type": "video/mp4"}, length=len(FILM))),
            ("D3", "cut short, length unknown", reply(200, FILM[:9000], {"Content-Length": "", "Connection": "close"})),
            ("D3", "cut short, its length announced", reply(200, FILM[:9000], {"Content-Type": "video/mp4"})),
            ("D3", "a part, as a whole", reply(200, FILM, {"Content-Range": f"bytes 0-{len(FILM) - 1}/99999"})),
            ("D3", "a part, as HTTP 206", reply(206, FILM, {"Content-Range": f"bytes 0-{len(FILM) - 1}/99999"})),
            ("D3", "HTTP 404", reply(404, HTML)),
            ("D3", "a page in place of a film", reply(200, HTML)),
            ("D5", "64 KiB of gzip for 64 MiB", reply(200, gzip.compress(bytes(2**26)), {"Content-Encoding": "gzip"})),
        )
    ),
    Row(
        "D2",
        "download: redirect to another host",
        "without the key",
        "download",
        _to_other(302, "file"),
        no_key,
        wait=30,
    ),
)

CONTROLS: Final = (
    Row("", "nothing goes wrong: submit", "no error", "submit", _polls(), went_well),
    Row("", "nothing goes wrong: wait", "no error", "wait", _polls(), went_well, wait=30),
    Row(
        "",
        "nothing goes wrong: download",
        "no error",
        "download",
        _file(reply(200, FILM, {"Content-Type": "video/mp4"})),
        went_well,
        wait=30,
    ),
)

ROWS: Final = (*CONTROLS, *MONEY, *CONNECTIONS, *WAITING, *FILES)
