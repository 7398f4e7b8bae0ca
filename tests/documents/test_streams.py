"""Answers that come item by item: server-sent events and JSON by the line, blocking and on asyncio."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rulewright.commands.new import main as new

from tests.documents.conftest import ONE_WORKER

pytestmark = ONE_WORKER
SHAPE = Path(__file__).parent / "shapes" / "streams.yaml"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The client of the shape with streams."""
    folder = tmp_path_factory.mktemp("streams") / "made"
    assert new([str(folder), "--spec", str(SHAPE), "--package", "our_streams", "--pipeline", "rulewright"]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder / "generated"))
        yield importlib.import_module("our_streams")


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes in pieces; an error among them breaks it off."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        """Note that it is closed."""
        self.is_closed = True

    async def aclose(self) -> None:
        """Note that it is closed."""
        self.is_closed = True


class Server(httpx.MockTransport):
    """Answers everything with one body, and records what it is asked."""

    def __init__(self, body: Pieces, media: str = "text/event-stream", status: int = 200) -> None:
        self.asked: list[httpx.Request] = []
        headers = {"content-type": media, "x-request-id": "r-1"}
        self._made: dict[str, Any] = {"status_code": status, "headers": headers, "stream": body}
        super().__init__(self._answer)

    def _answer(self, asked: httpx.Request) -> httpx.Response:
        self.asked.append(asked)
        return httpx.Response(**self._made)


def test_a_stream_is_read_item_by_item(package: Any) -> None:
    """However its bytes are cut: several lines of data, comments, ids, the marks of other systems, unlisted values."""
    text = '\ufeff: hi\r\nid: 7\r\ndata: {"number": 1,\rdata:"state": "new"}\n\nevent: late\ndata: {"number": 2}\n\n'
    text += 'retry: 5\n\ndata: {"number": 3}'
    for size in (1, 2, 7, 1000):
        content = text.encode()
        body = Pieces(*(content[at : at + size] for at in range(0, len(content), size)))
        with package.Client("t", transport=Server(body)) as client, client.a() as stream:
            found = [(item.to_dict(), stream.event.name, stream.event.id) for item in stream]
        assert found == [({"number": 1, "state": "new"}, "message", "7"), ({"number": 2}, "late", "7")]
        assert body.is_closed


@pytest.mark.parametrize(
    ("operation", "media", "text", "items"),
    [
        ("b", "application/x-ndjson", '{"number": 1}\n\n{"number": 2}\r\n', [{"number": 1}, {"number": 2}]),
        ("c", "text/event-stream", "data: a\ndata: b\n\ndata: [1]\n\n", ["a\nb", "[1]"]),
        ("d", "application/jsonl", '{"number": 1}\n"end"', [{"number": 1}, "end"]),
        ("e", "text/event-stream", 'data: {"number": 1}\n\ndata: bye\n\n', [{"number": 1}, "bye"]),
        ("g", "text/event-stream", 'data: {"number": 1}\n\n', [{"number": 1}]),
        ("h", "text/event-stream", 'data: {"number": 1}\n\n', [{"number": 1}]),
        ("f", "text/event-stream", 'data: {"number": 1}\n\ndata: done\n\ndata: x\n\n', [{"number": 1}]),
    ],
)
def test_every_kind_of_stream_is_read_by_both_clients(
    package: Any, operation: str, media: str, text: str, items: list[Any]
) -> None:
    """With a body or without, of events and of lines, beside JSON, up to the mark of its end; `Accept` asks for it."""
    operations = importlib.import_module(f"{package.__name__}.operations").OPERATIONS
    to_json = importlib.import_module(f"{package.__name__}._values").to_json
    given = {"body": {"topic": "x"}} if operation == "b" else {}

    async def ask(server: Server) -> list[Any]:
        async with (
            package.AsyncClient("t", transport=server) as client,
            await client.stream(operations[operation], **given) as stream,
        ):
            return [to_json(item) async for item in stream]

    servers = Server(Pieces(text.encode()), media), Server(Pieces(text.encode()), media)
    with package.Client("t", transport=servers[0]) as client:
        assert [to_json(item) for item in client.stream(operations[operation], **given)] == items
    assert asyncio.run(ask(servers[1])) == items
    assert [each.headers["accept"] for server in servers for each in server.asked] == [media, media]


@pytest.mark.parametrize("operation", ["e", "g", "h"])
def test_a_plain_call_asks_for_no_stream(package: Any, operation: str) -> None:
    """Be it beside JSON in one answer, or in another answer."""
    server = Server(Pieces(b'{"number": 1}'), "application/json")
    with package.Client("t", transport=server) as client:
        assert getattr(client, operation)().number == 1
    assert [each.headers["accept"] for each in server.asked] == ["application/json"]


def test_a_stream_that_breaks_off_is_an_error_and_asked_for_once(package: Any) -> None:
    """With the id of the request; the items before are there, and none comes after."""
    body = Pieces(b'data: {"number": 1}\n\n', httpx.ReadError("gone"))
    server = Server(body)
    with package.Client("t", transport=server) as client:
        stream = client.a()
        assert next(stream).number == 1
        with pytest.raises(package.ProtocolError, match="its stream broke off: ReadError: gone") as caught:
            next(stream)
        assert (caught.value.trace_id, list(stream), len(server.asked), body.is_closed) == ("r-1", [], 1, True)


def test_a_stream_that_is_left_early_is_closed(package: Any) -> None:
    """By the context manager; what has come is dropped."""
    body = Pieces(b'data: {"number": 1}\n\n' * 3, b'data: {"number": 2}\n\n')
    with package.Client("t", transport=Server(body)) as client:
        with client.a() as stream:
            assert next(stream).number == 1
        assert body.is_closed
        assert list(stream) == []


@pytest.mark.parametrize(
    ("status", "media", "text", "error"),
    [
        (403, "application/json", '{"message": "no"}', "AuthenticationError: no"),
        (200, "text/html", "<html>", "ProtocolError: its body is no stream"),
        (200, "text/event-stream", "data: 5\n\n", "ProtocolError: an item of its stream is not what the document says"),
    ],
)
def test_what_is_no_stream_is_a_typed_error(package: Any, status: int, media: str, text: str, error: str) -> None:
    """A refusal, a page, an item that cannot be read."""
    body = Pieces(text.encode())
    kind, _, words = error.partition(": ")
    client = package.Client("t", transport=Server(body, media, status))
    with pytest.raises(getattr(package, kind), match=words):
        list(client.a())
    assert body.is_closed
    client = package.Client("t", transport=Server(Pieces(b"{}"), "application/json", 500))
    with pytest.raises(package.OutcomeUnknown):
        client.b(topic="x")


def test_the_command_line_prints_an_item_a_line(package: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, from the sandbox."""
    program = importlib.import_module(f"{package.__name__}.cli")
    assert program.run(["a", "--sandbox"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"number": 1}, {"number": 1}]
