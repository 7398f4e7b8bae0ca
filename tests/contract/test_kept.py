"""What failed once is tried first."""

from __future__ import annotations

from pathlib import Path

from mountsea_gemini.testing.contract import Bench, Failure
from mountsea_gemini.testing.contract._bodies import judged

from tests.contract.kept import keep, kept


def test_what_failed_before_fails_no_more(bench: Bench) -> None:
    """Every body kept is judged alike by document, compiled rules, client and server."""
    found = [failure for name, body in kept().items() if (failure := judged(bench, "kept", name, body))]
    assert found == [], "\n".join(line for each in found for line in each.lines(bench.base, bench.variable))


def test_a_failure_is_kept_once_and_read_again(tmp_path: Path) -> None:
    """The same body twice is one file; a failure without a body is none."""
    body = {"prompt": "a cat", "action": "text2video", "model": "veo3_fast"}
    failure = Failure("every point", "one", "a-rule", "HTTP 201", "refused", "server", body=body)
    first, second = keep(failure, tmp_path), keep(failure, tmp_path)
    assert first == second
    assert kept(tmp_path) == {first.name if first else "": body}
    assert keep(Failure("wrong parameters", "two", "paths", "HTTP 200", "HTTP 400", "server"), tmp_path) is None
