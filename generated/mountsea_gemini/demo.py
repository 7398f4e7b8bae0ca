# Copied by rulewright regenerate from overlays/mountsea_gemini/demo.py; edit that file.
"""A tour on a machine of your own: one task of each action, three videos, one refusal. No key, no network.

Run as `python -m mountsea_gemini.demo [FOLDER]`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rulewright.sandbox import Sandbox

from . import ApiError, Client, RequestRefused, Task, TaskResult
from ._clock import SystemClock

IMAGES = ("https://example.com/start.jpg", "https://example.com/end.jpg")


class BriskClock(SystemClock):
    """The system's clock with naps instead of sleeps: the sandbox finishes in no time."""

    def sleep(self, seconds: float) -> None:
        """Sleep a fiftieth of the time asked for."""
        super().sleep(seconds / 50)


def main(arguments: list[str] | None = None) -> int:
    """Run the tour.

    Returns:
        0 if every task ended with a video and the wrong request was refused, 1 if not, 130 for Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="python -m mountsea_gemini.demo", description=__doc__)
    parser.add_argument("folder", nargs="?", default="demo-output", type=Path, help="where the videos go")
    folder: Path = parser.parse_args(arguments).folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Sandbox(Client).serve() as server:
            print(f"sandbox: {server.url}, a stand-in for the API on this machine\n")
            with Client("sandbox", base_url=server.url, clock=BriskClock()) as client:
                make_videos(client, folder)
                show_refusal(client)
    except (ApiError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def make_videos(client: Client, folder: Path) -> None:
    """Submit a task of each action, wait for it, and download its video."""
    finish(client.text_to_video("a cat in a meadow"), folder / "text2video.mp4")
    finish(client.image_to_video("it wakes up", IMAGES, aspect_ratio="9:16"), folder / "img2video.mp4")
    finish(client.ingredients_to_video("both in one scene", IMAGES), folder / "ingredients2video.mp4")


def finish(task: Task, target: Path) -> None:
    """Follow a task to its end and fetch what it made."""
    states: dict[str, None] = {}

    def note(result: TaskResult) -> None:
        states[str(result.status)] = None

    task.wait(timeout=60, on_poll=note)
    path = task.download(target)
    print(f"{target.stem}: task {task.id}: {', '.join(states)}")
    print(f"  -> {path} ({path.stat().st_size:,} bytes)\n")


def show_refusal(client: Client) -> None:
    """Ask for something the API's page excludes; no byte of it leaves this process."""
    print("asking for ingredients2video with veo3_fast and no image:")
    try:
        client.generate_video(prompt="a cat", action="ingredients2video", model="veo3_fast")
    except RequestRefused as refusal:
        print(f"refused before it was sent:\n{refusal}")
    else:
        raise ApiError("the request was not refused")


if __name__ == "__main__":
    sys.exit(main())
