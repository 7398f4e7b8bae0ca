"""A local server that plays an effective document, with state, rules, scripted faults and real video bytes."""

from rulewright.sandbox.doors import Listener
from rulewright.sandbox.exchange import Recorded, Request, Response
from rulewright.sandbox.sandbox import DOCUMENT, Document, Sandbox, read_document, serve
from rulewright.sandbox.script import FAULT_KINDS, Fault, Outcome, Script, ScriptError, Timing
from rulewright.sandbox.spec import SpecError
from rulewright.sandbox.tasks import Clock, SteadyClock

__all__ = [
    "DOCUMENT",
    "FAULT_KINDS",
    "Clock",
    "Document",
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
    "read_document",
    "serve",
]
