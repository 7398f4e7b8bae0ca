"""Documents of other vendors: the whole way from the document to a client, a sandbox, an impact and a copy."""

from __future__ import annotations

import datetime as dt
import importlib
import itertools
import os
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import yaml
from rulewright.commands.impact import main as impact
from rulewright.commands.regenerate import main as regenerate
from rulewright.commands.rules import main as rules
from rulewright.commands.vendor import main as vendor
from rulewright.openapi.pointer import encode
from rulewright.openapi.schemas import Schemas
from rulewright.rules.analysis import analyse
from rulewright.rules.definition import RuledSchema, Verdict
from rulewright.rules.space import Space
from rulewright.sandbox import Sandbox
from rulewright.testing import FakeClock

from tests.documents.asking import Asked, Operation, operations, schema_of
from tests.documents.conftest import NAMES, ONE_WORKER, Document

pytestmark = ONE_WORKER
POINTS = 3000


def test_nothing_is_left_to_do(document: Document, capsys: pytest.CaptureFixture[str]) -> None:
    """What was generated is what its inputs give, and every module of it can be imported."""
    assert regenerate(["--project", str(document.project.root), "--check"]) == 0
    assert "up to date" in capsys.readouterr().out
    package = importlib.import_module(document.project.package)
    modules = [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    for module in modules:
        importlib.import_module(module)
    assert f"{package.__name__}.operations" in modules


def test_every_operation_is_made_or_its_absence_is_accounted_for(document: Document) -> None:
    """The client has each operation of the document, or the manifest says which it lacks and why."""
    made = importlib.import_module(f"{document.project.package}.operations").OPERATIONS
    manifest = yaml.safe_load((document.project.output / "manifest.json").read_text(encoding="utf-8"))
    gaps = {gap["at"]: gap["reason"] for gap in manifest.get("gaps", [])}
    for operation in operations(document.effective):
        assert operation.name in made or gaps[f"{operation.method.upper()} {operation.path}"]


@pytest.mark.heavy
def test_a_type_checker_accepts_what_is_generated(generated: Callable[[str], Document], tmp_path: Path) -> None:
    """`mypy --strict` finds nothing in the generated packages; the default run does so for the shapes."""
    for name in NAMES:
        shutil.copytree(generated(name).package, tmp_path / generated(name).package.name)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "."],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_its_rules_are_sound(document: Document, capsys: pytest.CaptureFixture[str]) -> None:
    """No rule is other than its author meant; a sentence that nobody claims is named with its line."""
    code = rules(["check", "--project", str(document.project.root)])
    said = capsys.readouterr()
    assert (code, "all claimed" in said.out) == (0, True) or "no rule claims them" in said.err


def test_the_analysis_of_its_rules_is_right(document: Document) -> None:
    """Every request that the analysis calls impossible is: no rule of these documents rules out a whole value."""
    report = analyse(document.merged.value, document.merged.ruled, document.merged.overlays)
    kinds = {
        finding.id.removeprefix("strict/").partition("/")[0] for each in report.schemas for finding in each.findings
    }
    assert kinds <= {"dead-pair"}
    counted = [each for each in report.schemas if each.valid is not None and each.valid_strict is not None]
    assert counted or not report.schemas
    assert all(0 < (each.valid_strict or 0) <= (each.valid or 0) <= each.total for each in counted)


def test_its_rules_agree_with_the_effective_schema(document: Document) -> None:
    """The compiled checks refuse what JSON Schema refuses, over the listable bodies and the examples of the rules."""
    checks: Any = importlib.import_module(f"{document.project.package}._checks")
    by_schema = {each.rules[0].schema: each for each in checks.RULE_SETS}
    for ruled in document.merged.ruled:
        rule_set = by_schema[ruled.pointer]
        verdict = Verdict(ruled, levels=("error", "warning"))
        place = ruled.pointer if ruled.parameters is None else f"{ruled.pointer}/x-parameters"
        validator = _validator({**document.effective, "$ref": place})
        plain = Schemas(document.merged.value).validator(ruled.schema)
        errors = {rule.id for rule in ruled.rules if rule.level == "error"}
        examples = [body for rule in ruled.rules for body in (rule.passes, rule.breaks)]
        for body in itertools.chain(examples, itertools.islice(Space(ruled, document.merged.value).bodies(), POINTS)):
            found = {violation.rule for violation in rule_set.violations(body, ())}
            assert found == set(verdict.violated_rules(body)), body
            if plain.is_valid(body):
                assert validator.is_valid(body) == (not found & errors), body


def _validator(schema: Any) -> Any:
    is_30 = str(schema.get("openapi", "")).startswith("3.0")
    return (jsonschema_rs.Draft4Validator if is_30 else jsonschema_rs.Draft202012Validator)(schema)


