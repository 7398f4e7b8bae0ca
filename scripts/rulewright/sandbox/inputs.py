"""Read the inputs of a request: check its credentials, and return its parameters, JSON bodies and forms as values."""

from __future__ import annotations

import base64
import hmac
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final, Never
from urllib.parse import parse_qsl, unquote, unquote_plus

from rulewright.openapi.operations import essence_of, is_json
from rulewright.openapi.pointer import Location, encode
from rulewright.sandbox.exchange import LATIN, Request, Response, decode_value, error_answer, json_text
from rulewright.sandbox.spec import Body, Operation, Parameter, Schema, Spec, SpecError
from rulewright.sandbox.validation import Checks, Entry, Schemas, schema_entry

Types = frozenset[str]
_Read = Callable[[str, Types], Any]
MISSING: Final = object()
"""The value of a body that was not sent, or whose media type the sandbox does not read."""

_TEXT: Final[Types] = frozenset({"string"})
_NUMBERS: Final = frozenset({"integer", "number"})
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?")
_PARTS: Final = "multipart/form-data"
_FORMS: Final = frozenset({"application/x-www-form-urlencoded", _PARTS})
_DISPOSITION: Final = "Content-Disposition"
_INDEX: Final = re.compile("[0-9]{1,9}")
_STEP: Final = re.compile(r"\[([^\[\]]*)\]")
_HEADER: Final = "authorization"
_SCHEMES: Final = {"bearer": b"bearer", "basic": b"basic"}


class Guard:
    """The accepted token, and the place of each security scheme in a request.

    A scheme that carries more than a token, such as HTTP Digest or mutual TLS, is not checked.

    Attributes:
        unchecked: The names of the schemes that operations require and that are not checked.

    Raises:
        SpecError: An operation requires a scheme that the document does not define.
    """

    def __init__(self, spec: Spec, token: str) -> None:
        self._token = token.encode()
        self._schemes: dict[str, tuple[str, str]] = {}
        self.unchecked: list[str] = []
        schemes = (spec.document.get("components") or {}).get("securitySchemes") or {}
        for name in {name for operation in spec.operations for every in operation.security for name in every}:
            if name not in schemes:
                raise SpecError(f"#/components/securitySchemes: {name!r} is required by an operation but not defined")
            if (place := credential_place(spec.resolve(schemes[name]))) is not None:
                self._schemes[name] = place
            else:
                self.unchecked.append(name)
        self.unchecked.sort()

    @property
    def names(self) -> frozenset[str]:
        """The header and query names of credentials, in lower case."""
        return frozenset(name.lower() for place, name in self._schemes.values() if place != "cookie")

    def carriers(self, operation: Operation) -> frozenset[tuple[str, str]]:
        """Return the places and names, in lower case, of the credentials of an operation."""
        named = {self._schemes[name] for every in operation.security for name in every if name in self._schemes}
        return frozenset((place, name.lower()) for place, name in named)

    def authorizes(self, operation: Operation, request: Request) -> bool:
        """Return whether a request has the credentials that the operation requires."""
        alternatives = operation.security
        return not alternatives or any(all(self._has(name, request) for name in every) for every in alternatives)

    def _has(self, scheme: str, request: Request) -> bool:
        if scheme not in self._schemes:
            return True
        place, name = self._schemes[scheme]
        given = _credential(place, name, request)
        if given is None:
            return False
        halves = [given]
        if place == "basic":  # user and password: some vendors expect the key in one, some in the other
            try:
                halves = base64.b64decode(given, validate=True).split(b":", 1)
            except ValueError:
                return False
        return any(hmac.compare_digest(each, self._token) for each in halves)


