"""Requests are read as the document describes them: credentials, parameters, bodies and forms, or refused."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from rulewright.sandbox import Request, Response, Sandbox, SpecError

from tests.sandbox.asking import AUTH, JSON, POLL, SUBMIT, Ask, Send, door, play, small, submit

MEDIA_TYPE = "application/json"
PLAIN = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data"
NEVER: Any = {"const": "\N{SNOWMAN}"}
"""What no value here fits: the violation shows the value that was read."""


def ask(sandbox: Sandbox, line: str, headers: Any = (), body: bytes = b"") -> Response:
    """Return the response to a request whose bytes are exactly these."""
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    named = [(name.encode("latin-1"), value) for name, value in dict(headers).items()]
    return sandbox.handle(Request(method, path, query.encode("latin-1"), named, body))


def read(response: Response, pointer: str = "") -> Any:
    """Return the value that was read at a place, as JSON; None if nothing was, or status and message of a refusal."""
    if response.status == 204:
        return None
    value = json.loads(response.body)
    if "violations" not in value:
        return value["statusCode"], value["message"]
    (got,) = [each["got"] for each in value["violations"] if each["keyword"] == "const" and each["pointer"] == pointer]
    return json.loads(got)


FIELDS: Any = {
    "size": {"type": "integer"},
    "price": {"anyOf": [{"type": "number"}, {"type": "null"}]},
    "gift": {"type": "boolean"},
    "note": {"type": ["string", "boolean"]},
    "tags": {"type": "array", "items": {"type": "integer"}},
    "rows": {"type": "array", "items": {"properties": {"n": {"type": "integer"}}}},
    "any": {"type": "array"},
    "place": {"allOf": [{"properties": {"row": {"type": "integer"}}}], "additionalProperties": {"type": "boolean"}},
}
FORM: Any = {"allOf": [{"properties": FIELDS, "additionalProperties": {"type": "number"}}, NEVER]}
CONTENT: Any = {MEDIA_TYPE: NEVER, PLAIN: FORM, PARTS: FORM, "image/png": NEVER, "A/B+json; v=1": NEVER, "a/b+json": {}}
MEDIA = f"{MEDIA_TYPE}, {PLAIN}, {PARTS}, image/png, a/b+json"


def read_body(raw: bytes, content_type: str | None = MEDIA_TYPE, *, limit: int = 10**6, **more: str) -> Any:
    """Return the body that was read, or status and message of the refusal."""
    content = {name: {"schema": schema} for name, schema in CONTENT.items()}
    post = {"requestBody": {"required": True, "content": content}, "responses": {}}
    named = {"content-type": content_type, **{name.replace("_", "-"): value for name, value in more.items()}}
    headers = {name: value.encode("latin-1") for name, value in named.items() if value is not None}
    return read(ask(Sandbox(small({"/": {"post": post}}), max_body=limit), "POST /", headers, raw))


@pytest.mark.parametrize(
    ("raw", "content_type", "found"),
    [
        (b'{"a":1}', MEDIA_TYPE, {"a": 1}),
        (b" \r\n\t[1] \n", "Application/JSON ; charset=UTF-8", [1]),
        (b"[1]", "a/b+json;x=y", [1]),
        (b"1 ", MEDIA_TYPE, 1),
        (b'"\\ud83d\\ude00"', MEDIA_TYPE, "\U0001f600"),
        (b'"\\\\ud83d"', MEDIA_TYPE, "\\ud83d"),
        (b"anything", "image/png", None),
        (b"", None, (400, f"a body is required ({MEDIA}), got none")),
        (b"1", None, (415, f"the content type must be {MEDIA}, got none")),
        (b"1", "x" * 101, (415, f"the content type must be {MEDIA}, got {'x' * 100}")),
        (b"1", f"{MEDIA_TYPE}; charset=latin-1", (400, "the body must be UTF-8; another charset was announced")),
        (b"1", f"{MEDIA_TYPE}; Charset=UTF-16", (400, "the body must be UTF-8; another charset was announced")),
        (b"1", f"{MEDIA_TYPE}; version=utf-16", 1),
        (b'"\xff"', MEDIA_TYPE, (400, "the body is not UTF-8: invalid start byte at byte 1")),
        (b'"\\ud83d"', MEDIA_TYPE, (400, "the body holds half of a surrogate pair, which is no text")),
        (b"[" * 200_000, MEDIA_TYPE, (400, "the body is nested too deeply")),
        (b"[1", MEDIA_TYPE, (400, "the body is not JSON: Expecting ',' delimiter: line 1 column 3 (char 2)")),
        (b"1 2", MEDIA_TYPE, (400, "the body is not JSON: Extra data: line 1 column 3 (char 2)")),
        (b"[NaN]", MEDIA_TYPE, (400, "the body is not JSON: NaN is not a number in JSON")),
        (b"-Infinity", MEDIA_TYPE, (400, "the body is not JSON: -Infinity is not a number in JSON")),
    ],
)
def test_a_body_is_read_or_refused(raw: bytes, content_type: str | None, found: Any) -> None:
    """JSON in UTF-8, of the type that the document names; another documented media type is not read."""
    assert read_body(raw, content_type) == found


def test_the_size_and_the_encoding_of_a_body() -> None:
    """Within the limit, and not compressed; an optional body may be missing."""
    assert read_body(b"12", limit=2) == 12
    assert read_body(b"123", limit=2) == (413, "the body is larger than 2 bytes")
    assert read_body(b"1", content_encoding="identity") == 1
    assert read_body(b"1", content_encoding="gzip") == (415, "the body must be sent without a content-encoding")
    optional = {"requestBody": {"content": {"*/*": {"schema": NEVER}}}, "responses": {}}
    with play(small({"/": {"post": optional}})) as client:
        assert client.post("/").status_code == 204
        assert client.post("/", json=1).status_code == 400


def test_a_text_is_read_as_the_boolean_it_stands_for() -> None:
    """Any other text is refused."""
    put = {"requestBody": {"content": {"text/plain": {"schema": {"type": "boolean"}}}}, "responses": {}}
    with play(small({"/": {"put": put}})) as client:
        headers = {"content-type": "text/plain"}
        answers = [client.put("/", content=text, headers=headers) for text in ("true", '"on"', "5")]
    assert [answer.status_code for answer in answers] == [204, 400, 400]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"size=2&price=1.5&gift=True&note=true", {"size": 2, "price": 1.5, "gift": True, "note": "true"}),
        (b"size=2.5&gift=FALSE&note=False", {"size": 2.5, "gift": False, "note": "False"}),
        (b"size=x&gift=perhaps&price=true", {"size": "x", "gift": "perhaps", "price": "true"}),
        (b"size=&note=", {"size": "", "note": ""}),
        (b"size=1&size=2&note=a&note=b", {"size": ["1", "2"], "note": ["a", "b"]}),
        (b"tags=1", {"tags": [1]}),
        (b"tags=1&tags=2&tags[]=x", {"tags": [1, 2, "x"]}),
        (b"tags[]=1", {"tags": [1]}),
        (b"tags[10]=3&tags[9]=2&tags[0]=1", {"tags": [1, 2, 3]}),
        (b"tags[x]=1", {"tags": {"x": "1"}}),
        (b"tags[0]=1&tags[x]=1", {"tags": {"0": "1", "x": "1"}}),
        (b"tags[1234567890]=1", {"tags": {"1234567890": "1"}}),
        (b"tags[123456789]=1", {"tags": [1]}),
        (b"size[0]=1", {"size": {"0": "1"}}),
        (b"rows[0][n]=1&rows[0][m]=x&rows[1][n]=2", {"rows": [{"n": 1, "m": "x"}, {"n": 2}]}),
        (b"size[]=1", {"size": ["1"]}),
        (b"any=1&any=true", {"any": ["1", "true"]}),
        (b"place[row]=1&place[column]=true&place[x][y]=1", {"place": {"row": 1, "column": True, "x": {"y": "1"}}}),
        (b"place[row][]=1&place[row][]=2", {"place": {"row": ["1", "2"]}}),
        (b"place[row]=1&place=x", {"place": [{"row": "1"}, "x"]}),
        (b"other=1&x[y]=1", {"other": 1, "x": {"y": "1"}}),
        (b"a%5Bb%5D+c=1&[b]=2&d[=3&e]=4&=5", {"a[b] c": 1, "[b]": 2, "d[": 3, "e]": 4, "": 5}),
        (b"note=%C3%A9+%26", {"note": "é &"}),
    ],
)
def test_a_form_is_the_object_it_stands_for(raw: bytes, value: Any) -> None:
    """Values are converted by the schema at any depth; malformed names are plain names."""
    assert read_body(raw, PLAIN) == value
    assert read_body(raw, f"{PLAIN.upper()} ; charset=utf-8") == value


def part(head: str, content: bytes) -> bytes:
    """Return a part of a multipart body."""
    return b"--b\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n"


NAMED = 'Content-Disposition: form-data; name="{}"'


@pytest.mark.parametrize(
    ("parts", "value"),
    [
        ([part(NAMED.format("size"), b"2"), part(NAMED.format("tags[]"), b"3")], {"size": 2, "tags": [3]}),
        ([part(NAMED.format("note"), "é\r\nb".encode())], {"note": "é\r\nb"}),
        ([part(NAMED.format("note") + "\r\nContent-Type: multipart/mixed; boundary=c", b"--c\r\n\r\nx\r\n--c--")],
         {"note": ""}),
        ([part(NAMED.format("note"), b"\xff")], {"note": "\N{REPLACEMENT CHARACTER}"}),
        ([part(NAMED.format("note") + '; filename="x"', b"\xff\xe9")], {"note": "\xff\xe9"}),
        ([part(NAMED.format("place") + "\r\nContent-Type: application/json", b'{"row": "1", "x": 2}')],
         {"place": {"row": 1, "x": 2}}),
        ([part(NAMED.format("tags") + "\r\nContent-Type: application/json", b"[1]")] * 2, {"tags": [1, 1]}),
    ],
)  # fmt: skip
def test_a_form_in_parts(parts: list[bytes], value: Any) -> None:
    """A part with a file name is bytes, one of JSON its value, any other text."""
    assert read_body(b"".join(parts) + b"--b--\r\n", f"{PARTS}; boundary=b") == value


@pytest.mark.parametrize(
    ("raw", "content_type", "reason"),
    [
        (b"a=x&a[b]=1", PLAIN, "the field 'a' is both a value and an object"),
        (b"x" * 70 + b"=x&" + b"x" * 70 + b"[b]=1", PLAIN, f"the field '{'x' * 60}' is both a value and an object"),
        (b"\xff", PLAIN, "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"--c", f"{PARTS}; boundary=b", "no part was found; is the boundary the announced one?"),
        (part("X-Y: z", b"1") + b"--b--", f"{PARTS}; boundary=b", "a part has no name"),
        (part(NAMED.format(""), b"1") + b"--b--", f"{PARTS}; boundary=b", "a part has no name"),
    ],
)
def test_a_malformed_form_is_an_error(raw: bytes, content_type: str, reason: str) -> None:
    """The message has the reason."""
    assert read_body(raw, content_type) == (400, f"the body is not a valid form: {reason}")


def parameter(place: str, name: str, kind: Any = None, *, required: bool = False) -> dict[str, Any]:
    """Return a parameter, a string by default."""
    return {"in": place, "name": name, "required": required, "schema": {"type": "string"} if kind is None else kind}


def with_parameters(*parameters: Any, path: str = "/", **operation: Any) -> dict[str, Any]:
    """Return a document with one operation of some parameters."""
    get = {"responses": {}, "parameters": [*parameters], **operation}
    schemas = {"Number": {"type": "integer"}, "Text": {"type": "string"}}
    return small({path: {"get": get}}, components={"schemas": schemas})


@pytest.mark.parametrize(
    ("target", "headers", "found"),
    [
        ("/%20?a+b=%C3%A9+", {"x-dry?\xe9": "%20\xe9", "cookie": 'x=1; C="a%20b"', "c": "no", "in": "no"},
         {"/query/a b": "\xe9 ", "/path/in": " ", "/header/X-Dry\N{SNOWMAN}\xe9": "%20\xe9", "/cookie/C": "a b"}),
        ("/x?a+b=", {"x-dry?\xe9": "", "cookie": 'C='},
         {"/query/a b": "", "/path/in": "x", "/header/X-Dry\N{SNOWMAN}\xe9": "", "/cookie/C": ""}),
        ("/x?in=1&C=1", {"a b": "1", "cookie": "in=1"}, {"/path/in": "x"}),
        ("/x", {"cookie": ' b = 1 ;C="2;c;d=; e[x]=f=g; C=\xe9'}, {"/path/in": "x", "/cookie/C": "\xe9"}),
    ],
)  # fmt: skip
def test_where_a_parameter_is_found(target: str, headers: dict[str, str], found: dict[str, str]) -> None:
    """Path, query, header and cookie; header names ignore case, and a malformed cookie hides no other."""
    places = (("query", "a b"), ("path", "in"), ("header", "X-Dry\N{SNOWMAN}\xe9"), ("cookie", "C"))
    document = with_parameters(*(parameter(*each, NEVER) for each in places), path="/{in}")
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    path, _, query = target.partition("?")
    answer = ask(Sandbox(document), f"GET {path.replace('%20', ' ')}?{query}", raw)
    violations = json.loads(answer.body)["violations"]
    assert {each["pointer"]: json.loads(each["got"]) for each in violations} == found


@pytest.mark.parametrize("place", ["query", "header", "cookie"])
def test_required_parameters_must_be_present(place: str) -> None:
    """The violation has the place in the request."""
    with play(with_parameters(parameter(place, "a~b", required=True), parameter(place, "x"))) as client:
        assert client.get("/").json()["violations"] == [
            {"keyword": "required", "pointer": f"/{place}/a~0b", "got": "absent", "message": "must be present"}
        ]


LIST = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("schema", "texts", "value"),
    [
        ({"type": "integer"}, ["1"], 1),
        ({"type": "number"}, ["-0.50"], -0.5),
        ({"type": "number"}, ["1e3"], 1000.0),
        ({"type": "number"}, ["-1.5E-300"], -1.5e-300),
        ({"type": "number"}, ["1e999"], "1e999"),
        ({"type": "number"}, ["01"], "01"),
        ({"type": "number"}, ["\u0661"], "\u0661"),
        ({"type": "number"}, ["1."], "1."),
        ({"type": "boolean"}, ["true"], True),
        ({"type": "boolean"}, ["false"], False),
        ({"type": "boolean"}, ["True"], "True"),
        ({"type": "boolean"}, ["1"], "1"),
        ({"type": "integer"}, ["true"], "true"),
        ({"type": "string"}, ["1"], "1"),
        ({"type": ["integer", "string"]}, ["1"], "1"),
        ({"type": ["integer", "null"]}, ["1"], 1),
        ({}, ["1"], "1"),
        ({"type": "string"}, ["true"], "true"),
        ({"$ref": "#/components/schemas/Number"}, ["1"], 1),
        ({"allOf": [{"$ref": "#/components/schemas/Number"}]}, ["1"], 1),
        ({"oneOf": [{"type": "boolean"}, {"type": "integer"}]}, ["1"], 1),
        ({"anyOf": [{"$ref": "#/components/schemas/Text"}, {"type": "integer"}]}, ["1"], "1"),
        ({"anyOf": [{"minimum": 1}, {"type": "integer"}, True]}, ["1"], 1),
        (True, ["1"], "1"),
        (LIST, ["1"], [1]),
        (LIST, ["1", "2", "x"], [1, 2, "x"]),
        ({"type": "array"}, ["1", "2"], ["1", "2"]),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Number"}}, ["1"], [1]),
        ({"type": "array", "items": {"anyOf": [{"type": "integer"}]}}, ["1"], [1]),
        ({"oneOf": [LIST, {"type": "integer"}]}, ["1", "2"], [1, 2]),
        ({"type": "array", "items": LIST}, ["1"], [[1]]),
    ],
)
def test_how_a_value_is_read(schema: Any, texts: list[str], value: Any) -> None:
    """As a value of the schema's type if possible, or else as a string."""
    query = "&".join("q=" + "".join(f"%{byte:02x}" for byte in text.encode()) for text in texts)
    sandbox = Sandbox(with_parameters(parameter("query", "q", {"allOf": [schema, NEVER]})))
    found = read(ask(sandbox, f"GET /?{query}"), "/query/q")
    assert (found, type(found)) == (value, type(value))


