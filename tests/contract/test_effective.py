"""The effective document has every decision of `said.yaml`, which was written by hand."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, Final

import yaml
from mountsea_gemini.raw import models
from rulewright.merged import Merged
from rulewright.openapi.pointer import decode
from rulewright.rules.definition import Verdict

from tests.contract.conftest import EFFECTIVE, video_rules
from tests.rules.expected import finite_cases, many_images, text_cases

SAID: Final = Path(__file__).with_name("said.yaml")
BLAME: Final = "at fault: the effective spec\n  reproduce: python -m pytest tests/contract/test_effective.py"


def read_document() -> Any:
    """Return the effective document."""
    return json.loads(EFFECTIVE.read_text(encoding="utf-8"))


def at(value: Any, pointer: str) -> Any:
    """Return the value at a pointer, its names if the pointer ends in `*`, or None."""
    for key in decode(pointer):
        if key == "*":
            return list(value)
        if isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def holds(found: Any, wanted: Any, *, is_open: bool) -> bool:
    """Return whether a value is the expected one, or contains it if `is_open`."""
    return set(wanted) <= set(found or ()) if is_open else bool(found == wanted)


def test_every_decision_stands_where_it_was_made() -> None:
    """Names, responses, links, waiters, and no defaults; open lists may hold more."""
    spec = read_document()
    wanted = yaml.safe_load(SAID.read_text(encoding="utf-8"))
    problems = [f"{pointer}: got {at(spec, pointer)!r}, wanted {value!r}" for pointer, value in wanted.items()
            if not holds(at(spec, pointer), value, is_open=pointer.endswith(("/*", "/enum")))]  # fmt: skip
    assert not problems, "\n  ".join([f"{len(problems)} decisions of the overlays do not hold", *problems, BLAME])


def test_the_rules_refuse_what_the_vendors_words_say(merged: Merged) -> None:
    """The document's rules agree with the table written from the page."""
    verdict = Verdict(video_rules(merged), levels=("error", "warning"))
    problems = []
    for case in itertools.chain(finite_cases(others=False), text_cases(), many_images()):
        broken, wanted = verdict.violated_rules(case.body), tuple(each.rule for each in case.expected)
        if broken != wanted:
            problems.append(f"{dict(case.body)}: breaks {list(broken)}, wanted {list(wanted)}")
    assert not problems, "\n  ".join([f"{len(problems)} requests are judged otherwise", *problems[:5], BLAME])


def test_a_model_sends_no_defaults() -> None:
    """Only required fields are set, and only they are sent."""
    body = models.VideoGenerationDto(prompt="a cat", action="text2video", model="veo3_fast").to_dict()
    assert list(body) == ["prompt", "action", "model"], f"it sends {body}\n{BLAME}"
