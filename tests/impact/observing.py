"""Run and type-check code written for an old client with a new one."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
from rulewright.openapi.document import to_yaml

from tests.generating import regenerate

PACKAGE = "orders_api"
CONFIG = f'[tool.rulewright]\nspec = "openapi.yaml"\noverlays = []\npackage = "{PACKAGE}"\noutput = "generated"\n'

# Code of a caller of the old client; each piece runs by itself, and the type checker reads all of them.
PIECES: Mapping[str, str] = {
    "models": "from PKG.raw.models import Order, OrderKind, OrderSpeed, Problem, Receipt, ReceiptState, Size",
    "operations": "from PKG.raw.api.orders import create_order, get_order",
    "letter": "client = Client('key', transport=REFUSING)\nclient.order_letter('a note of twenty', region='north')",
    "slow letter": "client = Client('key', transport=REFUSING)\nclient.order_letter('a note', speed='slow', region='north')",
    "box": "client = Client('key', transport=REFUSING)\nclient.order_box('a note', weight=1.5, region='north')",
    "everything": (
        "client = Client('key', transport=REFUSING)\n"
        "client.order(note='a note', kind='letter', weight=1.5, speed='slow', express=True, lines=['a', 'b'],\n"
        "    code='abc', paid='yes', region='north')"
    ),
    "create": (
        "from PKG.raw.api.orders import create_order\nfrom PKG.raw.models import Order\n"
        "body = Order(kind='letter', note='a note of twenty', speed='slow', express=True)\n"
        "sent.append(create_order._get_kwargs(body=body, region='north', dry_run=True))"
    ),
    "create the least": (
        "from PKG.raw.api.orders import create_order\nfrom PKG.raw.models import Order\n"
        "sent.append(create_order._get_kwargs(body=Order(kind='letter', note='n'), region='north'))"
    ),
    "get": "from PKG.raw.api.orders import get_order\nsent.append(get_order._get_kwargs('1', page=2))",
    "read": (
        "from PKG.raw.models import Receipt\n"
        "receipt = Receipt.from_dict(answer)\n"
        "receipt.id.upper()\nassert isinstance(receipt.total, float)\nassert isinstance(receipt.remark, str)\n"
        "receipt.remark.upper()"
    ),
}
TYPED_ONLY = """
def answers(response: httpx.Response) -> None:
    get_order._get_kwargs("1")
    answer: Receipt | None = get_order._parse_response(response=response)
    create_order._get_kwargs(body=Order(kind="letter", note="n"), region="north")
    made: Receipt | Problem | None = create_order._parse_response(response=response)

def handle(receipt: Receipt) -> str:
    state: str = receipt.state
    return state