def credential_place(scheme: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return where requests carry the token: `bearer`, `basic`, `header`, `query` or `cookie`, and the name there.

    None for a scheme that needs more than a token.
    """
    match scheme:
        case {"type": "apiKey", "in": place, "name": key}:
            return place, key
        case {"type": "oauth2" | "openIdConnect"}:
            return "bearer", _HEADER
        case {"type": "http", "scheme": http_scheme} if http_scheme.lower() in _SCHEMES:
            return http_scheme.lower(), _HEADER
    return None


def _credential(place: str, name: str, request: Request) -> bytes | None:
    if place in _SCHEMES:
        scheme, _, credentials = request.named.get(b"authorization", b"").partition(b" ")
        return credentials if scheme.lower() == _SCHEMES[place] else None
    if place == "header":
        return request.named.get(name.lower().encode())
    if place == "query":
        return next((unquote_plus(text).encode() for key, text in request.pairs if key == name), None)
    cookie = request.cookies.get(name)
    return None if cookie is None else cookie.encode(LATIN)


class Parameters:
    """The parameters of one operation: each checked by its schema, all together by the operation's rules.

    Args:
        schemas: The document's schemas.
        operation: The operation.
        credentials: Places and names, in lower case, of the operation's credentials; the guard checks those.
        strict: Whether rules of level "warning" are enforced too.
    """

    def __init__(
        self,
        schemas: Schemas,
        operation: Operation,
        credentials: frozenset[tuple[str, str]] = frozenset(),
        *,
        strict: bool,
    ) -> None:
        self._spec = schemas.spec
        self._checks = [
            (parameter, types_of(self._spec, parameter.schema), schemas.validator(parameter.schema))
            for parameter in operation.parameters
            if (parameter.place, parameter.name.lower()) not in credentials
        ]
        self._names = {parameter.name for parameter in operation.parameters if parameter.place == "query"}
        self._names |= {name for place, name in credentials if place == "query"}
        self.rules = Checks(schemas, {"x-rules": operation.rules}, strict=strict)

    def read(self, request: Request, in_path: Mapping[str, str]) -> tuple[dict[str, Any], list[Entry], list[str]]:
        """Return the values by name, an entry for each violation, and the ids of violated rules not enforced."""
        values: dict[str, Any] = {}
        entries: list[Entry] = []
        if not self._checks:
            return values, entries, []
        by_rule_name: dict[str, Any] = {}
        pairs = request.pairs
        for parameter, types, validator in self._checks:
            at = (parameter.place, parameter.name)
            try:
                is_query = parameter.place == "query"
                found = (
                    self._in_query(parameter, types, pairs)
                    if is_query
                    else _texts_of(parameter, types, request, in_path)
                )
            except ValueError as error:
                entries.append(_entry("type", at, "contradictory fields", str(error)))
                continue
            if found == [""] and parameter.may_be_empty:
                continue
            if found is None:
                if parameter.required:
                    entries.append(_entry("required", at, "absent", "must be present"))
                continue
            is_single = "array" not in types and self._spec.keyword(parameter.schema, "type")
            if isinstance(found, list) and len(found) > 1 and is_single:
                entries.append(_entry("type", at, f"{len(found)} values", "must be given once"))
                continue
            value = self._value(parameter, found, types)
            values[parameter.name] = by_rule_name[parameter.rule_name] = value
            entries += [schema_entry(error, at) for error in validator.iter_errors(value)]
        violations, warnings = self.rules.check(by_rule_name)
        return values, entries + violations, warnings

    def _in_query(self, parameter: Parameter, types: Types, pairs: list[tuple[str, str]]) -> _Sent:
        """Return the texts of a parameter in a query; of an empty list there are none, if it is there at all."""
        name, is_object = parameter.name, "object" in types and not parameter.is_json
        if is_object and parameter.style == "deepObject":
            found: dict[str, Any] = {}
            for key, text in pairs:
                if key.startswith(f"{name}[") and (path := _path(key)[1:]):
                    _set_at(found, path, unquote_plus(text))  # below the name: of an object `[]` is a member
            return found or None
        is_text = bool(types - {"object", "null"}) and any(key == name for key, _ in pairs)
        if is_object and parameter.explode and not is_text:
            listed = self._spec.properties(parameter.schema)
            others = self._spec.keyword(parameter.schema, "additionalProperties") != [False]
            members: dict[str, Any] = {}
            for key, text in pairs:
                path = [key] if key in listed else _path(key)
                if path[0] in listed or (others and not listed and path[0] not in self._names):
                    _set_at(members, path, unquote_plus(text))
            # An object without members leaves nothing in a query.
            return members or ({} if parameter.required else None)
        texts = [text for key, text in pairs if key == name]
        if parameter.explode or parameter.is_json or not (is_object or "array" in types) or len(texts) != 1:
            return [unquote_plus(text) for text in texts] or None
        sign = _DELIMITERS.get(parameter.style)
        pieces = unquote_plus(texts[0]).split(sign) if sign else [*map(unquote_plus, texts[0].split(","))]
        # An empty list and a list of one empty text are written alike.
        is_empty = not texts[0] and not any(self._spec.keyword(parameter.schema, "minItems"))
        return _pair(pieces) if is_object else [] if is_empty else pieces

    def _value(self, parameter: Parameter, found: Any, types: Types) -> Any:
        """Return the texts of a parameter as its value."""
        if parameter.is_json:
            try:
                return json.loads(found[0])
            except (ValueError, RecursionError):
                return found[0]
        if isinstance(found, Mapping) or "array" in types:
            return _form_value(self._spec, found, parameter.schema, _convert)
        return _convert(found[0], types) if len(found) == 1 else [_convert(each, types) for each in found]


_Sent = list[str] | dict[str, Any] | None
_DELIMITERS: Final = {"spaceDelimited": " ", "pipeDelimited": "|"}


def _texts_of(parameter: Parameter, types: Types, request: Request, in_path: Mapping[str, str]) -> _Sent:
    """Return the texts of a parameter that does not stand in the query."""
    name = parameter.name
    text: str | None
    decode: Callable[[str], str]
    if parameter.place == "path":
        text, decode = in_path.get(name), decode_value
    elif parameter.place == "cookie":
        text, decode = request.cookies.get(name), unquote
    else:
        text, decode = request.header(name.lower().encode(LATIN, "replace")), str.strip
    if text is None:
        return None
    separator = ","
    if parameter.style in {"label", "matrix"}:
        mark = "." if parameter.style == "label" else ";"
        prefix = mark if mark == "." or (parameter.explode and "object" in types) else f";{name}="
        if not text.startswith(prefix):
            return None
        text = text.removeprefix(prefix)
        separator = (mark if mark == "." or "object" in types else prefix) if parameter.explode else ","
    if parameter.is_json or not types & {"array", "object"}:
        return [decode(text)]
    pieces = text.split(separator) if text else []
    if "object" not in types:
        return [*map(decode, pieces)]
    if parameter.explode:
        pieces = [part for piece in pieces for part in piece.partition("=")[::2]]
    return _pair([*map(decode, pieces)])


def _pair(pieces: list[str]) -> dict[str, Any]:
    """Return an object whose names and values take turns."""
    return dict(zip(pieces[::2], pieces[1::2], strict=False))


def _entry(keyword: str, at: Location, got: str, message: str) -> Entry:
    return {"keyword": keyword, "pointer": encode(at), "got": got, "message": message}


def media_type(request: Request) -> str:
    """Return the media type of a request's body, without parameters; empty when there is none."""
    return essence_of(request.header(b"content-type") or "")


def read_body(request: Request, body: Body, limit: int, spec: Spec) -> tuple[Any, Response | None]:
    """Return the body's value and None, or anything and the refusal.

    A text is read where it stands for a boolean or a number. Any other body that is neither JSON nor a form but of a
    documented type is accepted unread, as `MISSING`.

    Args:
        request: The request.
        body: What the operation documents.
        limit: The largest body accepted, in bytes.
        spec: The document, for references.
    """
    if len(request.body) > limit:
        return None, error_answer(413, f"the body is larger than {limit} bytes")
    if not request.body:
        missing = f"a body is required ({', '.join(body.media)}), got none"
        return MISSING, error_answer(400, missing) if body.required else None
    essence = media_type(request)
    if essence not in body.media:
        wanted = ", ".join(body.media)
        return None, error_answer(415, f"the content type must be {wanted}, got {essence[:100] or 'none'}")
    if request.named.get(b"content-encoding", b"identity") != b"identity":
        return None, error_answer(415, "the body must be sent without a content-encoding")
    content_type = request.named[b"content-type"]
    parameters = content_type.lower().partition(b";")[2]
    if b"charset" in parameters and b"utf-8" not in parameters:
        return None, error_answer(400, "the body must be UTF-8; another charset was announced")
    if essence in _FORMS:
        try:
            return read_form(spec, body.media[essence], request.body, content_type), None
        except (ValueError, RecursionError) as error:
            return None, error_answer(400, f"the body is not a valid form: {error}")
    types = types_of(spec, body.media[essence])
    if essence.startswith("text/") and not types & {"string", "array", "object"}:
        return _convert(request.body.decode(errors="replace").strip(), types), None
    return _read_json(request.body) if is_json(essence) else (MISSING, None)


def _read_json(raw: bytes) -> tuple[Any, Response | None]:
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse)
        json_text(value).encode()
    except UnicodeDecodeError as error:
        return None, error_answer(400, f"the body is not UTF-8: {error.reason} at byte {error.start}")
    except UnicodeEncodeError:
        return None, error_answer(400, "the body holds half of a surrogate pair, which is no text")
    except RecursionError:
        return None, error_answer(400, "the body is nested too deeply")
    except ValueError as error:
        return None, error_answer(400, f"the body is not JSON: {error}")
    return value, None


