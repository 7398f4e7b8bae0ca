"""Where settings come from, and which of two goes first."""

from __future__ import annotations

import pytest

from tests.client.scripted import BASE, Play, Skin


def test_what_is_given_goes_before_the_environment(skin: Skin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token for one address must not go to another one because a variable stands in the shell."""
    monkeypatch.setenv("MOUNTSEA_BASE_URL", "https://elsewhere.example")
    play = Play()
    skin.do(skin.client(play).text_to_video("a cat"))
    assert f"{play.seen[-1][1].url}".startswith(BASE)
