"""Other vendors' clients, with their own defaults, led to this machine; each is there if it is installed.

Only what a base URL reaches is asked of them. Pauses between polls are cut short where they have a
setting, or a constant, for it; nothing else is changed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from .columns import Call, Column, Words, released
from .server import KEY

_FAST: Final = 0.02


def _video(word: str, _: str) -> dict[str, Any]:
    return {
        "id": "t-1",
        "object": "video",
        "model": "sora-2",
        "status": word,
        "progress": 1,
        "created_at": 1,
        "size": "720x1280",
        "seconds": "4",
    }


def _prediction(word: str, file: str) -> dict[str, Any]:
    empty = ("error", "metrics", "created_at", "started_at", "completed_at")
    known = {"id": "t-1", "model": "owner/name", "version": "v", "input": {}, "logs": "", "urls": {}}
    return {**known, **dict.fromkeys(empty), "status": word, "output": file or None}


class OpenAI:
    """openai: `videos`."""

    name = f"openai {released('openai')}"
    can = frozenset({"submit", "wait", "download"})
    words = Words(
        accepted=lambda _: _video("queued", ""),
        state=_video,
        done="completed",
        going="in_progress",
        failed="failed",
        cancelled=None,
        timeout=None,
    )

    def _client(self, call: Call) -> Any:
        openai: Any = importlib.import_module("openai")
        given = {} if call.exchange is None else {"timeout": call.exchange}
        return openai.OpenAI(api_key=KEY, base_url=call.url, **given)

    def submit(self, call: Call) -> Any:
        """Create a video."""
        return self._client(call).videos.create(prompt="a cat").id

    def wait(self, call: Call) -> Any:
        """Create a video and poll it; there is no deadline to give."""
        interval = 500 if call.patient else 20
        # It returns a failed video like a finished one, and says so in its documentation.
        return self._client(call).videos.create_and_poll(prompt="a cat", poll_interval_ms=interval)

    def download(self, call: Call, target: Path) -> None:
        """Download the content."""
        self._client(call).videos.download_content("file").write_to_file(target)


class Runway:
    """runwayml: `image_to_video`."""

    name = f"runwayml {released('runwayml')}"
    can = frozenset({"submit", "wait"})
    words = Words(
        accepted=lambda _: {"id": "t-1", "estimatedCost": {"credits": 1}},
        state=lambda word, file: {
            "id": "t-1",
            "status": word,
            "createdAt": "2026-01-01T00:00:00Z",
            "estimatedCost": {"credits": 1},
            "cost": {"credits": 1},
            "failure": "it failed",
            "progress": 0.5,
            **({"output": [file]} if file else {}),
        },
        done="SUCCEEDED",
        going="RUNNING",
        failed="FAILED",
        cancelled="CANCELLED",
        timeout=None,
        names_file=True,
    )

    def _create(self, call: Call) -> Any:
        runwayml: Any = importlib.import_module("runwayml")
        given = {} if call.exchange is None else {"timeout": call.exchange}
        client = runwayml.RunwayML(api_key=KEY, base_url=call.url, **given)
        return client.image_to_video.create(
            model="gen4_turbo", prompt_image="https://example.com/1.png", ratio="1280:720", prompt_text="a cat"
        )

    def submit(self, call: Call) -> Any:
        """Create a task."""
        return self._create(call).id

    def wait(self, call: Call) -> Any:
        """Create a task and wait for its output."""
        polling: Any = importlib.import_module("runwayml.lib.polling")
        polling.POLL_TIME, polling.POLL_JITTER = _FAST, 0
        return self._create(call).wait_for_task_output(timeout=call.wait or 600)


class Fal:
    """fal-client: the queue. Its host is a constant, set here for each call, so its cells run one by one."""

    name = f"fal-client {released('fal-client')}"
    can = frozenset({"submit", "wait"})
    words = Words(
        accepted=lambda url: {
            "request_id": "t-1",
            "response_url": f"{url}/response",
            "status_url": f"{url}/status",
            "cancel_url": f"{url}/cancel",
        },
        state=lambda word, file: {
            "status": word,
            "logs": None,
            "queue_position": 0,
            **({"video": {"url": file}} if file else {}),
        },
        done="COMPLETED",
        going="IN_PROGRESS",
        failed="FAILED",
        cancelled=None,
        timeout=None,
    )

    def _handle(self, call: Call) -> Any:
        module: Any = importlib.import_module("fal_client.client")
        module.QUEUE_URL_FORMAT = f"{call.url}/"
        given = {} if call.exchange is None else {"default_timeout": call.exchange}
        return module.SyncClient(key=KEY, **given).submit("owner/app", {"prompt": "a cat"})

    def submit(self, call: Call) -> Any:
        """Submit to the queue."""
        return self._handle(call).request_id

    def wait(self, call: Call) -> Any:
        """Submit, and get the result; there is no deadline to give to a handle."""
        return self._handle(call).get(interval=0.5 if call.patient else _FAST)


class Replicate:
    """replicate: `predictions`."""

    name = f"replicate {released('replicate')}"
    can = frozenset({"submit", "wait"})
    words = Words(
        accepted=lambda _: _prediction("starting", ""),
        state=_prediction,
        done="succeeded",
        going="processing",
        failed="failed",
        cancelled="canceled",
        timeout=None,
    )

    def _create(self, call: Call) -> Any:
        replicate: Any = importlib.import_module("replicate")
        httpx: Any = importlib.import_module("httpx")
        given = {} if call.exchange is None else {"timeout": httpx.Timeout(call.exchange)}
        client = replicate.Client(api_token=KEY, base_url=call.url, **given)
        client.poll_interval = 0.5 if call.patient else _FAST
        return client.predictions.create(version="v", input={"prompt": "a cat"})

    def submit(self, call: Call) -> Any:
        """Create a prediction."""
        return self._create(call).id

    def wait(self, call: Call) -> Any:
        """Create a prediction and wait; there is no deadline to give, and a failure is a return."""
        prediction = self._create(call)
        prediction.wait()
        return prediction


class Luma:
    """lumaai: `generations`; it has no helper that waits."""

    name = f"lumaai {released('lumaai')}"
    can = frozenset({"submit"})
    words = Words(
        accepted=lambda _: {"id": "t-1", "state": "queued"},
        state=lambda word, _: {"id": "t-1", "state": word},
        done="completed",
        going="dreaming",
        failed="failed",
        cancelled=None,
        timeout=None,
    )

    def submit(self, call: Call) -> Any:
        """Create a generation."""
        lumaai: Any = importlib.import_module("lumaai")
        given = {} if call.exchange is None else {"timeout": call.exchange}
        client = lumaai.LumaAI(auth_token=KEY, base_url=call.url, **given)
        return client.generations.create(model="ray-2", prompt="a cat").id


class Genai:
    """google-genai: `generate_videos`; it has no helper that waits."""

    name = f"google-genai {released('google-genai')}"
    can = frozenset({"submit"})
    words = Words(
        accepted=lambda _: {"name": "operations/t-1"},
        state=lambda word, _: {"name": "operations/t-1", "done": word == "done"},
        done="done",
        going="going",
        failed="failed",
        cancelled=None,
        timeout=None,
    )

    def submit(self, call: Call) -> Any:
        """Start an operation."""
        genai: Any = importlib.import_module("google.genai")
        given = {} if call.exchange is None else {"timeout": int(call.exchange * 1000)}
        client = genai.Client(vertexai=True, api_key=KEY, http_options={"base_url": call.url, **given})
        return client.models.generate_videos(model="veo-3.0-generate-001", prompt="a cat").name


KINDS: Final[dict[str, Callable[[], Any]]] = {
    "openai": OpenAI,
    "google.genai": Genai,
    "runwayml": Runway,
    "fal_client": Fal,
    "replicate": Replicate,
    "lumaai": Luma,
}


def installed() -> list[Column]:
    """Return the columns whose packages are there, loaded, so that no cell pays for an import."""
    found = []
    for module, kind in KINDS.items():
        try:
            importlib.import_module(module)
        except ImportError:
            continue
        found.append(kind())
    return found
