"""The OpenAPI Initiative's own samples and schema tests, read in place where the folder exists."""

from __future__ import annotations

from pathlib import Path

import pytest
from rulewright.openapi.document import load
from rulewright.overlay import OverlayError, apply, check, load_overlay

SUITE = Path(__file__).parents[3] / "shared" / "overlay-conformance"
pytestmark = pytest.mark.skipif(not SUITE.is_dir(), reason="the suite's folder ../shared is not here")

SETS = sorted(SUITE.glob("compliant-sets/*/overlay.yaml"))
VALID = sorted(SUITE.glob("tests/v1.*/pass/*.yaml"))
INVALID = sorted(SUITE.glob("tests/v1.*/fail/*.yaml"))
# Structurally valid, while its target is no query of RFC 9535: a hyphen needs brackets and quotes there.
NOT_RFC_9535 = "actions-traits-example.yaml"
# Sample overlays that strictness refuses, because they state less than it asks for, each with its refusal.
STRICT = {
    "remove-matching-responses": "expected exactly 1",
    "remove-server": "names openapi-with-servers.yaml",
}


def _name(path: Path) -> str:
    return "/".join(path.relative_to(SUITE).parts[-3:])


@pytest.mark.parametrize("path", SETS, ids=_name)
def test_sample_set(path: Path) -> None:
    """Applying a sample overlay to its document gives the published result."""
    document = load(path.with_name("openapi.yaml"))
    applied = apply(document, [load_overlay(path)], lenient=True)
    assert applied.value == load(path.with_name("output.yaml")).value


@pytest.mark.parametrize("path", SETS, ids=_name)
def test_sample_set_strictly(path: Path) -> None:
    """Strictly, a sample gives the same result or one listed refusal."""
    document = load(path.with_name("openapi.yaml"))
    if path.parent.name in STRICT:
        with pytest.raises(OverlayError, match=STRICT[path.parent.name]):
            apply(document, [load_overlay(path)])
    else:
        assert apply(document, [load_overlay(path)]).value == load(path.with_name("output.yaml")).value


@pytest.mark.parametrize("path", VALID, ids=_name)
def test_valid_overlay(path: Path) -> None:
    """An overlay the schema accepts has a valid structure, under the version it states."""
    assert check(load(path)) == path.parts[-3].removeprefix("v")


@pytest.mark.parametrize("path", VALID, ids=_name)
def test_valid_overlay_loads(path: Path) -> None:
    """A valid overlay loads, save the one whose target is no query of RFC 9535."""
    if path.name == NOT_RFC_9535:
        with pytest.raises(OverlayError, match="is not an RFC 9535 query"):
            load_overlay(path)
    else:
        assert load_overlay(path).actions


@pytest.mark.parametrize("path", INVALID, ids=_name)
def test_invalid_overlay(path: Path) -> None:
    """An overlay the schema refuses is refused, with file, line and JSON pointer."""
    with pytest.raises(OverlayError) as caught:
        check(load(path))
    assert caught.value.path == path.as_posix()
    assert caught.value.line is not None
    assert caught.value.pointer is not None


def test_the_whole_suite_is_here() -> None:
    """The suite read is the one the targets count: 8 sets, 12 + 13 valid and 20 + 22 invalid overlays."""
    assert (len(SETS), len(VALID), len(INVALID)) == (8, 25, 42)
