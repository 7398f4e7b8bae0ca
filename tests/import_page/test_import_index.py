"""Import a site by its `llms.txt`: the pages taken, the record, the reported changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rulewright.importing.imported import RECORD
from rulewright.openapi.document import load
from rulewright.openapi.operations import operations

from tests.generating import regenerate
from tests.import_page.conftest import Run, find_proposals, list_overlay
from tests.import_page.serving import Answer, Vendor, moved, whole

TITLES = {"zh": "包裹", "en": "Parcels"}
PARCELS = ("send", "stamp", "weigh", "track", "list", "label", "insure", "return", "cancel", "price")
TRUCKS = ("load", "drive", "park", "fuel", "wash")
GUIDES = ("start", "keys", "limits", "news", "terms", "faq")


def document(path: str, language: str, **changes: Any) -> dict[str, Any]:
    """Return the document of one page, with texts in one language."""
    api = "trucks" if path.split("/")[1] == "trucks" else "parcels"
    title = TITLES[language] if api == "parcels" else f"Trucks {language}"

    def content(name: str) -> dict[str, Any]:
        return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}

    operation = {
        "operationId": f"{api}_{path.rpartition('/')[2]}",
        "summary": f"{path} ({language})",
        "requestBody": content("Order"),
        "responses": {"201": {"description": "", **content("Ticket")}},
    }
    kind = {"enum": ["box", "letter"], "description": f"Kind ({language})"}
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1"},
        "servers": [{"url": f"https://{api}.example"}],
        "paths": {path: {"post": operation}},
        "components": {
            "schemas": {
                "Order": {"type": "object", "properties": {"kind": kind}, **changes},
                "Ticket": {"type": "object", "properties": {"ticket": {"type": "string"}}},
            }
        },
    }


def page(path: str, language: str = "en", **changes: Any) -> bytes:
    """Return a page with the document of one operation."""
    text = yaml.safe_dump(document(path, language, **changes), allow_unicode=True, sort_keys=False)
    head = "> Documentation index: https://docs.example/llms.txt\n\n"
    return f"{head}# {path}\n\n````yaml POST {path}\n{text}````\n".encode()


class Site:
    """A documentation site of 42 pages in two languages, with its index.

    Args:
        vendor: The server.
    """

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.pages: dict[str, Answer] = {}
        self.links: list[str] = []
        for language in ("zh", "en"):
            for name in GUIDES:
                self.add(f"/{language}/guides/{name}.md", f"# {name}\n\nNo document.\n".encode())
            for api, names in (("parcels", PARCELS), ("trucks", TRUCKS)):
                for name in names:
                    self.add(f"/{language}/api/{api}/{name}.md", page(f"/{api}/{name}", language))

    def add(self, path: str, content: bytes | Answer) -> None:
        """Add a page and a link to it."""
        self.links.append(path)
        self.pages[path] = whole(content) if isinstance(content, bytes) else content

    def publish(self, *more: str) -> str:
        """Write the index, absolute and relative links mixed, and return its URL."""
        self.pages["/llms.txt"] = whole(self.index(*more))
        self.vendor.answers = self.pages
        return f"{self.vendor.url}/llms.txt"

    def index(self, *more: str) -> bytes:
        """Return the index."""
        lines = ["# Docs", ""]
        for number, path in enumerate([*self.links, *self.links[:3]]):  # some twice
            lines.append(f"- [a page]({self.vendor.url if number % 2 else ''}{path}): about it")
        return "\n".join([*lines, *(f"- [more]({link})" for link in more)]).encode()


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that is served on this machine."""
    with Vendor() as vendor:
        yield Site(vendor)


def operation_ids(project: Path) -> list[str]:
    """Return the operations of the vendor document."""
    return [each.id for each in operations(load(project / "openapi.yaml").value)]


def lines_with(text: str, *words: str) -> list[str]:
    """Return the lines of a report that hold one of some words."""
    return [line.strip() for line in text.splitlines() if any(word in line for word in words)]


def test_the_pages_under_a_prefix_are_merged_in_every_language(run: Run, project: Path, site: Site) -> None:
    """Pages of another API and without a document are left out; each page is read once."""
    assert len(site.links) >= 40
    outcome = run(site.publish(), "--prefix", "api/parcels/")
    assert outcome.code == 0
    assert operation_ids(project) == [f"parcels_{name}" for name in PARCELS]
    assert f"index {site.vendor.url}/llms.txt: 20 pages read, 20 with a document" in outcome.out
    (line,) = lines_with(outcome.out, "texts of")
    assert f"{site.vendor.url}/en/api/parcels/weigh.md and 7 more differ from those of earlier pages, which are" in line
    assert sorted(site.vendor.asked) == sorted({"/llms.txt", *(link for link in site.links if "/parcels/" in link)})
    assert load(project / "openapi.yaml").value["info"]["title"] == "包裹"


