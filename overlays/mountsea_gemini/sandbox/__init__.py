"""A local server that behaves as the effective spec says, with real state and real video bytes."""

from ._clock import Clock, SteadyClock, VirtualClock
from ._http import Request, Response
from ._journal import Recorded
from ._sandbox import DEFAULT_SPEC, Sandbox, serve
from ._script import FAULT_KINDS, Fault, Outcome, Script, ScriptError, Timing
from ._spec import SpecError

__all__ = [
    "DEFAULT_SPEC",
    "FAULT_KINDS",
    "Clock",
    "Fault",
    "Outcome",
    "Recorded",
    "Request",
    "Response",
    "Sandbox",
    "Script",
    "ScriptError",
    "SpecError",
    "SteadyClock",
    "Timing",
    "VirtualClock",
    "serve",
]
