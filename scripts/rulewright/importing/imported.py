"""Make the vendor document of all the pages given, and record where it came from.

Also what its new operations still need from an overlay.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urljoin

import jsonschema_rs

from rulewright.errors import InputError
from rulewright.files import write_whole
from rulewright.importing.merge import Disagreement, merge
from rulewright.importing.page import (
    Choice,
    HtmlPageError,
    MissingPageError,
    Page,
    fragments,
    is_index,
    is_url,
    list_pages,
    read_fragment,
    read_listing,
    read_page,
)
from rulewright.openapi.document import Document, parse, to_json, to_yaml
from rulewright.openapi.operations import Operation, operations
from rulewright.openapi.pointer import Location, path_of
from rulewright.openapi.references import follow
from rulewright.openapi.schemas import object_parts
from rulewright.openapi.tasks import expression_of, submitted_at
from rulewright.openapi.validity import check_document
from rulewright.overlay import apply, load_overlay
from rulewright.project import Project

Correct = Callable[[Document], Document]
RECORD: Final = "overlays/origin.json"
_AT_ONCE: Final = 4
_SHOWN: Final = 3


@dataclass(frozen=True)
class Imported:
    """What pages amount to.

    Args:
        text: The vendor document.
        document: The same, read.
        read: Every page that was read.
        pages: Those of them that hold a document, each with the operations on it.
        without: Names of pages, out of a folder, that hold no document.
        index: The index that lists the pages, if there is one.
        missing: The pages that it lists and the server does not have.
        findings: What is wrong with the pages of an index, though their documents could be merged.
        warnings: What a validator has against the document, which can be used all the same.
    """

    text: str
    document: Document
    read: tuple[Page, ...] = ()
    pages: Mapping[Page, tuple[str, ...]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    index: Page | None = None
    missing: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    warnings: tuple[InputError, ...] = ()


def correct_by(overlays: Sequence[Path]) -> Correct:
    """Return what applies overlays to a document.

    Args:
        overlays: The overlays, in order.
    """

    def correct(document: Document) -> Document:
        return replace(document, value=apply(document, [load_overlay(path) for path in overlays]).value)

    return correct


def import_pages(sources: Sequence[str], correct: Correct | None = None, choice: Choice | None = None) -> Imported:
    """Make one vendor document of the documents on these pages.

    Args:
        sources: Pages, folders of pages, URLs of pages, or one index of pages (`llms.txt`). Together they are the
            whole document; to add a page to an existing document, give that document as a source too.
        correct: Applies the corrections there are; a document that is valid with them only is taken, as it stands.
        choice: Which pages of an index are chosen.

    Raises:
        InputError: A page is not whole or not valid, a source has no document, or two pages disagree that no index
            lists; of those of an index the first is taken, and the disagreement is a finding.
    """
    documents: list[Document] = []
    without: list[str] = []
    read: list[Page] = []
    pages: dict[Page, tuple[str, ...]] = {}
    findings: list[str] = []
    missing: list[str] = []
    index: Page | None = None
    for source in sources:
        before = len(documents)
        if is_index(source):
            index = read_page(source)
            listed, elsewhere = read_listing(index, choice or Choice())
            if elsewhere:
                findings.append(f"{elsewhere} links of the index lead elsewhere and were not followed")
            found = _read_listed(listed, missing)
        else:
            found = [read_page(name) for name in list_pages(source)]
        for page in found:
            values = [read_fragment(fragment) for fragment in fragments(page)]
            documents += values
            if values:
                pages[page] = tuple(each.title for value in values for each in operations(value.value))
            elif index is None:
                without.append(page.name)
        read += found
        if len(documents) == before:
            message = "holds no OpenAPI document: no fenced block like ```yaml POST /path, no bare YAML"
            raise InputError(message, path=source)
    disagreements: list[Disagreement] | None = None if index is None else []
    value = merge(documents, disagreements)
    findings += _find_disagreements(disagreements or [])
    merged = documents[0]
    if value is not merged.value:
        merged = parse(to_yaml(value), "the merged document")
    return Imported(
        merged.text,
        merged,
        tuple(read),
        pages,
        tuple(without),
        index,
        tuple(missing),
        tuple(findings),
        tuple(_problems(merged, correct)),
    )


def _read_listed(listed: Sequence[tuple[str, str]], missing: list[str]) -> list[Page]:
    """Read the pages that an index lists, a few at a time; note those that the server does not have.

    Raises:
        InputError: Pages cannot be read, so that the document would not be whole; names all of them.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = list(pool.map(_try_to_read, listed))
    missing += [str(each.path) for each in results if isinstance(each, MissingPageError)]
    if wrong := [each for each in results if isinstance(each, InputError) and not isinstance(each, MissingPageError)]:
        raise InputError("\n".join(map(str, wrong)))
    return [each for each in results if isinstance(each, Page)]


