"""An effective document as something that is kept or broken: its operations, what each takes and answers."""

from __future__ import annotations

import copy
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

import httpx
from attrs import evolve, frozen

from rulewright.contract.failure import Ask, Carrier
from rulewright.contract.judge import BodyJudge, Judge, Part, Verdict
from rulewright.contract.request import ABSENT, FORMS, Maker, NoValueError, Request
from rulewright.openapi.document import to_yaml
from rulewright.openapi.operations import is_ignored, is_json
from rulewright.openapi.pointer import path_of
from rulewright.openapi.tasks import id_parameters
from rulewright.rules.definition import Rule, RuledSchema, read_rules
from rulewright.rules.space import Space
from rulewright.sandbox.core import order_of
from rulewright.sandbox.security import placed
from rulewright.sandbox.spec import Operation, Spec, Waiter
from rulewright.sandbox.tasks import is_number
from rulewright.sandbox.validation import Schemas

BASE: Final = "http://127.0.0.1:9"  # nobody listens there: a request that escapes the transport fails


@frozen
class Reply:
    """One documented answer of an operation.

    Attributes:
        status: As the document writes it, such as 201, 4XX or default.
        schema: The schema of its JSON body, references followed; None if it has none.
    """

    status: str
    schema: Mapping[str, Any] | None

    def covers(self, status: int) -> bool:
        """Whether an answer with that status is one of these."""
        return self.status.upper() in {str(status), f"{status // 100}XX", "DEFAULT"}

    @property
    def example(self) -> int:
        """One status that it covers."""
        text = self.status.upper().replace("XX", "00")
        return int(text) if text.isdecimal() else 500


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
        self.carriers = tuple(contract.carriers(operation))
        self.ruled = contract.ruled_parameters(operation)
        steps = re.split(r"(\{[^}]*\})", contract.spec.base_path + operation.path)
        whole = {f"{{{name}}}": ".+" for owner, name in contract.whole if owner == operation.name}
        self.route = re.compile(
            "".join(whole.get(step, "[^/]+") if step.startswith("{") else re.escape(step) for step in steps)
        )
        """A pattern of the paths that its template stands for."""
        self.order = order_of(
            "".join(("**" if step in whole else "{}") if step.startswith("{") else step for step in steps)
        )
        """What the operations that a path fits are sorted by."""

    def __repr__(self) -> str:
        return self.name

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
    def schema(self) -> Mapping[str, Any] | None:
        """The schema of its JSON body, references followed; None where it takes no JSON."""
        if self.untried or not self.request.has_json or self.operation.body is None:
            return None
        found = self._contract.spec.resolve(self.operation.body.media[str(self.request.media)])
        return found if isinstance(found, Mapping) else {}

    @cached_property
    def judge(self) -> BodyJudge | None:
        """The judge of its JSON body."""
        return None if self.schema is None else BodyJudge(self._contract.judge, self.schema)

    def verdict(self, body: Any) -> Verdict:
        """Return what the document states about a JSON body of the operation.

        Raises:
            LookupError: It takes none.
        """
        if self.judge is None:
            raise LookupError(f"{self.name} takes no JSON body")
        return self.judge.verdict(body)

    @cached_property
    def fields(self) -> dict[str, Mapping[str, Any]]:
        """The schemas of the properties of its JSON body, references followed."""
        return {} if self.schema is None else self._contract.properties(self.schema)

    @cached_property
    def spaces(self) -> tuple[tuple[Part, Space], ...]:
        """The parts of its body that have rules, each with its finite requests."""
        document = self._contract.document
        return tuple((part, Space(part.ruled, document)) for part in self.judge.parts) if self.judge else ()

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
        for status, value in (self.operation.written.get("responses") or {}).items():
            content = resolve(value).get("content") or {}
            schema = next((entry.get("schema") or {} for media, entry in content.items() if is_json(media)), None)
            yield Reply(str(status), None if schema is None else resolve(schema))

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

    def asking(self, task_id: str) -> Request:
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
        key = next(key for key in self.request.parameters if key.partition(":")[2] == waiter.parameter)
        return evolve(self.request, parameters={**self.request.parameters, key: value})

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
        self.whole = id_parameters(document)
        """The parameters that may be several segments of a path, by operation and name."""
        self.schemas = Schemas(self.spec)
        self._ruled = read_rules(document)
        self.judge = Judge(self.schemas, self._ruled)
        self.maker = Maker(self.judge)
        self.subjects = tuple(Subject(self, operation) for operation in self.spec.operations)

    def properties(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Return the properties of a schema, references followed."""
        found = self.spec.properties(schema)
        return {name: child for name, child in found.items() if isinstance(child, Mapping)}

    def without_ignored_parameters(self) -> dict[str, Any]:
        """Return the document without the header parameters that OpenAPI ignores, which generators of requests heed."""
        document: dict[str, Any] = copy.deepcopy(dict(self.document))
        for item in document["paths"].values():
            for holder in (item, *item.values()):
                if isinstance(holder, dict) and "parameters" in holder:
                    given = holder["parameters"]
                    holder["parameters"] = [each for each in given if not is_ignored(self.spec.resolve(each))]
        return document

    @property
    def submits(self) -> tuple[Subject, ...]:
        """The operations that start a task."""
        return tuple(each for each in self.subjects if each.poll is not None)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule of the document, in order."""
        return tuple(rule for each in self._ruled for rule in each.rules)

    def describing(self, subject: Subject, statuses: Iterable[int]) -> str:
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

    def matching(self, path: str) -> list[Subject]:
        """Return the operations whose path template a path fits, plain ones first."""
        found = [each for each in self.subjects if each.route.fullmatch(path)]
        return sorted(found, key=lambda each: each.order)

    def ruled_parameters(self, operation: Operation) -> RuledSchema | None:
        """Return the rules between the parameters of an operation, if there are any."""
        place = ("paths", operation.path, operation.method.lower())
        return next((each for each in self._ruled if each.location == place and each.rules), None)

    def carriers(self, operation: Operation) -> Iterator[Carrier]:
        """Yield where a request carries the token: the first of the alternatives that the document gives, if it can."""
        schemes = (self.document.get("components") or {}).get("securitySchemes") or {}
        for name in next(filter(None, operation.security), ()):
            place, key = placed(self.spec.resolve(schemes[name])) or ("", "")
            if place in {"bearer", "basic"}:
                yield Carrier("header", "Authorization", place)
            elif place:
                yield Carrier(place, key, "")

    def ask(self, subject: Subject, request: Request) -> Ask:
        """Return a request as it goes over the wire, made by the document alone."""
        path = subject.operation.path
        query: list[tuple[str, Any]] = []
        headers: dict[str, str] = {}
        cookies: dict[str, str] = {}
        keys = {(each.place, each.name.lower()) for each in subject.carriers}
        for key, value in request.parameters.items():
            place, name = key.split(":", 1)
            if (place, name.lower()) in keys:
                continue  # the credential, which is carried apart
            if place == "path":
                path = path.replace("{" + name + "}", quote(_text(value), safe=""))
            elif place == "query":
                query += [(name, _text(each)) for each in (value if isinstance(value, list) else [value])]
            else:
                (headers if place == "header" else cookies)[name] = _text(value)
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={quote(value)}" for name, value in cookies.items())
        target = self.spec.base_path + path + (f"?{httpx.QueryParams(query)}" if query else "")
        content, more = _encoded(request)
        return Ask(subject.operation.method, target, {**headers, **more}, content, subject.carriers)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def encode_json(body: Any) -> bytes:
    """Return a body as JSON."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _encoded(request: Request) -> tuple[bytes | None, dict[str, str]]:
    """Return the body of a request as bytes, with the headers it needs."""
    body, media = request.body, request.media
    if body is ABSENT or media is None:
        return None, {}
    if request.has_json:
        return encode_json(body), {"Content-Type": media}
    if media not in FORMS:
        return body if isinstance(body, bytes) else str(body).encode(), {"Content-Type": media}
    items = [(name, each) for name, value in body.items() for each in (value if isinstance(value, list) else [value])]
    if media == FORMS[0]:
        parts = [(name, (None, each) if not isinstance(each, bytes) else (name, each)) for name, each in items]
        made = httpx.Request(
            "POST", BASE, files=[(n, (f, v if isinstance(v, bytes) else _text(v))) for n, (f, v) in parts]
        )
    else:
        made = httpx.Request("POST", BASE, content=str(httpx.QueryParams([(n, _text(v)) for n, v in items])))
    kind = made.headers["Content-Type"] if media == FORMS[0] else media
    return made.read(), {"Content-Type": kind}
