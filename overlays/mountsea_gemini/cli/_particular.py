"""What is particular to this program: its names. Everything beside it in this folder is generic."""

from __future__ import annotations

from typing import Final

from ._package import BASE_URL_VARIABLE, TOKEN_VARIABLE

PROGRAM: Final = "mountsea-gemini"
DISTRIBUTION: Final = "mountsea-gemini"
SUMMARY: Final = "Make videos with Mountsea's Gemini (Veo) API: submit, wait, download; resume by a task's id."
LOGGER: Final = "mountsea_gemini"

__all__ = ["BASE_URL_VARIABLE", "DISTRIBUTION", "LOGGER", "PROGRAM", "SUMMARY", "TOKEN_VARIABLE"]
