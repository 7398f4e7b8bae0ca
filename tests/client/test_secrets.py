"""Redact text that people read: secrets and control characters."""

from __future__ import annotations

import copy
import pickle

import pytest
from mountsea_gemini._secrets import WITHHELD, PrivateTexts, Redactor, Secret, without_query

TOKEN = "sk-very-secret-0123456789abcdef"  # noqa: S105  made up


def test_a_token_shows_in_no_form() -> None:
    """Neither printed nor formatted; a copy is the same object, and pickling is refused."""
    secret = Secret(TOKEN)
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]}", "%s" % (secret,)):  # noqa: UP031  on purpose
        assert TOKEN not in shown
    assert (repr(secret), secret.reveal()) == ("<token>", TOKEN)
    assert copy.copy(secret) is copy.deepcopy(secret) is secret
    with pytest.raises(TypeError) as caught:
        pickle.dumps(secret)
    assert str(caught.value) == "a token is never pickled; build the client anew where it is needed"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"got {TOKEN}!", WITHHELD),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [token]"),
        ("see https://files.example/a.mp4?Signature=abc&Expires=1 now", "see https://files.example/a.mp4?[cut] now"),
        (r"https:\/\/files.example\/a.mp4?sig=abc", r"https:\/\/files.example\/a.mp4?[cut]"),
        ("https://files.example/a#secret", "https://files.example/a?[cut]"),
        ("https://user:password@files.example/", "https://[user]@files.example/"),
        ("X-Amz-Signature=abcdef", "X-Amz-Signature=[cut]"),
        ('{"api_key": "abcdef"}', '{"api_key": "[cut]"}'),
        ("red \x1b[31m and \u202e back", r"red \x1b[31m and \u202e back"),
        ("no a cat in a hat", WITHHELD),
        ("a line\nand a tab\t", "a line\nand a tab\t"),
        ("half \ud83d of a pair, \u2028, X\x7f", r"half \ud83d of a pair, \u2028, X\x7f"),
    ],
)
def test_what_is_shown_of_foreign_text(text: str, shown: str) -> None:
    """Tokens, signatures, users and echoes are removed, control characters escaped."""
    assert Redactor(Secret(TOKEN))(text, private=PrivateTexts(["a cat in a hat"])) == shown


def test_a_long_text_is_cut_with_a_mark() -> None:
    """Never within a token."""
    assert Redactor(None)("x" * 12, limit=10) == "xxxxxxxxxx... (2 more characters)"
    assert Redactor(None)("x" * 10, limit=10) == "xxxxxxxxxx"
    assert Redactor(None)("x" * 1000, limit=10) == "xxxxxxxxxx... (190 more characters)"
    assert "sk-very" not in Redactor(Secret(TOKEN))("x" * 5 + TOKEN, limit=12)


def test_urls_are_shown_without_query() -> None:
    """User, query and fragment are removed."""
    for tail in ("", "?Signature=abc#x", "#x?y", "?a?b", "#a#b"):
        assert without_query(f"https://user:word@files.example/a.mp4{tail}") == "https://files.example/a.mp4"
