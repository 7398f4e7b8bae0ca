"""Errors name the place, output holds no terminal escapes, and exit codes are stable."""

from __future__ import annotations

import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulewright.errors import InputError, printable, run_cli


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (InputError("is wrong"), "is wrong"),
        (InputError("is wrong", path="a.yaml"), "a.yaml: is wrong"),
        (InputError("is wrong", path="a.yaml", line=3), "a.yaml:3: is wrong"),
        (InputError("is wrong", line=3), "is wrong"),
        (InputError("is wrong", path="a", line=3, pointer="/b/0"), "a:3: is wrong\n  at /b/0"),
        (InputError("is wrong", path="a", pointer=""), "a: is wrong\n  at (document root)"),
        (InputError("two\n  lines", path="a"), "a: two\n  lines"),
        (InputError("x\x1b[2J", path="a\nerror: b\u202e", pointer="/\n"), "a\\nerror: b\\u202e: x\\x1b[2J\n  at /\\n"),
    ],
)
def test_an_input_error_reads_place_first(error: InputError, text: str) -> None:
    """File, line, message, JSON pointer; a file name cannot forge a line of its own."""
    assert str(error) == text


def test_an_input_error_survives_a_process_boundary() -> None:
    """Parallel test runs pickle exceptions."""
    error = pickle.loads(pickle.dumps(InputError("m", path="p", line=1, pointer="/a")))  # noqa: S301  our own
    assert (error.message, error.path, error.line, error.pointer) == ("m", "p", 1, "/a")


@given(st.text(alphabet=st.characters()))
def test_printable_text_moves_no_cursor_and_reverses_no_line(text: str) -> None:
    """No control, format, surrogate or separator character is left, but line feeds and tabs."""
    shown = printable(text)
    kinds = {unicodedata.category(char) for char in shown if char not in "\n\t"}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode()


@given(st.text(alphabet=st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_printable_text_stays_as_it_is(text: str) -> None:
    """Letters of every script, punctuation and emoji are for reading."""
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("视频\n\ta", "视频\n\ta"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\r\x00\x7f\x9b", "\\r\\x00\\x7f\\x9b"),
        ("\u202e\u2066\u200b\ufeff", "\\u202e\\u2066\\u200b\\ufeff"),
        ("\u2028\u2029\ud800\U000e0041", "\\u2028\\u2029\\ud800\\U000e0041"),
    ],
)
def test_printable_escapes_as_python_writes_it(text: str, shown: str) -> None:
    """An escaped character can be recognised, and searched for."""
    assert printable(text) == shown


def stop_with(error: BaseException) -> int:
    """Raise an error, as a command would."""
    raise error


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("is wrong", path="a", line=2), 1, "error: a:2: is wrong\n"),
        (FileNotFoundError(2, "No such file", "a\x1b"), 1, "error: [Errno 2] No such file: 'a\\x1b'\n"),
        (
            UnicodeEncodeError("ascii", "视", 0, 1, "x"),
            1,
            "error: the output cannot be shown in ascii; set PYTHONUTF8=1\n",
        ),
        (KeyboardInterrupt(), 130, "interrupted; nothing was written\n"),
    ],
)
def test_a_command_line_ends_in_one_message(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Input errors are printed to stderr without a traceback and set the exit code."""
    assert run_cli(lambda: stop_with(error)) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", message)


def test_an_internal_error_keeps_its_traceback() -> None:
    """Any other exception is a bug."""
    with pytest.raises(ZeroDivisionError):
        run_cli(lambda: stop_with(ZeroDivisionError()))


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_command_lines_own_exit_code_stands(code: int) -> None:
    """`run_cli` adds nothing to a run that ends by itself."""
    assert run_cli(lambda: code) == code
