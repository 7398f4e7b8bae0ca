"""Write the pages that come out of the code, and the Markdown twins of all pages.

mkdocs calls the functions whose names begin with `on_`. A page says where code comes in by a line such as
`<!-- help: rulewright impact -->`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, get_args

from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

_MARK: Final = re.compile(r"^<!-- (help|exit-codes|faults|keywords|values): ?(.*?) ?-->$", re.MULTILINE)
_MODULES: Final = {"rulewright": "rulewright", "mountsea-gemini": "mountsea_gemini"}
_twins: dict[str, tuple[str, str]] = {}


def on_page_markdown(markdown: str, *, page: Page, config: Any, files: Files) -> str:  # noqa: ARG001
    """Put the output of code in the place of its mark, and keep the page's Markdown for its twin."""
    text = _MARK.sub(lambda found: _SOURCES[found[1]](found[2]), markdown)
    text = text.replace("OWNER/REPOSITORY", os.environ.get("GITHUB_REPOSITORY", "OWNER/REPOSITORY"))
    _twins[page.file.src_uri] = (str(page.title), text)
    return text


def on_post_build(*, config: Any) -> None:
    """Write the Markdown of each page, the index `llms.txt` (https://llmstxt.org), and the rule explorer."""
    site = Path(config.site_dir)
    shutil.copy("generated/explorer.html", site)
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", "", "## Pages", ""]
    for name, (title, text) in sorted(_twins.items()):
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        lines.append(f"- [{title}]({name})")
    (site / "llms.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _help(command: str) -> str:
    """Return what a command prints for --help, as a block that is not run."""
    program, *rest = command.split()
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONPATH": "scripts:generated"}
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-m", _MODULES[program], *rest, "--help"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return f"```text\n{done.stdout.strip()}\n```"


def _values(_: str) -> str:
    """Return the exported types of arguments with listed values, as a table."""
    import mountsea_gemini  # noqa: PLC0415

    found = {name: getattr(mountsea_gemini, name) for name in mountsea_gemini.__all__}
    rows = [
        f"| `{name}` | {', '.join(f'`{each}`' for each in get_args(kind))} |"
        for name, kind in found.items()
        if get_args(kind)
    ]
    return "\n".join(["| Name | Values |", "|---|---|", *rows])


def _exit_codes(_: str) -> str:
    from mountsea_gemini.cli._exits import table  # noqa: PLC0415

    return f"```text\n{table()}\n```"


def _keywords(_: str) -> str:
    from rulewright.rules.dialect import KEYWORDS  # noqa: PLC0415

    rows = [f"| `{keyword}` | {operand} |" for keyword, (_, operand) in KEYWORDS.items()]
    return "\n".join(["| Keyword | Its value |", "|---|---|", *rows])


def _faults(_: str) -> str:
    from rulewright.sandbox import FAULT_KINDS  # noqa: PLC0415

    rows = [f"| `{kind}` | {effect} |" for kind, effect in FAULT_KINDS.items()]
    return "\n".join(["| Kind | Effect |", "|---|---|", *rows])


_SOURCES: Final = {
    "help": _help,
    "exit-codes": _exit_codes,
    "faults": _faults,
    "keywords": _keywords,
    "values": _values,
}
