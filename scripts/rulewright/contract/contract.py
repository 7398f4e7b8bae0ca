"""An effective document as something that is kept or broken: its operations, what each takes and answers."""

from __future__ import annotations

import copy
import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx
from attrs import evolve, frozen

from rulewright.contract.failure import Ask, Carrier
from rulewright.contract.request import ABSENT, FORMS, Maker, NoValueError, Request, as_text
from rulewright.openapi.document import to_yaml
from rulewright.openapi.operations import is_ignored, is_json, sent_path
from rulewright.openapi.pointer import path_of
from rulewright.openapi.references import beside_reference, objects
from rulewright.openapi.sample import samples
from rulewright.openapi.schemas import Schemas as DocumentSchemas
from rulewright.openapi.schemas import Validator
from rulewright.openapi.tasks import id_parameters
from rulewright.rules.definition import Rule, RuledSchema, read_rules
from rulewright.rules.dialect import is_shared
from rulewright.rules.space import Space
from rulewright.sandbox.core import Routes
from rulewright.sandbox.exchange import decode_sent
from rulewright.sandbox.inputs import credential_place, types_of
from rulewright.sandbox.spec import Operation, Parameter, Spec, Waiter
from rulewright.sandbox.tasks import is_number
from rulewright.sandbox.validation import MEMBERS, Checks, Ruled, Schemas

TOKEN: Final = "accepted-token"  # noqa: S105  that of a sandbox that no one else reaches
BASE: Final = "http://127.0.0.1:9"  # nobody listens there: a request that escapes the transport fails
_LONGEST: Final = 10_000  # characters of a text that is generated
_UNCHECKED: Final = ("unevaluatedItems", "unevaluatedProperties", "dependencies")
"""Keywords that clients leave to the server, of which some cannot be checked."""


@frozen
class Reply:
    """One documented answer of an operation.

    Attributes:
        status: As the document writes it, such as 201, 4XX or default.
        schema: The schema of its JSON body, followed if it is only a reference; None if it has none.
        others: The documented answers of the operation, as the document writes their statuses.
    """

    status: str
    schema: Mapping[str, Any] | None
    others: frozenset[str] = frozenset()

    def covers(self, status: int) -> bool:
        """Whether an answer with that status is one of these."""
        return self.status.upper() in {str(status), f"{status // 100}XX", "DEFAULT"}

    @property
    def example(self) -> int:
        """One status that it covers, and no other answer of the operation."""
        if self.status.isdecimal():
            return int(self.status)
        first = int(self.status[0]) * 100 if self.status[0].isdecimal() else 500
        return next(status for status in range(first, 600) if str(status) not in self.others)


@frozen
class Verdict:
    """What the document states about one request body.

    Attributes:
        fits: Whether it fits the keywords of the plain schema that clients check, rules aside.
        valid: Whether it fits all of the plain schema.
        broken: Ids of the rules of level error that it breaks.
        warned: Ids of the other rules that it breaks.
        applied: Ids of the rules whose condition it meets.
        encoded: Whether it is valid by the schema's own keywords, which encode the rules once more.
    """

    fits: bool
    valid: bool
    broken: tuple[str, ...]
    warned: tuple[str, ...]
    applied: tuple[str, ...]
    encoded: bool

    @property
    def accepted(self) -> bool:
        """Whether a client has no reason to refuse a request with this body."""
        return self.fits and not self.broken

    @property
    def is_free(self) -> bool:
        """Whether it is left to the server to refuse it, for keywords that clients do not check."""
        return self.fits and not self.valid

    @property
    def consistent(self) -> bool:
        """Whether both encodings of the rules in the document agree."""
        return self.encoded is (self.valid and not self.broken)


def _is_unchecked(keyword: str, schema: Mapping[str, Any]) -> bool:
    """Return whether clients do not check a keyword of a schema."""
    if keyword in {"patternProperties", "additionalProperties"}:
        return not all(map(is_shared, schema.get("patternProperties", ())))
    return keyword in _UNCHECKED or (keyword == "pattern" and not is_shared(schema[keyword]))


class Part(NamedTuple):
    """A schema with rules inside the schema of a body: where it stands, its rules, and its finite requests."""

    place: Ruled
    rules: tuple[Rule, ...]
    space: Space


