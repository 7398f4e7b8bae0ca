"""Which tests answer for a fault, in which order, and whom they blame by where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.contract.teeth.fault import Fault

CHECKS: Final = "tests/contract/test_checks.py"
WIRE: Final = "tests/contract/test_wire.py"
EFFECTIVE: Final = "tests/contract/test_effective.py"
STAGES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "server": ((CHECKS,), ("tests/sandbox",)),
    "rules": ((CHECKS,), (WIRE, "tests/rules")),
    "client": ((WIRE,), (CHECKS,), ("tests/client",)),
    "overlay": ((EFFECTIVE, WIRE), (CHECKS, "tests/rules")),
    "pipeline": (
        ("tests/overlay", "tests/import_page", "tests/impact"),
        ("tests/rules", "tests/regenerate", "tests/vendor"),
    ),
}
"""For each layer the tests that answer for it, the quickest first; later ones run if the earlier notice nothing.

Those that call the very function a fault is in run before, where it was recorded which do.

Tests that draw are left out: what is noticed by luck counts as unnoticed.
"""
_CLIENT: Final = "tests/client/test_{}.py"
NEAR: Final = {
    "cli/": ("tests/cli",),
    "_downloading": (_CLIENT.format("downloading"),),
    "_files": (_CLIENT.format("downloading"),),
    "_container": (_CLIENT.format("downloading"),),
    "_waiting": tuple(map(_CLIENT.format, ("waiting", "wait_errors", "pace", "looking", "sockets"))),
    "_submitting": tuple(map(_CLIENT.format, ("submitting", "submit_errors", "sockets"))),
    "_retry_after": (_CLIENT.format("retry_after"), _CLIENT.format("submitting")),
    "_http_": (_CLIENT.format("sockets"), _CLIENT.format("downloading")),
    "_bodies": (_CLIENT.format("looking"), _CLIENT.format("sockets")),
    "_answers": tuple(map(_CLIENT.format, ("answers", "errors", "waiting"))),
    "_secrets": (_CLIENT.format("secrets"), _CLIENT.format("client")),
    "_result": (_CLIENT.format("waiting"),),
    "_async_drive": (_CLIENT.format("waiting"),),
    "waiters": (_CLIENT.format("waiting"),),
    "_cores": tuple(map(_CLIENT.format, ("client", "submitting", "waiting", "downloading"))),
    "/_": tuple(map(_CLIENT.format, ("client", "settings", "edges"))),
    "scripts/import_page": ("tests/import_page",),
    "scripts/impact": ("tests/impact",),
    "scripts/overlay": ("tests/overlay",),
    "scripts/rules": ("tests/rules",),
    "scripts/vendor": ("tests/vendor",),
    "scripts/regenerate": ("tests/regenerate",),
}
"""By what a path holds, the tests nearest to it, tried second; the first that fits counts."""

_SCRIPTED: Final = (
    *("analysis", "definition", "dialect", "domain", "ledger", "lint", "page", "pins", "prose", "reading"),
    *("shapes", "space", "typing_tables", "variants", "variants_module", "waiters"),
)
_ABOUT_SCRIPTS: Final = (
    *("tests/overlay", "tests/import_page", "tests/impact", "tests/vendor", "tests/regenerate"),
    *(f"tests/rules/test_{name}.py" for name in _SCRIPTED),
)
FOLDERS: Final = {
    WIRE: "client",
    "tests/client": "client",
    "tests/cli": "client",
    "tests/sandbox": "server",
    **dict.fromkeys(_ABOUT_SCRIPTS, "pipeline"),
    "tests/rules": "rules",
}
"""Tests of one layer alone blame it by where they stand; all others have to say it."""

CPU_SECONDS: Final = 60
"""Processor seconds after which a run has come to no end; several times what the slowest takes."""

LONG: Final = ("every point", "every status with every body", "100_000", "test_a_thousand")
DRAWING: Final = ("test_fuzz", "test_sandbox_fuzz", "test_random")
SLOW: Final = ("test_crash", "test_fault_matrix", "test_typing", "test_weight")
"""What looks at speed, types and killed processes; of what is seeded here it would notice nothing first."""

TIMED: Final = (
    "test_large_document",
    "test_an_ambiguous_end_on_a_real_socket_is_one_post",
    "test_an_answer_does_not_wait_for_an_acknowledgement",
)
"""Tests that a busy machine makes fail: what they seem to notice may be the neighbour."""


def stages_of(fault: Fault) -> list[tuple[str, ...]]:
    """Return the tests that answer for a fault, stage by stage."""
    first, *others = STAGES[fault.layer]
    path = fault.path.replace("/mountsea_gemini", "")
    near = [targets for word, targets in NEAR.items() if word in path][:1]
    return [first, *(near if fault.layer in {"client", "overlay", "pipeline"} else []), *others]


def targets_of(stages: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the files and folders of several stages, each once."""
    return tuple(dict.fromkeys(target for stage in stages for target in stage))