def entry(keyword: str, pointer: str, got: str, message: str, **more: Any) -> dict[str, Any]:
    """Return a violation."""
    return {"keyword": keyword, "pointer": pointer, "got": got, "message": message, **more}


@pytest.mark.parametrize(
    ("schema", "query", "entries"),
    [
        ({"type": "integer"}, "q=1&q=2", [entry("type", "/query/q", "2 values", "must be given once")]),
        ({"type": "integer"}, "q=x", [entry("type", "/query/q", '"x"', 'must be of type ["integer"]',
                                            allowed=["integer"])]),
        (LIST | {"maxItems": 1}, "q=1&q=x", [
            entry("maxItems", "/query/q", "2 items", "must satisfy maxItems 1", allowed=1),
            entry("type", "/query/q/1", '"x"', 'must be of type ["integer"]', allowed=["integer"])]),
    ],
)  # fmt: skip
def test_how_a_wrong_value_is_reported(schema: Any, query: str, entries: Any) -> None:
    """The other parameters are read all the same."""
    document = with_parameters(parameter("query", "q", schema), parameter("query", "r", NEVER))
    with play(document) as client:
        found = client.get(f"/?{query}&r=1").json()["violations"]
    other = entry("const", "/query/r", '"1"', 'must satisfy const "☃"', allowed="☃")
    assert sorted(found, key=str) == sorted([*entries, other], key=str)