@pytest.mark.parametrize(("editions", "title"), [(["en"], "Parcels"), (["en", "zh"], "Parcels"), (["zh"], "包裹")])
def test_the_first_language_named_gives_the_texts(
    run: Run, project: Path, site: Site, editions: list[str], title: str
) -> None:
    """One language or several, in the order given."""
    options = [option for edition in editions for option in ("--edition", edition)]
    assert run(site.publish(), "--prefix", "/api/parcels/", *options).code == 0
    assert load(project / "openapi.yaml").value["info"]["title"] == title
    assert len([path for path in site.vendor.asked if path != "/llms.txt"]) == len(editions) * len(PARCELS)


def test_without_a_prefix_the_pages_of_one_api_are_taken(run: Run, project: Path, site: Site) -> None:
    """The pages of the first API are merged; pages of another API are named and left out."""
    outcome = run(site.publish())
    assert operation_ids(project) == [f"parcels_{name}" for name in PARCELS]
    (line,) = lines_with(outcome.out, "of another API")
    assert "choose pages with --prefix" in line
    assert "/zh/api/trucks/load.md" in line


def test_origin_hash_and_operations_of_each_page_are_recorded(run: Run, project: Path, site: Site) -> None:
    """The record holds the index too; importing again changes nothing."""
    url = site.publish()
    run(url, "--prefix", "en/api/parcels")
    record = json.loads((project / RECORD).read_bytes())
    assert record["index"] == {"origin": url, "sha256": hashlib.sha256(site.index()).hexdigest()}
    assert record["pages"][0] == {
        "origin": f"{site.vendor.url}/en/api/parcels/send.md",
        "sha256": hashlib.sha256(page("/parcels/send")).hexdigest(),
        "operations": ["POST /parcels/send"],
    }
    before = (project / RECORD).stat().st_mtime_ns
    outcome = run(url, "--prefix", "en/api/parcels")
    assert outcome.out.startswith("openapi.yaml: unchanged\n")
    assert not lines_with(outcome.out, "new", "gone", "moved", "GONE")
    assert (project / RECORD).stat().st_mtime_ns == before


def test_a_page_in_html_is_read_as_the_markdown_beside_it(run: Run, project: Path, site: Site) -> None:
    """A listed HTML page is read from its `.md`; one without Markdown is reported as missing."""
    html = b"<!doctype html><title>Parcels"
    site.links = []
    site.add("/en/api/parcels/send", html)
    site.add("/en/api/parcels/about", html)
    outcome = run(site.publish(), "--prefix", "api")
    assert operation_ids(project) == ["parcels_send"]
    assert [each["origin"] for each in json.loads((project / RECORD).read_bytes())["pages"]] == [
        f"{site.vendor.url}/en/api/parcels/send.md"
    ]
    assert lines_with(outcome.out, "missing page") == [
        f"missing page: {site.vendor.url}/en/api/parcels/about.md is listed, but the server has no such page"
    ]


def test_new_gone_moved_and_disagreeing_pages_are_findings(run: Run, project: Path, site: Site) -> None:
    """Each is reported and the rest is merged; of two disagreeing pages the first is taken."""
    run(site.publish(), "--prefix", "en/api/parcels/")
    root = "/en/api/parcels"
    site.links.remove(f"{root}/price.md")
    site.links.remove(f"{root}/label.md")
    site.add(f"{root}/labels.md", page("/parcels/label"))
    site.add(f"{root}/wrap.md", page("/parcels/wrap"))
    site.pages[f"{root}/cancel.md"] = whole(b"", status="410 Gone")
    site.pages[f"{root}/track.md"] = whole(page("/parcels/track", required=["kind"]))
    outcome = run(site.publish(), "--prefix", "en/api/parcels/")
    assert outcome.code == 0
    url = site.vendor.url + root
    assert lines_with(outcome.out, "page: ") == [
        f"missing page: {url}/cancel.md is listed, but the server has no such page",
        f"moved page: {url}/label.md -> {url}/labels.md",
        f"gone page: {url}/price.md",
        f"new page: {url}/wrap.md  POST /parcels/wrap",
        f"disagreeing page: {url}/track.md:39: disagrees with {url}/send.md:31",
    ]
    assert lines_with(outcome.out, "GONE") == [
        "GONE POST /parcels/cancel  parcels_cancel",
        "GONE POST /parcels/price  parcels_price",
    ]
    assert "required" not in load(project / "openapi.yaml").value["components"]["schemas"]["Order"]