class Subject:
    """One operation with everything that the document states about it.

    Args:
        contract: The document.
        operation: The operation.
    """

    def __init__(self, contract: Contract, operation: Operation) -> None:
        self._contract = contract
        self.operation = operation
        self.name = operation.name
        self.carriers = tuple(contract.carriers(next(filter(None, operation.security), ())))
        every = [each for names in operation.security for each in contract.carriers(names)]
        self.words = {each.scheme for each in every if each.name.lower() == "authorization"}
        self.ruled = contract.ruled_parameters(operation)

    def __repr__(self) -> str:
        return self.name

    @property
    def parameters(self) -> Iterator[Parameter]:
        """Its parameters, but for its credential, cookies, and objects whose members stand in the query themselves."""
        keys = {(each.place, each.name.lower()) for each in self.carriers}
        return (
            each
            for each in self.operation.parameters
            if (each.place, each.name.lower()) not in keys
            and each.place != "cookie"
            and not (each.place == "query" and each.explode and self._contract.spec.properties(each.schema))
        )

    @property
    def needs_credential(self) -> bool:
        """Whether no alternative of its credentials does without one that a request carries."""
        return bool(self.carriers) and all(any(self._contract.carriers(names)) for names in self.operation.security)

    def fits(self, place: str, values: Mapping[str, Any]) -> bool:
        """Return whether parameters of one place that may be texts fit their schemas.

        Args:
            place: `path`, `query`, `header` or `cookie`.
            values: By name.
        """
        spec, schemas = self._contract.spec, self._contract.schemas
        for each in self.operation.parameters:
            value = values.get(each.name) if each.place == place else None
            kinds = types_of(spec, each.schema)
            is_text = isinstance(value, str) and "string" in kinds and not kinds & {"array", "object"}
            if is_text and not schemas.validator(each.schema).is_valid(value):
                return False
        return True

    @property
    def has_nested_query(self) -> bool:
        """Whether an object in the query holds another object."""
        held = [
            member
            for each in self.operation.parameters
            if each.style == "deepObject"
            for member in self._contract.spec.properties(each.schema).values()
        ]
        return any(isinstance(each, Mapping) and "properties" in each for each in held)

    @cached_property
    def request(self) -> Request:
        """A valid request.

        Raises:
            NoValueError: None was found.
        """
        return self._contract.maker.request(self.operation)

    @cached_property
    def untried(self) -> str | None:
        """Why no request can be made up, where that is so."""
        try:
            self._contract.maker.request(self.operation)
        except NoValueError as error:
            return str(error)
        return None

    @cached_property
    def has_answer(self) -> bool:
        """Whether some value fits the schema of its JSON answer."""
        found = samples(self._contract.answers, self.operation.success.schema or {})
        return next((True for _ in found), False)

    @cached_property
    def schema(self) -> Mapping[str, Any] | None:
        """The schema of its JSON body, followed if it is only a reference; None where it takes no JSON."""
        if self.untried or not self.request.has_json or self.operation.body is None:
            return None
        given = self.operation.body.media[str(self.request.media)]
        found = given if beside_reference(self._contract.document, given) else self._contract.spec.resolve(given)
        return found if isinstance(found, Mapping) else {}

    @cached_property
    def _judges(self) -> tuple[Checks, Validator, Validator]:
        contract, schema = self._contract, self.schema or {}
        checks = Checks(contract.schemas, schema, strict=False)
        return checks, contract.checked.validator(schema), contract.whole.validator(schema)

    def verdict(self, body: Any) -> Verdict:
        """Return what the document states about a JSON body of the operation."""
        checks, checked, whole = self._judges
        applied = [(rule, rule.requirement.is_valid(part)) for rule, _, part in checks.apply(body)]

        def broken_at(level: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys(rule.id for rule, kept in applied if rule.level == level and not kept))

        return Verdict(
            fits=checked.is_valid(body),
            valid=checks.fits(body),
            broken=broken_at("error"),
            warned=broken_at("warning"),
            applied=tuple(dict.fromkeys(rule.id for rule, _ in applied)),
            encoded=whole.is_valid(body),
        )

    @cached_property
    def fields(self) -> dict[str, Mapping[str, Any]]:
        """The schemas of the properties of its JSON body, references followed."""
        return {} if self.schema is None else self._contract.properties(self.schema)

    @cached_property
    def spaces(self) -> tuple[Part, ...]:
        """The parts of its body that have rules, each with its finite requests."""
        return () if self.schema is None else tuple(self._contract.parts(self.schema))

    @cached_property
    def parameter_space(self) -> Space | None:
        """The finite combinations of its parameters, where rules hold between them."""
        return None if self.ruled is None else Space(self.ruled, self._contract.document)

    @cached_property
    def replies(self) -> tuple[Reply, ...]:
        """Its documented answers."""
        return tuple(self._replies())

    def _replies(self) -> Iterator[Reply]:
        resolve = self._contract.spec.resolve
        answers = {str(status): value for status, value in (self.operation.written.get("responses") or {}).items()}
        for status, value in answers.items():
            content = resolve(value).get("content") or {}
            schema = next((entry.get("schema") or {} for media, entry in content.items() if is_json(media)), None)
            yield Reply(status, None if schema is None else resolve(schema), frozenset(answers))

    def with_body(self, body: Any) -> Request:
        """Return the valid request with another body."""
        return evolve(self.request, body=body)

    @property
    def playable(self) -> tuple[Reply, ...]:
        """The documented answers that a sandbox can give: the first success, and every refusal."""
        success = self.reply(self.operation.success.status)
        return tuple(each for each in self.replies if each is success or each.example >= 400)

    def reply(self, status: int) -> Reply | None:
        """Return what the document states about a status, the exact one before a range."""
        exact = next((reply for reply in self.replies if reply.status == str(status)), None)
        return exact or next((reply for reply in self.replies if reply.covers(status)), None)

    @cached_property
    def poll(self) -> Subject | None:
        """The operation that returns the state of what this one starts; None if it starts nothing."""
        polls = {each.name: each for each in self._contract.subjects if each.operation.waiter}
        return next((polls[link.poll] for link in self.operation.links if link.poll in polls), None)

    def poll_request(self, task_id: str) -> Request:
        """Return the request for the state of a task.

        Raises:
            LookupError: The operation is no poll.
        """
        waiter = self.operation.waiter
        if waiter is None:
            raise LookupError(f"{self.name} is no poll")
        value = int(task_id) if is_number(waiter.id_schema) else task_id
        if waiter.member:
            return evolve(self.request, body=_with_value(self.request.body, waiter.member, value))
        return self.request.with_parameter(waiter.parameter, value)

    @property
    def waiter(self) -> Waiter:
        """How the state of what this operation starts is read."""
        waiter = self.poll.operation.waiter if self.poll else None
        if waiter is None:
            raise LookupError(f"{self.name} starts nothing")
        return waiter

    @property
    def states(self) -> dict[str, str]:
        """Each state of a task and what it means: retry, success, failure, ..."""
        return {**dict.fromkeys(self.waiter.waiting, "retry"), **self.waiter.ends}


