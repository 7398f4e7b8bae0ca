"""An effective spec as something that can be kept or broken: its operations, and the judge of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from attrs import frozen
from rulewright.sandbox import read_document
from rulewright.sandbox.spec import Operation, Spec, Waiter

from ..._client import Client
from ._judge import BodyJudge, Judge
from ._space import Space


@frozen
class Reply:
    """One documented answer of an operation.

    Attributes:
        status: As the document writes it, such as 201 or 4XX.
        schema: The schema of its JSON body, references followed; None if it has none.
    """

    status: str
    schema: Mapping[str, Any] | None

    def covers(self, status: int) -> bool:
        """Tell whether an answer with that status is one of these."""
        return self.status in {str(status), f"{status // 100}XX", f"{status // 100}xx", "default"}


@frozen(eq=False, slots=False)
class Promise:
    """One operation and everything the document says about it."""

    operation: Operation
    replies: tuple[Reply, ...]
    schema: Mapping[str, Any] | None
    general: str | None
    space: Space | None
    judge: BodyJudge | None

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.operation.name

    def good(self) -> dict[str, Any]:
        """Return the first body that is in order."""
        for body in self.space.bodies() if self.space else ():
            if self.judge is not None and self.judge.verdict(body).accepted:
                return body
        return {}

    def reply(self, status: int) -> Reply | None:
        """Return what the document says about a status, the exact one before a range."""
        exact = next((reply for reply in self.replies if reply.status == str(status)), None)
        return exact or next((reply for reply in self.replies if reply.covers(status)), None)


class Contract:
    """Every operation of an effective spec.

    Args:
        spec: The effective spec as JSON; None for the one that comes with this package.

    Raises:
        SpecError: It cannot be read or played.
    """

    def __init__(self, spec: Mapping[str, Any] | None = None) -> None:
        self.document = spec if spec is not None else read_document(Client)
        self.spec = Spec(self.document)
        self.judge = Judge(self.document)
        self.promises = tuple(self._promise(operation) for operation in self.spec.operations)
        self._validators: dict[int, Any] = {}

    @property
    def tells_of_tasks(self) -> bool:
        """Whether there is a task to follow: started by a body of plain fields alone, asked about in a query.

        Its id and state stand at the top of the answers, and the document says how what is wrong is refused; elsewhere
        the checks would blame a server for what nobody said.
        """
        polls = {each.name: each for each in self.promises if each.operation.waiter}
        for promise in self.promises:
            linked = [polls[link.poll].operation for link in promise.operation.links if link.poll in polls]
            if promise.general is not None and linked:
                fields = promise.space.fields if promise.space else ()
                plain = not any(
                    "object" in str(each.schema.get("type")) or "properties" in each.schema for each in fields
                )
                places = [each.place for each in linked[0].parameters]
                return (
                    plain
                    and places == ["query"]
                    and not any(each.required for each in promise.operation.parameters)
                    and all(_is_whole(each) for each in (promise, *polls.values()))
                )
        return False

    @cached_property
    def submit(self) -> Promise:
        """The operation that starts a task."""
        polls = {promise.name for promise in self.promises if promise.operation.waiter}
        return next(promise for promise in self.promises if any(link.poll in polls for link in promise.operation.links))

    @cached_property
    def poll(self) -> Promise:
        """The operation that tells how the task of `submit` is doing."""
        name = self.submit.operation.links[0].poll
        return next(promise for promise in self.promises if promise.name == name)

    @cached_property
    def waiter(self) -> Waiter:
        """How that is told."""
        waiter = self.poll.operation.waiter
        if waiter is None:
            raise LookupError(f"{self.poll.name} has no x-waiter")
        return waiter

    @property
    def states(self) -> dict[str, str]:
        """Each state of a task and what it means: retry, success, failure, ..."""
        return {**dict.fromkeys(self.waiter.waiting, "retry"), **self.waiter.ends}

    def fits(self, schema: Mapping[str, Any], value: Any) -> bool:
        """Tell whether a value fits a schema of the document."""
        key = id(schema)
        if key not in self._validators:
            self._validators[key] = self.judge.whole(schema)
        return bool(self._validators[key].is_valid(value))

    def properties(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Return the properties of a schema, references followed."""
        return {name: self.spec.resolve(child) for name, child in (schema.get("properties") or {}).items()}

    def _promise(self, operation: Operation) -> Promise:
        raw = self.spec.resolve(self.document["paths"][operation.path])[operation.method.lower()]
        media = operation.body.media if operation.body else {}
        schema = next((self.spec.resolve(value) for name, value in media.items() if "json" in name), None)
        return Promise(
            operation=operation,
            replies=tuple(self._replies(raw.get("responses") or {})),
            schema=schema,
            general=None if schema is None else (schema.get("x-variants") or {}).get("general"),
            space=None if schema is None else Space(schema, self.properties(schema)),
            judge=None if schema is None else BodyJudge(self.judge, schema),
        )

    def _replies(self, responses: Mapping[str, Any]) -> Iterator[Reply]:
        for status, value in responses.items():
            content = self.spec.resolve(value).get("content") or {}
            schema = next((entry.get("schema") for name, entry in content.items() if "json" in name), None)
            yield Reply(str(status), None if schema is None else self.spec.resolve(schema))


def _is_whole(promise: Promise) -> bool:
    """Tell whether the document shows what an operation takes and says what is refused, and no answer is wrapped."""
    judge, waiter = promise.judge, promise.operation.waiter
    return (
        (judge is None or judge.verdict(promise.good()).accepted)
        and any(promise.reply(status) for status in (400, 422))
        and (not promise.operation.security or any(promise.reply(status) for status in (401, 403)))
        and (waiter is None or (waiter.state.count("/"), waiter.submitted.count("/")) == (1, 1))
    )
