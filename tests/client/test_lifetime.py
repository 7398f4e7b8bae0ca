"""Clients, handles and results are freed when nobody references them."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import pytest
from mountsea_gemini import ApiError

from tests.client.scripted import Play, Skin, reply


def work(skin: Skin) -> list[weakref.ref[object]]:
    """Use a client, with one failed call, and return weak references to everything used."""
    with skin.opened(play=Play()) as client:
        task = skin.do(client.text_to_video("a cat"))
        result = skin.do(task.wait())
    with skin.opened(play=Play([reply(500, {})])) as other, pytest.raises(ApiError):
        skin.do(other.text_to_video("a cat"))
    return [weakref.ref(thing) for thing in (client, task, result, other)]


def test_unused_objects_are_freed(skin: Skin) -> None:
    """No registry, cache or log keeps clients, handles, results or errors alive."""
    left = work(skin)
    gc.collect()
    assert [reference() for reference in left] == [None] * 4


def test_memory_stays_the_same_however_many_clients_there_were(skin: Skin) -> None:
    """Ten more clients use no lasting memory."""
    work(skin)
    tracemalloc.start()
    try:
        sizes = []
        for _ in range(3):
            for _ in range(10):
                work(skin)
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[2] - sizes[1] < 25_000
