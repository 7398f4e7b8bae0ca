"""Measure what checking the rules on one body costs: `python bench/rules.py [--json FILE]`.

Everything is measured in one process, in rounds that take turns, so that a busy neighbour slows all alike; the
fastest round counts, and the ratio to the check written by hand is what matters. Two are written by hand: one
of the rules, which all ratios of the table refer to, and one of the schema and the rules, which is what
`violations` checks. Exit code 1 when the target is missed: on valid bodies `violations` takes at most 2.5 times as
long as the schema and the rules written by hand, on average over the bodies.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

from mountsea_gemini import rules
from mountsea_gemini.raw.models import (
    VideoGenerationDto,
    VideoGenerationDtoAction,
    VideoGenerationDtoAspectRatio,
    VideoGenerationDtoModel,
)
from mountsea_gemini.raw.types import Unset

ROOT: Final = Path(__file__).parents[1]
MAX_RATIO: Final = 2.5
SECONDS_A_ROUND: Final = 0.001
ROUNDS: Final = 150
ONE: Final = "https://example.com/1.png"
BODIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "valid, text": {"prompt": "A cat runs", "action": "text2video", "model": "veo3_fast"},
    "valid, 2 images": {"prompt": "A cat", "action": "img2video", "model": "veo3_fast", "imageList": [ONE, ONE]},
    "1 rule broken": {"prompt": "A cat", "action": "img2video", "model": "veo3_fast"},
    "2 rules broken": {"prompt": "A cat", "action": "ingredients2video", "model": "veo3_fast"},
}
IDS: Final = {
    "valid, text": [],
    "valid, 2 images": [],
    "1 rule broken": ["img2video-needs-images"],
    "2 rules broken": ["ingredients-only-veo31-fast", "ingredients-need-images"],
}
ACTIONS: Final = frozenset(get_args(VideoGenerationDtoAction))
MODELS: Final = frozenset(get_args(VideoGenerationDtoModel))
RATIOS: Final = frozenset(get_args(VideoGenerationDtoAspectRatio))
_URL: Final = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)


def by_hand(body: VideoGenerationDto) -> list[str]:
    """Return the ids of the rules a model breaks, as a careful engineer would write it for these seven rules."""
    broken = []
    action, model = body.action, body.model
    images = [] if isinstance(body.image_list, Unset) else body.image_list
    count = len(images)
    if action == "ingredients2video" and model != "veo31_fast":
        broken.append("ingredients-only-veo31-fast")
    if action == "img2video" and not 1 <= count <= 2:
        broken.append("img2video-needs-images")
    if action == "ingredients2video" and not 1 <= count <= 3:
        broken.append("ingredients-need-images")
    if model == "veo31_fast_ingredients" and not 1 <= count <= 3:
        broken.append("veo31-fast-ingredients-needs-images")
    if action == "text2video" and count:
        broken.append("text2video-takes-no-images")
    for image in images:
        if not _URL.match(image):
            broken.append("images-are-http-urls")
            break
    if not body.prompt.strip():
        broken.append("prompt-not-blank")
    return broken


def all_by_hand(body: VideoGenerationDto) -> list[str]:
    """Return the ids of the rules a model breaks, after looking whether it fits its schema, which `schema` says."""
    images = body.image_list
    if (
        not isinstance(body.prompt, str)
        or body.action not in ACTIONS
        or body.model not in MODELS
        or not (
            isinstance(images, Unset) or (isinstance(images, list) and all(isinstance(each, str) for each in images))
        )
        or not (isinstance(body.aspect_ratio, Unset) or body.aspect_ratio in RATIOS)
        or not (isinstance(body.translation, (Unset, bool)))
    ):
        return ["schema", *by_hand(body)]
    return by_hand(body)


class Contender(NamedTuple):
    """One way to check a body.

    Args:
        name: What the table calls it.
        prepare: Turns a JSON object into what the check looks at; not measured.
        check: The check; measured.
        ids: Returns the broken rules from what the check gave, or None where it only says yes or no.
    """

    name: str
    prepare: Callable[[Mapping[str, Any]], Any]
    check: Callable[[Any], Any]
    ids: Callable[[Any], list[str]] | None


def ours() -> Iterator[Contender]:
    """Yield the check written by hand and the generated ones, all on the model."""

    def ids(found: Any) -> list[str]:
        return [each.rule for each in found]

    model = VideoGenerationDto.from_dict
    yield Contender("written by hand", model, by_hand, list)
    yield Contender("written by hand, with the schema", model, all_by_hand, list)
    yield Contender("generated: rule_violations", model, rules.rule_violations, ids)
    yield Contender("generated: violations (+ schema)", model, rules.violations, ids)
    yield Contender("generated: violations, JSON object", dict, rules.violations, ids)
    yield Contender(
        "generated: violations, nearest read",
        model,
        lambda body: [(each, each.nearest) for each in rules.violations(body)],
        lambda found: [each.rule for each, _ in found],
    )


def _implications() -> dict[str, Any]:
    """Return the rules of the project as JSON Schema, by id."""
    sys.path.insert(0, str(ROOT))
    merge = importlib.import_module("rulewright.merged").merge
    project = importlib.import_module("rulewright.project").load_project(ROOT)
    (ruled,) = merge(project).ruled
    return {rule.id: {"if": rule.condition, "then": rule.requirement} for rule in ruled.rules}


def validators() -> Iterator[Contender]:
    """Yield the JSON Schema validators, on the JSON object; the schema holds the rules and nothing else."""
    fastjsonschema = importlib.import_module("fastjsonschema")
    jsonschema = importlib.import_module("jsonschema")
    jsonschema_rs = importlib.import_module("jsonschema_rs")
    implications = _implications()
    names, schema = list(implications), {"allOf": list(implications.values())}

    def ids(errors: Any) -> list[str]:
        places = [list(getattr(each, "schema_path", None) or each.absolute_schema_path) for each in errors]
        return list(dict.fromkeys(names[int(place[1])] for place in places))

    native = jsonschema_rs.Draft202012Validator(schema)
    slow = jsonschema.Draft202012Validator(schema)
    fast = fastjsonschema.compile({"$schema": "http://json-schema.org/draft-07/schema#", **schema})

    def first(body: Any) -> bool:
        try:
            fast(body)
        except fastjsonschema.JsonSchemaException:
            return False
        return True

    yield Contender("jsonschema-rs: is_valid", dict, native.is_valid, None)
    yield Contender("jsonschema-rs: all errors", dict, lambda body: list(native.iter_errors(body)), ids)
    yield Contender("fastjsonschema: first error", dict, first, None)
    yield Contender("jsonschema: all errors", dict, lambda body: list(slow.iter_errors(body)), ids)


def pydantic() -> Iterator[Contender]:
    """Yield pydantic: its model reads the JSON object, then runs the check written by hand."""
    library = importlib.import_module("pydantic")
    core = importlib.import_module("pydantic_core")

    def rules_kept(self: Any) -> Any:
        model = VideoGenerationDto(self.prompt, self.action, self.model)
        if self.imageList is not None:
            model.image_list = self.imageList
        if broken := by_hand(model):
            raise core.PydanticCustomError("rules", "broken", {"ids": broken})
        return self

    actions, models = (field["enum"] for field in map(_properties().get, ("action", "model")) if field)
    body = library.create_model(
        "Body",
        prompt=(str, ...),
        action=(Literal[tuple(actions)], ...),
        model=(Literal[tuple(models)], ...),
        imageList=(list[str] | None, None),
        aspectRatio=(str | None, None),
        __validators__={"rules_kept": library.model_validator(mode="after")(rules_kept)},
    )

    def check(value: Any) -> Any:
        try:
            return body.model_validate(value)
        except library.ValidationError as error:
            return error

    def ids(found: Any) -> list[str]:
        return found.errors()[0]["ctx"]["ids"] if isinstance(found, library.ValidationError) else []

    yield Contender("pydantic: model_validate + by hand", dict, check, ids)


def _properties() -> dict[str, Any]:
    effective = json.loads((ROOT / "generated/mountsea_gemini/openapi.effective.json").read_text(encoding="utf-8"))
    return dict(effective["components"]["schemas"]["VideoGenerationDto"]["properties"])


CEL: Final = {
    "ingredients-only-veo31-fast": "this.action != 'ingredients2video' || this.model == 'veo31_fast'",
    "img2video-needs-images": "this.action != 'img2video' || (size(this.imageList) >= 1 && size(this.imageList) <= 2)",
    "ingredients-need-images": (
        "this.action != 'ingredients2video' || (size(this.imageList) >= 1 && size(this.imageList) <= 3)"
    ),
    "veo31-fast-ingredients-needs-images": (
        "this.model != 'veo31_fast_ingredients' || (size(this.imageList) >= 1 && size(this.imageList) <= 3)"
    ),
    "text2video-takes-no-images": "this.action != 'text2video' || size(this.imageList) == 0",
    "images-are-http-urls": "this.imageList.all(image, image.matches('^(?i:https?)://[^/?#[:space:]]'))",
    "prompt-not-blank": "this.prompt.matches('[^[:space:]]')",
}


def protovalidate() -> Iterator[Contender]:
    """Yield protovalidate on a message built beforehand; its descriptor is put together here, without protoc."""
    library = importlib.import_module("protovalidate")
    options = importlib.import_module("protovalidate._gen.buf.validate.validate_pb")
    descriptors = importlib.import_module("protobuf.wkt.google.protobuf.descriptor_pb")
    file_desc = importlib.import_module("protobuf._codegen").file_desc
    field, text = descriptors.FieldDescriptorProto, descriptors.FieldDescriptorProto.Type.STRING
    labels = descriptors.FieldDescriptorProto.Label
    message = descriptors.MessageOptions()
    message[options.ext_message] = options.MessageRules(
        cel=[options.Rule(id=name, message=name, expression=expression) for name, expression in CEL.items()]
    )
    fields = [
        field(name=name, number=number, type=text, label=labels.OPTIONAL, json_name=name)
        for number, name in enumerate(("prompt", "action", "model"), 1)
    ]
    fields.append(field(name="imageList", number=4, type=text, label=labels.REPEATED, json_name="imageList"))
    file = descriptors.FileDescriptorProto(
        name="bench.proto",
        package="bench",
        syntax="proto3",
        dependency=["buf/validate/validate.proto"],
        message_type=[descriptors.DescriptorProto(name="Body", field=fields, options=message)],
    )
    body = file_desc(file.to_binary(), [options.desc()], {}).messages[0].type
    validator = library.Validator()

    def prepare(value: Mapping[str, Any]) -> Any:
        return body.from_json(json.dumps(value))

    def ids(found: Any) -> list[str]:
        return [each.proto.rule_id for each in found]

    yield Contender("protovalidate: all violations", prepare, validator.collect_violations, ids)


def measured(contenders: list[Contender]) -> dict[str, dict[str, float]]:
    """Return the nanoseconds of each check on each body, the fastest of rounds that take turns."""
    jobs = {}
    for contender in contenders:
        for name, body in BODIES.items():
            value = contender.prepare(body)
            found = contender.check(value)
            if contender.ids is not None and contender.ids(found) != IDS[name]:
                raise SystemExit(f"{contender.name} finds {contender.ids(found)} in the body {name!r}, not {IDS[name]}")
            jobs[contender.name, name] = (contender.check, value, _loops(contender.check, value))
    best = dict.fromkeys(jobs, math.inf)
    gc.disable()
    for _ in range(ROUNDS):
        for key, (check, value, loops) in jobs.items():
            began = time.perf_counter()
            for _ in range(loops):
                check(value)
            best[key] = min(best[key], (time.perf_counter() - began) / loops * 1e9)
    gc.enable()
    return {each.name: {name: best[each.name, name] for name in BODIES} for each in contenders}


def _loops(check: Callable[[Any], Any], value: Any) -> int:
    check(value)
    began = time.perf_counter()
    check(value)
    return max(1, int(SECONDS_A_ROUND / max(time.perf_counter() - began, 1e-7)))


def import_milliseconds(rounds: int = 15) -> dict[str, float]:
    """Return the CPU time of importing the models, and what importing the rules adds to it, each the least of several.

    Byte code is kept in a folder of its own, and the first round, which writes it, does not count.
    """
    models = "from mountsea_gemini.raw.models import VideoGenerationDto"
    programs = {"models": models, "rules": f"{models}\nimport mountsea_gemini.rules"}
    taken: dict[str, list[float]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(rounds + 1):
            for name, program in programs.items():
                code = f"import time; began = time.process_time()\n{program}\nprint(time.process_time() - began)"
                command = [sys.executable, "-c", code]
                done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
                taken[name].append(float(done.stdout) * 1000)
    models, both = (min(each[1:]) for each in taken.values())
    return {"models": models, "rules beyond": both - models}


def show(times: Mapping[str, Mapping[str, float]], imports: Mapping[str, float]) -> None:
    """Print the table."""
    print("Checking the rules on one body: nanoseconds (ratio to the check written by hand)\n")
    print(" " * 44 + "".join(f"{name:>22}" for name in BODIES))
    hand = times["written by hand"]
    for name, row in times.items():
        cells = (f"{value:.0f} ({value / hand[body]:.1f}x)" for body, value in row.items())
        print(f"{name:44}" + "".join(f"{cell:>22}" for cell in cells))
    print(f"\nimport, CPU: models {imports['models']:.0f} ms, rules beyond them {imports['rules beyond']:.1f} ms")


TARGET: Final = "violations to schema and rules by hand, valid bodies"


def ratios(times: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return the average ratio of the generated checks to those written by hand, by what is compared."""
    valid = [name for name, ids in IDS.items() if not ids]
    refused = [name for name, ids in IDS.items() if ids]

    def ratio(ours: str, hand: str, bodies: list[str]) -> float:
        return statistics.geometric_mean(times[f"generated: {ours}"][name] / times[hand][name] for name in bodies)

    rules_only, both = "written by hand", "written by hand, with the schema"
    return {
        TARGET: ratio("violations (+ schema)", both, valid),
        "violations to the rules by hand, valid bodies": ratio("violations (+ schema)", rules_only, valid),
        "violations to the rules by hand, refused bodies": ratio("violations (+ schema)", rules_only, refused),
    }


def main() -> int:
    """Measure, print, and compare with the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the figures to a file")
    options, _ = parser.parse_known_args()
    contenders = [*ours(), *validators(), *pydantic(), *protovalidate()]
    times, imports = measured(contenders), import_milliseconds()
    show(times, imports)
    found = ratios(times)
    if options.json:
        figures = {"nanoseconds": times, "import": imports, "ratios": found, "most": MAX_RATIO}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    for name, ratio in found.items():
        print(f"{name}: {ratio:.2f}" + (f" (at most {MAX_RATIO})" if name == TARGET else ""))
    return 0 if found[TARGET] <= MAX_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
