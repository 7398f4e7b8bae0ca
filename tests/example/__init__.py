"""A frozen project: the page and its overlays of one day, for figures that a later page must not change.

What must hold of the present page derives its figures from the document instead.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

from rulewright.merged import Merged, merge
from rulewright.project import load_project

ROOT: Final = Path(__file__).parent


@functools.cache
def example() -> Merged:
    """Return the frozen vendor document with its overlays applied."""
    return merge(load_project(ROOT))