RULE: Any = {
    "id": "a-needs-b",
    "level": "warning",
    "message": "b must be given with a",
    "source": {"quote": "give b too"},
    "if": {"required": ["query:a"]},
    "then": {"required": ["b"]},
}
BROKEN = {
    "rule": "a-needs-b",
    "pointer": "/b",
    "got": "absent",
    "message": "b must be given with a",
    "allowed": {"required": "b"},
    "source": "give b too",
    "level": "warning",
}


def test_rules_of_parameters_and_body() -> None:
    """By name, or by place and name where places share one; all that is broken is in one answer.

    Warnings that are not enforced are named in a header, where characters outside ASCII are replaced.
    """
    parameters = [parameter("query", "a"), parameter("header", "a"), parameter("query", "b")]
    own = RULE | {"id": "body-\N{SNOWMAN}", "if": {"required": ["a"]}}
    body = {"content": {MEDIA_TYPE: {"schema": {"x-rules": [own]}}}}
    post = {"parameters": parameters, "x-rules": [RULE], "requestBody": body, "responses": {}}
    with play(small({"/": {"post": post}})) as client:
        for query, headers, value, warned in (
            ("a=1", {}, {"a": 1}, "a-needs-b,body-?"),
            ("a=1", {}, {"a": 1, "b": 1}, "a-needs-b"),
            ("a=1&b=1", {}, {}, None),
            ("", {"a": "1"}, {}, None),
        ):
            answer = client.post(f"/?{query}", headers=headers, json=value)
            assert (answer.status_code, answer.headers.get("x-sandbox-warnings")) == (204, warned)
    with play(small({"/": {"post": post}}), strict=True) as client:
        refused = client.post("/?a=1", json={"a": 1}).json()
    assert refused["violations"] == [BROKEN, BROKEN | {"rule": own["id"]}]
    assert refused["message"] == [
        f"{name}: b must be given with a (at /b, got absent)" for name in ("a-needs-b", own["id"])
    ]


