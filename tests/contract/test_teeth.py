"""The runner of seeded faults: what it seeds, what it calls noticed, and that nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.teeth.__main__ import main, rendered
from tests.contract.teeth.fault import LAYERS, Fault, FaultError, faults
from tests.contract.teeth.runner import Found, Verdict


def test_there_are_enough_faults_in_every_layer() -> None:
    """Far more than sixty, each named once and each a change."""
    found = faults()
    assert len(found) >= 300
    assert {fault.layer for fault in found} == set(LAYERS)
    assert all(fault.old != fault.new for fault in found)


def test_a_fault_whose_text_is_gone_or_there_twice_is_an_error(tmp_path: Path) -> None:
    """A fault nobody seeds would count as noticed; the message names it, its file and what to do."""
    (tmp_path / "code.py").write_text("x = 1\ny = 1\n", encoding="utf-8")
    assert Fault("client", "ok", "code.py", "x = 1", "x = 2").seeded(tmp_path) == "x = 2\ny = 1\n"
    for path, old, count in (("code.py", "z = 1", 0), ("code.py", "= 1", 2), ("gone.py", "x", 0)):
        with pytest.raises(FaultError, match=f"client: a name\n  {path} holds '{old}' {count} times, wanted once"):
            Fault("client", "a name", path, old, "").seeded(tmp_path)


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


def test_the_table_says_which_test_noticed_and_what_nobody_did() -> None:
    """One row a fault; what survives and what is blamed on the wrong part stand out."""
    fault = Fault("client", "a | b", "code.py", "x", "y")
    seen = Verdict(fault, Found("tests/contract/test_wire.py::test_every_case", "at fault: the client"))
    alive = Verdict(fault, Found(None))
    assert seen.caught
    assert seen.right
    assert not alive.caught
    assert rendered([seen, alive]).splitlines()[2:] == [
        "| a / b | client | `contract/test_wire.py::test_every_case` | the client | yes |",
        "| a / b | client | **nobody** |  | **no** |",
    ]
