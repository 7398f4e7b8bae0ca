"""No error repeats the request, in any spelling; the server's own reasons are shown."""

from __future__ import annotations

import base64
import html
import json
import pickle
import struct
import traceback
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mountsea_gemini import ApiError, TaskFailed
from mountsea_gemini._secrets import WITHHELD, PrivateTexts
from mountsea_gemini.operations import GET_TASK_RESULT

from tests.client.scripted import ACCEPTED, TASK, TOKEN, Play, Skin, fails, reply, state

PROMPTS: Final = (
    "a cat",
    "cat",
    "猫",
    'Ein Mädchen & "ein" <Hund>\nim Regen / 100% naß \\o/',
    "🐈‍⬛ at dawn",
    "a purple cat nobody else thought of",
)
IMAGE: Final = "https://images.example/a-face.png?sig=c0ffee&w=1"


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def _entities(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(ord(char)) for char in text)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _base64(prefix: str) -> Callable[[str], str]:
    return lambda text: base64.b64encode(f"{prefix}{text}{prefix}".encode()).decode()


SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "as it is": str,
    "JSON": _escaped,
    "JSON twice": lambda text: _escaped(_escaped(text)),
    "JSON with slashes": lambda text: _escaped(text).replace("/", "\\/"),
    "JSON, every character": lambda text: "".join(
        f"\\u{unit:04x}" for (unit,) in struct.iter_unpack(">H", text.encode("utf-16-be"))
    ),
    "Python": ascii,
    "bytes of Python": lambda text: repr(text.encode()),
    "JavaScript": lambda text: "".join(f"\\u{{{ord(char):x}}}" for char in text),
    "percent": quote,
    "percent, all": _percent,
    "percent twice": lambda text: quote(quote(text)),
    "form": quote_plus,
    "form, lower": lambda text: quote_plus(text).lower(),
    "HTML": html.escape,
    "HTML decimal": _entities("&#{};"),
    "HTML hex": _entities("&#x{:X};"),
    "HTML of JSON": lambda text: html.escape(_escaped(text)),
    "base64": _base64(""),
    "base64 within more": _base64("ab"),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "upper": str.upper,
    "lower": str.lower,
    "wrapped": "\n".join,
    "spread": " - ".join,
    "marked up": lambda text: f"<b>{text[0]}</b>{text[1:]}",
    "wide": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
}
LONG: Final[dict[str, Callable[[str], str]]] = {
    "its beginning": lambda text: text[:14] + "…",
    "its middle": lambda text: "…" + text[8:22],
    "its end, escaped": lambda text: quote(text[-14:]),
}


# No base64 letter depends on three bytes in the middle of others alone.
@pytest.mark.parametrize(
    ("spelling", "prompt"),
    [(name, text) for name in SPELLINGS for text in PROMPTS if len(text) > 3 or name != "base64 within more"],
)
def test_an_echo_is_recognised_in_every_spelling(spelling: str, prompt: str) -> None:
    """At the beginning, in the middle and at the end of a sentence."""
    private = PrivateTexts([prompt])
    echo = SPELLINGS[spelling](prompt)
    for text in (echo, f"prompt {echo} is refused", f'{{"prompt":"{echo}"}}'):
        assert private.appear_in(text), text


@pytest.mark.parametrize("prompt", ["aé", "straße", "Ein Mädchen im Regen", "café crème"])
@pytest.mark.parametrize(
    "spell",
    [
        ascii,
        lambda text: quote(text, encoding="latin-1"),
        lambda text: text.encode().decode("latin-1"),
        lambda text: text.encode().decode("cp1252"),
        lambda text: text.encode("latin-1").decode("utf-8", "replace"),
    ],
    ids=["Python", "percent", "UTF-8 as Latin-1", "UTF-8 as Windows-1252", "Latin-1 as UTF-8"],
)
def test_an_echo_is_recognised_in_another_character_set(spell: Callable[[str], str], prompt: str) -> None:
    """Many servers read or write Latin-1."""
    assert PrivateTexts([prompt]).appear_in(f"prompt {spell(prompt)} is refused")


@pytest.mark.parametrize("spelling", LONG)
def test_a_part_of_a_long_text_is_an_echo_too(spelling: str) -> None:
    """Servers shorten what they repeat."""
    for text in (PROMPTS[-1], IMAGE):
        assert PrivateTexts([text]).appear_in(f"bad value {LONG[spelling](text)}")


@pytest.mark.parametrize(
    "reason",
    [
        "the prompt violates the content policy",
        "model veo3_fast is not available in your region",
        "insufficient credits: 10 needed, 3 left (50%)",
        "quota exceeded; retry at 2026-01-01T00:00:00Z, see https://docs.vendor.dev/limits",
        "Invalid 'aspectRatio': expected one of 16:9, 9:16",
        "输入违反了政策",
    ],
)
def test_a_reason_of_the_servers_own_is_shown(reason: str) -> None:
    """Short prompts count as whole words, so that "en" does not hide every sentence."""
    private = PrivateTexts([*PROMPTS[3:], "a cat", "en", "", " ", "\n", IMAGE])
    assert not private.appear_in(reason)


