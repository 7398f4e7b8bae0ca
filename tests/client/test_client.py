"""The client's surface: settings, secrets, handles, and that both skins are the same."""

from __future__ import annotations

import ast
import copy
import inspect
import json
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
from mountsea_gemini._policy import Authority
from mountsea_gemini._secrets import Secret

from tests.client.scripted import BASE, COMPLETED, FILE, SIGNED, TASK, TOKEN, Play, Skin

GIVEN = "sk-another-one"
PACKAGE = Path(mountsea_gemini.__file__).parent


def test_the_token_and_address_come_from_the_environment_unless_given(
    skin: Skin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An argument wins over MOUNTSEA_API_KEY and MOUNTSEA_BASE_URL; the address falls back to the document's."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", "from-outside\n")
    assert "https://api.mountsea.ai" in repr(skin.client(token=None, base_url=None))
    monkeypatch.setenv("MOUNTSEA_BASE_URL", BASE)
    play = Play()
    skin.do(skin.client(play, token=None, base_url=None).text_to_video("a cat"))
    skin.do(skin.client(play, token=GIVEN).text_to_video("a cat"))
    assert [request.headers["authorization"] for _, request in play.seen] == ["Bearer from-outside", f"Bearer {GIVEN}"]
    monkeypatch.setenv("MOUNTSEA_BASE_URL", "https://elsewhere.example")
    skin.do(skin.client(play, base_url=None).text_to_video("a cat"))
    assert play.seen[-1][1].url.host == "elsewhere.example"


def test_a_missing_token_names_both_ways_to_give_one(skin: Skin) -> None:
    """The first error everybody meets says what to do."""
    with pytest.raises(ConfigurationError, match="pass one to the client, or set MOUNTSEA_API_KEY"):
        skin.client(token=None)


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak", "ключ", "a\x00b", 7])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(skin: Skin, token: Any) -> None:
    """A header cannot carry it, and an error must not."""
    with pytest.raises(ConfigurationError) as caught:
        skin.client(token=token)
    assert not str(token).strip() or str(token) not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        *("api.mountsea.ai", "ftp://h", "https://", "https://u:p@h", "https://h?x=1", "https://h#x", "http://h", "", 7),
        *("https://h:99999", "https://[::1", "https://h\\@evil", "http://127.0.0.1.example.com"),
    ],
)
def test_an_address_the_token_must_not_go_to_is_refused(skin: Skin, url: Any) -> None:
    """No scheme, user, query or plain http to another machine."""
    with pytest.raises(ConfigurationError, match="base_url"):
        skin.client(base_url=url)


@pytest.mark.parametrize("url", ["https://h", "https://h/", "https://h/v1/", "http://localhost:1", "http://[::1]:8"])
def test_an_address_may_have_a_path_and_be_this_machine(skin: Skin, url: str) -> None:
    """A trailing slash is no part of it."""
    assert repr(skin.client(base_url=url)).endswith(f"(base_url={url.rstrip('/')!r})")


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "30", None, True])
def test_a_timeout_is_a_positive_number(skin: Skin, timeout: Any) -> None:
    """No exchange without an end; for a wait, zero is allowed and means one look."""
    with pytest.raises(ConfigurationError, match="timeout"):
        skin.client(timeout=timeout)
    if timeout not in {0, None}:
        with pytest.raises(ConfigurationError, match="timeout"):
            skin.do(skin.task(skin.client(Play())).wait(timeout=timeout))


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "1"])
def test_a_size_limit_is_a_positive_whole_number(skin: Skin, size: Any) -> None:
    """A limit of nothing or of half a byte is a mistake."""
    with pytest.raises(ConfigurationError, match="max_download_bytes"):
        skin.client(max_download_bytes=size)


def test_both_skins_have_the_same_names_parameters_and_defaults() -> None:
    """Whoever knows one knows the other; only types of transport and hook, and `aclose`, differ."""

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
    """`dir` and `__all__` tell the same, and an unknown name is an AttributeError."""
    for name in mountsea_gemini.__all__:
        found = getattr(mountsea_gemini, name)
        assert get_origin(found) is Literal or found.__name__ == name
    assert set(mountsea_gemini.__all__) <= set(dir(mountsea_gemini))
    with pytest.raises(AttributeError, match="no attribute 'Clients'"):
        mountsea_gemini.Clients  # noqa: B018


def test_only_one_module_imports_the_http_library() -> None:
    """To exchange httpx one day, this is the module to look at."""
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
        assert not imported & {"httpx", "httpcore"} or path.name == "_http.py", path.name


