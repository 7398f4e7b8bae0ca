"""Documents are read as JSON values with their lines, or refused with the place."""

from __future__ import annotations

import copy
import json
import math
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rulewright.commands.impact import main as impact
from rulewright.commands.new import main as new
from rulewright.errors import InputError
from rulewright.openapi.document import MAX_DEPTH, load, parse, to_json, to_yaml
from rulewright.openapi.operations import with_meant_types, with_path_items
from rulewright.openapi.pointer import decode, encode, resolve

from tests.generating import in_this_process

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80)  # a YAML key ends at 1024 bytes
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Compare JSON values strictly: true is not 1, 1 is not 1.0, and order is part of a document."""
    return json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16:9", "16:9"),
        ("no", "no"),
        ("On", "On"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("Null", None),
        ("12", 12),
        ("-0", 0),
        ("+7", 7),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("!!str 12", "12"),
        ("!!float 12", 12.0),
        ("'12'", "12"),
        ('"\\u89c6\\x41\\/"', "视A/"),
    ],
)
def test_scalars_are_read_as_yaml_1_2_has_them(text: str, value: Any) -> None:
    """OpenAPI is written in YAML 1.2; 1.1 would read 16:9 as 969 and no as false."""
    assert same(parse(f"a: {text}", "f").value, {"a": value})


@pytest.mark.parametrize(("written", "text", "number"), [("1.0", "1.0", 1.0), ("2", "2", 2), ("'3'", "3", "3")])
def test_the_version_of_an_api_is_text_as_it_is_written(written: str, text: str, number: Any) -> None:
    """Without quotes 1.0 would be a number, which OpenAPI does not allow; elsewhere it is one."""
    version = f"info: {{title: t, version: {written}}}"
    assert parse(f"openapi: 3.0.0\n{version}", "d").value["info"]["version"] == text
    assert same(parse(f"overlay: 1.1.0\n{version}", "d").value["info"]["version"], number)


def test_keys_are_text_as_written() -> None:
    """The response code 200 is the key "200", and `on` is not true."""
    assert list(parse("{200: a, on: b, 1.10: c, null: d, '<<': e}", "f").value) == ["200", "on", "1.10", "null", "<<"]


def test_a_merge_key_fills_in_what_an_object_lacks() -> None:
    """As YAML 1.1 has it: the object's own keys count most, then the first of several; lines are the keys' own."""
    document = parse("a: &a {x: 1, y: 1}\nb: &b\n  y: 2\n  z: 2\nc:\n  y: 3\n  <<: [*a, *b]\n  w: 3\n", "f")
    assert document.value["c"] == {"x": 1, "y": 3, "z": 2, "w": 3}
    assert [document.line(("c", key)) for key in "xyzw"] == [1, 6, 4, 8]


def test_aliases_are_copies() -> None:
    """Changing one place of the value changes no other."""
    value = parse("a: &x [1]\nb: *x\n", "f").value
    value["a"].append(2)
    assert value["b"] == [1]


@given(VALUES)
def test_json_is_read_as_json(value: Any) -> None:
    """JSON is read as a JSON parser reads it, escaped or not, except for characters that YAML forbids."""
    for text in (json.dumps([value]), json.dumps({"a": value}, indent="\t")):
        assert same(parse(text, "f").value, json.loads(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": "\ud83d\ude00"}', "😀"),
        (r'{"a": "\uD83D\uDE00\ud83d\ude01"}', "😀😁"),
        (r'{"a": "\\ud83d\\ude00"}', r"\ud83d\ude00"),
        (r'{"a": "\\\ud83d\ude00"}', "\\😀"),
        ('{"a": "\x7f\x9f\uffff"}', "\x7f\x9f\uffff"),
    ],
)
def test_json_may_hold_what_yaml_bans(text: str, value: str) -> None:
    """Many JSON writers escape everything beyond ASCII, others nothing; a doubled backslash begins no escape."""
    document = parse(text, "f")
    assert document.value == {"a": value}
    assert document.text == text


DOCUMENT = """\
# a comment
a:
  - one
  -
    b/c: 1
