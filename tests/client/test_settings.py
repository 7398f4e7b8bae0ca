"""Settings of a client: valid values, defaults from the environment, and error messages."""

from __future__ import annotations

from typing import Any

import pytest
from mountsea_gemini import ConfigurationError
from mountsea_gemini._secrets import WITHHELD
from mountsea_gemini._settings import Settings, check_waivers, positive_seconds, settings

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


def make_settings(token: Any = TOKEN, **changed: Any) -> Settings:
    """Return the settings of a client that was given this."""
    return settings(token, **{**PLAIN, **changed})


def token_of(found: Settings) -> str | None:
    """Return the token of settings in clear."""
    secret = found.authority.secret
    return None if secret is None else secret.reveal()


def settings_error(token: Any = TOKEN, **changed: Any) -> str:
    """Return the message with which settings are refused."""
    with pytest.raises(ConfigurationError) as caught:
        make_settings(token, **changed)
    return str(caught.value)


def test_settings_are_normalised() -> None:
    """The URL loses its trailing slash, the token gets one origin, downloads their limits."""
    found = make_settings(f" {TOKEN}\n", base_url=f"{HTTPS}/", waive=["schema"], strict=True, max_download_bytes=7)
    assert (found.base_url, found.waive, found.strict, found.timeout) == (HTTPS, frozenset({"schema"}), True, 30.0)
    assert (token_of(found), found.authority.origin) == (TOKEN, ("https", "api.example", 443))
    assert found.redact(f"it is {TOKEN}") == WITHHELD
    policy = found.policy
    assert (policy.trusted, policy.private, policy.limit, policy.idle, policy.total) == (None, False, 7, 30, 3600)
    assert make_settings(base_url="https://api.example/X//").base_url == "https://api.example/X"


def test_an_address_on_this_machine_is_trusted_with_its_files() -> None:
    """A sandbox serves its results itself; other addresses are not trusted."""
    policy = make_settings(base_url="http://127.0.0.1:80", allow_private_downloads=True).policy
    assert (policy.trusted, policy.private) == (("http", "127.0.0.1", 80), True)
    assert make_settings(base_url="http://api.example", has_transport=True).policy.trusted == (
        "http",
        "api.example",
        80,
    )


def test_what_is_not_given_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a variable, the address is the document's and a missing token is an error."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", "sk-other")
    monkeypatch.setenv("MOUNTSEA_BASE_URL", "https://other.example")
    found = make_settings(None, base_url=None)
    assert (token_of(found), found.base_url) == ("sk-other", "https://other.example")
    monkeypatch.setenv("MOUNTSEA_BASE_URL", "")
    assert make_settings(base_url=None).base_url == "https://api.mountsea.ai"
    monkeypatch.setenv("MOUNTSEA_BASE_URL", "ftp://x")
    assert settings_error(base_url=None) == "MOUNTSEA_BASE_URL must be an http or https URL, got 'ftp://x'"
    monkeypatch.setenv("MOUNTSEA_API_KEY", "sk other")
    assert settings_error(None) == "MOUNTSEA_API_KEY holds white space or characters no token has; it is not shown here"
    monkeypatch.delenv("MOUNTSEA_API_KEY")
    assert settings_error(None) == "no token: pass one to the client, or set MOUNTSEA_API_KEY"


@pytest.mark.parametrize("token", ["", " ", 7, b"x"])
def test_an_empty_token_is_refused(token: Any) -> None:
    """The message never shows it."""
    way_out = "is empty: pass a token to the client, or set MOUNTSEA_API_KEY"
    assert settings_error(token) == f"the token given to the client {way_out}"


@pytest.mark.parametrize("token", ["sk a", "sk\x7f", "sk\n\nx", "sk\u00fc", "sk\u043b", "sk\0x"])
def test_a_token_is_printable_ascii(token: str) -> None:
    """From the exclamation mark to the tilde."""
    message = "holds white space or characters no token has; it is not shown here"
    assert settings_error(token) == f"the token given to the client {message}"
    assert token_of(make_settings("!~")) == "!~"


LONG = "x" * 300
NO_URL = "base_url must be an http or https URL, got"
NO_MORE = "base_url must hold neither user, query nor fragment, got"
NO_HTTP = "base_url must be https, because the token would travel readable; http is for this machine only, got"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://api.example", f"{NO_URL} 'ftp://api.example'"),
        ("https://", f"{NO_URL} 'https://'"),
        ("api.example", f"{NO_URL} 'api.example'"),
        ("https://h:99999", f"{NO_URL} 'https://h:99999'"),
        ("https://[::1", f"{NO_URL} 'https://[::1'"),
        ("https://h\\@evil", f"{NO_URL} 'https://evil'"),
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
        ("http://127.0.0.1.example", f"{NO_HTTP} 'http://127.0.0.1.example'"),
    ],
)
def test_a_base_url_is_https_without_user_and_query(address: Any, words: str) -> None:
    """The message leaves out what may be secret."""
    assert settings_error(base_url=address) == words


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "9"])
def test_a_byte_limit_is_a_positive_integer(count: Any) -> None:
    """At least one."""
    assert (
        settings_error(max_download_bytes=count) == f"max_download_bytes must be a positive whole number, got {count!r}"
    )


@pytest.mark.parametrize("seconds", [0, -1, -0.5, True, "9", None, float("nan"), float("inf")])
def test_a_timeout_is_a_finite_number_of_seconds(seconds: Any) -> None:
    """More than zero, unless zero makes sense."""
    assert settings_error(timeout=seconds) == f"timeout must be a number of seconds, more than zero, got {seconds!r}"
    with pytest.raises(ConfigurationError) as caught:
        positive_seconds("pause", seconds if seconds != 0 else -1, zero=True)
    wanted = "pause must be a number of seconds, zero or more"
    assert str(caught.value) == f"{wanted}, got {seconds if seconds != 0 else -1!r}"


def test_small_timeouts_are_valid() -> None:
    """Fractions too, and zero where it makes sense."""
    assert [positive_seconds("t", 1), positive_seconds("t", 0.5), positive_seconds("t", 0, zero=True)] == [1, 0.5, 0]
    assert isinstance(make_settings(timeout=1).timeout, float)


def test_a_waiver_is_a_collection_of_rule_ids() -> None:
    """A misspelt id would silently waive nothing."""
    with pytest.raises(ConfigurationError) as caught:
        check_waivers(["prompt-not-blan\u202e"])
    known = "did you mean 'prompt-not-blank'?"
    assert str(caught.value) == f"there is no rule 'prompt-not-blan\\u202e' to waive; {known}"
    with pytest.raises(ConfigurationError, match="waive must be a collection of rule ids"):
        check_waivers("schema")
    with pytest.raises(ConfigurationError, match="int"):
        check_waivers(7)  # type: ignore[arg-type]
