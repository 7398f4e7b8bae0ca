"""Bodies that failed once, one JSON file each: tried first next time, and for good once they are committed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from mountsea_gemini.testing.contract import Failure

FOLDER: Final = Path(__file__).parent


def keep(failure: Failure, folder: Path = FOLDER) -> Path | None:
    """Keep the body of a failure, if it is about a body; a second time changes nothing."""
    if not isinstance(failure.body, dict):
        return None
    text = json.dumps({"check": failure.check, "body": failure.body}, ensure_ascii=False, indent=1, sort_keys=True)
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
    path.write_text(text + "\n", encoding="utf-8")
    return path


def kept(folder: Path = FOLDER) -> dict[str, Any]:
    """Return the bodies kept, by file name."""
    return {path.name: json.loads(path.read_bytes())["body"] for path in sorted(folder.glob("*.json"))}
