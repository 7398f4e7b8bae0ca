"""Requests that schemathesis draws from the document: boundaries, examples and random ones, valid and not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import requests
import schemathesis
from schemathesis import Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from rulewright.contract.bench import Bench
from rulewright.contract.contract import BASE, Subject
from rulewright.contract.plugin import schemas
from rulewright.openapi.operations import is_json as json_media

CONFORMANCE: Final = (
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


@schemathesis.pytest.parametrize(**schemas())
def test_generated(case: schemathesis.Case[Any], bench: Bench, check: Callable[[Any], None]) -> None:
    """Valid ones are accepted and answered as documented; every JSON body meets the same verdict everywhere."""
    subject = bench.contract.subject(case.operation.method, case.operation.path)
    given = case.as_transport_kwargs(base_url=BASE + bench.contract.spec.base_path)
    response = Response.from_any(bench.pass_on(requests.Request(**given).prepare(), subject))
    if case.method == subject.operation.method:
        schema = bench.contract.schemas.complete(subject.operation.success.schema or {})
        checks = list(checks_of(case, subject, response, tagged='"discriminator"' in json.dumps(schema, default=str)))
        case.validate_response(response, checks=checks)
    if subject.schema is not None and is_json(case.body):
        check([bench.agree(subject, "a generated body", subject.with_body(plain(case.body)))])


def checks_of(case: schemathesis.Case[Any], subject: Subject, response: Response, *, tagged: bool) -> Iterator[Any]:
    """Yield the checks that an answer must pass; `tagged` is whether a tag chooses a schema in it."""
    yield not_a_server_error
    is_plain = subject.operation.body is None or (
        subject.schema is not None and case.media_type == subject.request.media
    )
    fits = not is_json(case.body) or subject.schema is None or subject.verdict(plain(case.body)).valid
    fits = fits and subject.fits("path", case.path_parameters or {}) and subject.fits("query", case.query or {})
    if is_plain and fits and subject.ruled is None and not case.headers and not subject.has_nested_query:
        # Of forms, headers and rules between parameters schemathesis does not know what is valid, nor of some formats;
        # of an empty object within an object in the query it makes an empty text.
        yield positive_data_acceptance
    media = response.headers.get("content-type", [""])[0]
    has_success = subject.reply(subject.operation.success.status) is not None  # else the sandbox invents one
    is_judged = json_media(media) and not tagged and subject.has_answer
    for check in CONFORMANCE if has_success and response.status_code < 400 else ():
        # What a sandbox invents for a refusal is not the document's, a HEAD has no body, a stream is no JSON, and
        # schemathesis neither lets a tag choose a schema nor knows a tag that is the name of one.
        is_typed = case.method != "HEAD" if check is content_type_conformance else True
        if is_typed and (check is not response_schema_conformance or is_judged):
            yield check


def plain(value: Any) -> Any:
    """Return a value in the classes of JSON; schemathesis has classes of its own for some texts."""
    return json.loads(json.dumps(value))


def is_json(value: Any) -> bool:
    """Return whether a value is JSON, and a body at all."""
    try:
        json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError):
        return False
    return True
