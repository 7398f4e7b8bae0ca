"""The compiled rules, with JSON objects read as bodies of `VideoGenerationDto`."""

from __future__ import annotations

from functools import partial
from typing import Final

from mountsea_gemini import rules
from mountsea_gemini.raw.models import VideoGenerationDto

violations: Final = partial(rules.violations, model=VideoGenerationDto)
rule_violations: Final = partial(rules.rule_violations, model=VideoGenerationDto)
validate: Final = partial(rules.validate, model=VideoGenerationDto)
