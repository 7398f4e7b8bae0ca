"""Inferred links of submits, and `x-task`."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.generate.waiters import waiters_module
from rulewright.openapi.operations import operations
from rulewright.openapi.tasks import INFERRED, submits, task_links, with_task_links

from tests.rules.test_waiters import document, names

STARTED = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Started"}}}}


def with_second(method: str = "post", **more: Any) -> dict[str, Any]:
    """Return a document with a linked submit and one more operation that has the same answer."""
    value = document()
    answer = value["paths"]["/jobs"]["post"]["responses"]["201"]
    answer |= copy.deepcopy(STARTED)
    value["components"].setdefault("schemas", {})["Started"] = {"type": "object"}
    value["paths"]["/copies"] = {
        method: {"operationId": "copyJob", "responses": {"202": copy.deepcopy(STARTED)}, **more}
    }
    return value


def test_a_response_like_that_of_a_linked_submit_needs_no_link() -> None:
    """The link is added and marked as inferred; the document is not changed."""
    value = with_second()
    before = copy.deepcopy(value)
    found = with_task_links(value)
    assert value == before
    assert list(submits(found)) == [("startJob", "getJob"), ("copyJob", "getJob")]
    assert [INFERRED in link for _, _, link in task_links(found)] == [False, True]


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("get", {}),
        ("delete", {}),
        ("post", {"x-task": False}),
        ("post", {"responses": {"202": {"description": "Other."}}}),
        ("post", {"responses": {"202": {**STARTED, "links": {"other": {"operationId": "else"}}}}}),
    ],
    ids=["asks", "deletes", "denied", "another answer", "linked elsewhere"],
)
def test_other_operations_get_no_link(method: str, more: dict[str, Any]) -> None:
    """GET and DELETE, `x-task: false`, another response, and a response with a link."""
    value = with_second(method, **more)
    assert with_task_links(value) is value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"acceptors": {}}, "x-task must be false, or an object with nothing but deadline, delay, outputs"),
        (7, "x-task must be false, or an object with nothing but deadline, delay, outputs"),
        ({"outputs": ["result"]}, "x-task outputs must be a list of JSON pointers"),
        ({"deadline": 0}, "x-task deadline must be a number above zero"),
    ],
)
def test_a_malformed_x_task_is_an_error(changes: Any, words: str) -> None:
    """The error names the operation and what is allowed."""
    value = document()
    value["paths"]["/jobs"]["post"]["x-task"] = changes
    with pytest.raises(InputError, match=words) as caught:
        waiters_module(value, names({}, {"path:job": ("job_id", True)}))
    assert caught.value.pointer == "/paths/~1jobs/post/x-task"


def test_x_task_without_a_task_is_an_error() -> None:
    """It would have no effect."""
    value = document()
    value["paths"]["/jobs"]["post"].pop("responses")
    value["paths"]["/jobs"]["post"]["x-task"] = {"deadline": 9}
    assert [each.id for each in operations(value)]
    with pytest.raises(InputError, match="starts no task"):
        waiters_module(value, names({}, {"path:job": ("job_id", True)}))


def test_a_submit_may_have_outputs_of_its_own() -> None:
    """The shared waiter has the outputs of all submits."""
    value = document()
    value["paths"]["/jobs"]["post"]["x-task"] = {"outputs": ["/result/pictures"], "deadline": 9}
    source = waiters_module(value, names({}, {"path:job": ("job_id", True)}))
    own = source.partition("START_JOB: Final")[2].partition("TASKS: Final")[0]
    assert "outputs=(('result', 'pictures'),)" in own
    assert "deadline=9.0" in own
    assert "('result', 'pictures')" in source.partition("START_JOB: Final")[0]
