"""Find the OpenAPI documents on a page."""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from rulewright.errors import InputError
from rulewright.importing.page import Page
from rulewright.openapi.document import Document, parse
from rulewright.openapi.operations import METHODS, operations
from rulewright.openapi.validity import minor_version

_CUT: Final = 160
_LANGUAGES: Final = {"", "yaml", "yml", "json", "openapi"}

# A version must follow: the front matter of a page may say `openapi: POST /a` without being a document.
_YAML_HEAD: Final = re.compile(r"""^(["']?)(?:openapi|swagger)\1[ \t]*:[ \t]*["']?\d""", re.MULTILINE)
# What may stand at the root of a document, of version 2 too: so that what needs converting is reported, not overlooked.
_ROOTS: Final = re.compile(
    r"""(["']?)(?:info|servers|tags|paths|components|webhooks|security|externalDocs|jsonSchemaDialect|x-[\w-]+"""
    r"""|basePath|host|schemes|consumes|produces|definitions|parameters|responses|securityDefinitions)\1[ \t]*:"""
)
_JSON_HEAD: Final = re.compile(r'\s*\{\s*"(?:openapi|swagger)"')


@dataclass(frozen=True)
class Fragment:
    """One OpenAPI document on a page, not yet read.

    Args:
        page: The page's name.
        line: 1-based line of the page where the fence opens, or 1 where the page is the document.
        first_line: 1-based line of the page at which the text begins.
        text: The document, ended by exactly one line feed.
        announced: Lower-case method and path, where the fence's info string names an operation.
    """

    page: str
    line: int
    first_line: int
    text: str = field(repr=False)
    announced: tuple[str, str] | None = None


def fragments(page: Page) -> list[Fragment]:
    """Return the OpenAPI documents on a page, in order; none is not an error here.

    Raises:
        InputError: A fenced block is never closed, so the page was cut off.
    """
    if _is_document(page.text):
        return [Fragment(page.name, 1, 1, page.text.rstrip("\n") + "\n")]
    return list(_fenced(page))


def _is_document(text: str) -> bool:
    """Distinguish a bare YAML or JSON document from Markdown by its first line that is no comment or heading."""
    if text.lstrip().startswith("{"):
        return True
    for line in text.split("\n"):
        if line.strip() and not line.startswith(("#", "%", "---")):
            return bool(_YAML_HEAD.match(line) or _ROOTS.match(line))
    return False


def _fenced(page: Page) -> Iterator[Fragment]:
    markdown = MarkdownIt("commonmark")
    markdown.core.ruler.enableOnly(["normalize", "block"])  # what stands inside a paragraph is not needed
    for token in markdown.parse(page.text):
        if token.type != "fence" or token.map is None:
            continue
        start, end = token.map
        if end - start - token.content.count("\n") != 2:  # the two fences around the content
            message = f"the block opened here with {token.markup} is never closed, so the page is cut off"
            raise InputError(message + "; fetch it again", path=page.name, line=start + 1)
        language, announced = _read_info(token)
        if language in _LANGUAGES and (announced or language == "openapi" or _has_head(token.content)):
            text = token.content.rstrip("\n") + "\n"
            yield Fragment(page.name, start + 1, start + 2, text, announced)


def _read_info(token: Token) -> tuple[str, tuple[str, str] | None]:
    """Return the language and the operation of an info string such as `yaml POST /videos`."""
    words = unescapeAll(token.info).split()
    announced = None
    for method, path in itertools.pairwise(words):
        if method.lower() in METHODS and path.startswith("/"):
            announced = (method.lower(), path)
            break
    return (words[0].lower() if words else "", announced)


def _has_head(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return _YAML_HEAD.search(text) is not None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _JSON_HEAD.match(text) is not None
    return isinstance(value, dict) and ("openapi" in value or "swagger" in value)


def read_fragment(fragment: Fragment) -> Document:
    """Read the document of one fragment.

    Raises:
        InputError: It is no OpenAPI document of a known version, or lacks the operation its fence announces; names
            the page and the line on the page.
    """
    document = parse(fragment.text, fragment.page, first_line=fragment.first_line)
    minor_version(document)
    if fragment.announced is not None:
        _check_announced(document, fragment, fragment.announced)
    return document


def _check_announced(document: Document, fragment: Fragment, announced: tuple[str, str]) -> None:
    names = [operation.title for operation in operations(document.value)]
    wanted = f"{announced[0].upper()} {announced[1]}"
    if wanted not in names:
        near = difflib.get_close_matches(wanted, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(names)[:_CUT] or 'none'}"
        message = f"the block announces {wanted}, but its document has no such operation; {hint}"
        raise InputError(message, path=fragment.page, line=fragment.line)
