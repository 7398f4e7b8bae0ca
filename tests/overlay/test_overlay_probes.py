"""One probe for each sentence of the Overlay Specification 1.0 and 1.1, and for each hole in it we filled.

A probe is a file in `probes/`, and dropping one in is the whole test:

    sentence: which obligation it tries: 1 to 14 of the specification, or a hole a to e
    section:  where the specification speaks of it
    says:     the obligation in our words
    mode:     lenient (the default: the specification alone) or strict
    document: the target document
    actions:  the actions of a 1.1.0 overlay; `version` states another; `overlay` gives the whole document
    output:   the document afterwards, order of keys included; or
    error:    a part of the message

The obligations, in short: 1 required fields, 2 order of actions, 3 RFC 9535, 4 no match, 5 one kind of
target, 6 what each kind takes, 7 the merge, 8 remove, 9 copy, 10 primitive items, 11 YAML and JSON,
12 extends, 13 versions and extensions, 14 file names. The holes: a update with copy, b copy without exactly
one source, c targets inside each other, d replacing an array, e no precondition.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rulewright.openapi.document import Document, load, parse, to_json, to_yaml
from rulewright.overlay import OverlayError, apply, parse_overlay

from tests.overlay.undoing import undo

PROBES = sorted((Path(__file__).parent / "probes").glob("*.yaml"))
SENTENCES = {*(str(number) for number in range(1, 15)), *"abcde"}
FIELDS = {
    "sentence",
    "section",
    "says",
    "mode",
    "document",
    "actions",
    "version",
    "overlay",
    "output",
    "error",
}


def _read(path: Path) -> dict[str, Any]:
    probe = load(path).value
    assert isinstance(probe, dict)
    return probe


def _overlay_of(probe: dict[str, Any]) -> dict[str, Any]:
    info = {"title": "Probe", "version": "1.0.0"}
    version = probe.get("version", "1.1.0")
    whole: dict[str, Any] = probe.get("overlay") or {
        "overlay": version,
        "info": info,
        "actions": probe["actions"],
    }
    return whole


def _written(value: Any, suffix: str, name: str) -> Document:
    return parse(to_json(value) if suffix == "json" else to_yaml(value), f"{name}.{suffix}")


@pytest.mark.parametrize("path", PROBES, ids=lambda path: path.stem)
@pytest.mark.parametrize("formats", ["yaml-yaml", "json-yaml", "yaml-json", "json-json"])
def test_probe(path: Path, formats: str) -> None:
    """A probe has its stated outcome, whichever of YAML and JSON document and overlay are written in."""
    probe = _read(path)
    document_format, overlay_format = formats.split("-")
    document = _written(probe["document"], document_format, "spec")
    source = _written(_overlay_of(probe), overlay_format, "probe.overlay")
    lenient = probe.get("mode", "lenient") == "lenient"
    if "error" in probe:
        with pytest.raises(OverlayError) as caught:
            apply(document, [parse_overlay(source)], lenient=lenient)
        assert probe["error"] in str(caught.value)
        assert str(caught.value).startswith(f"probe.overlay.{overlay_format}")
        return
    applied = apply(document, [parse_overlay(source)], lenient=lenient)
    assert to_json(applied.value) == to_json(probe["output"])
    assert to_json(undo(applied.value, applied.ledger)) == to_json(probe["document"])


@pytest.mark.parametrize("path", PROBES, ids=lambda path: path.stem)
def test_probe_is_well_formed(path: Path) -> None:
    """A probe names its sentence in field and file name, quotes it, and states exactly one outcome."""
    probe = _read(path)
    assert probe.keys() <= FIELDS
    assert str(probe["sentence"]) in SENTENCES
    assert path.stem.split("-")[0].lstrip("0") == str(probe["sentence"])
    assert probe["section"]
    assert probe["says"]
    assert ("output" in probe) != ("error" in probe)
    assert ("actions" in probe) != ("overlay" in probe)
    assert probe.get("mode", "lenient") in {"lenient", "strict"}


def test_every_sentence_has_a_probe() -> None:
    """Each of the fourteen sentences and the five holes is probed."""
    assert {str(_read(path)["sentence"]) for path in PROBES} == SENTENCES
