"""What is particular to this package: its names. The modules around it hold for any API."""

from __future__ import annotations

from typing import Final

PROGRAM: Final = "mountsea-gemini"
DISTRIBUTION: Final = "mountsea-gemini"
SUMMARY: Final = "Make videos with Mountsea's Gemini (Veo) API: submit, wait, download; resume by a task's id."
GENERATED: Final = "mountsea_gemini_api"
LOGGER: Final = "mountsea_gemini"
TOKEN_VARIABLE: Final = "MOUNTSEA_API_KEY"  # noqa: S105  (a name, not a token)
BASE_URL_VARIABLE: Final = "MOUNTSEA_BASE_URL"
