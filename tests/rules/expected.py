"""The expected violations of each request, written by hand from the vendor's pages, independent of overlays and code.

One cell for each action, model and number of images. A letter stands for a broken rule:

- `o` ingredients2video "only supports veo31_fast"
- `f` img2video takes 1 or 2 images: the start frame, or the start and the end frame
- `r` ingredients2video takes 1 to 3 reference images, and they are required
- `v` the model veo31_fast_ingredients takes 1 to 3 images, whatever the action
- `t` text2video takes no images (an older revision of the page said so; the current one is silent)
- `.` nothing is broken

An empty list is no image. More than four images are like four.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

LETTERS: Final = {
    "o": ("ingredients-only-veo31-fast", "error", "/model"),
    "f": ("img2video-needs-images", "error", "/imageList"),
    "r": ("ingredients-need-images", "error", "/imageList"),
    "v": ("veo31-fast-ingredients-needs-images", "error", "/imageList"),
    "t": ("text2video-takes-no-images", "warning", "/imageList"),
}
"""Id, level and place of each rule about the finite part, in the order in which they are reported."""
COUNTS: Final = (None, 0, 1, 2, 3, 4)
TABLE: Final = """
                                            absent  0   1   2   3   4
    text2video         veo2_fast                 .  .   t   t   t   t
    text2video         veo2_quality              .  .   t   t   t   t
    text2video         veo3_fast                 .  .   t   t   t   t
    text2video         veo3_quality              .  .   t   t   t   t
    text2video         veo31_fast                .  .   t   t   t   t
    text2video         veo31_quality             .  .   t   t   t   t
    text2video         veo31_fast_ingredients    v  v   t   t   t   vt
    img2video          veo2_fast                 f  f   .   .   f   f
    img2video          veo2_quality              f  f   .   .   f   f
    img2video          veo3_fast                 f  f   .   .   f   f
    img2video          veo3_quality              f  f   .   .   f   f
    img2video          veo31_fast                f  f   .   .   f   f
    img2video          veo31_quality             f  f   .   .   f   f
    img2video          veo31_fast_ingredients    fv fv  .   .   f   fv
    ingredients2video  veo2_fast                 or or  o   o   o   or
    ingredients2video  veo2_quality              or or  o   o   o   or
    ingredients2video  veo3_fast                 or or  o   o   o   or
    ingredients2video  veo3_quality              or or  o   o   o   or
    ingredients2video  veo31_fast                r  r   .   .   .   r
    ingredients2video  veo31_quality             or or  o   o   o   or
    ingredients2video  veo31_fast_ingredients    orv orv o  o   o   orv
"""
RATIOS: Final = (None, "16:9", "9:16")
TRANSLATIONS: Final = (None, False, True)

URLS: Final = {
    "http://example.com/1.png": True,
    "https://example.com/1.png": True,
    "HTTP://EXAMPLE.COM": True,
    "HTTPS://EXAMPLE.COM": True,
    "hTtPs://s": True,
    "https://[::1]/1.png": True,
    "https://^": True,
    "https://例": True,
    "https://a b": True,
    "": False,
    "1.png": False,
    "//example.com/1.png": False,
    "http:": False,
    "http:/example.com": False,
    "http:///1.png": False,
    "https://": False,
    "https:///1.png": False,
    "https://?a": False,
    "https://#a": False,
    "https:// a": False,
    "https://\u3000a": False,
    "https://\n": False,
    "httpsss://example.com": False,
    "httpx://example.com": False,
    "ttp://example.com": False,
    "htp://example.com": False,
    "htt://example.com": False,
    "ftp://example.com/1.png": False,
    " https://example.com/1.png": False,
    "see https://example.com/1.png": False,
    "data:image/png;base64,aHR0cDovL2E=": False,
    "javascript://%0ahttp://a": False,
}
"""Texts that are, or are not, HTTP URLs."""
PROMPTS: Final = {
    "a cat": True,
    "猫": True,
    ".": True,
    " \n x \t": True,
    "S": True,
    "": False,
    " ": False,
    " \t\r\n\v\f": False,
    "\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\ufeff": False,
}
"""Prompts with and without a visible character."""
ORDER: Final = (*(name for name, _, _ in LETTERS.values()), "images-are-http-urls", "prompt-not-blank")


class Broken(NamedTuple):
    """One expected violation: rule id, level and pointer."""

    rule: str
    level: str
    pointer: str


class Case(NamedTuple):
    """A request and its expected violations."""

    body: Mapping[str, Any]
    expected: tuple[Broken, ...]


def cells() -> Iterator[tuple[str, str, int | None, tuple[Broken, ...]]]:
    """Yield action, model, number of images (None where the list is absent) and the rules broken."""
    for line in TABLE.strip().splitlines()[1:]:
        action, model, *letters = line.split()
        for count, cell in zip(COUNTS, letters, strict=True):
            yield action, model, count, tuple(Broken(*LETTERS[letter]) for letter in cell if letter != ".")


def finite_cases(others: bool = True) -> Iterator[Case]:
    """Yield the whole finite part of the request space, or only the fields that rules look at."""
    rest = tuple(itertools.product(RATIOS, TRANSLATIONS)) if others else ((None, None),)
    for action, model, count, expected in cells():
        images = None if count is None else [f"https://example.com/{index}.png" for index in range(count)]
        for ratio, translation in rest:
            given = {"imageList": images, "aspectRatio": ratio, "translation": translation}
            body = {"prompt": "a cat", "action": action, "model": model}
            yield Case({**body, **{name: value for name, value in given.items() if value is not None}}, expected)


def text_cases() -> Iterator[Case]:
    """Yield requests that differ in free text: addresses of images, and the prompt."""
    body = {"prompt": "a cat", "action": "img2video", "model": "veo3_fast"}
    for url, fits in URLS.items():
        for images in ([url], ["https://example.com/1.png", url]):
            at = f"/imageList/{len(images) - 1}"
            found = () if fits else (Broken("images-are-http-urls", "warning", at),)
            yield Case({**body, "imageList": images}, found)
    both = Broken("images-are-http-urls", "warning", "/imageList/0")
    yield Case({**body, "imageList": ["1.png", "2.png"]}, (both,))
    for prompt, says in PROMPTS.items():
        found = () if says else (Broken("prompt-not-blank", "warning", "/prompt"),)
        yield Case({"prompt": prompt, "action": "text2video", "model": "veo3_fast"}, found)
        yield Case({**body, "prompt": prompt, "imageList": ["1.png"]}, (both, *found))


def many_images() -> Iterator[Case]:
    """Yield requests with more images than any rule counts; they are judged like four."""
    for action, model, count, expected in cells():
        if count == 4:
            for more in (5, 6, 100):
                images = ["https://example.com/1.png"] * more
                yield Case({"prompt": "a cat", "action": action, "model": model, "imageList": images}, expected)


def differences(check: Callable[[Mapping[str, Any]], Any], cases: Iterator[Case]) -> Iterator[str]:
    """Yield one line for each case whose violations differ from the expected ones."""
    for case in cases:
        found = tuple(Broken(each.rule, each.level, each.pointer) for each in check(case.body))
        if found != case.expected:
            yield f"{dict(case.body)}: expected {list(case.expected)}, found {list(found)}"