WAITER = """\
overlay: 1.1.0
info: {title: Tickets, version: '1'}
x-waived-prose: []
actions:
  - target: $.paths
    description: How to wait.
    update:
      /tickets:
        get:
          operationId: getTicket
          parameters: [{name: id, in: query, required: true, schema: {type: string}}]
          responses:
            '200':
              description: The ticket.
              content:
                application/json:
                  schema: {type: object, properties: {state: {type: string, enum: [open, done]}}}
            4XX: {$ref: '#/components/responses/Fault'}
          x-waiter:
            name: ticket
            id: {parameter: id, submitted: /ticket}
            state: /state
            acceptors: {open: retry, done: success}
            delay: {first: 1, factor: 2, max: 8}
            deadline: 60
  - target: $.components
    description: Faults.
    update: {responses: {Fault: {description: A fault.}}}
  - target: $.paths['/parcels/send'].post.responses['201']
    description: It starts a job.
    update: {links: {result: {operationId: getTicket, parameters: {id: $response.body#/ticket}}}}
"""


def test_a_new_page_is_reported_with_what_it_needs(run: Run, project: Path, site: Site) -> None:
    """The report proposes a link, an error response and a waiver for the new operation."""
    (project / "overlays").mkdir()
    (project / "overlays/tickets.overlay.yaml").write_text(WAITER, encoding="utf-8")
    list_overlay(project, "overlays/tickets.overlay.yaml")
    site.links = [link for link in site.links if link.endswith(("/send.md", "/track.md"))]
    run(site.publish(), "--prefix", "en/api/parcels/")
    regenerate(project)
    site.add("/en/api/parcels/wrap.md", page("/parcels/wrap", description="Wrapping must be requested a day before."))
    for name in ("send", "track"):
        site.pages[f"/en/api/parcels/{name}.md"] = whole(
            page(f"/parcels/{name}", description="Wrapping must be requested a day before.")
        )
    outcome = run(site.publish(), "--prefix", "en/api/parcels/")
    assert lines_with(outcome.out, "POST /parcels/wrap") == [
        "new POST /parcels/wrap  parcels_wrap",
        f"new page: {site.vendor.url}/en/api/parcels/wrap.md  POST /parcels/wrap",
        (
            "POST /parcels/wrap looks like a submit of the waiter 'ticket': its answer holds /ticket; "
            "to get tasks, link it:"
        ),
        "POST /parcels/wrap documents no error answer; to describe what it may answer, add:",
    ]
    assert "Wrapping must be requested a day before." in outcome.out
    assert "- at: '#/components/schemas/Order/description'" in outcome.out
    link, errors = find_proposals(outcome.out)
    assert link["update"]["links"]["result"] == {
        "operationId": "getTicket",
        "parameters": {"id": "$response.body#/ticket"},
    }
    assert errors["update"]["4XX"] == {"$ref": "#/components/responses/Fault"}
    overlay = yaml.safe_load(WAITER)
    overlay["actions"] += [link, errors]
    (project / "overlays/tickets.overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    assert not lines_with(run(site.publish(), "--prefix", "en/api/parcels/").out, "looks like", "no error answer")
    regenerate(project)
    assert '"parcels_wrap": "getTicket"' in (project / "made/made/waiters.py").read_text("utf-8")


def test_an_index_that_a_page_names_is_printed_not_fetched(run: Run, site: Site) -> None:
    """The command to import the index is printed."""
    site.publish()
    outcome = run(f"{site.vendor.url}/en/api/parcels/send.md")
    assert lines_with(outcome.out, "names an index") == [
        "the page names an index of all pages; to import them: rulewright import https://docs.example/llms.txt"
    ]
    assert site.vendor.asked == ["/en/api/parcels/send.md"]


HOSTILE = (
    "https://elsewhere.example/a.md", "//elsewhere.example/a.md", "http://user:word@127.0.0.1/a.md",
    "javascript:alert(1)", "file:///etc/passwd", "http://[::1", "ftp://127.0.0.1/a.md", "http://127.0.0.1:1/a.md",
)  # fmt: skip


def test_links_that_lead_elsewhere_are_not_followed(run: Run, site: Site) -> None:
    """Other hosts, ports, schemes and users are not followed; `..` stays on the site."""
    site.links = site.links[-6:]
    outcome = run(site.publish(*HOSTILE, "../../../etc/passwd"), "--prefix", "en/api")
    assert outcome.code == 0
    assert lines_with(outcome.out, "elsewhere") == [
        f"{len(HOSTILE)} links of the index lead elsewhere and were not followed"
    ]
    assert all(path.startswith(("/llms.txt", "/en/api/")) for path in site.vendor.asked)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            moved("https://elsewhere.example/a.md"),
            "redirects to https://elsewhere.example/a.md, which is another place",
        ),
        (whole(b"x" * (8 * 1024 * 1024 + 1)), "is larger than 8388608 bytes"),
        (whole(b"", status="500 Oops"), "answered 500 instead of 200"),
        (whole(b"<!doctype html><title>x"), "is an HTML page"),
        (whole(b"````yaml POST /x\nopenapi: 3.0.3\n"), "is never closed, so the page is cut off"),
    ],
)
def test_a_page_that_cannot_be_read_stops_the_import(
    run: Run, project: Path, site: Site, answer: Answer, message: str
) -> None:
    """The existing document and record are not changed."""
    run(site.publish(), "--prefix", "en/api/parcels")
    before = (project / "openapi.yaml").read_bytes(), (project / RECORD).read_bytes()
    site.pages["/en/api/parcels/track.md"] = answer
    outcome = run(site.publish(), "--prefix", "en/api/parcels")
    assert outcome.code == 1
    assert f"{site.vendor.url}/en/api/parcels/track.md" in outcome.err
    assert message in outcome.err
    assert ((project / "openapi.yaml").read_bytes(), (project / RECORD).read_bytes()) == before