def test_the_sandbox_serves_it(document: Document) -> None:
    """Each operation is answered as documented when the request fits, and refused when it does not."""
    sandbox = Sandbox(document.effective)
    with httpx.Client(transport=sandbox.transport()) as client:
        for operation in operations(document.effective):
            good = _good(operation, document)
            if not _polls(operation):
                answer = client.send(operation.request(good))
                assert answer.status_code == operation.success, (operation.name, answer.text)
            for why, status, bad in _bad(operation, good, document):
                answer = client.send(operation.request(bad))
                assert answer.status_code == status, (operation.name, why, answer.text)
                assert operation.method == "head" or why in answer.text


def test_a_rule_of_an_object_within_a_body_reaches_client_and_sandbox(generated: Callable[[str], Document]) -> None:
    """Of a field behind a wrapper, and of one of several alternatives; waived it is silent, null is no such object."""
    document = generated("leads")
    checked: Any = importlib.import_module("leads_api.rules")
    lead = importlib.import_module("leads_api.raw.models").Lead
    body: dict[str, Any] = {"name": "a", "address": {"country": "DE"}}
    for given in (body, lead.from_dict(body)):
        (found,) = checked.violations(given, model=lead if given is body else None)
        assert (found.rule, found.pointer) == ("germans-have-zips", "/address/zip")
        assert not checked.violations(given, model=lead, waive={"germans-have-zips"})
    assert not checked.violations({"name": "a", "address": None}, model=lead)
    assert not checked.violations({"name": "a", "address": {"country": "DE", "zip": "1"}}, model=lead)
    with httpx.Client(transport=Sandbox(document.effective).transport(), base_url="http://x/api") as client:
        assert "germans-have-zips" in client.post("/leads", json=body).text
        assert client.post("/leads", json={"name": "a", "address": None}).status_code == 201
        assert "missed-calls-are-short" in client.post("/notes", json={"minutes": 1, "missed": True}).text
        assert client.post("/notes", json={"text": "a"}).status_code == 201


def test_a_task_is_followed_by_its_number_to_a_result_in_a_list(
    generated: Callable[[str], Document], client_of: Callable[[Document], Any]
) -> None:
    """The link stands in an answer that others share, the state behind allOf, the URL in an object of a list."""
    document = generated("leads")
    client = client_of(document)
    options = importlib.import_module("leads_api.raw.models").JobsControllerStartBodyOptions(url="a")
    clock = FakeClock()
    with client.Client("x", transport=Sandbox(document.effective).transport(), clock=clock) as caller:
        with pytest.raises(client.RequestRefused, match="xlsx-needs-key"):
            caller.export_leads(type(options)(format_="xlsx"))
        task = caller.import_leads(options)
        assert task.id.isdecimal()
        assert task.wait(timeout=60).urls == (f"https://leads.example.com/files/{task.id}.mp4",)


def _polls(operation: Operation) -> bool:
    return "x-waiter" in operation.data


def _good(operation: Operation, document: Document) -> Asked:
    """Return a request that fits; where rules speak of its body or parameters, one of their examples."""
    for ruled in document.merged.ruled:
        if ruled.location == ("paths", operation.path, operation.method):
            return _with(operation.asked(), ruled.parameters, ruled.rules[0].passes)
    for ruled in _ruled(operation, document):
        return operation.asked(ruled.rules[0].passes)
    return operation.asked()


def _with(asked: Asked, names: Mapping[str, str] | None, given: Mapping[str, Any]) -> Asked:
    """Return a request with the parameters of an example, which calls them as rules do."""
    places = {name: key.split(":", 1) for key, name in (names or {}).items()}
    parameters = {(places[name][0], places[name][1]): value for name, value in given.items()}
    return Asked(parameters, asked.body, asked.media)


def _ruled(operation: Operation, document: Document) -> list[RuledSchema]:
    """Return the schemas with rules that an operation's body has: components, or written where it stands."""
    own = ("paths", operation.path, operation.method, "requestBody", "content")
    places = {schema.get("$ref", "#" + encode((*own, media, "schema"))) for media, schema in operation.media.items()}
    return [ruled for ruled in document.merged.ruled if ruled.pointer in places]


