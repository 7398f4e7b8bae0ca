"""Several pages of one API make one document."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from rulewright.errors import InputError
from rulewright.importing.imported import import_pages
from rulewright.openapi.document import load, parse
from rulewright.openapi.pointer import differences

if TYPE_CHECKING:
    from tests.import_page.conftest import Run

Write = Callable[..., str]

NAMES = ("send.md", "track.md", "cancel.md")
ORDERS = list(itertools.permutations(NAMES))
HEAD = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\n"


def sources(pages: Path, names: tuple[str, ...] = NAMES) -> list[str]:
    """Return these pages as the command line would be given them."""
    return [str(pages / name) for name in names]


def sort_tags(value: Any) -> Any:
    """Return a document with its tags by name, as their order carries no meaning."""
    return {**value, "tags": {tag["name"]: tag for tag in value.get("tags", [])}}


@pytest.fixture
def write(project: Path) -> Write:
    """Return a function that writes one bare document by name."""

    def write_one(name: str, body: str, head: str = HEAD) -> str:
        (project / name).write_text(head + body, encoding="utf-8")
        return name

    return write_one


def test_operations_components_and_tags_are_joined(pages: Path) -> None:
    """Each part of each page occurs once, in the order of the pages."""
    value = import_pages(sources(pages)).document.value
    assert [(path, list(item)) for path, item in value["paths"].items()] == [
        ("/parcels", ["post"]),
        ("/parcels/{id}", ["get", "delete"]),
    ]
    assert list(value["components"]["schemas"]) == ["Order", "Parcel", "Fault"]
    assert list(value["components"]["responses"]) == ["Unknown"]
    assert list(value["components"]["securitySchemes"]) == ["key"]
    assert [tag["name"] for tag in value["tags"]] == ["send", "track"]


def test_every_part_is_as_its_page_has_it(pages: Path) -> None:
    """Joining changes no operation and no component."""
    merged = import_pages(sources(pages)).document.value
    for source in sources(pages):
        alone = import_pages([source]).document.value
        for path, item in alone["paths"].items():
            assert item.items() <= merged["paths"][path].items()
        for section, named in alone["components"].items():
            for name, value in named.items():
                assert not list(differences(value, merged["components"][section][name]))
        assert alone["info"] == merged["info"]


@pytest.mark.parametrize("names", ORDERS, ids=" ".join)
def test_the_order_of_pages_changes_the_order_of_parts_only(pages: Path, names: tuple[str, ...]) -> None:
    """Every order of the pages gives an equal document."""
    expected = sort_tags(import_pages(sources(pages)).document.value)
    assert sort_tags(import_pages(sources(pages, names)).document.value) == expected


@pytest.mark.parametrize("names", ORDERS, ids=" ".join)
def test_the_text_means_the_merged_document_to_every_reader(pages: Path, names: tuple[str, ...]) -> None:
    """YAML 1.1 and 1.2 read the same value: a plain 16:9, which 1.1 reads as 969, is quoted."""
    imported = import_pages(sources(pages, names))
    assert parse(imported.text, "text").value == imported.document.value
    assert yaml.safe_load(imported.text) == imported.document.value
    assert "example: '16:9'" in imported.text


def test_the_text_of_several_pages_is_written_anew(pages: Path) -> None:
    """One page's text is kept to the byte; that of several is plain YAML, ended by one line feed."""
    assert "# and nothing else" in import_pages(sources(pages, ("track.md",))).text
    merged = import_pages(sources(pages)).text
    assert "# and nothing else" not in merged
    assert merged.startswith("openapi: ")
    assert merged.endswith("\n")
    assert not merged.endswith("\n\n")


def test_a_page_that_adds_nothing_leaves_the_text_as_it_is(pages: Path) -> None:
    """The same page twice, or beside a document that has it all, changes not a byte."""
    merged = import_pages(sources(pages))
    assert import_pages([*sources(pages), *sources(pages)]).text == merged.text
    send = str(pages / "send.md")
    assert import_pages([send, send]).text == import_pages([send]).text


