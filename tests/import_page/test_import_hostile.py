"""Hostile pages do no harm to terminal, memory, files or network."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rulewright.errors import InputError
from rulewright.importing.imported import import_pages

if TYPE_CHECKING:
    from tests.import_page.conftest import Run


HEAD = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {}}}\n"
QUICK = 10.0  # seconds; each of these takes well under one, where the fault it guards against takes minutes


def bomb(width: int, height: int) -> str:
    """Return aliases that expand to `width ** height` values."""
    levels = range(1, height)
    lines = (f"x-{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]\n" for level in levels)
    return "x-0: &a0 [z]\n" + "".join(lines)


HOSTILE = {
    "aliases that expand without end": HEAD + bomb(9, 12),
    "text repeated by aliases": HEAD + f"x-a: &a '{'z' * 500_000}'\nx-b: [{', '.join(['*a'] * 2000)}]\n",
    "aliases nested deeply": HEAD + bomb(1, 5000),
    "nested 100,000 brackets": HEAD + "x-a: " + "[" * 100_000,
    "nested 100,000 dashes": HEAD + "x-a:\n  " + "- " * 100_000,
    "nested 100,000 braces in JSON": '{"openapi": ' * 100_000,
    "a number of 100,000 digits": HEAD + "x-a: " + "9" * 100_000,
    "a tag that would run code": HEAD + "x-a: !!python/object/apply:os.system ['exit 3']\n",
    "100,000 quotes": "> " * 100_000 + "x\n",
    "20,000 list items": "* a\n" * 20_000,
    "30,000 fences": "```\n" * 30_001,
    "1,000,000 backticks": "`" * 1_000_000 + "\n",
    "100,000 HTML tags": "<a " * 100_000 + "\n",
    "only brackets": "[" * 100_000 + "\n",
}


@pytest.mark.parametrize("case", HOSTILE, ids=str)
def test_a_hostile_page_is_refused_quickly(project: Path, case: str) -> None:
    """The error is one message, without a crash and within seconds."""
    (project / "page.md").write_text(HOSTILE[case], encoding="utf-8")
    started = time.perf_counter()
    with pytest.raises(InputError, match=r"page\.md"):
        import_pages(["page.md"])
    assert time.perf_counter() - started < QUICK


def test_a_deep_but_allowed_page_is_refused_or_read_without_a_crash(run: Run, project: Path) -> None:
    """Schemas nested too deeply for the validator give a message."""
    deep = "{type: object, properties: {a: " * 90 + "{}" + "}}" * 90
    (project / "page.yaml").write_text(HEAD + f"components: {{schemas: {{S: {deep}}}}}\n", encoding="utf-8")
    outcome = run("page.yaml")
    assert outcome.code == 0 or "error: page.yaml:1: cannot be validated: it is nested too deeply" in outcome.err


@pytest.mark.parametrize(
    "text",
    [
        "# nothing\n",
        "```yaml GET /\x1b[2J\u202ex\n" + HEAD + "```\n",
        "```openapi\n" + HEAD.replace("T,", '"\\e[2J\\u202e",').replace("'1'", "[1]") + "```\n",
        "```openapi\n" + HEAD + 'x-a: {"\\e[2J": {$ref: x}}\n"\\e]0;x\\a": &a [*a]\n```\n',
    ],
    ids=["name", "info string", "value", "key"],
)
def test_no_message_carries_a_terminal_escape(run: Run, project: Path, text: str) -> None:
    """Control and bidirectional characters of a page or of its name are printed escaped."""
    name = "a\x1b[2J\u202e.md"
    (project / name).write_text(text, encoding="utf-8")
    outcome = run(name)
    assert outcome.code == 1
    assert not set(outcome.err) & {"\x1b", "\x07", "\u202e"}
    assert "\\x1b[2J" in outcome.err


@pytest.mark.parametrize(
    "part",
    [
        "components: {schemas: {S: {$ref: 'http://127.0.0.1:9/x'}}}",
        "components: {schemas: {S: {$ref: 'file:///etc/hostname'}}}",
        "components: {schemas: {S: {example: {$ref: 'http://127.0.0.1:9/x'}}}}",
        "components: {schemas: {S: {$id: 'http://127.0.0.1:9/x', $ref: '#/components/schemas/S2'}, S2: {}}}",
        "components: {schemas: {S: {$dynamicRef: 'http://127.0.0.1:9/x', default: 1}}}",
        "components: {schemas: {S: {$schema: 'http://127.0.0.1:9/x', default: 1}}}",
        "components: {schemas: {S: {allOf: [{x-a: {$ref: 'http://127.0.0.1:9/x'}}], default: 1}}}",
        "jsonSchemaDialect: http://127.0.0.1:9/x",
        "x-a: {$ref: 'http://127.0.0.1:9/x'}",
        "externalDocs: {url: 'http://127.0.0.1:9/x'}",
    ],
)
@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
def test_no_page_makes_the_import_open_a_connection(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch, part: str, version: str
) -> None:
    """External references in a document are not fetched."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was attempted")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    head = HEAD.replace("3.1.0", version).replace("{}", "{responses: {'200': {description: x}}}")
    (project / "page.yaml").write_text(head + part + "\n", encoding="utf-8")
    outcome = run("page.yaml")
    assert (outcome.code, outcome.err) == (0, "") or outcome.err.startswith("error: page.yaml:")


