"""The commands of the pipeline, one module each."""

import sys


def show_stage(name: str) -> None:
    """Name the stage of a long run on standard error, where a person sees it."""
    if sys.stderr.isatty():
        print(f"{name} ...", file=sys.stderr)
