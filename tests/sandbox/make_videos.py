"""Make the two result videos of the sandbox: `python tests/sandbox/make_videos.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import av

FOLDER: Final = Path(__file__).parents[2] / "scripts" / "rulewright" / "sandbox" / "videos"
SIZES: Final = {"wide": (320, 180), "tall": (180, 320)}
RATE: Final = 12
FRAMES: Final = 2 * RATE
SQUARE: Final = 40


def main() -> None:
    """Write both files."""
    FOLDER.mkdir(exist_ok=True)
    for name, (width, height) in SIZES.items():
        (FOLDER / f"{name}.mp4").write_bytes(make(width, height))


def make(width: int, height: int) -> bytes:
    """Return an H.264 video of two seconds: a bright square crosses a dark background."""
    with tempfile.TemporaryDirectory() as folder:  # faststart rewrites the file, so it needs a name
        target = Path(folder) / "video.mp4"
        encode(target, width, height)
        return target.read_bytes()


def encode(target: Path, width: int, height: int) -> None:
    """Write the video to a file."""
    with av.open(str(target), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "30", "threads": "1", "tune": "animation"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(FRAMES):
            container.mux(stream.encode(picture(width, height, number)))
        container.mux(stream.encode())


def picture(width: int, height: int, number: int) -> av.VideoFrame:
    """Return one frame."""
    frame = av.VideoFrame(width, height, "yuv420p")
    left = (width - SQUARE) * number // (FRAMES - 1)
    top = (height - SQUARE) * number // (FRAMES - 1)
    for plane, ground, square, scale in zip(frame.planes, (40, 140, 110), (210, 90, 160), (1, 2, 2), strict=True):
        pixels = bytearray([ground]) * plane.buffer_size
        for row in range(top // scale, (top + SQUARE) // scale):
            start = row * plane.line_size + left // scale
            pixels[start : start + SQUARE // scale] = bytes([square]) * (SQUARE // scale)
        plane.update(bytes(pixels))
    return frame


if __name__ == "__main__":
    main()
