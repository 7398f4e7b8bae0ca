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
        ("tests/test_files.py", "tests/overlay", "tests/import_page", "tests/impact"),
        ("tests/rules", "tests/regenerate", "tests/vendor"),
    ),
}
"""For each layer the tests that answer for it, the quickest first; later ones run if the earlier notice nothing.

Those that call the very function a fault is in run before, where it was recorded which do.

Tests that draw are left out: what is noticed by luck counts as unnoticed.
"""
_CLIENT: Final = {
    "_downloading": "downloading download_statuses edges",
    "_files": "downloading edges",
    "_container": "downloading edges",
    "_waiting": "waiting wait_errors pace edges looking sockets",
    "_tasks": "client edges",
    "_submitting": "submitting submit_errors sockets",
    "_retry_after": "retry_after submitting",
    "_http_": "sockets downloading edges",
    "_addresses": "addresses settings downloading edges",
    "_bodies": "bodies edges looking sockets",
    "_policy": "calling settings downloading",
    "_request": "calling submitting client",
    "_settings": "settings client",
    "_answers": "answers errors edges waiting",
    "_secrets": "secrets client",
    "_result": "waiting client",
    "_async_drive": "waiting",
    "waiters": "waiting",
    "_cores": "client submitting waiting downloading edges",
    "/_": "client settings edges calling",
}
NEAR: Final = {
    "cli/": ("tests/cli",),
    **{word: tuple(f"tests/client/test_{name}.py" for name in names.split()) for word, names in _CLIENT.items()},
    "scripts/import_page": ("tests/import_page",),
    "scripts/impact": ("tests/impact",),
    "scripts/overlay": ("tests/overlay",),
    "scripts/rules": ("tests/rules",),
    "scripts/vendor": ("tests/vendor",),
    "scripts/regenerate": ("tests/regenerate",),
    "scripts/files": ("tests/test_files.py",),
    "scripts/absorbed": ("tests/import_page/test_import_origin.py", "tests/regenerate"),
}
"""By what a path holds, the tests nearest to it, tried second; the first that fits counts."""

_SCRIPTED: Final = (
    *("analysis", "definition", "dialect", "domain", "ledger", "lint", "page", "pins", "prose", "reading"),
    *("shapes", "space", "typing_tables", "variants", "variants_module", "waiters"),
)
_ABOUT_SCRIPTS: Final = (
    *("tests/overlay", "tests/import_page", "tests/impact", "tests/vendor", "tests/regenerate", "tests/test_files.py"),
    *(f"tests/rules/test_{name}.py" for name in _SCRIPTED),
)
FOLDERS: Final = {
    WIRE: "client",
    "tests/client": "client",
    "tests/cli": "client",
    "tests/sandbox": "server",
    **dict.fromkeys(_ABOUT_SCRIPTS, "pipeline"),
    "tests/rules/test_agreement.py::test_the_effective_spec": "overlay",
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
    "test_endless_query",
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