def _refuse(name: str) -> Never:
    raise ValueError(f"{name} is not a number in JSON")


def read_form(spec: Spec, schema: Schema, raw: bytes, content_type: bytes) -> dict[str, Any]:
    """Return a form as the object its schema describes.

    Repeated fields, `name[]` and `name[0]` are lists; `name[key]` is a field of an object.

    Raises:
        ValueError: The body is not of the announced type.
    """
    if essence_of(content_type.decode(LATIN)) == _PARTS:
        fields = _parts(raw, content_type)
    else:
        fields = parse_qsl(raw.decode(), keep_blank_values=True)
    found: dict[str, Any] = {}
    for name, value in fields:
        _set_at(found, _path(name), value)
    return _object(spec, found, schema, _loosely)


def _object(spec: Spec, value: Mapping[str, Any], schema: Any, read: _Read) -> dict[str, Any]:
    properties = spec.properties(schema)
    others = next(iter(spec.keyword(schema, "additionalProperties")), None)
    return {name: _form_value(spec, child, properties.get(name, others), read) for name, child in value.items()}


def _form_value(spec: Spec, value: Any, schema: Any, read: _Read) -> Any:
    types = types_of(spec, schema)
    items = next(iter(spec.keyword(schema, "items")), None) if "array" in types else None
    if isinstance(value, dict):
        if value and "array" in types and all(map(_INDEX.fullmatch, value)):
            value = [value[index] for index in sorted(value, key=int)]
        elif "object" in types or "object" not in types_of(spec, items):  # else it is the one item of a list
            return _object(spec, value, schema, read)
    if "array" in types:
        return [_form_value(spec, item, items, read) for item in _as_list(value)]
    return read(value, types) if isinstance(value, str) else value


