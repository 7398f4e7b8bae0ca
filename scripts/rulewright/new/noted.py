"""The overlay that notes what the client of a new project goes without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import yaml

from rulewright.generate.gaps import ACCEPTED, Gap

NAME: Final = "05-gaps.overlay.yaml"


def noted(gaps: Sequence[Gap]) -> bytes:
    """Return an overlay that accepts some gaps, each with what the generator said.

    Args:
        gaps: What the generator left out.
    """
    said: dict[str, list[str]] = {}
    for gap in gaps:
        said.setdefault(gap.at, []).append(" ".join(gap.problem.split()))
    overlay: dict[str, Any] = {
        "overlay": "1.1.0",
        "info": {
            "title": "Gaps: what the generator cannot express, found when the project was made",
            "version": "1.0.0",
        },
        ACCEPTED: [{"at": at, "reason": "; ".join(texts)} for at, texts in said.items()],
        "actions": [
            {
                "target": "$.info",
                "description": "Whoever reads the effective document learns what the client goes without. "
                "Correct it in an overlay before this one, and take it out here; one that is none any more fails.",
                "update": {"x-not-in-client": list(said)},
            }
        ],
    }
    return yaml.safe_dump(overlay, sort_keys=False, allow_unicode=True, width=110).encode()
