"""Read a request body as JSON or as a form, or say why it cannot be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Never

from rulewright.sandbox._forms import Form
from rulewright.sandbox._http import LATIN, Request, Response, error_answer, json_text
from rulewright.sandbox._spec import Body, essence_of, is_json

MISSING = object()


def read(request: Request, body: Body, limit: int, forms: Mapping[str, Form]) -> tuple[Any, Response | None]:
    """Return the body's value and None, or anything and the refusal.

    A body that is neither JSON nor a form but of a documented type is accepted unread, as `MISSING`.

    Args:
        request: The request.
        body: What the operation takes.
        limit: The largest body accepted, in bytes.
        forms: Those of its media types that are forms, and how to read them.
    """
    if len(request.body) > limit:
        return None, error_answer(413, f"the body is larger than {limit} bytes")
    if not request.body:
        missing = f"a body is required ({', '.join(body.media)}), got none"
        return MISSING, error_answer(400, missing) if body.required else None
    content_type = request.named.get(b"content-type", b"")
    essence = type_of(content_type)
    if essence not in body.media:
        wanted = ", ".join(body.media)
        return None, error_answer(415, f"the content type must be {wanted}, got {essence[:100] or 'none'}")
    if request.named.get(b"content-encoding", b"identity") != b"identity":
        return None, error_answer(415, "the body must be sent without a content-encoding")
    if _names_another_charset(content_type):
        return None, error_answer(400, "the body must be UTF-8; another charset was announced")
    if essence in forms:
        return _filled_in(forms[essence], request.body, content_type)
    return _decoded(request.body) if is_json(essence) else (MISSING, None)


def _filled_in(form: Form, raw: bytes, content_type: bytes) -> tuple[Any, Response | None]:
    try:
        return form.read(raw, content_type), None
    except (ValueError, RecursionError) as error:
        return None, error_answer(400, f"the body is not the form it says: {error}")


def _decoded(raw: bytes) -> tuple[Any, Response | None]:
    try:
        text = raw.decode()
        value = _value(text)
        if "\\u" in text:
            json_text(value).encode()  # a lone surrogate is no text
    except UnicodeDecodeError as error:
        return None, error_answer(400, f"the body is not UTF-8: {error.reason} at byte {error.start}")
    except UnicodeEncodeError:
        return None, error_answer(400, "the body holds half of a surrogate pair, which is no text")
    except RecursionError:
        return None, error_answer(400, "the body is nested too deeply")
    except ValueError as error:
        return None, error_answer(400, f"the body is not JSON: {error}")
    return value, None


def _value(text: str) -> Any:
    """Read JSON; what clients send has no white space around it, and is not searched for any."""
    if text[:1] not in _SPACE:
        value, end = _DECODER.raw_decode(text)
        if end == len(text):
            return value
    return _DECODER.decode(text)


@lru_cache(64)
def type_of(content_type: bytes) -> str:
    """Return the media type that a content type names, without its parameters."""
    return essence_of(content_type.decode(LATIN))


@lru_cache(64)
def _names_another_charset(content_type: bytes) -> bool:
    parameters = content_type.lower().partition(b";")[2]
    return b"charset" in parameters and b"utf-8" not in parameters


def _refuse(name: str) -> Never:
    raise ValueError(f"{name} is not a number in JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)
_SPACE: Final = " \t\n\r"
