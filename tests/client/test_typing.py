"""What a type checker knows of the calls people make: mypy and pyright read this file, and it runs too.

`assert_type` is what is tested; neither checker accepts the file if a call gives anything else, so no
caller needs a cast or a check for None.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import assert_type

from mountsea_gemini import AsyncClient, AsyncTask, Client, Task, TaskResult
from rulewright.testing import FakeApi


def test_a_finished_wait_is_one_type_that_is_never_none(tmp_path: Path) -> None:
    """Task, result, first URL and path have their types."""
    with FakeApi(Client, "") as api, assert_type(api.client(), Client) as client:
        task = assert_type(client.text_to_video("a cat"), Task)
        result = assert_type(task.wait(), TaskResult)
        assert assert_type(result.urls[0], str).startswith("https://")
        assert assert_type(task.download(tmp_path / "cat.mp4"), Path).is_file()
        assert assert_type(assert_type(client.task(task.id), Task).result().status, str) == "completed"


def test_the_async_client_gives_the_same_types(tmp_path: Path) -> None:
    """Only the handle's class differs."""

    async def main(client: AsyncClient) -> None:
        task = assert_type(await client.image_to_video("a cat", ("https://example.com/cat.png",)), AsyncTask)
        result = assert_type(await task.wait(), TaskResult)
        assert assert_type(result.urls[0], str).startswith("https://")
        assert assert_type(await task.download(tmp_path / "cat.mp4"), Path).is_file()

    with FakeApi(AsyncClient, "") as api:
        asyncio.run(main(assert_type(api.client(), AsyncClient)))