def _with_value(body: Any, path: tuple[str, ...], value: Any) -> Any:
    """Return a body with a value at a path."""
    fields = body if isinstance(body, dict) else {}
    return {**fields, path[0]: _with_value(fields.get(path[0]), path[1:], value)} if path else value


class Contract:
    """Every operation of an effective document.

    Args:
        document: As JSON.

    Raises:
        SpecError: It cannot be read or played.
        InputError: A rule in it is malformed.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.spec = Spec(document)
        self.schemas, self.answers = Schemas(self.spec), Schemas(self.spec, "answer")
        self.whole = DocumentSchemas(self.spec.document, "request", rules=True)
        self.checked = DocumentSchemas(self.spec.document, "request", leave_out=_is_unchecked)
        self._ruled = read_rules(document)
        self.maker = Maker(self.schemas, self.whole)
        self.subjects = tuple(Subject(self, operation) for operation in self.spec.operations)
        self._routes = Routes(self.spec.base_path, self.subjects, id_parameters(document))

    def parts(self, schema: Any) -> Iterator[Part]:
        """Yield the parts with rules of the schema of a body, the whole first."""
        ruled = {id(each.schema): each for each in self._ruled if each.rules and each.parameters is None}
        for place in self.schemas.find_ruled(schema):
            if (found := ruled.get(id(place.schema))) is not None and MEMBERS not in place.path:
                yield Part(place, found.rules, Space(found, self.document))

    def properties(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Return the properties of a schema, references followed."""
        found = self.spec.properties(schema)
        return {name: child for name, child in found.items() if isinstance(child, Mapping)}

    def for_generators(self) -> dict[str, Any]:
        """Return the document for generators of requests.

        They heed header parameters that OpenAPI ignores, make texts as long as is allowed, longer than an address, and
        read examples, which `Cases` has, as parts of the document.
        """
        document: dict[str, Any] = copy.deepcopy(dict(self.document))
        for item in document["paths"].values():
            for holder in (item, *item.values()):
                if isinstance(holder, dict) and "parameters" in holder:
                    given = holder["parameters"]
                    holder["parameters"] = [each for each in given if not is_ignored(self.spec.resolve(each))]
        for _, schema in objects(document):
            schema.pop("example", None)
            schema.pop("examples", None)
            longest = schema.get("maxLength")
            if isinstance(longest, int) and longest > _LONGEST >= schema.get("minLength", 0):
                schema["maxLength"] = _LONGEST
        return document

    @property
    def submits(self) -> tuple[Subject, ...]:
        """The operations that start a task."""
        return tuple(each for each in self.subjects if each.poll is not None)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule of the document, in order."""
        return tuple(rule for each in self._ruled for rule in each.rules)

    def describe_statuses(self, subject: Subject, statuses: Iterable[int]) -> str:
        """Return the overlay action that describes some statuses of an operation as other operations describe them."""
        everywhere = [each.operation.written.get("responses") or {} for each in self.subjects]
        known = {code: value for responses in everywhere for code, value in responses.items() if "$ref" in value}
        own = next(iter(subject.operation.written.get("responses", {}).values()), {"description": ""})
        refusal = {"description": "The request was refused."}
        names = dict.fromkeys(f"{status // 100}XX" if status >= 400 else str(status) for status in sorted(statuses))
        added = {name: known.get(name) or (refusal if name.endswith("XX") else own) for name in names}
        operation = subject.operation
        action = {
            "target": path_of(("paths", operation.path, operation.method.lower(), "responses")),
            "description": "The vendor's page does not describe these answers; a server gave them.",
            "update": added,
        }
        return textwrap.indent(to_yaml([action]), "    ").rstrip()

    def subject(self, method: str, path: str) -> Subject:
        """Return the operation of a method and a path template."""
        return next(
            each for each in self.subjects if (each.operation.method, each.operation.path) == (method.upper(), path)
        )

    def match(self, target: str) -> Mapping[str, Subject]:
        """Return the operations whose path template the target of a request fits, by method."""
        path, _, query = target.partition("?")
        return self._routes.find(decode_sent(path), query)[0] or {}

    def ruled_parameters(self, operation: Operation) -> RuledSchema | None:
        """Return the rules between the parameters of an operation, if there are any."""
        place = ("paths", operation.path, operation.method.lower())
        return next((each for each in self._ruled if each.location == place and each.rules), None)

    def carriers(self, alternative: Iterable[str]) -> Iterator[Carrier]:
        """Yield where a request carries the token for the security schemes of one alternative, if it can."""
        schemes = (self.document.get("components") or {}).get("securitySchemes") or {}
        for name in alternative:
            place, key = credential_place(self.spec.resolve(schemes[name])) or ("", "")
            if place in {"bearer", "basic"}:
                yield Carrier("header", "Authorization", place)
            elif place:
                yield Carrier(place, key, "")

    def ask(self, subject: Subject, request: Request) -> Ask:
        """Return a request as it goes over the wire, made by the document alone."""
        path = sent_path(subject.operation.path)
        query: list[tuple[str, Any]] = []
        headers: dict[str, str] = {}
        cookies: dict[str, str] = {}
        keys = {(each.place, each.name.lower()) for each in subject.carriers}
        for key, value in request.parameters.items():
            place, name = key.split(":", 1)
            if (place, name.lower()) in keys:
                continue  # the credential, which is carried apart
            if place == "path":
                path = path.replace("{" + name + "}", quote(as_text(value), safe=""))
            elif place == "query":
                query += [(name, as_text(each)) for each in (value if isinstance(value, list) else [value])]
            else:
                (headers if place == "header" else cookies)[name] = as_text(value)
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={quote(value)}" for name, value in cookies.items())
        target = self.spec.base_path + path
        if query:
            target += f"{'&' if '?' in path else '?'}{httpx.QueryParams(query)}"
        content, more = _encode(request)
        return Ask(subject.operation.method, target, {**headers, **more}, content, subject.carriers)


def encode_json(body: Any) -> bytes:
    """Return a body as JSON."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _encode(request: Request) -> tuple[bytes | None, dict[str, str]]:
    """Return the body of a request as bytes, with the headers it needs."""
    body, media = request.body, request.media
    if body is ABSENT or media is None:
        return None, {}
    if request.has_json:
        return encode_json(body), {"Content-Type": media}
    if media not in FORMS:
        return body if isinstance(body, bytes) else str(body).encode(), {"Content-Type": media}
    items = [(name, each) for name, value in body.items() for each in (value if isinstance(value, list) else [value])]
    if media != FORMS[0]:
        pairs: list[tuple[str, Any]] = [(name, as_text(each)) for name, each in items]
        return str(httpx.QueryParams(pairs)).encode(), {"Content-Type": media}
    parts = [(name, (name, each) if isinstance(each, bytes) else (None, as_text(each))) for name, each in items]
    made = httpx.Request("POST", BASE, files=parts)
    return made.read(), {"Content-Type": made.headers["Content-Type"]}