"""
ANSWER = {"id": "1", "state": "sent", "total": 2.5, "remark": "r"}
HEAD = """from __future__ import annotations
from typing import Any
import httpx
from PKG import Client
REFUSING = httpx.MockTransport(lambda _: httpx.Response(400))
sent: list[Any] = []
answer: dict[str, Any] = {}
"""

TYPED_HEAD = """import httpx
from PKG.raw.api.orders import create_order, get_order
from PKG.raw.models import Order, Problem, Receipt
"""


class Client:
    """One generated client, importable under a name of its own."""

    def __init__(self, name: str, document: Any, root: Path) -> None:
        self.name, self.document = name, document
        project = root / f"project-{name}"
        project.mkdir()
        (project / "pyproject.toml").write_text(CONFIG, encoding="utf-8")
        (project / "openapi.yaml").write_text(to_yaml(document), encoding="utf-8")
        regenerate(project)
        (project / "generated" / PACKAGE).rename(root / name)  # inside, every import is relative
        table = (project / "generated/calls/right.py").read_text(encoding="utf-8")
        self.table = table.replace(PACKAGE, name)

    def run(self) -> tuple[dict[str, BaseException | None], list[Any]]:
        """Run every piece by itself; return what each raised, and the requests that were built."""
        outcomes: dict[str, BaseException | None] = {}
        sent: list[Any] = []
        for piece, code in PIECES.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a rule of level warning refuses nothing
                outcomes[piece] = self._run_piece(code, sent)
        return outcomes, sent

    def _run_piece(self, code: str, sent: list[Any]) -> BaseException | None:
        package = importlib.import_module(self.name)
        refusing = httpx.MockTransport(lambda _: httpx.Response(400))
        names = {"sent": sent, "answer": dict(ANSWER), "Client": package.Client, "REFUSING": refusing}
        try:
            exec(code.replace("PKG", self.name), names)  # noqa: S102  our own pieces
        except package.StatusError:
            return None  # the client sent it
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            return error
        return None

    def reads(self, answer: dict[str, Any]) -> bool:
        """Whether the code that reads an answer gets what it relies on."""
        try:
            exec(PIECES["read"].replace("PKG", self.name), {"answer": answer})  # noqa: S102  our own piece
        except (AttributeError, KeyError, TypeError, ValueError):
            return False
        return True


def generate(documents: Mapping[str, Any], root: Path) -> dict[str, Client]:
    """Generate a client of each document."""
    return {name: Client(name, document, root) for name, document in documents.items()}


def type_errors(clients: Mapping[str, Client], table: str, root: Path) -> dict[str, set[str]]:
    """Return the pieces a type checker refuses for each client; one run for all.

    Args:
        clients: The clients.
        table: The old client's table of calls that a type checker accepts.
        root: Where they were generated.
    """
    for name in clients:
        body = HEAD + "".join(_function(piece, code) for piece, code in PIECES.items())
        typed = f"{TYPED_HEAD}{TYPED_ONLY}"
        (root / f"calls_{name}.py").write_text(body.replace("PKG", name), encoding="utf-8")
        (root / f"typed_{name}.py").write_text(typed.replace("PKG", name), encoding="utf-8")
        (root / f"table_{name}.py").write_text(re.sub(r"\bold\b(?= import)", name, table), encoding="utf-8")
    files = [f"{kind}_{name}.py" for name in clients for kind in ("calls", "typed", "table")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--no-error-summary", *files],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    found: dict[str, set[str]] = {name: set() for name in clients}
    for kind, name, line in re.findall(r"^(calls|typed|table)_(\w+)\.py:(\d+): error", done.stdout, re.MULTILINE):
        found[name].add(_piece_at(root / f"{kind}_{name}.py", int(line)) if kind == "calls" else kind)
    return found


def _function(piece: str, code: str) -> str:
    return f"\n\ndef _{piece.replace(' ', '_')}() -> None:  # {piece}\n{textwrap.indent(code, '    ')}\n"


def _piece_at(path: Path, line: int) -> str:
    heads = [each for each in path.read_text(encoding="utf-8").splitlines()[:line] if each.startswith("def _")]
    return heads[-1].rpartition("# ")[2]


def observe(old: Client, new: Client, errors: set[str]) -> set[str]:
    """Return who breaks when the old code runs, the old requests are sent and the old types are checked."""
    outcomes, sent = new.run()
    _, before = old.run()
    found = set()
    for piece, error in outcomes.items():
        rules = {each.rule for each in getattr(error, "violations", ()) if each.level == "error"}
        if error is not None and not rules:
            found.add("source")
            errors = errors - {piece, "typed", "table"}
        found |= {"wire" if rule == "schema" else "rules" for rule in rules}
    if sent and [each for each in sent if each not in before]:
        found.add("wire")
    if not all(_is_accepted(request, new.document) for request in before):
        found.add("wire")
    if not all(map(old.reads, _answers(old.document, new.document))):
        found.add("wire")
    servers = [importlib.import_module(f"{client.name}.operations").SERVERS for client in (old, new)]
    if not set(servers[0]) <= set(servers[1]):
        found.add("wire")
    return found | ({"types"} if errors else set())


def _answers(old: Any, new: Any) -> Iterator[dict[str, Any]]:
    """Yield answers that a new server may give: without what it no longer promises, and with null where it may be."""
    before, after = (document["components"]["schemas"].get("Receipt", {}) for document in (old, new))
    yield dict(ANSWER)
    for name in before["required"]:
        if name not in after.get("required", ()):
            yield {key: value for key, value in ANSWER.items() if key != name}
        if after.get("properties", {}).get(name, {}).get("nullable"):
            yield {**ANSWER, name: None}


def _is_accepted(request: dict[str, Any], document: Any) -> bool:
    """Whether a server that implements a document accepts a request: its body and its parameters."""
    path = "/orders" if request["method"] == "post" else "/orders/{orderId}"
    operation = document["paths"].get(path, {}).get(request["method"])
    if operation is None:
        return False
    needed = {
        each["name"] for each in operation.get("parameters", []) if each.get("in") == "query" and each.get("required")
    }
    if not needed <= set(request.get("params", {})):
        return False
    if "json" not in request:
        return True
    plain = {**document, "$ref": "#/components/schemas/Order"}
    return jsonschema_rs.Draft4Validator(plain).is_valid(request["json"])
