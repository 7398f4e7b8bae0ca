"""Read documentation pages, from files and from untrusted servers, and find the documents on them.

A site lists its pages in an index, an `llms.txt` file (https://llmstxt.org), which is not trusted either.
"""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import itertools
import json
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urldefrag, urlsplit

import httpx
from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from rulewright.errors import InputError, printable
from rulewright.openapi.document import Document, decode, parse, read_whole
from rulewright.openapi.operations import METHODS, operations
from rulewright.openapi.validity import minor_version

SCHEMES: Final = ("https://", "http://")
MAX_PAGE_BYTES: Final = 8 * 1024 * 1024
_REDIRECTS: Final = 5
_PORTS: Final = 65_535
# No compression: a small answer must not become a large one.
_HEADERS: Final = {"Accept": "text/markdown, application/yaml, text/plain, */*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Limits:
    """How long to wait for a server, and how much to read.

    Args:
        seconds: For everything together, from the look-up of the name to the last byte.
        size: Bytes of the page.
    """

    seconds: float = 30.0
    size: int = MAX_PAGE_BYTES


class MissingPageError(InputError):
    """A server has no such page: 404 or 410."""


class HtmlPageError(InputError):
    """A page is HTML, not Markdown."""


def is_url(source: str) -> bool:
    """Return whether a source is fetched rather than read from a file."""
    return source.lower().startswith(SCHEMES)


def origin_of(url: str) -> str:
    """Return a URL as it is recorded and shown: without fragment.

    Raises:
        InputError: It is no URL, or holds a user name or password, which would be recorded with it.
    """
    try:
        parsed = httpx.URL(urldefrag(url).url)
    except (httpx.InvalidURL, ValueError) as error:
        raise InputError(f"is not a URL: {error}", path=url) from error
    if parsed.userinfo:
        message = "holds credentials, which do not belong into a record; fetch the page yourself"
        raise InputError(message, path=_bare(parsed))
    if not parsed.host:
        raise InputError("is not a URL: it has no host", path=url)
    if parsed.port is not None and not 0 < parsed.port <= _PORTS:
        raise InputError(f"is not a URL: there is no port {parsed.port}", path=url)
    return str(parsed)


def fetch(url: str, limits: Limits | None = None) -> bytes:
    """Return the bytes of a page.

    Redirects are followed on the same host only, and never from https to http. What the server calls the content
    does not matter; the reader of the page decides.

    Args:
        url: http or https.
        limits: How long and how much; None for 30 s and 8 MiB.

    Raises:
        InputError: It took too long, was too large, led elsewhere, or did not answer 200.
    """
    limits = limits or Limits()
    origin = origin_of(url)
    try:
        return asyncio.run(_within(origin, limits))
    except TimeoutError as error:
        raise InputError(f"did not answer in whole within {limits.seconds:g} s", path=origin) from error
    except (httpx.HTTPError, OSError, UnicodeError) as error:
        raise InputError(f"cannot be fetched: {printable(str(error)) or type(error).__name__}", path=origin) from error


async def _within(url: str, limits: Limits) -> bytes:
    # httpx has time-outs for each step only, and a server may take many small ones.
    client = httpx.AsyncClient(headers=_HEADERS, timeout=limits.seconds, verify=_trust_store())
    async with asyncio.timeout(limits.seconds), client:
        place = httpx.URL(url)
        for _ in range(_REDIRECTS + 1):
            async with client.stream("GET", place) as answer:
                if answer.has_redirect_location:
                    place = _next(place, answer, url)
                else:
                    return await _content(answer, url, limits)
        raise InputError(f"redirects more than {_REDIRECTS} times", path=url)


@cache
def _trust_store() -> ssl.SSLContext:
    """Return the certificates to trust, read once for all pages."""
    return httpx.create_ssl_context()


def _next(place: httpx.URL, answer: httpx.Response, url: str) -> httpx.URL:
    """Return where a redirect leads, if that is the same host."""
    try:
        target = place.join(answer.headers["Location"])
    except (httpx.InvalidURL, ValueError) as error:
        raise InputError(f"redirects to what is not a URL: {error}", path=url) from error
    upgraded = (place.scheme, target.scheme) == ("http", "https") and target.port is None
    same = target.host == place.host and (upgraded or (target.scheme, target.port) == (place.scheme, place.port))
    if not same or target.userinfo:
        message = f"redirects to {_bare(target)}, which is another place; name it yourself if you trust it"
        raise InputError(message, path=url)
    return target


async def _content(answer: httpx.Response, url: str, limits: Limits) -> bytes:
    if answer.status_code != httpx.codes.OK:
        missing = answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.GONE}
        kind = MissingPageError if missing else InputError
        raise kind(f"answered {answer.status_code} instead of 200", path=url)
    coding = answer.headers.get("Content-Encoding", "identity")
    if coding != "identity":
        raise InputError(f"answered compressed ({coding!r:.40}), although asked not to", path=url)
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > limits.size:
            raise InputError(f"is larger than {limits.size} bytes", path=url)
    return bytes(content)


