"""Documents of many operations: the whole way, whatever their size; `nox -s upkeep` takes the largest."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from rulewright.commands.impact import main as impact
from rulewright.commands.regenerate import main as regenerate
from rulewright.sandbox import Sandbox

from bench.scale import TABLE, document, overlay

pytestmark = pytest.mark.xdist_group("synthetic")
SIZES = (10, 100, *(pytest.param(size, marks=pytest.mark.heavy) for size in (500, 1000)))


@dataclass(frozen=True)
class Synthetic:
    """A project of so many operations, regenerated."""

    root: Path
    size: int

    def module(self, name: str) -> Any:
        """Return a module of its package."""
        return importlib.import_module(f"synthetic_api{name}")


@pytest.fixture(scope="module", params=SIZES)
def synthetic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthetic]:
    """Each size in turn; its package is called like that of the others."""
    root = tmp_path_factory.mktemp("synthetic")
    (root / "pyproject.toml").write_text(TABLE, encoding="utf-8")
    (root / "openapi.json").write_text(json.dumps(document(request.param)), encoding="utf-8")
    (root / "rules.overlay.json").write_text(json.dumps(overlay(request.param)), encoding="utf-8")
    assert regenerate(["--project", str(root), "--quiet"]) == 0
    sys.path.insert(0, str(root / "generated"))
    yield Synthetic(root, request.param)
    sys.path.remove(str(root / "generated"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "synthetic_api"]:
        del sys.modules[name]


def test_every_operation_is_there_and_nothing_is_left_to_do(synthetic: Synthetic) -> None:
    """None is dropped, and what was generated is what its inputs give."""
    assert len(synthetic.module(".operations").OPERATIONS) == synthetic.size
    assert regenerate(["--project", str(synthetic.root), "--check", "--quiet"]) == 0


def test_every_rule_refuses_what_it_should(synthetic: Synthetic) -> None:
    """In the client and in the sandbox, as its own examples show."""
    rules, models = synthetic.module(".rules"), synthetic.module(".raw.models")
    assert len(rules.RULES) == len(range(0, synthetic.size, 10))
    sandbox = Sandbox(json.loads((synthetic.root / "generated/openapi.effective.json").read_bytes()))
    with httpx.Client(transport=sandbox.transport(), base_url="https://api.example.com") as client:
        for number in range(0, synthetic.size, 10):
            model = getattr(models, f"Thing{number}")
            name = f"round-{number}-needs-radius"
            right: tuple[dict[str, Any], list[str]] = ({"kind": "round", "radius": 1}, [])
            wrong: tuple[dict[str, Any], list[str]] = ({"kind": "round"}, [name])
            for body, broken in (right, wrong):
                assert [each.rule for each in rules.violations(model.from_dict(body))] == broken
                answer = client.post(f"/things{number}/a", json=body)
                assert (answer.status_code == 200) is not bool(broken)
                assert all(each in answer.text for each in broken)


def test_an_operation_that_is_gone_breaks_callers(
    synthetic: Synthetic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of many is found."""
    changed = document(synthetic.size)
    path = f"/things{synthetic.size - 1}/{{id}}"
    del changed["paths"][path]
    for name in ("pyproject.toml", "rules.overlay.json"):
        (tmp_path / name).write_bytes((synthetic.root / name).read_bytes())
    (tmp_path / "openapi.json").write_text(json.dumps(changed), encoding="utf-8")
    assert impact([str(synthetic.root), str(tmp_path)]) == 30
    assert path in capsys.readouterr().out
