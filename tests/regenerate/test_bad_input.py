"""Bad input: one clear message with file and place, exit code 1, and the previous outputs as they were."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rulewright.commands.regenerate import main
from rulewright.commands.rules import main as rules
from rulewright.files import read_tree

Break = Callable[[Path], None]


def edit(file: str, change: Callable[[Any], None]) -> Break:
    """Return a fault that changes a YAML file's value."""

    def apply(project: Path) -> None:
        path = project / file
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(value)
        path.write_text(json.dumps(value, indent=1), encoding="utf-8")

    return apply


def write(file: str, content: str) -> Break:
    """Return a fault that replaces a file."""

    def apply(project: Path) -> None:
        (project / file).write_text(content, encoding="utf-8")

    return apply


def rule(change: Callable[[dict[str, Any]], None]) -> Break:
    """Return a fault in the first rule of the parcels project."""
    return edit("overlays/rules.overlay.yaml", lambda doc: change(doc["actions"][0]["update"]["x-rules"][0]))


def waiter(change: Callable[[dict[str, Any]], None]) -> Break:
    """Return a fault in the waiter of the parcels project."""
    return edit("overlays/rules.overlay.yaml", lambda doc: change(doc["actions"][1]["update"]["x-waiter"]))


def variants(change: Callable[[dict[str, Any]], None]) -> Break:
    """Return a fault in the variants of the parcels project."""
    return edit("overlays/rules.overlay.yaml", lambda doc: change(doc["actions"][0]["update"]["x-variants"]))