d: {e: x,
    f: y}
"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("", 2),
        ("/a", 2),
        ("/a/0", 3),
        ("/a/1", 5),
        ("/a/1/b~1c", 5),
        ("/d/e", 6),
        ("/d/f", 7),
        ("/d/f/gone", 7),
        ("/gone", 2),
    ],
)
def test_every_value_has_its_line(pointer: str, line: int) -> None:
    """A key's line for what has a key; the nearest ancestor's for what is not there."""
    assert parse(DOCUMENT, "f").line(pointer) == line


def test_lines_of_a_fragment_are_those_of_its_file() -> None:
    """A document inside a page counts from where it begins, in values and in errors."""
    document = parse(DOCUMENT, "page.md", first_line=11)
    assert document.line(("d", "f")) == 17
    assert str(document.error("is wrong", ("d", "f"))) == "page.md:17: is wrong\n  at /d/f"


REFUSED = {
    "a colon in a text": (
        "a:\n  note: Name: x",
        2,
        "not allowed in this context; a text that holds a colon and a space must be quoted",
    ),
    "not YAML": ("a: 1\nb: [", 3, "is not YAML: while parsing a flow node: did not find expected node content"),
    "tab": ("a:\n\tb: 1", 2, "found character that cannot start any token"),
    "key twice": ("a: 1\nb: 2\na: 3", 3, "the key 'a' stands twice in one object"),
    "key twice in JSON": ('{"a": 1,\n"\\u0061": 2}', 2, "the key 'a' stands twice in one object"),
    "key that is a list": ("a: 1\n[b]: 2", 2, "a key must be plain text"),
    "merge of text": ("a: &x b\nc:\n  <<: *x", 1, "a merge key (<<) takes an object"),
    "two documents": ("a: 1\n---\nb: 2", 2, "expected a single document in the stream"),
    "empty": ("", 1, "is empty; an object was expected"),
    "comment only": ("# a", 1, "is empty; an object was expected"),
    "infinite": ("a: 1\nb: -.inf", 2, "-.inf is not a number in JSON"),
    "not a number": ("a: 1\nb: .NaN", 2, ".NaN is not a number in JSON"),
    "beyond floats": ("a: 1\nb: 1e400", 2, "1e400 is not a number in JSON"),
    "endless digits": ("a: 1\nb: " + "9" * 9999, 2, "a number of 9999 characters; the limit is 1000"),
    "wrong int tag": ("a: 1\nb: !!int x", 2, "'x' is not what its tag 'int' says"),
    "wrong bool tag": ("a: 1\nb: !!bool x", 2, "'x' is not what its tag 'bool' says"),
    "wrong null tag": ("a: 1\nb: !!null x", 2, "'x' is not what its tag 'null' says"),
    "code in a list": ("a: 1\nb: !!python/object/apply:os.system [x]", 2, "has no meaning in JSON"),
    "code in text": ("a: 1\nb: !!python/name:str ''", 2, "has no meaning in JSON"),
    "code in an object": ("a: 1\nb: !!python/object:x.Y {}", 2, "has no meaning in JSON"),
    "set": ("a: 1\nb: !!set {c}", 2, "has no meaning in JSON"),
    "binary": ("a: 1\nb: !!binary aGk=", 2, "has no meaning in JSON"),
    "own tag": ("a: 1\nb: !x:str c", 2, "the tag '!x:str' has no meaning in JSON"),
    "unknown alias": ("a: 1\nb: *c", 2, "found undefined alias"),
    "alias of itself": ("a: 1\nb: &c [*c]", 2, "an alias contains itself"),
    "terminal escape": ("a: é\nb: \x1b[2J", 2, "the character U+001B is not allowed"),
    "NUL": ("a: 1\nb: \0", 2, "the character U+0000 is not allowed"),
    "lone surrogate in JSON": ('{"a": 1,\n"b": "\\ud800"}', 2, "found invalid Unicode character escape code"),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_input_outside_json_is_refused_with_its_line(case: str) -> None:
    """Nothing is guessed, and nothing is run."""
    text, line, message = REFUSED[case]
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        parse(text, "f")
    assert (caught.value.path, caught.value.line) == ("f", line)
    with pytest.raises(InputError) as caught:
        parse(text, "f", first_line=41)
    assert caught.value.line == line + 40


BOMB = "a0: &a0 [z, z]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
HURTFUL = {
    "doubling aliases": (BOMB, "expands to more than 2000000 values (an alias bomb?)"),
    "long text, often": (
        f"a: &a {'z' * 1_000_000}\nb: [{', '.join(['*a'] * 1000)}]",
        "expands to more than 2000000 values (an alias bomb?)",
    ),
    "a chain of aliases": (
        "- &a0 [z]\n" + "".join(f"- &a{n} [*a{n - 1}]\n" for n in range(1, 3000)),
        "is nested deeper than 200 levels",
    ),
    "100,000 brackets": ("[" * 100_000, "is nested deeper than 200 levels"),
    "100,000 dashes": ("a:\n  " + "- " * 100_000, "is nested deeper than 200 levels"),
    "100,000 braces": ('{"a": ' * 100_000, "is nested deeper than 200 levels"),
    "100,000 question marks": ("? " * 100_000, "is nested deeper than 200 levels"),
}


@pytest.mark.parametrize("case", HURTFUL, ids=str)
def test_hostile_documents_are_refused_quickly(case: str) -> None:
    """Refused before it is expanded or recursed into, not after minutes or a crash."""
    text, message = HURTFUL[case]
    started = time.perf_counter()
    with pytest.raises(InputError, match=re.escape(message)):
        parse(text, "f")
    assert time.perf_counter() - started < 5


def test_the_deepest_document_allowed_is_read() -> None:
    """A document exactly at the limit is read."""
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f").value
    with pytest.raises(InputError, match="is nested deeper than"):
        parse("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "f")


def test_a_file_is_read_with_or_without_byte_order_mark(tmp_path: Path) -> None:
    """Line ends and the mark are no part of the value."""
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffa: 视频\r\nb: 2\r\n".encode())
    document = load(path)
    assert document.value == {"a": "视频", "b": 2}
    assert (document.path, document.line("/b")) == (path.as_posix(), 2)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, not UTF-8, too large: each with the path, and the line where there is one."""
    (tmp_path / "latin").write_bytes(b"a: 1\nb: \xe9\n")
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(1 << 40)
    for name, message in {
        "gone": "gone: cannot be read: No such file or directory",
        ".": ": cannot be read: Is a directory",
        "latin": "latin:2: is not UTF-8: invalid continuation byte",
        "huge": "huge: is larger than 67108864 bytes",
    }.items():
        with pytest.raises(InputError, match=re.escape(message) + "$"):
            load(tmp_path / name)


@given(VALUES)
def test_written_yaml_reads_back(value: Any) -> None:
    """Our reader and a YAML 1.1 reader agree: ambiguous text is quoted."""
    text = to_yaml({"a": value})
    assert same(parse(text, "f").value, {"a": value})
    assert same(yaml.safe_load(text), {"a": value})


@pytest.mark.parametrize(
    "text", ["16:9", "no", "1e3", "1.5e3", "0o17", "0x1F", "010", "2026-01-01", "~", "", "<<", "=", "1_0"]
)
def test_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    """Text stays text for every reader, as a value and as a key."""
    written = to_yaml({"a": text, text: "b"})
    assert parse(written, "f").value == {"a": text, text: "b"}
    assert yaml.safe_load(written) == {"a": text, text: "b"}
    assert f"a: '{text}'\n" in written


def test_yaml_keeps_order_and_letters() -> None:
    """No sorting, no escapes for other scripts, no anchors for equal parts."""
    part = {"z": "视频", "a": [1]}
    assert to_yaml({"c": part, "b": part}) == "c:\n  z: 视频\n  a:\n  - 1\nb:\n  z: 视频\n  a:\n  - 1\n"


@given(VALUES)
def test_written_json_reads_back(value: Any) -> None:
    """Two spaces, order kept, one final line feed."""
    text = to_json(value)
    assert same(json.loads(text), value)
    assert text.endswith("\n")
    assert "\\u" not in to_json("视频")


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_json_has_no_such_numbers(number: float) -> None:
    """They would make a file that no other reader accepts."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"a": number})


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


REFERENCE = {"$ref": "#/components/pathItems/Till"}
TILL = {"get": {"responses": {"204": {"description": "open"}}}, "summary": "A till"}


def document() -> dict[str, Any]:
    """Return a document with one operation, in a component."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tills", "version": "1"},
        "servers": [{"url": "https://tills.example.com"}],
        "paths": {"/till": REFERENCE},
        "components": {"pathItems": {"Till": TILL}},
    }


def test_a_path_holds_what_its_reference_names() -> None:
    """What stands beside the reference counts more; the component goes unless something else refers to it."""
    before = document()
    before["paths"]["/till"] = {**REFERENCE, "summary": "The till"}
    kept = copy.deepcopy(before)
    made = with_path_items(before)
    assert made["paths"] == {"/till": {**TILL, "summary": "The till"}}
    assert made["components"] == {"pathItems": {}}
    assert before == kept
    before["webhooks"] = {"opened": REFERENCE}
    assert with_path_items(before)["components"] == {"pathItems": {"Till": TILL}}


@pytest.mark.parametrize("reference", ["#/components/pathItems/Gone", "other.yaml"])
def test_a_dangling_path_reference_stays(reference: str) -> None:
    """The reader of the path reports it."""
    before = document() | {"paths": {"/a": {"$ref": reference}, "/b": None}}
    assert with_path_items(before)["paths"] == before["paths"]


def test_nothing_changes_where_no_path_refers() -> None:
    """The same object is returned."""
    values: tuple[Any, ...] = (None, {}, {"paths": []}, {"paths": {"/a": TILL}})
    for value in values:
        assert with_path_items(value) is value


def test_its_operations_are_made_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A generated client has the operations, and removing one is reported as breaking."""
    for name, value in (("old", document()), ("new", document())):
        if name == "new":
            value["components"]["pathItems"]["Till"] = {"put": TILL["get"]}
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    target = tmp_path / "project"
    with in_this_process():
        assert new([str(target), "--package", "our_tills", "--spec", str(tmp_path / "old.json")]) == 0
    assert "GET_TILL: Final" in (target / "generated/our_tills/operations.py").read_text(encoding="utf-8")
    capsys.readouterr()
    sides = [str(tmp_path / f"{name}.json") for name in ("old", "new")]
    assert impact([*sides, "--project", str(tmp_path)]) == 30
    assert "GET /till" in capsys.readouterr().out


def test_a_schema_with_properties_is_an_object_and_a_required_list_holds_an_item() -> None:
    """Add what authors of such schemas mean; conditions inside other schemas stay unchanged."""
    untyped = {"properties": {"a": {"type": "string"}}, "if": {"properties": {"a": {"const": "b"}}}}
    parameter = {"name": "q", "in": "query", "required": True, "schema": {"$ref": "#/components/schemas/L"}}
    operation = {"parameters": [parameter], "responses": {"204": {"description": "ok"}}}
    value = {"paths": {"/a": {"get": operation}}, "components": {"schemas": {"S": untyped, "L": {"type": "array"}}}}
    made = with_meant_types(value)
    assert made["components"]["schemas"]["S"] == {**untyped, "type": "object"}
    schema = made["paths"]["/a"]["get"]["parameters"][0]["schema"]
    assert schema == {"allOf": [{"$ref": "#/components/schemas/L"}], "minItems": 1}
    assert "type" not in untyped
    assert with_meant_types({"paths": {}}) == {"paths": {}}