def test_text_that_is_escaped_too_often_is_withheld() -> None:
    """It cannot be checked."""
    text = "%"
    for _ in range(30):
        text = quote(text)
    assert PrivateTexts(["a cat"]).appear_in(text)
    assert not PrivateTexts().appear_in(text)


@given(st.text(max_size=40), st.text(min_size=1, max_size=40), st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_recognised_within_any_other(before: str, text: str, after: str) -> None:
    """Any characters, between any others, separated by blanks."""
    assert PrivateTexts([text]).appear_in(f"{before} {text} {after}") or not text.strip()


def every_text(error: BaseException) -> str:
    """Return everything that an error shows or pickles."""
    twin = pickle.dumps(error).decode("latin-1")
    return f"{error}{error!r}{error.args}{vars(error)}{twin}" + "".join(traceback.format_exception(error))


PROMPT: Final = "Zwölf purple cats"
"""No message of ours contains it by accident."""


def _bodies(echo: str) -> dict[str, Any]:
    return {
        "a reason": reply(400, {"message": f"no {echo}", "error": echo, "errorMessage": [echo, "x"]}),
        "another place": reply(422, {"detail": [{"input": echo}], "received": {"prompt": echo}}),
        "a success": reply(201, {"message": f"no {echo}", "prompt": echo}),
        "a page": reply(502, f"<html>{echo}</html>".encode("utf-8", "replace"), {"Content-Type": "text/html"}),
        "a trace id": reply(400, {"traceId": echo}),
        "a header": reply(400, {}, {"X-Request-Id": quote(echo), "Content-Type": f"text/{quote(echo)}"}),
        "a redirect": reply(307, b"", {"Location": f"/{quote(echo)}"}),
        "no body": reply(201, echo.encode("utf-8", "replace"), {"Content-Type": quote(echo)}),
    }


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("place", _bodies(""))
def test_no_error_of_a_submit_repeats_the_prompt_or_the_token(
    skin: Skin, spelling: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Checks text, fields, pickle, traceback and log, for each place of an echo."""
    for sent in (PROMPT, TOKEN):
        echo = SPELLINGS[spelling](sent)
        with caplog.at_level(1), pytest.raises(ApiError) as caught:
            skin.do(skin.client(Play([_bodies(echo)[place]])).text_to_video(PROMPT))
        shown = every_text(caught.value) + caplog.text
        assert not PrivateTexts([PROMPT, TOKEN]).appear_in(shown), shown


def test_a_call_repeats_none_of_its_parameters(skin: Skin) -> None:
    """Query values are private too."""
    for answer in (reply(400, {"message": f"no {PROMPT}"}), reply(200, {"status": [PROMPT]})):
        with pytest.raises(ApiError) as caught:
            skin.do(skin.client(Play(poll=[answer])).call(GET_TASK_RESULT, task_id=PROMPT))
        assert PROMPT not in every_text(caught.value)


def test_a_failed_task_repeats_nothing_of_its_submit(skin: Skin) -> None:
    """The handle knows the request; the vendor's own reason is shown, and `raw` is not pickled."""
    task = skin.do(skin.client(Play([ACCEPTED], [state("failed", errorMessage=f"no {PROMPT}!")])).text_to_video(PROMPT))
    with pytest.raises(TaskFailed) as caught:
        skin.do(task.wait())
    assert caught.value.vendor_message == WITHHELD
    assert PROMPT not in str(caught.value)
    assert caught.value.result is not None
    assert caught.value.result.raw["errorMessage"] == f"no {PROMPT}!"
    assert pickle.loads(pickle.dumps(caught.value)).result.raw is None  # noqa: S301  our own bytes
    other = skin.task(skin.client(Play(poll=[state("failed", errorMessage="out of GPUs", prompt=PROMPT)])))
    with pytest.raises(TaskFailed, match="out of GPUs") as caught:
        skin.do(other.wait())
    assert PROMPT not in str(caught.value)


def test_transport_errors_repeat_nothing(skin: Skin) -> None:
    """HTTP libraries quote bytes that they cannot parse."""

    def babble(words: str) -> httpx.RemoteProtocolError:
        return httpx.RemoteProtocolError(f"illegal header line: bytearray({PROMPT.encode()!r})")

    for call in ("text_to_video", "wait"):
        client = skin.client(Play([fails(babble)], [fails(babble)]))
        with pytest.raises(ApiError) as caught:
            skin.do(client.text_to_video(PROMPT) if call == "text_to_video" else skin.task(client, PROMPT).result())
        assert "bytearray" not in str(caught.value) or call == "wait"


def test_control_characters_of_a_task_id_are_escaped(skin: Skin) -> None:
    """The id comes from the server, and `task_id` keeps it as it is."""
    with pytest.raises(ApiError) as caught:
        skin.do(skin.client(Play([reply(400, {"taskId": "\x1b[2J" + TASK})])).text_to_video("a cat"))
    assert caught.value.task_id == "\x1b[2J" + TASK
    assert "\x1b" not in str(caught.value)