TOKEN = "tökén:1"  # noqa: S105  made up
RAW = TOKEN.encode()
SCHEMES: Any = {
    "bearer": {"type": "http", "scheme": "Bearer"},
    "basic": {"type": "http", "scheme": "Basic"},
    "oauth": {"type": "oauth2", "flows": {}},
    "openid": {"type": "openIdConnect", "openIdConnectUrl": "https://a.test"},
    "header": {"$ref": "#/components/securitySchemes/named"},
    "named": {"type": "apiKey", "in": "header", "name": "X-Kéy"},
    "query": {"type": "apiKey", "in": "query", "name": "Key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "Session"},
    "tls": {"type": "mutualTLS"},
    "digest": {"type": "http", "scheme": "digest"},
    "odd": {"type": "http"},
    "odder": {"scheme": "bearer"},
}


def secured(security: Any, *parameters: Any, token: str = TOKEN) -> Sandbox:
    """Return a sandbox with one operation that has security requirements."""
    get = {"responses": {}, "security": security, "parameters": [*parameters]}
    return Sandbox(small({"/": {"get": get}}, components={"securitySchemes": SCHEMES}), token=token)


def authorizes(security: Any, headers: Any, query: str = "", token: str = TOKEN) -> bool:
    """Return whether a request passes."""
    named = {name.encode().decode("latin-1"): value for name, value in headers.items()}
    answer = ask(secured(security, token=token), f"GET /?{query}", named)
    if answer.status == 401:
        message = "the credential is missing or not the one this sandbox accepts"
        assert json.loads(answer.body)["message"] == message
        assert (b"www-authenticate", b"Bearer") in answer.headers
    return answer.status == 204


def basic(text: str) -> bytes:
    """Return HTTP Basic credentials."""
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize(
    ("scheme", "good", "bad"),
    [
        *(
            (
                scheme,
                [b"Bearer " + RAW, b"bEARER " + RAW],
                [b"", b"Bearer", b"Bearer ", RAW, b"Bearer  " + RAW, b"Bearer " + RAW + b" ", b"Basic  " + RAW],
            )
            for scheme in ("bearer", "oauth", "openid")
        ),
        (
            "basic",
            [basic("me:" + TOKEN), basic("me:" + TOKEN).replace(b"Basic", b"bASIC")],
            [b"", b"Basic ", basic("me"), basic(TOKEN), basic(f"me:{TOKEN} "), b"B" + basic("me:" + TOKEN), b"Basic !"],
        ),
    ],
)  # fmt: skip
def test_the_authorization_header(scheme: str, good: list[bytes], bad: list[bytes]) -> None:
    """The scheme ignores case; one blank follows, and the token is exact."""
    assert [value for value in [*good, *bad] if authorizes([{scheme: []}], {"authorization": value})] == good
    assert not authorizes([{scheme: []}], {})
    assert authorizes([{"bearer": []}], {"authorization": b"Bearer a b"}, token="a b")  # noqa: S106  made up


def test_basic_credentials_hold_the_token_as_user_too() -> None:
    """Vendors use either half; a colon belongs to the password."""
    for text, passes in (("k1:", True), ("k1", True), (":k1", True), ("k1:k2", True), ("k2:k3", False), ("", False)):
        assert authorizes([{"basic": []}], {"authorization": basic(text)}, token="k1") is passes  # noqa: S106  made up
    assert not authorizes([{"basic": []}], {"authorization": basic("k1:") + b"?"}, token="k1")  # noqa: S106


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ("Key=t%C3%B6k%C3%A9n:1", True),
        ("a=b&Key=t%C3%B6k%C3%A9n%3A1&Key=x", True),
        ("Key=x&Key=t%C3%B6k%C3%A9n:1", False),
        ("key=t%C3%B6k%C3%A9n:1", False),
        ("Key=", False),
        ("\xff", False),
        ("", False),
    ],
)
def test_a_key_in_the_query(query: str, passes: bool) -> None:
    """It is percent-decoded, and the first of several counts."""
    assert authorizes([{"query": []}], {}, query) is passes


