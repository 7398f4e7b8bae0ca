"""One API as the runtime knows it: its operations, rules, waiters and names.

`regenerate` replaces this module of the runtime, and no other, by one that takes them from the emitted modules. What
stands here is an API without operations, so that the runtime is checked and tested where it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from ._operation import AsyncCaller, Caller, Hole, Operation
from ._rules import Body, Rules
from ._violation import Rule
from ._waiter import Waiter

PROGRAM: Final = "client"
SUMMARY: Final = "Call an API."
LOGGER: Final = "client"
TOKEN_VARIABLE: Final = "CLIENT_API_KEY"  # noqa: S105  the name of a variable
BASE_URL_VARIABLE: Final = "CLIENT_BASE_URL"

SERVERS: Final[tuple[str, ...]] = ("http://localhost",)
OPERATIONS: Final[Mapping[str, Operation[..., Any]]] = {}
HOLES: Final[tuple[Hole, ...]] = ()
MODELS: Final = ModuleType("models")
WAITERS: Final[Mapping[str, Waiter]] = {}
TASKS: Final[Mapping[str, Waiter]] = {}
SUBMITS: Final[Mapping[str, str]] = {}
POLL_ARGUMENTS: Final[Mapping[str, Mapping[str, str]]] = {}
VARIANTS: Final[Mapping[str, Mapping[str, str]]] = {}

BODIES: Final[Mapping[type[Any], Body]] = {}
_RULES: Final = Rules(BODIES, (), {})
RULES: Final[Mapping[str, Rule]] = _RULES.rules
check_waived = _RULES.check_waived
request_violations = _RULES.request_violations
validate_request = _RULES.validate_request
violations = _RULES.violations


class Methods(Caller[Any]):
    """Every operation and every variant as a method."""


class AsyncMethods(AsyncCaller[Any]):
    """Every operation and every variant as a coroutine."""