@pytest.mark.parametrize(
    ("index", "options", "message"),
    [
        (b"# Docs\n", "", "llms.txt: lists no page beside it"),
        (b"[a](https://elsewhere.example/a.md)", "", "lists no page beside it; 1 links lead elsewhere"),
        (b"[a](/en/api/x.md) [b](/docs/y.md)", "--prefix api/z", "no page under api/z; it has pages under docs"),
        (b"[a](/en/a.md)", "--edition fr", "lists no page under / in fr; it has pages under en"),
        (b"\n".join(b"[a](/%d.md)" % number for number in range(1001)), "", "lists 1001 pages, the limit is 1000"),
        (b"[a](/en/guides/start.md)", "", "holds no OpenAPI document"),
        (b"<!doctype html>", "", "is an HTML page"),
    ],
)  # fmt: skip
def test_an_index_without_a_usable_page_is_refused(
    run: Run, site: Site, index: bytes, options: str, message: str
) -> None:
    """The message says what the index has instead."""
    url = site.publish()
    site.pages["/llms.txt"] = whole(index)
    outcome = run(url, *options.split())
    assert (outcome.code, message in outcome.err) == (1, True), outcome.err
    assert not Path("openapi.yaml").exists()


def test_an_index_in_a_folder_lists_the_files_beside_it(run: Run, project: Path, tmp_path: Path) -> None:
    """Links of a saved site lead neither out of the folder, not even by a symbolic link, nor to the network."""
    folder = tmp_path / "site"
    for language in ("zh", "en"):
        (folder / language).mkdir(parents=True)
        (folder / language / "send.md").write_bytes(page("/parcels/send", language))
    (tmp_path / "secret.md").write_bytes(page("/parcels/secret"))
    (folder / "leak.md").symlink_to(tmp_path / "secret.md")
    links = (
        "https://docs.example/en/send.md",
        "zh/send.md",
        "../secret.md",
        "%2e%2e/secret.md",
        "leak.md",
        "https://docs.example/a.md",
    )
    (folder / "llms.txt").write_text("\n".join(f"- [x]({link})" for link in links), encoding="utf-8")
    outcome = run(folder / "llms.txt", "--edition", "en", "--edition", "zh")
    assert outcome.code == 0
    assert operation_ids(project) == ["parcels_send"]
    assert "4 links of the index lead elsewhere" in outcome.out
    record = json.loads((project / RECORD).read_bytes())
    assert [each["origin"] for each in record["pages"]] == ["en/send.md", "zh/send.md"]