@pytest.mark.parametrize(
    ("cookie", "passes"),
    [
        (b"Session=" + RAW, True),
        (b'a=b; Session="' + RAW + b'"', True),
        (b" Session = " + RAW + b" ;a=b", True),
        (b"a/b=1; c[d]=2; junk; Session=" + RAW, True),
        (b"Session=" + RAW + b"; Session=x", False),
        (b"session=" + RAW, False),
        (b"Session", False),
        (b"", False),
    ],
)
def test_a_key_in_a_cookie(cookie: bytes, passes: bool) -> None:
    """Other cookies do not matter."""
    assert authorizes([{"cookie": []}], {"cookie": cookie}) is passes
    assert not authorizes([{"cookie": []}], {})


@pytest.mark.parametrize("scheme", ["header", "named"])
def test_a_key_in_a_header(scheme: str) -> None:
    """The header's name ignores case, the key is exact."""
    assert authorizes([{scheme: []}], {"x-kéy": RAW})
    assert not authorizes([{scheme: []}], {"x-kéy": RAW + b" "})
    assert not authorizes([{scheme: []}], {"x-key": RAW})


@pytest.mark.parametrize(
    ("security", "passes"),
    [
        ([], True),
        ([{}], True),
        ([{"named": []}, {}], True),
        ([{"named": []}], False),
        ([{"bearer": []}], True),
        ([{"named": []}, {"bearer": []}], True),
        ([{"bearer": []}, {"named": []}], True),
        ([{"bearer": [], "named": []}], False),
        ([{"named": [], "bearer": []}], False),
        ([{"bearer": [], "oauth": []}], True),
    ],
)
def test_alternative_and_combined_requirements(security: Any, passes: bool) -> None:
    """One alternative suffices, and all of its schemes are needed."""
    assert authorizes(security, {"authorization": b"Bearer " + RAW}) is passes