def test_the_engines_know_no_word_of_the_vendor() -> None:
    """States and fields are data: no state, field or action of the document stands in the cores."""
    words = {"completed", "processing", "videoUrls", "taskId", "text2video", "veo", "traceId", "errorMessage"}
    for name in ("_waiting", "_calls", "_downloading", "_answers", "_exchange", "_drive", "_cores"):
        text = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
        assert [word for word in words if word in text] == [], name


def test_no_text_of_client_handle_or_result_shows_a_secret(skin: Skin) -> None:
    """Repr and str, and the attributes below them, one and two levels deep."""
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


def test_what_holds_a_token_is_not_pickled(skin: Skin) -> None:
    """Clients, handles and the token itself refuse, and say what to keep instead."""
    client = skin.client(Play())
    for thing, hint in ((client, "build one"), (skin.task(client), "to_json"), (client.settings.authority, "token")):
        with pytest.raises(TypeError, match=hint):
            pickle.dumps(thing)
    assert copy.deepcopy(client.settings.authority) == client.settings.authority


def test_a_result_is_plain_data() -> None:
    """It pickles, copies and compares by what it says."""
    result: TaskResult = Skin("sync").client(Play()).task(TASK).result()
    assert pickle.loads(pickle.dumps(result)) == copy.deepcopy(result) == result  # noqa: S301  our own bytes


@given(st.text(min_size=1, max_size=80))
@example("../../admin")
@example("a&taskId=b#c?d=%2e%2e/")
@example("..")
@example("\ud800")
def test_any_id_comes_back_as_itself_or_is_refused(text: str) -> None:
    """A task id maps to exactly one query value, and a handle's JSON gives it back."""
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


@pytest.mark.parametrize("task_id", [None, 7, "", " ", "x" * 1001, b"a"])
def test_what_is_no_id_is_refused(skin: Skin, task_id: Any) -> None:
    """Nothing is asked for it."""
    with pytest.raises(ConfigurationError, match="task id"):
        skin.client(Play()).task(task_id)


def test_a_handle_holds_nothing_secret_and_works_in_another_process(skin: Skin) -> None:
    """Its JSON is the id and how to ask; the client it is given to brings the token."""
    first, second = skin.client(Play()), skin.client(Play(), token=GIVEN)
    text = skin.do(first.text_to_video("a cat")).to_json()
    assert json.loads(text) == {"task": TASK, "operation": "getTaskResult"}
    kind = Task if skin.name == "sync" else AsyncTask
    handle = kind.from_json(text, second)
    assert skin.do(handle.wait()).succeeded
    assert handle == skin.task(second)
    assert len({handle, skin.task(second)}) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "{}", '{"task": 1, "operation": "getTaskResult"}', None])
def test_a_text_that_is_no_handle_is_refused(skin: Skin, text: Any) -> None:
    """Also one for an operation this version does not know."""
    kind = Task if skin.name == "sync" else AsyncTask
    for bad in (text, '{"task": "a", "operation": "other"}'):
        with pytest.raises(ConfigurationError):
            kind.from_json(bad, skin.client(Play()))


def test_a_closed_client_refuses_calls(skin: Skin) -> None:
    """Not an error of a pool somewhere below; and a transport that was given stays open."""
    transport = httpx.MockTransport(Play())
    with skin.opened(transport=transport) as client:
        task = skin.do(client.text_to_video("a cat"))
    with pytest.raises(ConfigurationError, match="closed"):
        skin.do(task.result())
    with skin.opened(transport=transport) as client:
        assert skin.do(client.task(task.id).result()).succeeded


def test_with_blocks_close_their_client() -> None:
    """Both kinds of `with` hand the client out and close it."""
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
    """A blocking transport in the async client, an async one in the other, and what is none at all."""
    for name, kind in (("sync", httpx.AsyncBaseTransport), ("async", httpx.BaseTransport), ("sync", object)):
        skin = Skin(name)
        with pytest.raises(ConfigurationError, match="transport must be"):
            skin.client(transport=kind())
        skin.close()


def test_the_token_goes_to_the_apis_origin_only(skin: Skin, tmp_path: Path) -> None:
    """Downloads are asked for without it, whoever serves them, the API itself included."""
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
    """Whatever a request is for, another host, scheme or port gets it as it stands."""
    base = "http://127.0.0.1:9"
    home = origin(base)
    assert home is not None
    authority = Authority(Secret(TOKEN), home)
    for place in ("header", "query", "cookie"):
        credential = Credential(place, "key", "bearer")
        assert authority.add_credentials(Request("GET", url, {}, None, (credential,))) == (url, {})
        assert authority.add_credentials(Request("GET", base, {}, None, (credential,))) != (base, {})
