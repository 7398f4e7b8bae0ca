"""A local server that behaves as the effective spec says, with real state and real video bytes."""

from rulewright.sandbox._clock import Clock, SteadyClock, VirtualClock
from rulewright.sandbox._http import Request, Response
from rulewright.sandbox._journal import Recorded
from rulewright.sandbox._sandbox import DOCUMENT, Sandbox, read_document, serve
from rulewright.sandbox._script import FAULT_KINDS, Fault, Outcome, Script, ScriptError, Timing
from rulewright.sandbox._server import Listener
from rulewright.sandbox._spec import SpecError

__all__ = [
    "DOCUMENT",
    "FAULT_KINDS",
    "Clock",
    "Fault",
    "Listener",
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
    "read_document",
    "serve",
]