def test_requirements_of_the_document_are_those_of_its_operations() -> None:
    """Unless an operation has its own; a scheme that is not defined is an error."""
    paths = {"/own": {"get": {"responses": {}, "security": []}}, "/common": {"get": {"responses": {}}}}
    document = small(paths, security=[{"bearer": []}], components={"securitySchemes": SCHEMES})
    with play(document) as client:
        assert [client.get(path).status_code for path in paths] == [204, 401]
    with pytest.raises(SpecError, match="'no' is required by an operation but not defined"):
        secured([{"no": []}])


@pytest.mark.parametrize("name", ["tls", "digest", "odd", "odder"])
def test_a_scheme_that_needs_more_than_a_token_is_not_checked(name: str) -> None:
    """The provenance says so."""
    assert authorizes([{name: []}], {})
    assert not authorizes([{name: [], "bearer": []}], {})
    lines = secured([{name: []}]).provenance()
    assert [each for each in lines if f"the security scheme {name} are not checked" in each]


def test_headers_that_are_no_parameters() -> None:
    """OpenAPI ignores three header definitions; a key is checked as a key only, and elsewhere is a parameter."""
    schema = {"type": "string", "minLength": 99}
    ignored = [parameter("header", name, schema, required=True) for name in ("Accept", "content-type", "Authorization")]
    whole = {"in": "querystring", "name": "all", "content": {}}
    given = [*ignored, parameter("header", "X-Kéy", schema, required=True), whole]
    sandbox = secured([{"named": []}], *given, parameter("query", "x-kéy"), parameter("query", "accept", NEVER))
    key = {"x-kéy".encode().decode("latin-1"): RAW}
    assert ask(sandbox, "GET /", key).status == 204
    assert ask(sandbox, "GET /").status == 401
    assert read(ask(sandbox, "GET /?accept=1", key), "/query/accept") == "1"


