"""Find the pages of a site in its index, an `llms.txt` file (https://llmstxt.org), which is not trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urldefrag, urlsplit

import httpx

from rulewright.errors import InputError
from rulewright.importing.page import Page, is_url

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
    return origin.startswith(choice.prefix or "\0") or any(each.startswith(prefix) for each in _readings(path, edition))


def _readings(path: str, edition: str) -> Iterator[str]:
    yield path
    if edition:
        yield path.removeprefix(f"{edition}/")


def _nothing(here: list[tuple[str, str]], elsewhere: int, choice: Choice) -> str:
    """Return the message about an index of which no page is chosen."""
    if not here:
        return f"lists no page beside it{f'; {elsewhere} links lead elsewhere' * bool(elsewhere)}"
    wanted = f"under {choice.prefix or '/'}" + (f" in {', '.join(choice.editions)}" if choice.editions else "")
    folders = sorted({_path(origin).rpartition("/")[0] for _, origin in here})
    return f"lists no page {wanted}; it has pages under {', '.join(folders[:8])}{', ...' * (len(folders) > 8)}"
