"""The sandbox agrees with the rules at every point of the request space."""

from __future__ import annotations

import json
from typing import Any

import httpx
from rulewright.contract.contract import BASE
from rulewright.merged import Merged
from rulewright.rules.definition import Verdict
from rulewright.rules.space import Space
from rulewright.sandbox import Sandbox

from tests.contract.conftest import EFFECTIVE, video_rules


def test_the_server_agrees_on_every_point(merged: Merged) -> None:
    """1,134 requests: 201 with warnings, or 400 with exactly the broken rules."""
    ruled = video_rules(merged)
    stated, every = Verdict(ruled), Verdict(ruled, levels=("error", "warning"))
    with httpx.Client(
        base_url=BASE, transport=Sandbox("mountsea_gemini").transport(), headers={"Authorization": "Bearer sandbox"}
    ) as http:
        for body in Space(ruled, merged.value).bodies():
            answer = http.post("/gemini/video/generate", json=body)
            broken = stated.violated_rules(body)
            assert answer.status_code == (400 if broken else 201)
            if broken:
                assert tuple(entry["rule"] for entry in answer.json()["violations"]) == broken
            else:
                named = answer.headers.get("x-sandbox-warnings", "")
                assert tuple(filter(None, named.split(","))) == every.violated_rules(body)


def test_the_page_of_rules_agrees_on_every_pair(merged: Merged) -> None:
    """Each cell of the decision table has the allowed number of images, or the rules that exclude the pair."""
    ruled = video_rules(merged)
    verdict = Verdict(ruled)
    rows = table((EFFECTIVE.parent / "RULES.md").read_text(encoding="utf-8"))
    actions = [cell.strip("`") for cell in rows[0][1:]]
    assert [row[0].strip("`") for row in rows[1:]] == ruled.schema["properties"]["model"]["enum"]
    for row in rows[1:]:
        for action, cell in zip(actions, row[1:], strict=True):
            outcomes: dict[int | None, tuple[str, ...]] = {}
            for count in (None, 0, 1, 2, 3, 4):
                images = {} if count is None else {"imageList": ["https://example.com/"] * count}
                body: dict[str, Any] = {"prompt": "x", "action": action, "model": row[0].strip("`"), **images}
                outcomes[count] = verdict.violated_rules(body)
            allowed = [count for count, broken in outcomes.items() if not broken]
            if not allowed:
                common = set.intersection(*map(set, outcomes.values()))
                assert cell == f"no: {', '.join(f'`{rule}`' for rule in sorted(common))}"
            elif len(allowed) == len(outcomes):
                assert cell == "any"
            else:
                assert cell == f"{allowed[0]}-{allowed[-1]}"


def table(page: str) -> list[list[str]]:
    """Return the cells of the last table of a Markdown page."""
    lines = [line for line in page.rsplit("\n## ", maxsplit=1)[-1].splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def test_the_effective_spec_the_package_ships_is_the_one_in_generated() -> None:
    """The sandbox reads the copy inside the package."""
    packaged = EFFECTIVE.parent / "mountsea_gemini" / EFFECTIVE.name
    assert json.loads(packaged.read_bytes()) == json.loads(EFFECTIVE.read_bytes())