def _bad(operation: Operation, good: Asked, document: Document) -> Iterator[tuple[str, int, Asked]]:
    """Yield requests that must be refused: what the refusal says, its status, and the request."""
    if operation.security and {} not in operation.security:
        yield "credential", 401, Asked(good.parameters, good.body, good.media, anonymous=True)
    schemes = document.effective.get("components", {}).get("securitySchemes", {})
    keys = [schemes[name].get("name") for every in operation.security for name in every]
    for parameter in operation.parameters:
        key = (parameter["in"], parameter["name"])
        if parameter.get("required") and parameter["in"] != "path" and parameter["name"] not in keys:
            rest = {each: value for each, value in good.parameters.items() if each != key}
            yield parameter["name"], 400, Asked(rest, good.body, good.media)
        if "enum" in operation.resolved(schema_of(parameter)) and parameter["in"] != "cookie":
            yield parameter["name"], 400, Asked({**good.parameters, key: "no-such-word"}, good.body, good.media)
    for name in operation.resolved(next(iter(operation.media.values()), {})).get("required", []):
        if isinstance(good.body, dict) and name in good.body:
            yield name, 400, Asked(good.parameters, {k: v for k, v in good.body.items() if k != name}, good.media)
    for ruled in document.merged.ruled:
        for rule in ruled.rules:
            if rule.level == "error" and ruled in _ruled(operation, document):
                yield rule.id, 400, Asked(good.parameters, rule.breaks, good.media)
            elif rule.level == "error" and ruled.location == ("paths", operation.path, operation.method):
                yield rule.id, 400, _with(good, ruled.parameters, rule.breaks)


def test_parameters_that_break_a_rule_are_refused(
    generated: Callable[[str], Document], client_of: Callable[[Document], Any]
) -> None:
    """Before anything is sent, with what would be right; a rule that is waived or only inferred lets them through."""
    document = generated("weather")
    client = client_of(document)
    operations_: Any = importlib.import_module(f"{document.project.package}.operations")
    warning: Any = importlib.import_module(f"{document.project.package}.rules").RuleWarning
    asked = {"lat": 1, "lon": 2, "step": "hour", "days": 5}
    sandbox = Sandbox(document.effective)
    with client.Client("sandbox", transport=sandbox.transport()) as caller:
        with pytest.raises(client.RequestRefused) as refused:
            caller.call(operations_.GET_FORECAST, **asked)
        assert str(refused.value).startswith(
            "hourly-steps-reach-two-days: days must be at most 2 when step is hour\n"
            "  at /days, got 5\n"
            "  nearest valid request: days=2\n"
        )
        with pytest.warns(warning, match="rain-comes-by-the-hour"):
            caller.call(operations_.GET_FORECAST, **asked | {"step": "day", "fields": ["rain", "rain", "rain"]})
        with pytest.raises(client.RequestRefused, match="to-needs-from"):
            caller.call(operations_.GET_HISTORY, station_id=1, to=dt.date(2026, 1, 2))
    assert len(sandbox.requests) == 1
    waived = {"hourly-steps-reach-two-days"}
    with (
        client.Client("sandbox", transport=sandbox.transport(), waive=waived) as caller,
        pytest.raises(client.StatusError, match="hourly-steps-reach-two-days"),  # the server has its own mind
    ):
        caller.call(operations_.GET_FORECAST, **asked)
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("leads", "not generated and not status"),
        *(pytest.param(name, "", marks=pytest.mark.heavy) for name in NAMES),
    ],
)
def test_its_contract_is_kept(
    name: str, part: str, generated: Callable[[str], Document], client_of: Callable[[Document], Any]
) -> None:
    """Document, sandbox, client and rules agree on every request, right and wrong, and on the life of tasks."""
    document = generated(name)
    client = client_of(document).__name__
    path = [document.project.output, Path(__file__).parents[2] / "scripts"]
    done = subprocess.run(
        [sys.executable, "-m", "rulewright", "contract", client, *(["--", "-k", part] if part else [])],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"contract of {client}: kept" in done.stdout


def test_impact_reports_what_a_change_breaks(
    document: Document, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A document without one of its operations breaks callers; the same document does not."""
    root = document.project.root
    edited = Path(shutil.copytree(root, tmp_path / "edited", ignore=shutil.ignore_patterns("generated")))
    assert impact([str(root), str(edited)]) == 0
    capsys.readouterr()
    path = edited / document.project.relative(document.project.spec)
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    removed = next(iter(value["paths"]))
    value["paths"] = {key: item for key, item in value["paths"].items() if key != removed}
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    assert impact([str(root), str(edited)]) == 30
    assert removed in capsys.readouterr().out


def test_a_copy_works_in_another_repository(
    document: Document, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The generated package, vendored below another package, verifies and imports there."""
    app = tmp_path / f"app_{document.name}"
    app.mkdir()
    (app / "__init__.py").touch()
    assert vendor(["copy", str(app), "--project", str(document.project.root)]) == 0
    assert vendor(["verify", str(app), "--project", str(document.project.root)]) == 0
    assert "intact" in capsys.readouterr().out
    sys.path.insert(0, str(tmp_path))
    try:
        copied = importlib.import_module(f"{app.name}.{document.project.package}.operations")
    finally:
        sys.path.remove(str(tmp_path))
    assert copied.OPERATIONS
