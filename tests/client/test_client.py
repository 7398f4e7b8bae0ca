"""The client's surface: settings, secrets, handles, and the equality of both clients."""

from __future__ import annotations

import ast
import copy
import inspect
import pickle
from pathlib import Path
from typing import Any, Literal, get_origin

import httpx
import mountsea_gemini
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mountsea_gemini import AsyncClient, AsyncTask, Client, ConfigurationError, Task, TaskResult
from mountsea_gemini._addresses import origin
from mountsea_gemini._exchange import Request
from mountsea_gemini._operation import Credential
from mountsea_gemini._secrets import Secret
from mountsea_gemini._settings import Authority

from tests.client.scripted import BASE, COMPLETED, FILE, SIGNED, TASK, TOKEN, Play, Skin

GIVEN = "sk-another-one"
PACKAGE = Path(mountsea_gemini.__file__).parent


def test_the_token_and_address_come_from_the_environment_unless_given(
    skin: Skin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments win over MOUNTSEA_API_KEY and MOUNTSEA_BASE_URL; the address defaults to the document's."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", "from-outside\n")
    assert "https://api.mountsea.ai" in repr(skin.client(token=None, base_url=None))
    monkeypatch.setenv("MOUNTSEA_BASE_URL", BASE)
    play = Play()
    skin.do(skin.client(play, token=None, base_url=None).text_to_video("a cat"))
    monkeypatch.setenv("MOUNTSEA_BASE_URL", "https://elsewhere.example")
    skin.do(skin.client(play, token=GIVEN).text_to_video("a cat"))
    assert {request.url.host for _, request in play.seen} == {"127.0.0.1"}
    assert [request.headers["authorization"] for _, request in play.seen] == ["Bearer from-outside", f"Bearer {GIVEN}"]
    skin.do(skin.client(play, base_url=None).text_to_video("a cat"))
    assert play.seen[-1][1].url.host == "elsewhere.example"


@pytest.mark.parametrize("url", ["https://h", "https://h/", "https://h/v1/", "http://localhost:1", "http://[::1]:8"])
def test_an_address_may_have_a_path_and_be_this_machine(skin: Skin, url: str) -> None:
    """A trailing slash is dropped."""
    assert repr(skin.client(base_url=url)).endswith(f"(base_url={url.rstrip('/')!r})")


def test_both_skins_have_the_same_names_parameters_and_defaults() -> None:
    """Only the types of transport and hook, and the name `aclose`, differ."""

    def surface(kind: type) -> dict[str, list[tuple[str, Any, Any]]]:
        names = [name for name in dir(kind) if not name.startswith("_") or name in {"__init__", "_submit"}]
        found = {name: getattr(kind, name) for name in names}
        return {
            name.removeprefix("a") if name == "aclose" else name: [
                (parameter.name, parameter.kind, parameter.default)
                for parameter in inspect.signature(member).parameters.values()
            ]
            for name, member in found.items()
            if callable(member)
        }

    assert surface(Client) == surface(AsyncClient)
    assert surface(Task) == surface(AsyncTask)


def test_everything_exported_exists_and_is_loaded_on_use() -> None:
    """`dir` and `__all__` agree, and an unknown name is an AttributeError."""
    for name in mountsea_gemini.__all__:
        found = getattr(mountsea_gemini, name)
        assert get_origin(found) is Literal or found.__name__ == name
    assert set(mountsea_gemini.__all__) <= set(dir(mountsea_gemini))
    with pytest.raises(AttributeError, match="no attribute 'Clients'"):
        mountsea_gemini.Clients  # noqa: B018


def test_only_the_modules_for_http_import_the_http_library() -> None:
    """Replacing httpx means changing the modules `_http*`."""
    for path in PACKAGE.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        guarded = {
            child
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for child in ast.walk(node)
        }
        imported = {
            name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom) and node not in guarded
            for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        }
        assert not imported & {"httpx", "httpcore"} or path.name.startswith("_http"), path.name


def test_the_engines_know_no_word_of_the_vendor() -> None:
    """No state, field or action of the document appears in the cores."""
    words = {"completed", "processing", "videoUrls", "taskId", "text2video", "veo", "traceId", "errorMessage"}
    for name in ("_waiting", "_calls", "_downloading", "_answers", "_exchange", "_drive", "_request", "_tasks"):
        text = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
        assert [word for word in words if word in text] == [], name


def test_no_text_of_client_handle_or_result_shows_a_secret(skin: Skin) -> None:
    """Checks repr and str of the objects and of their attributes."""
    client = skin.client(Play())
    task = skin.task(client)
    result = skin.do(task.wait())
    objects: list[Any] = [
        client,
        task,
        result,
        client.settings,
        *vars(client).values(),
        *vars(client._open()).values(),
    ]
    shown = "".join(f"{thing!r}{thing}" for thing in objects)
    assert TOKEN not in shown
    assert SIGNED not in shown
    assert result.urls == (FILE,)