def test_a_reference_like_text_in_an_example_is_no_reference(run: Run, project: Path) -> None:
    """Examples, constants and extensions are data; a property may be called `default`."""
    schema = (
        "{type: object, example: {$ref: gone}, enum: [{$ref: '#/gone'}], x-a: {$ref: gone},"
        " properties: {default: {$ref: '#/components/schemas/T'}, $ref: {type: string}}}"
    )
    text = HEAD + f"components: {{schemas: {{S: {schema}, T: {{}}}}}}\n"
    (project / "page.yaml").write_text(text, encoding="utf-8")
    assert run("page.yaml").code == 0
    (project / "page.yaml").write_text(text.replace("schemas/T", "schemas/Gone"), encoding="utf-8")
    outcome = run("page.yaml")
    assert "\n  at /components/schemas/S/properties/default/$ref\n" in outcome.err


def test_a_default_that_does_not_fit_is_no_fault(run: Run, project: Path) -> None:
    """Kubernetes has hundreds of such defaults; a schema named `default` is still validated."""
    schemas = "{S: {type: object, default: text, required: [a], properties: {default: {type: string, default: {}}}}}"
    servers = "servers: [{url: 'https://{at}.example', variables: {at: {default: eu}}}]\n"
    text = HEAD + servers + f"components: {{schemas: {schemas}}}\n"
    (project / "page.yaml").write_text(text, encoding="utf-8")
    assert run("page.yaml").code == 0
    (project / "page.yaml").write_text(text.replace("type: string", "type: text"), encoding="utf-8")
    assert "/components/schemas/S/properties/default" in run("page.yaml").err


def test_a_symbolic_link_is_not_written_through(run: Run, project: Path, pages: Path, tmp_path: Path) -> None:
    """Writing through a link would change another file."""
    outside = tmp_path / "outside.yaml"
    outside.write_text("mine\n", encoding="utf-8")
    (project / "link.yaml").symlink_to(outside)
    outcome = run(pages / "send.md", "-o", "link.yaml")
    assert (outcome.code, outside.read_text(encoding="utf-8")) == (1, "mine\n")
    assert outcome.err.startswith("error: link.yaml: is a symbolic link to ")


def test_a_spec_that_leads_out_of_the_project_is_refused(run: Run, project: Path, pages: Path, tmp_path: Path) -> None:
    """pyproject.toml names a file of its own project."""
    table = (project / "pyproject.toml").read_text(encoding="utf-8")
    (project / "pyproject.toml").write_text(table.replace("openapi.yaml", "../openapi.yaml"), encoding="utf-8")
    assert run(pages / "send.md").code == 1
    assert not (tmp_path / "openapi.yaml").exists()