ACTIONS = ["text2video", "img2video", "ingredients2video"]
MODELS = [
    "veo2_fast",
    "veo2_quality",
    "veo3_fast",
    "veo3_quality",
    "veo31_fast",
    "veo31_quality",
    "veo31_fast_ingredients",
]
IMAGES: list[Any] = [None, *([f"https://example.com/{n}.png" for n in range(count)] for count in range(5)), ["cat.png"]]
CELLS = [
    {"prompt": prompt, "action": action, "model": model} | ({} if images is None else {"imageList": images})
    for action, model, images, prompt in itertools.product(ACTIONS, MODELS, IMAGES, ["a cat", " "])
]
"""Requests for a video that differ in all that rules look at."""


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    """The rules of a request for a video."""
    document = Sandbox("mountsea_gemini").core.spec.document
    found: list[dict[str, Any]] = document["components"]["schemas"]["VideoGenerationDto"]["x-rules"]
    return found


def broken_rules(rules: list[dict[str, Any]], body: Any, level: str) -> set[str]:
    """Return the rules that a body breaks, by another validator."""
    return {
        rule["id"]
        for rule in rules
        if rule["level"] == level
        and Draft202012Validator(rule["if"]).is_valid(body)
        and not Draft202012Validator(rule["then"]).is_valid(body)
    }


def test_strict_refuses_for_warnings_too(rules: list[dict[str, Any]]) -> None:
    """The whole matrix of actions, models, images and prompts, with warnings marked by their level."""
    with door("transport", Sandbox("mountsea_gemini", strict=True)) as send:
        for body in CELLS:
            entries = send(submit(body)).json().get("violations", [])
            warnings = {entry["rule"] for entry in entries if entry.get("level") == "warning"}
            assert warnings == broken_rules(rules, body, "warning")
            assert {entry["rule"] for entry in entries} - warnings == broken_rules(rules, body, "error")


