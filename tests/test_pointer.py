"""JSON Pointer, law by law of RFC 6901."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulewright.openapi.pointer import decode, encode, resolve

# The document and the pointers of RFC 6901, section 5, and their URI fragment forms of section 6.
RFC_DOCUMENT = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}
RFC_POINTERS = [
    ("", "#", RFC_DOCUMENT),
    ("/foo", "#/foo", ["bar", "baz"]),
    ("/foo/0", "#/foo/0", "bar"),
    ("/", "#/", 0),
    ("/a~1b", "#/a~1b", 1),
    ("/c%d", "#/c%25d", 2),
    ("/e^f", "#/e%5Ef", 3),
    ("/g|h", "#/g%7Ch", 4),
    ("/i\\j", "#/i%5Cj", 5),
    ('/k"l', "#/k%22l", 6),
    ("/ ", "#/%20", 7),
    ("/m~0n", "#/m~0n", 8),
]


@pytest.mark.parametrize(("pointer", "fragment", "value"), RFC_POINTERS)
def test_the_examples_of_the_rfc(pointer: str, fragment: str, value: Any) -> None:
    """Both forms of every pointer in the RFC lead to the value it states."""
    assert resolve(RFC_DOCUMENT, pointer) == value
    assert resolve(RFC_DOCUMENT, fragment) == value


@given(st.lists(st.text() | st.integers(min_value=0)))
def test_decode_undoes_encode(location: list[str | int]) -> None:
    """Any keys survive, whatever slashes, tildes and percent signs they hold."""
    assert decode(encode(location)) == tuple(str(key) for key in location)


def test_the_escaped_tilde_is_undone_last() -> None:
    """`~01` is the key `~1`, not a slash."""
    assert decode("/~01") == ("~1",)
    assert encode(["~1"]) == "/~01"


@pytest.mark.parametrize("text", ["a", "a/b", "#a", "# /a", "/~", "/~2", "/a~", "#/%ff"])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    """A pointer is empty or starts with a slash; a tilde is escaped; a fragment is UTF-8."""
    with pytest.raises(ValueError, match=r"is not a JSON pointer|can't decode"):
        decode(text)


@pytest.mark.parametrize(
    ("pointer", "walked", "token"),
    [
        ("/foo/2", "/foo", "2"),
        ("/foo/-", "/foo", "-"),
        ("/foo/-1", "/foo", "-1"),
        ("/foo/01", "/foo", "01"),
        ("/foo/+1", "/foo", "+1"),
        ("/foo/1 ", "/foo", "1 "),
        ("/foo/\u0661", "/foo", "\u0661"),
        ("/foo/" + "9" * 5000, "/foo", "9" * 5000),
        ("/foo/0/0", "/foo/0", "0"),
        ("/nothing", "the root", "nothing"),
    ],
)
def test_a_pointer_to_nothing_names_the_part_that_exists(pointer: str, walked: str, token: str) -> None:
    """An index is written in plain digits without leading zeros; text has no parts."""
    with pytest.raises(LookupError, match=re.escape(f"{walked} has no {token!r}")):
        resolve(RFC_DOCUMENT, pointer)
