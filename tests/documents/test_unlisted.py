"""Answers hold values that no document lists: they are read all the same, typed as what they are."""

from __future__ import annotations

import copy
import importlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.documents.conftest import ONE_WORKER, Document

pytestmark = ONE_WORKER

RENDER: Final[dict[str, Any]] = {
    "id": "r-1",
    "object": "render",
    "state": "busy",
    "quality": "draft",
    "note": "n",
    "finished": "2026-01-01T00:00:00Z",
    "last": {"state": "open", "attempt": 1},
    "steps": [{"state": "open"}, {"state": "closed", "attempt": 3}],
    "states": ["open", "busy"],
    "outputs": [{"kind": "picture", "format": "png"}, {"kind": "film", "length": 1.5, "codec": "av1"}],
}


@pytest.fixture
def read(generated: Callable[[str], Document], client_of: Callable[[Document], Any]) -> Callable[[str, Any], Any]:
    """Return what `Client.call` makes of an answer to an operation."""
    client = client_of(generated("studio"))
    operations = importlib.import_module("studio_api.operations")

    def called(operation: str, answer: Any) -> Any:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
        arguments = {"id": "r-1"} if operation == "GET_RENDER" else {}
        with client.Client("x", transport=transport) as caller:
            return caller.call(getattr(operations, operation), **arguments)

    return called


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """Return an answer with another value at a place."""
    answer = copy.deepcopy(RENDER)
    place: Any = answer
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return answer


NEW: Final = (
    (("state",), "paused"),
    (("quality",), "ultra"),
    (("object",), "clip"),
    (("last", "state"), "paused"),
    (("last", "attempt"), 4),
    (("steps", 1, "state"), "paused"),
    (("steps", 0, "attempt"), 99),
    (("states", 1), "paused"),
    (("outputs", 1, "codec"), "vp9"),
    (("outputs", 0, "format"), "jxl"),
)


@pytest.mark.parametrize("operation", ["GET_RENDER", "LIST_RENDERS"])
@pytest.mark.parametrize(("path", "value"), NEW)
def test_a_value_that_is_not_listed_is_kept_as_it_is(
    read: Callable[[str, Any], Any], operation: str, path: tuple[str | int, ...], value: Any
) -> None:
    """In an object, in a nested one, in lists and in members of a union, which stay what they are."""
    answer = changed(*path, to=value)
    found = read(operation, answer if operation == "GET_RENDER" else [RENDER, answer])
    render = found if operation == "GET_RENDER" else found[1]
    assert render.to_dict() == {**answer, "finished": "2026-01-01T00:00:00Z"}
    assert [type(each).__name__ for each in render.outputs] == ["Picture", "Film"]
    (kept,) = [each for each in _values(render.to_dict()) if each == value]
    assert type(kept) is type(value)


def _values(value: Any) -> Any:
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _values(each)
    if not isinstance(value, dict | list):
        yield value


def test_all_values_of_an_answer_may_be_new(read: Callable[[str, Any], Any]) -> None:
    """And an answer may be nothing but one."""
    answer = copy.deepcopy(RENDER)
    for path, value in NEW:
        place: Any = answer
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
    assert read("GET_RENDER", answer).to_dict() == {**answer, "finished": "2026-01-01T00:00:00Z"}
    assert read("GET_STATE", "paused") == "paused"


def test_a_new_member_of_a_union_is_read_as_one_that_it_fits(read: Callable[[str, Any], Any]) -> None:
    """No value of it is lost."""
    for output in ({"kind": "hologram", "length": 2.0}, {"kind": "sketch"}):
        render = read("GET_RENDER", {**RENDER, "outputs": [*RENDER["outputs"], output]})
        assert render.outputs[2].to_dict() == output
        assert [type(each).__name__ for each in render.outputs[:2]] == ["Picture", "Film"]


@pytest.mark.parametrize("name", ["object", "note", "finished", "last", "steps", "states", "outputs"])
def test_null_stands_for_an_optional_field_that_is_not_there(read: Callable[[str, Any], Any], name: str) -> None:
    """Most servers write it so; what else the answer holds is read beside it, new values too."""
    answer = {**changed("state", to="paused"), name: None}
    render = read("GET_RENDER", answer)
    assert render.state == "paused"
    assert render.to_dict().get(name) is None


@pytest.mark.parametrize(
    "answer",
    [
        {**RENDER, "state": None},
        {**RENDER, "state": ["busy"]},
        {**RENDER, "state": 7},
        {name: value for name, value in RENDER.items() if name != "state"},
        [RENDER],
        "paused",
    ],
)
def test_what_is_no_such_object_is_an_error_of_ours(read: Callable[[str, Any], Any], answer: Any) -> None:
    """A value of another type, or nothing where something has to be."""
    with pytest.raises(Exception, match="its body is not what the document says") as caught:
        read("GET_RENDER", answer)
    assert type(caught.value).__name__ == "ProtocolError"


def test_requests_and_models_built_by_hand_stay_strict(generated: Callable[[str], Document]) -> None:
    """Only an answer being read is taken as it comes."""
    generated("studio")
    models = importlib.import_module("studio_api.raw.models")
    with pytest.raises(TypeError, match="Unexpected value 'ultra'"):
        models.ChangeRenderBody.from_dict({"id": "r-1", "quality": "ultra"})


HONEST: Final = """
from studio_api.raw.models import ChangeRenderBody, Render
from studio_api.raw.models.state import State


def paused(render: Render) -> bool:
    return render.state == "paused"


def text(state: State) -> str:
    return state.upper()


new: State = "paused"
ChangeRenderBody(id="r-1", quality="final")
ChangeRenderBody(id="r-1", quality="ultra")  # wrong
"""


def test_types_admit_new_values_in_answers_only(generated: Callable[[str], Document], tmp_path: Path) -> None:
    """`mypy --strict` compares a state with any text, and still finds a misspelt value of a request."""
    shutil.copytree(generated("studio").package, tmp_path / "studio_api")
    (tmp_path / "using.py").write_text(HONEST, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "using.py"],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    wrong = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(wrong) == 1, done.stdout
    assert wrong[0].startswith(f"using.py:{HONEST.splitlines().index(HONEST.splitlines()[-1]) + 1}:")
