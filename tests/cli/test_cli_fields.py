"""Options are derived from signatures: a changed client changes the command line by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from typing import Any, ClassVar, Literal, get_args

import pydantic  # noqa: F401  see test_choices_are_checked_for_every_kind_of_field
import pytest
from cyclopts import Token
from mountsea_gemini import Client, Task
from mountsea_gemini.cli._fields import fields_of

from tests.cli.running import Ran, Running

Cli = Callable[..., Ran]
Serve = Callable[[str], Running]
Size = Literal["small", "large"]


class Studio(Client):
    """A client as a later overlay might make it: one more variant, with fields of every kind."""

    given: ClassVar[dict[str, Any]]

    def paint(
        self,
        prompt: str,
        image_list: tuple[str] | tuple[str, str],
        *,
        size: Size = "small",
        frames: Literal[24, 30] | None = None,
        moods: list[Literal["calm", "wild"]] | None = None,
        seed: int | None = None,
        weight: float | None = None,
        glossy: bool | None = None,
        due: date | None = None,
        camera: dict[str, Any] | None = None,
        output: str | None = None,
        waive: Collection[str] = (),
        strict: bool | None = None,
    ) -> Task:
        """Submit a painting.

        Args:
            prompt: What to paint.
            image_list: What to look at.
            size: How large, in [brackets].
            frames: How many a second.
            moods: How to feel.
            seed: Where to start.
            weight: How heavy.
            glossy: Whether it shines.
            due: When it is due.
            camera: How to look at it.
            output: What the vendor calls an output.
            waive: Ids of rules to switch off for this call.
            strict: Refuse inferred rules too.

        Rules:
            painting-needs-paint (error): there must be paint
        """
        local = dict(locals())
        type(self).given = {name: value for name, value in local.items() if name != "self"}
        return self.text_to_video(prompt, waive=waive, strict=strict)


VARIANTS = {"action": {"paint-it": "paint", "status": "paint", "two words": "paint"}}


@pytest.fixture
def studio(cli: Cli, serve: Serve) -> Callable[..., Ran]:
    """Run the program with the extended client."""
    options = serve("now").options
    return lambda *arguments: cli(*arguments, *options, client_class=Studio, variants=VARIANTS)


def test_a_new_variant_is_a_new_command(studio: Callable[..., Ran]) -> None:
    """A variant and its fields become a command with options, with no list to keep."""
    camera = '{"angle": 3}'
    more = ["--size", "large", "--frames", "30", "--moods", "calm", "--moods", "wild", "--seed", "7"]
    more += ["--weight", "0.5", "--no-glossy", "--due", "2026-01-02", "--camera", camera]
    assert studio("paint-it", "a cat", "u1", "u2", *more, "--strict").code == 0
    assert Studio.given == {
        "prompt": "a cat",
        "image_list": ["u1", "u2"],
        "size": "large",
        "frames": 30,
        "moods": ["calm", "wild"],
        "seed": 7,
        "weight": 0.5,
        "glossy": False,
        "due": date(2026, 1, 2),
        "camera": {"angle": 3},
        "output": None,
        "waive": (),
        "strict": True,
    }


def test_what_is_not_given_is_left_to_the_method(studio: Callable[..., Ran]) -> None:
    """Absent options are not passed on: the method's own defaults apply."""
    assert studio("paint-it", "a cat", "u1").code == 0
    assert Studio.given["size"] == "small"
    assert Studio.given["frames"] is None


def test_a_required_field_is_required(studio: Callable[..., Ran]) -> None:
    """A parameter without a default has to be given."""
    assert studio("paint-it", "a cat").code == 2


def test_a_field_called_like_an_option_gets_a_longer_name(studio: Callable[..., Ran]) -> None:
    """The command's own options keep their names; the field is reached as --field-NAME."""
    assert studio("paint-it", "a cat", "u1", "--field-output", "x").code == 0
    assert Studio.given["output"] == "x"


@pytest.mark.parametrize("command", ["action-status", "paint"])
def test_a_value_that_cannot_be_a_command_gets_another_name(studio: Callable[..., Ran], command: str) -> None:
    """A value called like a command, or that no shell would take as a word, has a name all the same."""
    assert studio(command, "a cat", "u1").code == 0


@pytest.mark.parametrize(("option", "value"), [("--size", "huge"), ("--frames", "25"), ("--moods", "angry")])
def test_choices_are_checked_for_every_kind_of_field(studio: Callable[..., Ran], option: str, value: str) -> None:
    """A value outside a Literal is wrong usage, in lists and for numbers too; --allow-unlisted lets it pass.

    Also where pydantic is loaded, as this module has it: then cyclopts asks it about every type.
    """
    assert studio("paint-it", "a cat", "u1", option, value).code == 2
    assert studio("paint-it", "a cat", "u1", option, value, "--allow-unlisted").code == 0
    assert value in str(Studio.given[option.strip("-")])


def test_json_that_is_none_is_wrong_usage(studio: Callable[..., Ran]) -> None:
    """A field of any other shape is given as JSON, and refused when it is not."""
    assert studio("paint-it", "a cat", "u1", "--camera", "{angle").code == 2


def test_help_is_the_methods_own(studio: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    """The help holds the method's words, its rules and its choices; brackets are text."""
    monkeypatch.setenv("COLUMNS", "200")
    out = studio("paint-it", "--help").out
    assert "Submit a painting." in out
    assert "painting-needs-paint (error): there must be paint" in out
    assert "How large, in [brackets]. [choices: small, large] [default: small]" in out
    assert "Whether it shines." in out
    assert "--no-glossy" in out


class Frame:
    """What the generator makes of an object: a class that reads it."""

    def __init__(self, at: int) -> None:
        self.at = at

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Frame:
        """Read one."""
        return cls(int(value["at"]))


class Shooting:
    """A client whose method takes objects and lists of them."""

    def shoot(self, frames: list[Frame], first: Frame | None = None, notes: dict[str, Any] | None = None) -> None:
        """Shoot."""


def test_an_object_given_as_json_becomes_the_model_the_method_takes() -> None:
    """One by one or as a list; what cannot be such an object is wrong usage that names what it lacks."""
    frames, first, notes = fields_of(Shooting.shoot, ())

    def converted(field: Any, *texts: str) -> Any:
        return converter_of(field)(None, [Token(value=text) for text in texts])

    assert [each.at for each in converted(frames, '{"at": 1}', '[{"at": 2}, {"at": "3"}]')] == [1, 2, 3]
    assert converted(first, '{"at": 4}').at == 4
    assert converted(first, "null") is None
    assert converted(notes, '{"at": 5}') == {"at": 5}
    with pytest.raises(ValueError, match="lacks 'at'"):
        converted(first, "{}")
    with pytest.raises(ValueError, match="does not match the document"):
        converted(frames, '[{"at": "x"}]')


def converter_of(field: Any) -> Any:
    """Return what reads the texts of an option."""
    return get_args(field.parameter.annotation)[1].converter
