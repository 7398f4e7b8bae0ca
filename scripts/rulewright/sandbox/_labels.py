"""How sure each thing is that the sandbox does: published, sibling, observed, inferred or invented."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rulewright.sandbox._core import Core

INVENTED: Final = (
    "how long each state lasts, and that every task passes through all of them",
    "task ids, dates, error texts and codes",
    "the wording and the violations of a refusal; the documents say little about error bodies",
    "the place of the result in a finished task, and the files themselves",
    "the limits on the size of a body and on the number of remembered tasks",
)


@dataclass(frozen=True, slots=True)
class Label:
    """One thing the sandbox does and how sure it is that the real server does so too."""

    certainty: str
    kind: str
    text: str

    def __str__(self) -> str:
        return printable(f"{self.certainty:9}  {self.kind:9}  {self.text}")

    def as_json(self) -> dict[str, str]:
        """Return it as JSON."""
        return asdict(self)


def labels(core: Core) -> Iterator[Label]:
    """Yield a label for every operation, every rule, and everything the sandbox made up."""
    for endpoint in core.endpoints:
        operation = endpoint.operation
        yield Label(operation.certainty, "operation", f"{operation.method} {operation.path} ({operation.name})")
    seen: set[str] = set()
    for endpoint in core.endpoints:
        for checks in (endpoint.parameters.rules, *endpoint.checks.values()):
            for rule in checks.rules:
                if rule.id not in seen:
                    seen.add(rule.id)
                    yield Label(rule.certainty, "rule", f"{rule.id} ({rule.level}): {rule.message}")
    for text in INVENTED:
        yield Label("invented", "sandbox", text)


def printable(text: str) -> str:
    """Return text with control, format and direction characters escaped: a spec is foreign input."""
    return "".join(
        char
        if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