def _loosely(text: str, types: Types) -> Any:
    word = text.lower()  # some clients write booleans as their language does: True
    return _convert(word if word in {"true", "false"} and "string" not in types else text, types)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _path(name: str) -> list[str]:
    """Return the steps of a field's name: `a[b][]` gives `a`, `b` and an empty one."""
    first, bracket, rest = name.partition("[")
    steps = _STEP.findall(bracket + rest)
    if not first or "".join(f"[{step}]" for step in steps) != bracket + rest:
        return [name]
    return [first, *steps]


def _set_at(target: dict[str, Any], path: list[str], value: Any) -> None:
    if len(path) > 1 and path[-1] == "":
        path, value = path[:-1], [value]
    for step in path[:-1]:
        target = target.setdefault(step, {})
        if not isinstance(target, dict):
            raise ValueError(f"the field {step[:60]!r} is both a value and an object")  # noqa: TRY004  the body's fault
    last = path[-1]
    target[last] = [*_as_list(target[last]), *_as_list(value)] if last in target else value


def _parts(raw: bytes, content_type: bytes) -> Iterable[tuple[str, Any]]:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type + b"\r\n\r\n" + raw)
    if not message.is_multipart():
        raise ValueError("no part was found; is the boundary the announced one?")
    for part in message.iter_parts():
        name = part.get_param("name", header=_DISPOSITION)
        if not isinstance(name, str) or not name:
            raise ValueError("a part has no name")
        text = _part_text(part)
        yield name, json.loads(text) if part.get_content_type() == "application/json" else text


def _part_text(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""  # a part that holds parts itself
    return content.decode(errors="replace") if part.get_filename() is None else content.decode(LATIN)


def _convert(text: str, types: Types) -> Any:
    """Return a text as a value of one of the types, where it can be read so; the schema checks the rest."""
    if "string" in types:
        return text
    if "boolean" in types and text in {"true", "false"}:
        return text == "true"
    if "null" in types and text == "null":
        return None
    if types & _NUMBERS and _NUMBER.fullmatch(text):
        number = json.loads(text)
        return text if number in {math.inf, -math.inf} else number
    return text


def types_of(spec: Spec, schema: Any) -> Types:
    """Return the types that a schema names; a string if it names none."""
    return frozenset(each for kind in spec.keyword(schema, "type") for each in _as_list(kind)) or _TEXT
