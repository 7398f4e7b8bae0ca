"""What an independent reader of OpenAPI, openapi-core, reads from the lines that our client writes.

It needs older versions of two libraries than the tool does, so it has an environment of its own: `nox -s oracle`.
The table of the lines is the one that holds the client and the sandbox (`test_styles.py`).
"""

from __future__ import annotations

from typing import Any

import pytest
from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest
from openapi_core.exceptions import OpenAPIError
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from tests.documents.styles import PARAMETERS, document_of_styles, operation_of

DECODES_FIRST = "decodes before it splits or looks for a path, where RFC 6570 keeps an encoded separator in the value"
NO_TEMPLATE = "finds no value of the style in a path"
NO_COOKIE = "neither decodes nor splits a cookie"
NO_NULL = "has no form of null in a query"
NO_EMPTY = "reads an empty list as a list of one empty text"
LIMITS = {
    "null": NO_NULL,
    "list with nulls": NO_NULL,
    "list in one": DECODES_FIRST,
    "empty list in one": NO_EMPTY,
    "header of an empty list": NO_EMPTY,
    "list with spaces": "splits at an encoded `%20` of the raw text, which it has decoded already",
    "object": "does not gather an object from its exploded fields",
    "path": DECODES_FIRST,
    "path of a list": DECODES_FIRST,
    "label": NO_TEMPLATE,
    "exploded label": NO_TEMPLATE,
    "matrix": NO_TEMPLATE,
    "exploded matrix": NO_TEMPLATE,
    "matrix of an object": NO_TEMPLATE,
    "cookie": NO_COOKIE,
    "cookie of a list": NO_COOKIE,
}
"""What openapi-core 0.23.1 does not read, and why; a row that it begins to read fails, and leaves this table."""


def read(shape: str) -> Any:
    """Return the parameter of a row as openapi-core reads it from the wire; raise its error where it refuses it."""
    parameter, _, wire = PARAMETERS[shape]
    header, in_header, value = wire.partition(": ")
    path, _, query = ("" if in_header else wire).partition("?")
    builder = EnvironBuilder(
        path=f"/{operation_of(shape).removeprefix('get')}{path}",
        query_string=query,
        base_url="https://shapes.example",
        headers=[(header, value)] if in_header else [],
    )
    request = WerkzeugOpenAPIRequest(Request(builder.get_environ()))
    result = OpenAPI.from_dict(document_of_styles()).unmarshal_request(request)
    result.raise_for_errors()
    return getattr(result.parameters, parameter["in"]).get("p")


@pytest.mark.parametrize("shape", [shape for shape in PARAMETERS if shape not in LIMITS])
def test_another_reader_has_the_value_that_the_caller_gave(shape: str) -> None:
    """The line is not a dialect of ours: a server that knows only the document reads the same value."""
    assert read(shape) == PARAMETERS[shape][1]


@pytest.mark.parametrize("shape", LIMITS)
def test_a_limit_of_the_other_reader_still_holds(shape: str) -> None:
    """No row stands in the table of limits longer than openapi-core needs it."""
    try:
        value = read(shape)
    except (OpenAPIError, TypeError):  # of a null it says neither, and stops
        return
    assert value != PARAMETERS[shape][1]
