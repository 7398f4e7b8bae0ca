"""The compiled rules as the tests of one operation ask them: a JSON object is the body of a request for a video."""

from __future__ import annotations

from functools import partial
from typing import Final

from mountsea_gemini import rules
from mountsea_gemini.raw.models import VideoGenerationDto

violations: Final = partial(rules.violations, model=VideoGenerationDto)
rule_violations: Final = partial(rules.rule_violations, model=VideoGenerationDto)
validate: Final = partial(rules.validate, model=VideoGenerationDto)
