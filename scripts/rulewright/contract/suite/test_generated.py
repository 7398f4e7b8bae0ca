"""Requests that schemathesis draws from the document: boundaries, examples and random ones, valid and not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from rulewright.contract.bench import BASE, Bench
from rulewright.contract.plugin import schemas

# What a sandbox invents for a refusal that the document does not describe is no answer of the document's.
REFUSALS: Final = [not_a_server_error, positive_data_acceptance]
ANSWERS: Final = [
    *REFUSALS,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@schemathesis.pytest.parametrize(**schemas())
def test_a_generated_request(
    case: schemathesis.Case[Any], bench: Bench, session: requests.Session, check: Callable[[Any], None]
) -> None:
    """Valid ones are accepted and answered as documented; every JSON body meets the same verdict everywhere."""
    subject = bench.contract.subject(case.operation.method, case.operation.path)
    response = case.call(base_url=BASE + bench.contract.spec.base_path, session=session, **bench.carried(subject))
    if case.method == subject.operation.method:
        checks = list(REFUSALS if response.status_code >= 400 else ANSWERS)
        if case.method == "HEAD":
            checks.remove(content_type_conformance)  # there is no body to have a type
        case.validate_response(response, checks=checks)
    if subject.judge is not None and is_json(case.body):
        check([bench.agree(subject, "a generated body", subject.with_body(case.body))])


def is_json(value: Any) -> bool:
    """Return whether a value is JSON, and a body at all."""
    try:
        json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError):
        return False
    return True