def test_one_entry_for_each_broken_rule(send: Send, rules: list[dict[str, Any]]) -> None:
    """Id, pointer, value, requirement and the vendor's words."""
    body = {"prompt": "a cat", "action": "ingredients2video", "model": "veo3_fast", "imageList": ["https://a/1"] * 4}
    quotes = {rule["id"]: rule["source"]["quote"] for rule in rules}
    assert send(submit(body)).json()["violations"] == [
        {
            "rule": "ingredients-only-veo31-fast",
            "pointer": "/model",
            "got": '"veo3_fast"',
            "message": "model must be veo31_fast when action is ingredients2video",
            "allowed": {"const": "veo31_fast"},
            "source": quotes["ingredients-only-veo31-fast"],
        },
        {
            "rule": "ingredients-need-images",
            "pointer": "/imageList",
            "got": "4 items",
            "message": "imageList must hold 1 to 3 reference image URLs when action is ingredients2video",
            "allowed": {"maxItems": 3},
            "source": quotes["ingredients-need-images"],
        },
    ]


@pytest.mark.parametrize(
    ("ask", "status", "words"),
    [
        (Ask("GET", "/nowhere", AUTH), 404, "no path /nowhere"),
        (Ask("GET", SUBMIT + "/", AUTH), 404, "no path"),
        (Ask("GET", POLL, AUTH), 400, "must be present"),
        (Ask("GET", POLL + "?taskId=a&taskId=b", AUTH), 400, "must be given once"),
        (Ask("GET", POLL + "?taskId=", AUTH), 404, "no task with this id"),
        (Ask("POST", SUBMIT, JSON, b"[]"), 401, "the credential is missing"),
        (Ask("POST", SUBMIT, AUTH | JSON), 400, "a body is required (application/json)"),
        (Ask("POST", SUBMIT, AUTH, b"[]"), 415, "application/json, got none"),
        (Ask("POST", SUBMIT, AUTH | JSON | {"content-encoding": "gzip"}, b"{}"), 415, "content-encoding"),
        (Ask("POST", SUBMIT, AUTH | JSON, b"9" * 5000), 400, "not JSON"),
        (Ask("POST", SUBMIT, AUTH | JSON, b" " * (1024 * 1024 + 1)), 413, "larger than 1048576 bytes"),
    ],
)
def test_each_kind_of_invalid_request_has_its_status(send: Send, ask: Ask, status: int, words: str) -> None:
    """Path, parameter, media type, encoding, syntax and size, in the order in which a server looks at them."""
    answer = send(ask)
    value = answer.json()
    assert (answer.status, value["statusCode"]) == (status, status)
    assert words in str(value["message"])


def test_the_last_of_two_equal_keys_counts(send: Send) -> None:
    """As JSON parsers do; unknown fields are accepted."""
    body = b'{"prompt":"a","action":"none","action":"text2video","model":"veo3_fast","unknown":{"x":[]}}'
    headers = AUTH | {"content-type": "Application/JSON; charset=UTF-8"}
    assert send(Ask("POST", SUBMIT, headers, body)).status == 201


@pytest.mark.parametrize(
    ("host", "origin"), [(b"a.test:80", "http://a.test:80"), (b"", "http://localhost"), (b"\xe9", "http://\xe9")]
)
def test_addresses_have_the_host_that_the_caller_used(host: bytes, origin: str) -> None:
    """Those of results, for example."""
    sandbox = Sandbox("mountsea_gemini", script="now")
    headers = {"host": host, "authorization": b"Bearer sandbox", "content-type": b"application/json"}
    task_id = json.loads(ask(sandbox, f"POST {SUBMIT}", headers, submit().body).body)["taskId"]
    answer = json.loads(ask(sandbox, f"GET {POLL}?taskId={task_id}", headers).body)
    assert answer["result"]["videoUrls"] == [f"{origin}/files/{task_id}.mp4"]


def test_an_encoded_slash_in_a_path_stays_one_value() -> None:
    """Everything else is decoded as usual."""
    document = with_parameters(parameter("path", "a", NEVER), path="/{a}")
    with play(document) as client:
        for sent, value in (("%2fb%20%C3%A9", "/b é"), ("a%3Fb", "a?b"), ("%C3%A9%2F", "é/")):
            answer = client.get(httpx.URL(f"http://a.test/{sent}"))
            (violation,) = answer.json()["violations"]
            assert json.loads(violation["got"]) == value