def test_one_more_page_is_added_to_an_existing_document(run: Run, project: Path, pages: Path) -> None:
    """Naming the existing document as the first page gives what all pages at once give."""
    run(pages / "send.md")
    outcome = run("openapi.yaml", pages / "track.md", pages / "cancel.md")
    assert outcome.out.splitlines()[:4] == [
        "openapi.yaml: written",
        "  POST /parcels  sendParcel",
        "  new GET /parcels/{id}  getParcel",
        "  new DELETE /parcels/{id}  cancelParcel",
    ]
    assert (project / "openapi.yaml").read_text(encoding="utf-8") == import_pages(sources(pages)).text


def test_two_documents_on_one_page_are_joined_like_two_pages(project: Path, pages: Path) -> None:
    """A page may hold several blocks; each is read with its own lines."""
    texts = [(pages / name).read_text(encoding="utf-8") for name in ("send.md", "track.md")]
    (project / "both.md").write_text("\n".join(texts), encoding="utf-8")
    assert import_pages(["both.md"]).text == import_pages(sources(pages, ("send.md", "track.md"))).text


def test_pages_that_disagree_name_both_places_and_the_first_difference(project: Path, pages: Path) -> None:
    """The message shows both files with line, the JSON pointer and both values."""
    (project / "a.md").write_bytes((pages / "send.md").read_bytes())
    changed = (pages / "track.md").read_text(encoding="utf-8").replace("[sent, arrived]", "[sent, lost]")
    (project / "b.md").write_text(changed, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        import_pages(["a.md", "b.md"])
    assert str(caught.value).splitlines() == [
        "b.md:52: disagrees with a.md:82",
        "  a.md:82 has 'arrived'",
        "  b.md:52 has 'lost'",
        "  pages of one API must agree: fetch both again, or leave one out",
        "  at /components/schemas/Parcel/properties/state/enum/1",
    ]


def test_a_long_text_is_shown_around_its_first_difference(write: Write) -> None:
    """The error shows the difference of two long texts, not their equal start."""
    body = "paths: {/a: {get: {description: '%s'}}}\n"
    with pytest.raises(InputError) as caught:
        import_pages([write("a.yaml", body % ("x" * 500 + "one")), write("b.yaml", body % ("x" * 500 + "two"))])
    assert "\n  a.yaml:3 has ...'xxxxxxxxxxxxxxxxxxxxxxxxxone'\n" in str(caught.value)
    assert "\n  b.yaml:3 has ...'xxxxxxxxxxxxxxxxxxxxxxxxxtwo'\n" in str(caught.value)


OPERATION = "paths: {/%s: {get: {operationId: %s}}}\n"
A, B = HEAD + OPERATION % ("a", "a"), HEAD + OPERATION % ("b", "b")
ITEM = HEAD + "paths: {/a: {%s}}\n"
SCHEMA = "components: {schemas: {S: {type: %s}}}\n"
DISAGREEMENTS = {
    "title": (A, B.replace("title: T", "title: U"), "/info/title"),
    "version": (A, B.replace("'1'", "'2'"), "/info/version"),
    "openapi": (A, B.replace("3.1.0", "3.1.1"), "/openapi"),
    "servers on one only": (A + "servers: [{url: https://a.example}]\n", B, "/servers"),
    "security on one only": (A, B + "security: [{}]\n", "/security"),
    "security": (A + "security: []\n", B + "security: [{}]\n", "/security"),
    "tag": (
        A + "tags: [{name: x}, {name: t, description: one}]\n",
        B + "tags: [{name: t, description: two}]\n",
        "/tags/0/description",
    ),
    "tag with a description on one only": (
        A + "tags: [{name: t}]\n",
        B + "tags: [{name: t, description: two}]\n",
        "/tags/0/description",
    ),
    "operation": (A, HEAD + OPERATION % ("a", "b"), "/paths/~1a/get/operationId"),
    "true is not 1": (ITEM % "get: {x-a: [1]}", ITEM % "get: {x-a: [true]}", "/paths/~1a/get/x-a/0"),
    "length of a list": (ITEM % "get: {x-a: [1]}", ITEM % "get: {x-a: [1, 2]}", "/paths/~1a/get/x-a"),
    "parameters of a path on one only": (
        ITEM % "get: {}",
        ITEM % "put: {}, parameters: [{name: q, in: query, schema: {}}]",
        "/paths/~1a/parameters",
    ),
    "schema": (A + SCHEMA % "string", B + SCHEMA % "object", "/components/schemas/S/type"),
    "extension": (A + "x-a: {b: 1}\n", B + "x-a: {c: 1}\n", "/x-a/b"),
}


@pytest.mark.parametrize("case", DISAGREEMENTS, ids=str)
def test_pages_that_disagree_are_refused_in_either_order(write: Write, case: str) -> None:
    """Whichever page comes first, the other's place is named, and it is the same part."""
    one, other, pointer = DISAGREEMENTS[case]
    names = [write("a.yaml", one, head=""), write("b.yaml", other, head="")]
    for first, second in (names, names[::-1]):
        with pytest.raises(InputError) as caught:
            import_pages([first, second])
        assert caught.value.path == second
        assert re.match(rf"disagrees with {first}:\d+\n", caught.value.message)
        found = re.sub("/tags/[01]", "/tags/0", caught.value.pointer or "")
        assert found.rpartition("/")[0] == pointer.rpartition("/")[0]


def test_the_two_disagreeing_pages_are_named(write: Write) -> None:
    """Of three pages, the message names the two that disagree."""
    a = write("a.yaml", OPERATION % ("a", "a"))
    b = write("b.yaml", OPERATION % ("b", "b") + "components: {schemas: {S: {type: string}}}\ntags: [{name: t}]\n")
    c = write("c.yaml", OPERATION % ("c", "c") + "components: {schemas: {S: {type: object}}}\n")
    d = write("d.yaml", OPERATION % ("d", "d") + "tags: [{name: t, description: other}]\n")
    with pytest.raises(InputError, match=r"disagrees with b\.yaml:4\n"):
        import_pages([a, b, c])
    with pytest.raises(InputError, match=r"disagrees with b\.yaml:5\n"):
        import_pages([a, b, d])


def test_one_operation_id_for_two_operations_is_refused(write: Write) -> None:
    """The id is unique on each page but not in the document; both places are named."""
    with pytest.raises(InputError) as caught:
        import_pages([write("a.yaml", OPERATION % ("a", "same")), write("b.yaml", OPERATION % ("b", "same"))])
    assert str(caught.value) == (
        "b.yaml:3: the operationId 'same' is taken by GET /a (a.yaml:3); it must be unique\n"
        "  at /paths/~1b/get/operationId"
    )


def test_json_and_yaml_pages_are_joined(write: Write) -> None:
    """JSON beside YAML gives YAML written anew, with the same values."""
    info = '{"title": "T", "version": "1"}'
    text = f'{{"openapi": "3.1.0", "info": {info}, "paths": {{"/j": {{"get": {{"x-a": "1e3"}}}}}}}}'
    imported = import_pages([write("a.json", text, head=""), write("b.yaml", OPERATION % ("b", "b"))])
    assert list(imported.document.value["paths"]) == ["/j", "/b"]
    assert "x-a: '1e3'" in imported.text


def test_anchors_of_two_pages_are_independent(write: Write) -> None:
    """Pages may use the same anchor for different values; the merged values are each page's own."""
    body = "paths: {/%s: {get: {x-a: &a [%s], x-b: *a}}}\n"
    imported = import_pages([write("a.yaml", body % ("a", "1")), write("b.yaml", body % ("b", "2"))])
    paths = imported.document.value["paths"]
    assert [paths["/a"]["get"]["x-b"], paths["/b"]["get"]["x-b"]] == [[1], [2]]


def test_three_pages_do_not_write_into_each_other(write: Write) -> None:
    """A part taken whole from the second page grows by the third without changing the second."""
    schema = "components: {schemas: {%s: {type: object}}}\n"
    a = write("a.yaml", OPERATION % ("a", "a"))
    b = write("b.yaml", OPERATION % ("b", "b") + schema % "B")
    c = write("c.yaml", OPERATION % ("c", "c") + schema % "C")
    assert list(import_pages([a, b, c, b]).document.value["components"]["schemas"]) == ["B", "C"]
    assert list(load(b).value["components"]["schemas"]) == ["B"]


def test_empty_containers_are_kept_in_either_order(write: Write) -> None:
    """An empty list of tags or an empty section is a part too."""
    a = write("a.yaml", OPERATION % ("a", "a") + "tags: []\ncomponents: {schemas: {}}\n")
    b = write("b.yaml", OPERATION % ("b", "b") + "components: {responses: {}}\n")
    one, other = (import_pages(order).document.value for order in ([a, b], [b, a]))
    assert one == other
    assert one["components"] == {"schemas": {}, "responses": {}}
    assert one["tags"] == []
