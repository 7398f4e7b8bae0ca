"""The blocks of a page that hold documents, parsed as CommonMark."""

from __future__ import annotations

import pytest
from rulewright.importing.page import Page, fragments

DOCUMENT = "openapi: 3.0.3\ninfo: {}\n"

FOUND = {
    "three backticks": (f"```yaml\n{DOCUMENT}```\n", 1),
    "four backticks around three": (f"````yaml\n{DOCUMENT}x-a: |\n  ```\n  b\n  ```\n````\n", 1),
    "tildes": (f"~~~~yaml\n{DOCUMENT}~~~~~~\n", 1),
    "tildes around backticks": (f"~~~yaml\n{DOCUMENT}x-a: |-\n  ```\n~~~\n", 1),
    "no language": (f"text\n\n```\n{DOCUMENT}```\n", 3),
    "yml": (f"```yml\n{DOCUMENT}```\n", 1),
    "openapi": (f"```openapi\n{DOCUMENT}```\n", 1),
    "capitals and a file name": (f"```YAML openapi.json GET /a\n{DOCUMENT}```\n", 1),
    "space before the language": (f"``` yaml\n{DOCUMENT}```\n", 1),
    "JSON": ('```json\n{"info": {}, "openapi": "3.0.3"}\n```\n', 1),
    "broken JSON": ('```json\n{"openapi": "3.0.3",\n```\n', 1),
    "announced, without a head": ("```yaml GET /a\npaths: {}\n```\n", 1),
    "last line without line feed": (f"```yaml\n{DOCUMENT}```", 1),
    "indented by three": (
        f"   ```yaml\n   {DOCUMENT.replace(chr(10), chr(10) + '   ').strip()}\n   ```\n",
        1,
    ),
    "in a list": ("- a\n\n  ```yaml\n  openapi: 3.0.3\n  info: {}\n  ```\n", 3),
    "in a quote": ("> ```yaml\n> openapi: 3.0.3\n> info: {}\n> ```\n", 1),
    "after front matter": (f"---\nopenapi: GET /a\n---\n\n```yaml\n{DOCUMENT}```\n", 5),
    "after a heading and a comment": (f"# openapi: 3\n\n<!-- a -->\n\n```yaml\n{DOCUMENT}```\n", 5),
}

NOT_FOUND = {
    "another language": f"```bash\n{DOCUMENT}```\n",
    "an indented block": "text\n\n    openapi: 3.0.3\n    info: {}\n",
    "an HTML comment": f"<!--\n```yaml\n{DOCUMENT}```\n-->\n",
    "a block inside a block": f"````markdown\n```yaml\n{DOCUMENT}```\n````\n",
    "a configuration": "```yaml\nopenapi: ./openapi.yaml\n```\n",
    "an example": '```json\n{"a": {"openapi": "3.0.3"}}\n```\n',
    "front matter alone": "---\nopenapi: GET /a\ntitle: x\n---\n\ntext\n",
    "a list": "- openapi: 3.0.3\n",
}


@pytest.mark.parametrize("case", FOUND, ids=str)
def test_a_block_is_found_with_its_line(case: str) -> None:
    """The fragment knows the line where its fence opens; its text begins on the next."""
    text, line = FOUND[case]
    (fragment,) = fragments(Page("p.md", text if text.endswith("\n") else text + "\n"))
    assert (fragment.line, fragment.first_line) == (line, line + 1)
    assert not fragment.text.startswith((" ", ">", "`", "~"))
    assert fragment.text.endswith("\n")


@pytest.mark.parametrize("case", NOT_FOUND, ids=str)
def test_other_text_is_no_document(case: str) -> None:
    """Configuration, examples and Markdown are not imported."""
    assert fragments(Page("p.md", NOT_FOUND[case])) == []


@pytest.mark.parametrize(
    ("info", "announced"),
    [
        ("yaml POST /a/b", ("post", "/a/b")),
        ("yaml post /a/{id}:run", ("post", "/a/{id}:run")),
        ("json api.json DELETE /a", ("delete", "/a")),
        ("yaml title=x PATCH /a wrap", ("patch", "/a")),
        ("yaml /a POST", None),
        ("yaml POST a", None),
        ("yaml", None),
        (r"yaml GET /a\_b&amp;c", ("get", "/a_b&c")),
    ],
)
def test_the_info_string_announces_an_operation(info: str, announced: tuple[str, str] | None) -> None:
    """Method and path may stand anywhere in the info string; Markdown escapes are resolved."""
    (fragment,) = fragments(Page("p.md", f"```{info}\n{DOCUMENT}```\n"))
    assert fragment.announced == announced


@pytest.mark.parametrize(
    "text",
    [
        DOCUMENT,
        "# a comment\n---\n" + DOCUMENT,
        "%YAML 1.2\n---\n" + DOCUMENT,
        '"openapi": 3.0.3\n',
        "info: {}\nopenapi: 3.0.3\n",
        '{"info": {}}\n',
        "swagger: '2.0'\n",
        "basePath: /\ndefinitions: {}\nswagger: '2.0'\n",
        "x-owner: us\nopenapi: 3.0.3\n",
        '"security": []\nopenapi: 3.0.3\n',
        DOCUMENT + "x-a: |\n  ```yaml\n  openapi: 3.0.3\n  ```\n",
    ],
)
def test_a_page_may_be_the_document_itself(text: str) -> None:
    """A bare document is recognised by its first line, whatever its comments and descriptions hold."""
    (fragment,) = fragments(Page("p", text))
    assert (fragment.line, fragment.first_line, fragment.text) == (1, 1, text)


def test_only_the_last_line_feeds_are_normalised() -> None:
    """However many empty lines stand before the closing fence, the text ends with one line feed."""
    (fragment,) = fragments(Page("p.md", f"```yaml\n\n{DOCUMENT}\n\n\n```\n"))
    assert fragment.text == "\n" + DOCUMENT
