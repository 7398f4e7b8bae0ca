"""The runner of seeded faults: what it seeds, what it calls noticed, and that nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.teeth.__main__ import main
from tests.contract.teeth.calls import Calls
from tests.contract.teeth.copy import ROOT
from tests.contract.teeth.fault import LAYERS, Fault, FaultError, faults
from tests.contract.teeth.runner import Found, Verdict
from tests.contract.teeth.table import key_of, read, rendered, row, written


def test_there_are_enough_faults_in_every_layer() -> None:
    """Hundreds, each named once and each a change."""
    found = faults()
    assert len(found) >= 700
    assert {fault.layer for fault in found} == set(LAYERS)
    assert all(fault.old != fault.new for fault in found)


def test_a_fault_whose_text_is_gone_or_there_twice_is_an_error(tmp_path: Path) -> None:
    """A fault nobody seeds would count as noticed; the message names it, its file and what to do."""
    (tmp_path / "code.py").write_text("x = 1\ny = 1\n", encoding="utf-8")
    assert Fault("client", "ok", "code.py", "x = 1", "x = 2").seeded(tmp_path) == "x = 2\ny = 1\n"
    for path, old, count in (("code.py", "z = 1", 0), ("code.py", "= 1", 2), ("gone.py", "x", 0)):
        with pytest.raises(FaultError, match=f"client: a name\n  {path} holds '{old}' {count} times, wanted once"):
            Fault("client", "a name", path, old, "").seeded(tmp_path)


def test_every_fault_fits_the_code_as_it_is() -> None:
    """What it replaces stands there once, and what comes of it can be read: no test need run to notice what cannot."""
    for fault in faults():
        text = fault.seeded(ROOT)
        if fault.path.endswith(".py"):
            compile(text, fault.path, "exec")


def test_two_faults_of_one_name_are_an_error(tmp_path: Path) -> None:
    """The table would show only one of them."""
    for layer in LAYERS:
        (tmp_path / f"{layer}.yaml").write_text("- {name: a, path: b, old: c, new: d}\n" * 2, encoding="utf-8")
    with pytest.raises(FaultError, match=r"server.yaml, entry 1: there are two faults named 'a'"):
        faults(tmp_path)


def test_no_fault_of_that_name_is_a_red_run(capsys: pytest.CaptureFixture[str]) -> None:
    """A run that seeded nothing proves nothing."""
    assert main(["--trust", "no fault has this name"]) == 1
    assert "0 of 0 faults noticed" in capsys.readouterr().out


def test_who_is_blamed() -> None:
    """Whom the test names, most often where it names several; else the layer it stands beside."""
    assert (
        Found("tests/contract/x", "at fault: the server\nat fault: the client\nat fault: the server").blame
        == "the server"
    )
    assert Found("tests/client/test_waiting.py::test_x", "boom").blame == "the client"
    assert Found("tests/contract/x", "boom").blame is None


def _noticed(fault: Fault, test: str | None) -> Verdict:
    return Verdict(fault, Found(test, "" if test is None else f"at fault: {fault.at_fault}"))


def test_the_table_says_which_test_noticed_and_what_nobody_did() -> None:
    """One row a fault; what survives and what is blamed on the wrong part stand out."""
    fault = Fault("client", "a | b", "code.py", "x", "y")
    seen, alive = _noticed(fault, "tests/contract/test_wire.py::test_every_case"), _noticed(fault, None)
    assert seen.caught
    assert seen.right
    assert not alive.caught
    assert rendered([row(seen), row(alive)]).splitlines()[2:] == [
        "| a / b | client | `contract/test_wire.py::test_every_case` | the client | yes |",
        "| a / b | client | **nobody** |  | **no** |",
    ]


def test_a_run_of_some_faults_keeps_what_is_known_of_the_others(tmp_path: Path) -> None:
    """The table is written anew in the order of the faults; what was not tried stands as it was, what is gone goes."""
    one, two, gone = (Fault("client", name, "code.py", "x", "y") for name in ("one", "a | two", "gone"))
    path = tmp_path / "table.md"
    tests = {fault.name: f"tests/client/test_x.py::test_{number}" for number, fault in enumerate((one, two, gone))}
    path.write_text(written([_noticed(each, tests[each.name]) for each in (one, two, gone)], [one, two, gone], {}))
    before = read(path)
    assert before[key_of(two)] == ("tests/client/test_x.py::test_1", "the client")
    path.write_text(written([_noticed(one, None)], [one, two], before))
    assert read(path) == {key_of(two): before[key_of(two)]}
    assert "| one | client | **nobody** |" in path.read_text()


def test_what_the_table_tells_is_still_so() -> None:
    """It names faults and tests that are there, and the right part for at least 95 of 100; `--missing` adds to it."""
    known, there = read(), {key_of(fault): fault for fault in faults()}
    assert len(known) >= 350
    assert set(known) <= set(there)
    right = sum(blame == there[key].at_fault for key, (_, blame) in known.items())
    assert right >= 0.95 * len(known)
    named = {test.partition("[")[0] for test, _ in known.values()} - {
        "tests/scripts.regenerate",
        "tests/the run itself",
    }
    gone = [test for test in named if f"def {test.rpartition('::')[2]}(" not in _text(test.partition("::")[0])]
    assert gone == []


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_tests_that_reach_a_fault_are_asked_first(tmp_path: Path) -> None:
    """Those that call the innermost function around it, the quickest first; those of the module, if it is in none."""
    code = "LIMIT = 1\n\n\n@cache\ndef outer():\n    def inner():\n        return 2\n    return inner\n"
    (tmp_path / "code.py").write_text(code, encoding="utf-8")
    seconds = {"test_slow": 2.0, "test_quick": 1.0, "test_inner": 0.5}
    calls = Calls(seconds, {"code.py:4": ["test_slow", "test_quick"], "code.py:6": ["test_inner"]})
    assert calls.reaching(Fault("client", "", "code.py", "return 2", "return 3"), tmp_path) == ["test_inner"]
    outer = Fault("client", "", "code.py", "return inner", "return None")
    assert calls.reaching(outer, tmp_path) == ["test_quick", "test_slow"]
    assert calls.reaching(Fault("client", "", "code.py", "LIMIT = 1", "LIMIT = 2"), tmp_path) == [
        "test_inner",
        "test_quick",
        "test_slow",
    ]
    assert Calls.read(calls.written()) == calls
    other = Calls({"test_new": 3.0}, {"code.py:4": ["test_new"]})
    assert calls.with_those_of(other).tests["code.py:4"] == ["test_slow", "test_quick", "test_new"]
