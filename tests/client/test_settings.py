"""What a client may be given: what becomes of it, and the words about what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from mountsea_gemini import ConfigurationError
from mountsea_gemini._secrets import WITHHELD
from mountsea_gemini._settings import Settings, positive_seconds, settings, waived

from tests.client.scripted import BASE, Play, Skin

TOKEN = "sk-made-up"  # noqa: S105  made up
HTTPS = "https://api.example/v1"
PLAIN: dict[str, Any] = {
    "base_url": HTTPS,
    "waive": (),
    "strict": False,
    "timeout": 30,
    "has_transport": False,
    "allow_private_downloads": False,
    "max_download_bytes": 1,
}


def given(token: Any = TOKEN, **changed: Any) -> Settings:
    """Return the settings of a client that was given this."""
    return settings(token, **{**PLAIN, **changed})


def revealed(found: Settings) -> str | None:
    """Return the token of settings in clear."""
    secret = found.authority.secret
    return None if secret is None else secret.reveal()


def refused(token: Any = TOKEN, **changed: Any) -> str:
    """Return the words with which this is refused."""
    with pytest.raises(ConfigurationError) as caught:
        given(token, **changed)
    return str(caught.value)


def test_what_is_given_goes_before_the_environment(skin: Skin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token for one address must not go to another one because a variable stands in the shell."""
    monkeypatch.setenv("MOUNTSEA_BASE_URL", "https://elsewhere.example")
    play = Play()
    skin.do(skin.client(play).text_to_video("a cat"))
    assert f"{play.seen[-1][1].url}".startswith(BASE)


def test_what_becomes_of_it() -> None:
    """An address without its last slash, one origin for the token, limits of downloads."""
    found = given(f" {TOKEN}\n", base_url=f"{HTTPS}/", waive=["schema"], strict=True, max_download_bytes=7)
    assert (found.base_url, found.waive, found.strict, found.timeout) == (HTTPS, frozenset({"schema"}), True, 30.0)
    assert (revealed(found), found.authority.origin) == (TOKEN, ("https", "api.example", 443))
    assert found.redact(f"it is {TOKEN}") == WITHHELD
    policy = found.policy
    assert (policy.trusted, policy.private, policy.limit, policy.idle, policy.total) == (None, False, 7, 30, 3600)
    assert given(base_url="https://api.example/X//").base_url == "https://api.example/X"


def test_an_address_on_this_machine_is_trusted_with_its_files() -> None:
    """A sandbox serves its results itself; an address elsewhere is no more trusted than any."""
    policy = given(base_url="http://127.0.0.1:80", allow_private_downloads=True).policy
    assert (policy.trusted, policy.private) == (("http", "127.0.0.1", 80), True)
    assert given(base_url="http://api.example", has_transport=True).policy.trusted == ("http", "api.example", 80)


def test_what_is_not_given_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without either there is no token, and the address is the document's."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", "sk-other")
    monkeypatch.setenv("MOUNTSEA_BASE_URL", "https://other.example")
    found = given(None, base_url=None)
    assert (revealed(found), found.base_url) == ("sk-other", "https://other.example")
    monkeypatch.setenv("MOUNTSEA_BASE_URL", "")
    assert given(base_url=None).base_url == "https://api.mountsea.ai"
    monkeypatch.setenv("MOUNTSEA_BASE_URL", "ftp://x")
    assert refused(base_url=None) == "MOUNTSEA_BASE_URL must be an http or https URL, got 'ftp://x'"
    monkeypatch.setenv("MOUNTSEA_API_KEY", "sk other")
    assert refused(None) == "MOUNTSEA_API_KEY holds white space or characters no token has; it is not shown here"
    monkeypatch.delenv("MOUNTSEA_API_KEY")
    assert refused(None) == "no token: pass one to the client, or set MOUNTSEA_API_KEY"


@pytest.mark.parametrize("token", ["", " ", 7, b"x"])
def test_a_token_is_a_text(token: Any) -> None:
    """And is never shown."""
    way_out = "is empty: pass a token to the client, or set MOUNTSEA_API_KEY"
    assert refused(token) == f"the token given to the client {way_out}"


@pytest.mark.parametrize("token", ["sk a", "sk\x7f", "sk\n\nx", "sk\u00fc"])
def test_a_token_holds_what_a_header_can_carry(token: str) -> None:
    """From the exclamation mark to the tilde."""
    told = "holds white space or characters no token has; it is not shown here"
    assert refused(token) == f"the token given to the client {told}"
    assert revealed(given("!~")) == "!~"


LONG = "x" * 300
NO_URL = "base_url must be an http or https URL, got"
NO_MORE = "base_url must hold neither user, query nor fragment, got"
NO_HTTP = "base_url must be https, because the token would travel readable; http is for this machine only, got"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://api.example", f"{NO_URL} 'ftp://api.example'"),
        ("https://", f"{NO_URL} 'https://'"),
        ("", f"{NO_URL} ''"),
        (7, f"{NO_URL} '7'"),
        ("\u202e", f"{NO_URL} '\\\\u202e'"),
        (LONG, f"{NO_URL} {LONG[:200]!r}"),
        ("https://user:word@api.example", f"{NO_MORE} 'https://api.example'"),
        ("https://user@api.example", f"{NO_MORE} 'https://api.example'"),
        ("https://:word@api.example", f"{NO_MORE} 'https://api.example'"),
        ("https://api.example?a=secret", f"{NO_MORE} 'https://api.example'"),
        ("https://api.example#secret", f"{NO_MORE} 'https://api.example'"),
        ("http://api.example", f"{NO_HTTP} 'http://api.example'"),
    ],
)
def test_an_address_is_one_the_token_may_go_to(address: Any, words: str) -> None:
    """What it held beside the address is not repeated: it may be a secret."""
    assert refused(base_url=address) == words


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "9"])
def test_a_limit_of_bytes_is_a_number_of_them(count: Any) -> None:
    """At least one."""
    assert refused(max_download_bytes=count) == f"max_download_bytes must be a positive whole number, got {count!r}"


@pytest.mark.parametrize("seconds", [0, -1, -0.5, True, "9", None, float("nan"), float("inf")])
def test_a_time_is_a_number_of_seconds(seconds: Any) -> None:
    """More than none, unless none makes sense."""
    assert refused(timeout=seconds) == f"timeout must be a number of seconds, more than zero, got {seconds!r}"
    with pytest.raises(ConfigurationError) as caught:
        positive_seconds("pause", seconds if seconds != 0 else -1, zero=True)
    wanted = "pause must be a number of seconds, zero or more"
    assert str(caught.value) == f"{wanted}, got {seconds if seconds != 0 else -1!r}"


def test_seconds_may_be_few() -> None:
    """And parts of one; none at all only where that makes sense."""
    assert [positive_seconds("t", 1), positive_seconds("t", 0.5), positive_seconds("t", 0, zero=True)] == [1, 0.5, 0]
    assert isinstance(given(timeout=1).timeout, float)


def test_what_is_waived_is_a_collection_of_rules() -> None:
    """A misspelt one would waive nothing, and nobody would notice."""
    with pytest.raises(ConfigurationError) as caught:
        waived(["prompt-not-blan\u202e"])
    known = "did you mean 'prompt-not-blank'?"
    assert str(caught.value) == f"there is no rule 'prompt-not-blan\\u202e' to waive; {known}"
    with pytest.raises(ConfigurationError, match="waive must be a collection of rule ids"):
        waived("schema")
    with pytest.raises(ConfigurationError, match="int"):
        waived(7)  # type: ignore[arg-type]