def _bare(url: httpx.URL) -> str:
    """Return a URL without credentials."""
    return str(url.copy_with(userinfo=b""))


@dataclass(frozen=True)
class Page:
    """One documentation page.

    Args:
        name: What to call it in messages: the path or URL as the user gave it.
        text: Its text, every line ended by one line feed.
        origin: What to call it in a record: its URL, or its file name without folders.
        sha256: Hash of the page as it was read.
    """

    name: str
    text: str = field(repr=False)
    origin: str = ""
    sha256: str = ""


def list_pages(source: str) -> Iterator[str]:
    """List the pages a source stands for: a folder's `*.md` files by name, anything else itself.

    Raises:
        InputError: The folder holds no page.
    """
    folder = Path(source)
    if is_url(source) or not folder.is_dir():
        yield source
        return
    names = sorted(path.as_posix() for path in folder.glob("*.md"))
    if not names:
        raise InputError("is a folder without any *.md page", path=folder.as_posix())
    yield from names


def read_page(source: str, origin: str | None = None) -> Page:
    """Read one page, from a file or from the network.

    Args:
        source: The file or URL.
        origin: What to call it in a record; None for its URL, or its file name without folders.

    Raises:
        InputError: Not there, empty, too large, not UTF-8, or an HTML page; names the page and the line.
    """
    if is_url(source):
        name = origin_of(source)
        raw = fetch(source)
    else:
        name = Path(source).as_posix()
        raw = read_whole(Path(source), name)
    origin = origin or (name if is_url(source) else Path(source).name)
    text = decode(raw, name)
    if not text.strip():
        raise InputError("is empty; a documentation page was expected", path=name)
    if text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        message = "is an HTML page (perhaps an error page); the Markdown source of the page was expected"
        raise HtmlPageError(message, path=name, line=1)
    if "\0" in text:  # the Markdown reader would quietly replace it
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError("holds a NUL character, so it is not a text file", path=name, line=line)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return Page(name, lines if lines.endswith("\n") else lines + "\n", origin, hashlib.sha256(raw).hexdigest())


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
    return list(_fenced_fragments(page))


def _is_document(text: str) -> bool:
    """Distinguish a bare YAML or JSON document from Markdown by its first line that is no comment or heading."""
    if text.lstrip().startswith("{"):
        return True
    for line in text.split("\n"):
        if line.strip() and not line.startswith(("#", "%", "---")):
            return bool(_YAML_HEAD.match(line) or _ROOTS.match(line))
    return False


def _fenced_fragments(page: Page) -> Iterator[Fragment]:
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
        names = [operation.title for operation in operations(document.value)]
        wanted = f"{fragment.announced[0].upper()} {fragment.announced[1]}"
        if wanted not in names:
            near = difflib.get_close_matches(wanted, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(names)[:_CUT] or 'none'}"
            message = f"the block announces {wanted}, but its document has no such operation; {hint}"
            raise InputError(message, path=fragment.page, line=fragment.line)
    return document


MAX_PAGES: Final = 1000
_NAME: Final = "llms.txt"
_LINK: Final = re.compile(r"\]\(\s*<?([^\s<>()]{1,2000})")
_LANGUAGE: Final = re.compile(r"[a-z]{2}(?:-[A-Za-z]{2,4})?")
_NAMED: Final = re.compile(rf"https?://[^\s<>()\"'`]{{1,2000}}/{re.escape(_NAME)}")
_FIRST_LINES: Final = 10