def _try_to_read(place: tuple[str, str]) -> Page | InputError:
    """Read a page, or else the Markdown that https://llmstxt.org asks sites to serve beside a page in HTML."""
    source, origin = place
    try:
        try:
            return read_page(source, origin)
        except HtmlPageError:
            if not is_url(source) or PurePosixPath(source).suffix == ".md":
                raise
            return read_page(f"{source.rstrip('/')}.md")
    except InputError as error:
        return error


def _find_disagreements(disagreements: Sequence[Disagreement]) -> Iterator[str]:
    """Yield a finding for each disagreement; one for all texts that differ, and one for all pages of another API."""
    yield from (f"disagreeing page: {each.error}" for each in disagreements if each.kind == "part")
    for kind, text in (
        ("text", "the texts of {} differ from those of earlier pages, which are taken"),
        ("api", "of another API, so not imported (choose pages with --prefix): {}; the first one"),
    ):
        found = {each.document: each.error for each in disagreements if each.kind == kind}
        shown = ", ".join([*found][:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
        if found:
            yield text.format(shown) + (f" {next(iter(found.values())).message}" if kind == "api" else "")


def _problems(document: Document, correct: Correct | None) -> list[InputError]:
    """Return what a validator dislikes; refuse a document that is valid neither as it stands nor corrected."""
    try:
        return check_document(document)
    except InputError:
        if correct is None:
            raise
    return check_document(correct(document))


def write_record(project: Project, document: bytes, imported: Imported) -> bool:
    """Record the pages of an imported document, unless document and list of pages are those of the record.

    So importing the same document again changes nothing, even where a page changed around it. The record holds
    no dates and no paths of this machine.

    Args:
        project: Whose document was imported.
        document: The vendor document.
        imported: The pages it was made of, in order.

    Returns:
        Whether the record changed.

    Raises:
        InputError: It cannot be written.
    """
    index = imported.index
    value: dict[str, Any] = {
        "about": "written by rulewright import: the pages the vendor document was made of",
        "document": {"name": project.relative(project.spec), "sha256": hashlib.sha256(document).hexdigest()},
        **({"index": {"origin": index.origin, "sha256": index.sha256}} if index else {}),
        "pages": [
            {"origin": page.origin, "sha256": page.sha256, "operations": list(names)}
            for page, names in imported.pages.items()
        ],
    }
    before = read_record(project)
    if before is not None and before.get("document") == value["document"] and _names(before) == _names(value):
        return False
    place = project.root / RECORD
    try:
        place.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", path=place.parent.as_posix()) from error
    return write_whole(place, to_json(value))


_ENTRY: Final = {"type": "object", "required": ["origin", "sha256"], "properties": {"origin": {"type": "string"}}}
_PAGE: Final = {**_ENTRY, "required": ["origin", "sha256", "operations"]}
_PAGES: Final = {"index": _ENTRY, "pages": {"type": "array", "items": _PAGE}}
_IS_RECORD: Final = jsonschema_rs.Draft202012Validator(
    {"type": "object", "required": ["pages"], "properties": _PAGES}
).is_valid


def read_record(project: Project) -> dict[str, Any] | None:
    """Return the record, or None if there is none that can be understood."""
    try:
        value = json.loads((project.root / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    return value if _IS_RECORD(value) else None


def place_of_page(project: Project, page: str) -> str:
    """Return the file or URL of a page that a rule quotes: its source may leave out how the URL begins."""
    record = read_record(project)
    if record is None or is_url(page) or (project.root / page).is_file():
        return page
    recorded = (each for each in _names(record) if is_url(each) and each.endswith(f"/{page}"))
    site = record.get("index", {}).get("origin", "")
    return next(recorded, urljoin(site, page) if is_url(site) else page)


def _names(record: dict[str, Any]) -> list[str]:
    return [page["origin"] for page in record["pages"]]


def compare_pages(record: dict[str, Any] | None, imported: Imported) -> Iterator[str]:
    """Yield which pages of an index are missing, and which are new, gone or moved since the recorded import.

    A page has moved if another one has its content or documents its operations.
    """
    yield from (f"missing page: {each} is listed, but the server has no such page" for each in imported.missing)
    if record is None or imported.index is None:
        return
    before = {page["origin"]: page for page in record["pages"]}
    new = {page.origin: (page, names) for page, names in imported.pages.items() if page.origin not in before}
    now = {*(page.origin for page in imported.pages), *imported.missing}
    for origin, old in before.items():
        if origin in now:
            continue
        moved = (
            name for name, (page, names) in new.items()
            if page.sha256 == old["sha256"] or any(each in old["operations"] for each in names)
        )  # fmt: skip
        to = next(moved, None)
        if to is not None:
            del new[to]
        yield f"moved page: {origin} -> {to}" if to else f"gone page: {origin}"
    yield from (f"new page: {name}  {', '.join(names)}" for name, (_, names) in new.items())


_WAITER: Final = "x-waiter"
_ERRORS: Final = ("4XX", "5XX")


def needs(document: Any, new: set[str]) -> Iterator[str]:
    """Yield what each new operation needs, with the overlay action to write.

    Args:
        document: The document with the overlays applied as far as they fit: it has the waiters.
        new: The operations by method and path, such as `POST /videos`.
    """
    every = list(operations(document))
    for operation in every:
        if operation.title not in new:
            continue
        answers = operation.body.get("responses")
        if not isinstance(answers, dict):
            continue
        for poll in every:
            if poll is not operation and (status := _submit_status(document, operation, poll)) is not None:
                yield _format_action(
                    f"{operation.title} looks like a submit of the waiter {poll.body[_WAITER].get('name')!r}: its "
                    f"answer holds {poll.body[_WAITER]['id'].get('submitted')}; to get tasks, link it",
                    _link(operation, poll, status),
                )
        if not any(str(status)[:1] in {"4", "5", "d"} for status in answers):
            yield _format_action(
                f"{operation.title} documents no error answer; to describe what it may answer, add",
                _errors(operation, every),
            )


def _submit_status(document: Any, operation: Operation, poll: Operation) -> str | None:
    """Return the success status whose answer holds the id that a waiter polls, unless the answer is linked already."""
    waiter = poll.body.get(_WAITER)
    if not isinstance(waiter, Mapping) or operation.method == "get":
        return None
    submitted = submitted_at(waiter)
    if isinstance(submitted, str) or f"{{{waiter['id']['parameter']}}}" in operation.path:
        return None  # no submit can be polled, or the operation is about a task that there is already
    for status, response in operation.body["responses"].items():
        answer = follow(document, response)
        if str(status).startswith("2") and isinstance(answer, dict) and not answer.get("links"):
            for media in (answer.get("content") or {}).values():
                if _has(document, media.get("schema"), submitted):
                    return str(status)
    return None


def _has(document: Any, schema: Any, names: tuple[str, ...]) -> bool:
    """Return whether a schema has a property at a pointer."""
    properties, _ = object_parts(lambda value: follow(document, value), schema)
    return names[0] in properties and (not names[1:] or _has(document, properties[names[0]], names[1:]))


def _link(operation: Operation, poll: Operation, status: str) -> dict[str, Any]:
    waiter = poll.body[_WAITER]
    parameters = {waiter["id"]["parameter"]: expression_of(waiter["id"]["submitted"])}
    return {
        "target": path_of((*operation.location, "responses", status)),
        "description": "Its answer names the task that it started.",
        "update": {"links": {"result": {"operationId": poll.body.get("operationId"), "parameters": parameters}}},
    }


def _errors(operation: Operation, every: list[Operation]) -> dict[str, Any]:
    """Return the action that adds error answers: those that other operations refer to, else bare ones."""
    update = {status: {"description": "An error; its body is not documented."} for status in _ERRORS}
    for other in every:
        answers = other.body.get("responses")
        for status, answer in answers.items() if isinstance(answers, dict) else ():
            if status in update and isinstance(answer, dict) and "$ref" in answer:
                update[status] = {"$ref": answer["$ref"]}
    target: Location = (*operation.location, "responses")
    return {
        "target": path_of(target),
        "description": "The page documents no error answer; these are inferred.",
        "update": update,
    }


def _format_action(head: str, action: dict[str, Any]) -> str:
    return "\n".join([head.replace("\n", "\\n") + ":", *(f"    {line}" for line in to_yaml([action]).splitlines())])