# One fault or two for each reader of the inputs; `tests/rules` has the tables of what each reader refuses.
FAULTS: dict[str, tuple[Break, list[str]]] = {
    "no pyproject": (lambda p: (p / "pyproject.toml").unlink(), ["pyproject.toml", "cannot be read"]),
    "no table": (write("pyproject.toml", ""), ["[tool.rulewright]"]),
    "not TOML": (write("pyproject.toml", "[[["), ["is not TOML"]),
    "path leads out": (
        write("pyproject.toml", '[tool.rulewright]\nspec="../x"\noverlays=[]\npackage="p"\noutput="g"\n'),
        ["'../x' leads out of the project"],
    ),
    "output is the project": (
        write("pyproject.toml", '[tool.rulewright]\nspec="o"\noverlays=[]\npackage="p"\noutput="."\n'),
        ["directory of its own"],
    ),
    "package is code": (
        write("pyproject.toml", '[tool.rulewright]\nspec="o"\noverlays=[]\npackage="p;x"\noutput="g"\n'),
        ["must be a Python identifier"],
    ),
    "overlay that is not listed": (
        write("overlays/more.yaml", "# more\noverlay: 1.1.0\n"),
        ["overlays/more.yaml: is not listed in overlays of", "add 'overlays/more.yaml' there"],
    ),
    "misspelt extension": (
        edit("overlays/rules.overlay.yaml", lambda d: d["actions"][0].update(update={"x-rule": []})),
        ["overlays/rules.overlay.yaml:", "/actions/0/update/x-rule", "did you mean x-rules?"],
    ),
    "misspelt extension of an overlay": (
        edit("overlays/rules.overlay.yaml", lambda d: d.update({"x-waived-prosa": []})),
        ["overlays/rules.overlay.yaml:", "did you mean x-waived-prose?"],
    ),
    "misspelt extension of a rule": (rule(lambda r: r.update({"x-formely": []})), ["did you mean x-formerly?"]),
    "extension in the wrong place": (
        edit("overlays/rules.overlay.yaml", lambda d: d["actions"][0].update({"x-rules": []})),
        ["x-rules has no meaning in an action; it belongs into the update of an action"],
    ),
    "no spec": (lambda p: (p / "openapi.yaml").unlink(), ["openapi.yaml", "cannot be read"]),
    "broken YAML": (write("openapi.yaml", "openapi: 3.1.0\npaths: [\n"), ["openapi.yaml:", "is not YAML"]),
    "not a document": (write("openapi.yaml", "- 1\n"), ["openapi.yaml"]),
    "dangling reference": (
        edit("openapi.yaml", lambda d: d["components"]["schemas"].pop("Job")),
        ["Job"],
    ),
    "dropped operation": (
        edit(
            "openapi.yaml",
            lambda d: d["paths"]["/jobs/{jobId}"]["get"]["parameters"].clear(),
        ),
        ["/jobs/{jobId}"],
    ),
    "empty enum": (
        edit(
            "openapi.yaml",
            lambda d: d["components"]["schemas"]["LabelOrder"]["properties"]["size"]["properties"]["depth"].update(
                enum=[]
            ),
        ),
        ["openapi.yaml:", "enum is empty"],
    ),
    "stale target": (
        edit("overlays/rules.overlay.yaml", lambda d: d["actions"][0].update(target="$.components.schemas.LabelOrdr")),
        ["rules.overlay.yaml", "action 1", "LabelOrder"],
    ),
    "unknown keyword": (rule(lambda r: r["then"].update(maxProps=1)), ["boxes-need-weight", "'maxProps'"]),
    "duplicate id": (rule(lambda r: r.update(id="letters-are-light")), ["letters-are-light", "taken"]),
    "renamed id": (
        rule(lambda r: r.update(id="boxes-want-weight")),
        ["boxes-want-weight", "it was called boxes-need-weight", "x-formerly: [boxes-need-weight]"],
    ),
    "rules that are no list": (
        edit("overlays/rules.overlay.yaml", lambda d: d["actions"][0]["update"].update({"x-rules": {}})),
        ["overlays/rules.overlay.yaml:", "action 1", "x-rules must be a list of rules"],
    ),
    "rules of no schema": (
        edit("overlays/rules.overlay.yaml", lambda d: d["actions"][0].update(target="$")),
        ["overlays/rules.overlay.yaml:", "action 1", "x-rules stands on a schema or on an operation"],
    ),
    "rules of no properties": (
        edit("overlays/rules.overlay.yaml", lambda d: d["actions"][0].update(update={"x": d["actions"][0]["update"]})),
        ["overlays/rules.overlay.yaml:", "action 1"],
    ),
    "variants that are a list": (
        edit("overlays/rules.overlay.yaml", lambda d: d["actions"][0]["update"].update({"x-variants": []})),
        ["overlays/rules.overlay.yaml:", "action 1", "x-variants must be an object"],
    ),
    "variants by a list": (variants(lambda v: v.update(by=["kind"])), ["action 1", "by must be the name of a field"]),
    "variants by what is not listed": (
        variants(lambda v: v.update(by="found")),
        ["action 1", "by must be a field with an enum of plain values"],
    ),
    "names that are a list": (variants(lambda v: v.update(names=["order"])), ["action 1", "names must be an object"]),
    "a name that is a list": (
        variants(lambda v: v["names"].update(box=["order"])),
        ["action 1", "the function name ['order'] is not a Python identifier"],
    ),
    "a name given twice": (variants(lambda v: v["names"].update(box="order")), ["'order' is given twice"]),
    "positional of lists": (variants(lambda v: v.update(positional=[["size"]])), ["action 1", "positional must be"]),
    "defaults that are a list": (variants(lambda v: v.update(defaults=["size"])), ["defaults must be an object"]),
    "enum of lists to choose by": (
        edit(
            "openapi.yaml",
            lambda d: d["components"]["schemas"]["LabelOrder"]["properties"]["kind"].update(enum=[["a"], {"b": 1}]),
        ),
        ["boxes-need-weight"],
    ),
    "waiter that is a list": (
        edit("overlays/rules.overlay.yaml", lambda d: d["actions"][1]["update"].update({"x-waiter": []})),
        ["overlays/rules.overlay.yaml:", "action 2", "x-waiter must be an object"],
    ),
    "deadline beyond floats": (waiter(lambda w: w.update(deadline=10**400)), ["action 2", "deadline must be a number"]),
    "rule nobody can keep": (
        rule(lambda r: r.update(then={"properties": {"kind": {"const": "letter"}}}, message="kind must be letter")),
        ["overlays/rules.overlay.yaml:39: rule boxes-need-weight: the example must break no rule"],
    ),
    "no such field": (
        rule(lambda r: r["then"].update(required=["wieght"])),
        ["boxes-need-weight", "no property 'wieght'", "did you mean 'weight'"],
    ),
    "new required field": (
        edit("openapi.yaml", lambda d: d["components"]["schemas"]["LabelOrder"]["required"].append("class")),
        [
            "times: the example does not fit the schema: 'class' is a required property; add class: \"slow\"",
            "overlays/rules.overlay.yaml:",
            "rule boxes-need-weight, breaks",
        ],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.usefixtures("inside")
def test_bad_input_is_refused_and_changes_nothing(
    generated_parcels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    """The message names the mistake and its place, and generated/ is not changed."""
    parcels = tmp_path / "parcels"
    shutil.copytree(generated_parcels, parcels)
    before = read_tree(parcels / "generated")
    apply, expected = FAULTS[fault]
    apply(parcels)
    assert main(["--project", str(parcels), "--quiet"]) == 1
    error = capsys.readouterr().err
    for text in ("error: ", *expected):
        assert text in error
    assert "Traceback" not in error
    assert read_tree(parcels / "generated") == before


ODD: dict[str, Callable[[dict[str, Any]], object]] = {
    "an enum of lists and objects": lambda fields: fields.update(
        {"class": {"enum": ["slow", "fast", ["slow", "fast"], {"speed": 1}]}}
    ),
    "a bound of a thousand million items": lambda fields: fields["found"].update(maxItems=10**9),
    "more combinations than a number can be printed": lambda fields: fields.update(
        {f"flag{number}": {"type": "boolean"} for number in range(1000)}
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_fields_are_analysed(parcels: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Extreme but valid fields are analysed without exhausting memory."""

    def change(value: Any) -> None:
        ODD[name](value["components"]["schemas"]["LabelOrder"]["properties"])

    edit("openapi.yaml", change)(parcels)
    assert rules(["analyse", "--project", str(parcels)]) == 0
    out, error = capsys.readouterr()
    assert "requests are valid" in out
    assert error == ""