def test_objects_that_hold_a_token_cannot_be_pickled(skin: Skin) -> None:
    """The error says what to keep instead."""
    client = skin.client(Play())
    for thing, hint in ((client, "build one"), (skin.task(client), "to_json"), (client.settings.authority, "token")):
        with pytest.raises(TypeError, match=hint):
            pickle.dumps(thing)
    assert copy.deepcopy(client.settings.authority) == client.settings.authority


def test_a_result_is_plain_data() -> None:
    """It can be pickled and copied, and compares by value."""
    result: TaskResult = Skin("sync").client(Play()).task(TASK).result()
    assert pickle.loads(pickle.dumps(result)) == copy.deepcopy(result) == result  # noqa: S301  our own bytes


@given(st.text(min_size=1, max_size=80))
@example("../../admin")
@example("a&taskId=b#c?d=%2e%2e/")
@example("..")
@example("\ud800")
def test_any_id_survives_a_round_trip_or_is_refused(text: str) -> None:
    """An id maps to one query value, and a handle's JSON restores it."""
    play = Play()
    with Client(TOKEN, base_url=BASE, transport=httpx.MockTransport(play)) as client:
        try:
            task = client.task(text)
        except ConfigurationError:
            assert text in {".", ".."} or not text.strip() or any(0xD800 <= ord(char) <= 0xDFFF for char in text)
            return
        assert task.result().id == text
        assert Task.from_json(task.to_json(), client) == task
    (request,) = play.of("poll")
    assert request.url.params.multi_items() == [("taskId", text)]
    assert request.url.path == "/gemini/task/result"


def test_a_closed_client_refuses_calls(skin: Skin) -> None:
    """The error is ours; a transport given by the caller stays open."""
    transport = httpx.MockTransport(Play())
    with skin.opened(transport=transport) as client:
        task = skin.do(client.text_to_video("a cat"))
    with pytest.raises(ConfigurationError, match="closed"):
        skin.do(task.result())
    with skin.opened(transport=transport) as client:
        assert skin.do(client.task(task.id).result()).succeeded


def test_with_blocks_close_their_client() -> None:
    """Both kinds of `with` return the client and close it."""
    with Client(TOKEN, base_url=BASE, transport=httpx.MockTransport(Play())) as client:
        assert client.text_to_video("a cat").id == TASK
    with pytest.raises(ConfigurationError):
        client.text_to_video("a cat")

    async def main() -> str:
        async with AsyncClient(TOKEN, base_url=BASE, transport=httpx.MockTransport(Play())) as other:
            return (await other.text_to_video("a cat")).id

    skin = Skin("async")
    assert skin.do(main()) == TASK
    skin.close()


def test_a_transport_of_the_wrong_kind_is_refused() -> None:
    """A blocking transport for the asyncio client, the reverse, and an arbitrary object."""
    for name, kind in (("sync", httpx.AsyncBaseTransport), ("async", httpx.BaseTransport), ("sync", object)):
        skin = Skin(name)
        with pytest.raises(ConfigurationError, match="transport must be"):
            skin.client(transport=kind())
        skin.close()


def test_the_token_goes_to_the_apis_origin_only(skin: Skin, tmp_path: Path) -> None:
    """Downloads are requested without it, even from the API's own origin."""
    film = httpx.Response(200, content=b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08moov\0\0\0\x08mdat")
    play = Play(poll=[COMPLETED], file=[lambda _: film])
    skin.do(skin.task(skin.client(play)).download(tmp_path / "cat.mp4"))
    assert "authorization" in play.of("poll")[0].headers
    assert [name for request in play.of("file") for name in request.headers if name == "authorization"] == []
    assert TOKEN not in str([request.headers.raw for request in play.of("file")])


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/x",
        "https://127.0.0.1:9/x",
        "http://127.0.0.1/x",
        "http://127.0.0.1:90/x",
        "http://[::1]:9/x",
    ],
)
def test_the_token_is_given_to_one_origin_alone(url: str) -> None:
    """Another host, scheme or port never receives the credential."""
    base = "http://127.0.0.1:9"
    home = origin(base)
    assert home is not None
    authority = Authority(Secret(TOKEN), home)
    for place in ("header", "query", "cookie"):
        credential = Credential(place, "key", "bearer")
        assert authority.add_credentials(Request("GET", url, {}, None, (credential,))) == (url, {})
        assert authority.add_credentials(Request("GET", base, {}, None, (credential,))) != (base, {})