@dataclass(frozen=True)
class Choice:
    """Which pages of an index to import.

    Args:
        prefix: How their paths begin, with or without the language before it.
        editions: The languages, such as `en`; the first wins where pages differ. Empty for all.
    """

    prefix: str = ""
    editions: tuple[str, ...] = ()


def is_index(source: str) -> bool:
    """Return whether a source is an index of pages, by its name."""
    path = re.split(r"[?#]", source, maxsplit=1)[0] if is_url(source) else source
    return PurePosixPath(path).name.lower() == _NAME


def index_named_by(page: Page) -> str | None:
    """Return the URL of the index that the first lines of a page name; nothing is fetched."""
    found = _NAMED.search("\n".join(page.text.split("\n", _FIRST_LINES)[:_FIRST_LINES]))
    return found[0] if found else None


def edition_of(origin: str) -> str:
    """Return the language that the path of a page begins with, or the empty text."""
    first = _path(origin).split("/", 1)[0]
    return first if _LANGUAGE.fullmatch(first) else ""


def read_listing(index: Page, choice: Choice) -> tuple[list[tuple[str, str]], int]:
    """Return the pages of an index that are chosen, each once: by edition, then in the order of the index.

    Returns:
        For each page what to read, and what to call it in a record; and how many links lead to another host or out of
        the index's folder, which are not followed.

    Raises:
        InputError: There is none, or there are too many.
    """
    places = [_place(index, link) for link in dict.fromkeys(_LINK.findall(index.text))]
    here = list(dict.fromkeys(place for place in places if place is not None and not is_index(place[1])))
    chosen = [place for place in here if _is_chosen(place[1], choice)]
    if not chosen:
        raise InputError(_nothing(here, places.count(None), choice), path=index.name)
    if len(chosen) > MAX_PAGES:
        message = f"lists {len(chosen)} pages, the limit is {MAX_PAGES}; name fewer with --prefix"
        raise InputError(message, path=index.name)
    if choice.editions:
        chosen.sort(key=lambda place: choice.editions.index(edition_of(place[1])))
    return chosen, places.count(None)


def _place(index: Page, link: str) -> tuple[str, str] | None:
    """Return what to read for a link and its name in a record; None where it leads elsewhere.

    A saved index leads to the files beside it, and never to the network.
    """
    if is_url(index.name):
        base = httpx.URL(index.name)
        try:
            target = base.join(urldefrag(link).url)
        except (httpx.InvalidURL, ValueError):
            return None
        same = (target.scheme, target.host, target.port) == (base.scheme, base.host, base.port)
        return (str(target), str(target)) if same and not target.userinfo else None
    folder = Path(index.name).parent.resolve()
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    name = unquote(parts.path)
    if "\0" in name or not name or ((parts.scheme or parts.netloc) and not is_url(link)):
        return None
    path = (folder / name.lstrip("/")).resolve()  # of a saved site, also where its links name the host
    if not path.is_relative_to(folder) or (parts.netloc and not path.is_file()):
        return None
    return path.as_posix(), path.relative_to(folder).as_posix()


def _path(origin: str) -> str:
    return (httpx.URL(origin).path if is_url(origin) else origin).lstrip("/")


def _is_chosen(origin: str, choice: Choice) -> bool:
    path, edition, prefix = _path(origin), edition_of(origin), choice.prefix.lstrip("/")
    if choice.editions and edition not in choice.editions:
        return False
    plain = path.removeprefix(f"{edition}/") if edition else path
    return origin.startswith(choice.prefix or "\0") or path.startswith(prefix) or plain.startswith(prefix)


def _nothing(here: list[tuple[str, str]], elsewhere: int, choice: Choice) -> str:
    """Return the message about an index of which no page is chosen."""
    if not here:
        return f"lists no page beside it{f'; {elsewhere} links lead elsewhere' * bool(elsewhere)}"
    wanted = f"under {choice.prefix or '/'}" + (f" in {', '.join(choice.editions)}" if choice.editions else "")
    folders = sorted({_path(origin).rpartition("/")[0] for _, origin in here})
    return f"lists no page {wanted}; it has pages under {', '.join(folders[:8])}{', ...' * (len(folders) > 8)}"
