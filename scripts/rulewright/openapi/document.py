"""Read YAML and JSON documents as JSON values, with the line of every value."""

from __future__ import annotations

import contextlib
import gc
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from rulewright.errors import InputError, printable
from rulewright.openapi.pointer import Location, encode

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_NODES: Final = 2_000_000
MAX_DEPTH: Final = 200
_TEXT_PER_VALUE: Final = 100  # characters of text that count as one more value: aliases repeat text too
_MAX_DIGITS: Final = 1000  # Python itself refuses to read more than 4300

_TAG: Final = "tag:yaml.org,2002:"
_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
_UNREADABLE: Final = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]")
_PAIR: Final = re.compile(r"((?<!\\)(?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")


class _Loader(yaml.CSafeLoader):
    """PyYAML's C scanner with the YAML 1.2 core schema, which is what OpenAPI documents are written in.

    YAML 1.1 would read `16:9` as 969, `no` as false and `2026-01-01` as a date.
    """

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  a class attribute of PyYAML's


_CORE_SCHEMA: Final = (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+.0123456789"),
    ),
)
_PATTERNS: Final = {kind: re.compile(pattern) for kind, pattern, _ in _CORE_SCHEMA}
for _kind, _, _first in _CORE_SCHEMA:
    _Loader.add_implicit_resolver(_TAG + _kind, _PATTERNS[_kind], _first)


@dataclass(frozen=True)
class Document:
    """One document: its JSON value and where in which file each part of it stands."""

    path: str
    value: Any
    text: str = field(repr=False)
    lines: dict[str, int] = field(repr=False)
    columns: dict[str, int] = field(default_factory=dict, repr=False)

    def line(self, location: Location | str) -> int | None:
        """Return the 1-based line of a JSON pointer or location, or of its nearest ancestor in the file."""
        return self._nearest(self.lines, location)

    def column(self, location: Location | str) -> int | None:
        """Return the 1-based column of a JSON pointer or location, or of its nearest ancestor in the file."""
        return self._nearest(self.columns, location)

    @staticmethod
    def _nearest(found: dict[str, int], location: Location | str) -> int | None:
        pointer = location if isinstance(location, str) else encode(location)
        while pointer not in found and pointer:
            pointer = pointer.rpartition("/")[0]
        return found.get(pointer)

    def error(self, message: str, location: Location | str = "") -> InputError:
        """Return an error that names this file, the line and the JSON pointer."""
        pointer = location if isinstance(location, str) else encode(location)
        return InputError(message, path=self.path, line=self.line(pointer), pointer=pointer)


def load(path: str | Path) -> Document:
    """Read one YAML or JSON file (UTF-8, one document).

    Raises:
        InputError: Not there, too large, not UTF-8, not YAML, or not expressible as JSON (duplicate or
            non-text keys, NaN, custom tags, endless aliases); names the file and the line.
    """
    name = _display_path(Path(path))
    return parse(decode(read_whole(Path(path), name), name), name)


def read_whole(path: Path, name: str) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: Not there, or too large.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)  # a device may never end
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=name) from error
    if len(raw) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES} bytes", path=name)
    return raw


def decode(raw: bytes, name: str) -> str:
    """Return the text of a file.

    Raises:
        InputError: It is not UTF-8; names the line.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"is not UTF-8: {error.reason}", path=name, line=line) from error


def _display_path(path: Path) -> str:
    """Return a path as messages show it: relative where it lies below the current directory."""
    inside = path.is_absolute() and path.is_relative_to(Path.cwd())
    return (path.relative_to(Path.cwd()) if inside else path).as_posix()


def parse(text: str, path: str, *, first_line: int = 1) -> Document:
    """Read YAML or JSON text as `load` does.

    Args:
        text: The document.
        path: The name to use in messages.
        first_line: The line of `path` at which the text begins, for a fragment of a larger file.
    """
    with _without_collection():
        readable = _as_yaml(text)
        loader = _Loader(readable)
        try:
            expands = _expands(readable, path, first_line)
            node = loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = None if mark is None else mark.line + first_line
            cause = ": ".join(part for part in (error.context, error.problem) if part)
            if cause.startswith("mapping values are not allowed"):  # which does not help whoever wrote `note: a: b`
                cause += "; a text that holds a colon and a space must be quoted"
            raise InputError(f"is not YAML: {cause or error}", path=path, line=line) from error
        except yaml.reader.ReaderError as error:
            line = readable.encode()[: error.position].count(b"\n") + first_line
            code = error.character if isinstance(error.character, int) else ord(error.character)
            message = f"is not YAML: the character U+{code:04X} is not allowed"
            raise InputError(message, path=path, line=line) from error
        finally:
            loader.dispose()
        if node is None:
            raise InputError("is empty; an object was expected", path=path, line=first_line)
        builder = _Builder(path, first_line)
        if expands:
            builder.measure(node)
        value = builder.build(node, "")
        # the version of an API is text; many who write YAML by hand forget the quotes of 1.0
        info = value.get("info") if isinstance(value, dict) and "openapi" in value else None
        if isinstance(info, dict) and isinstance(info.get("version"), int | float):
            written = _member(_member(node, "info"), "version")
            if isinstance(written, yaml.ScalarNode):
                info["version"] = written.value
        return Document(path, value, text, builder.lines, builder.columns)


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Pause garbage collection: it would walk the growing tree of a large document over and over, and find nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _member(node: yaml.Node | None, name: str) -> yaml.Node | None:
    members = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in members if key.value == name), None)


def _as_yaml(text: str) -> str:
    r"""Write JSON as YAML can read it: surrogate pairs (`\ud83d\ude00`) as the characters they are, controls escaped.

    YAML has no such pairs, and neither controls nor noncharacters in its texts, so libyaml refuses them. Only in JSON
    is every backslash an escape, and every such character in a text.
    """
    is_json = text.lstrip().startswith(("{", "["))
    if not is_json or (_PAIR.search(text) is None and _UNREADABLE.search(text) is None):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    joined = _PAIR.sub(lambda found: found[1] + json.loads(f'"{found[2]}"'), text)
    return _UNREADABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", joined)


def _expands(text: str, path: str, first_line: int) -> bool:
    """Return whether a text may hold more than it seems to, through aliases, or too much already.

    Refuses deep nesting before anything is composed: the C composer recurses, and deep enough it would crash.
    """
    depth = size = 0
    aliases = False
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + first_line if event.start_mark else None
                raise InputError(f"is nested deeper than {MAX_DEPTH} levels", path=path, line=line)
            size += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent):
            size += 1 + len(event.value) // _TEXT_PER_VALUE
        elif isinstance(event, yaml.AliasEvent):
            aliases = True
    return aliases or size > MAX_NODES


class _Builder:
    """Turn a YAML node graph into JSON values; aliases are copied, within a budget."""

    def __init__(self, path: str, first_line: int) -> None:
        self.path = path
        self.first_line = first_line
        self.lines: dict[str, int] = {}
        self.columns: dict[str, int] = {}
        self._measured: dict[int, tuple[int, int] | None] = {}

    def measure(self, node: yaml.Node) -> tuple[int, int]:
        """Return how many values a node expands to and how deep it is, without expanding it."""
        if id(node) in self._measured:
            known = self._measured[id(node)]
            if known is None:
                raise self._error("an alias contains itself, which JSON cannot express", node)
            return known
        self._measured[id(node)] = None  # not done yet
        if isinstance(node, yaml.ScalarNode):
            size, depth = 1 + len(node.value) // _TEXT_PER_VALUE, 0
        else:
            parts = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
            measures = [self.measure(part) for part in parts]
            size = 1 + sum(size for size, _ in measures)
            depth = 1 + max((depth for _, depth in measures), default=0)
        if size > MAX_NODES:
            raise self._error(f"expands to more than {MAX_NODES} values (an alias bomb?)", node)
        if depth > MAX_DEPTH:  # aliases can nest deeper than the text does
            raise self._error(f"is nested deeper than {MAX_DEPTH} levels", node)
        self._measured[id(node)] = size, depth
        return size, depth

    def build(self, node: yaml.Node, pointer: str) -> Any:
        """Return the JSON value of a node that has been measured, and note the line of each part."""
        self._note(pointer, node)
        kind = node.tag.removeprefix(_TAG)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, kind)
        if isinstance(node, yaml.MappingNode) and kind == "map":
            result = {}
            for key, (key_node, value_node) in self._pairs(node).items():
                inside = pointer + encode((key,))
                result[key] = self.build(value_node, inside)
                self._note(inside, key_node)
            return result
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            return [self.build(child, f"{pointer}/{index}") for index, child in enumerate(node.value)]
        raise self._error(f"the tag {node.tag!r} has no meaning in JSON", node)

    def _note(self, pointer: str, node: yaml.Node) -> None:
        self.lines[pointer] = node.start_mark.line + self.first_line
        self.columns[pointer] = node.start_mark.column + 1

    def _pairs(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """Return the nodes of each key; those of a merge key (<<, YAML 1.1) where the object itself has no such key.

        Source: https://yaml.org/type/merge.html
        """
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error("a key must be plain text (nested keys are not JSON)", key_node)
            key = key_node.value  # the text as written: the response code 200 is the key "200"
            if key == "<<" and not key_node.style:
                found: dict[str, tuple[yaml.Node, yaml.Node]] = {}  # of several objects, the first counts most
                for part in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    if not isinstance(part, yaml.MappingNode):
                        raise self._error("a merge key (<<) takes an object or a list of objects", part)
                    found = {**self._pairs(part), **found}
                merged = {**found, **merged}
                continue
            if key in own:
                raise self._error(f"the key {key!r} stands twice in one object", key_node)
            own[key] = key_node, value_node
        return {**merged, **own}

    def _scalar(self, node: yaml.ScalarNode, kind: str) -> str | int | float | bool | None:
        text: str = node.value
        if kind == "str":
            return text
        pattern = _PATTERNS.get(kind)
        if pattern is None:
            raise self._error(f"the tag {node.tag!r} has no meaning in JSON", node)
        if not pattern.match(text):  # only an explicit tag such as !!int can cause this
            raise self._error(f"{text[:60]!r} is not what its tag {kind!r} says", node)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if len(text) > _MAX_DIGITS:
            raise self._error(f"a number of {len(text)} characters; the limit is {_MAX_DIGITS}", node)
        if kind == "int":
            return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
        number = math.inf if text[-1] in "fFnN" else float(text)  # .inf, .NaN
        if math.isfinite(number):
            return number
        raise self._error(f"{text} is not a number in JSON", node)

    def _error(self, message: str, node: yaml.Node) -> InputError:
        return InputError(message, path=self.path, line=node.start_mark.line + self.first_line)


def read_written(path: Path) -> Any:
    """Return the value of a file that `to_json` wrote, or None if there is none; where a value stands is not noted."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None  # nobody wrote it yet, or somebody edited it by hand


def to_json(value: Any) -> str:
    """Write a value as the project writes JSON: two spaces, key order kept, a final line feed.

    Text stands as it is, but for characters that a terminal or an editor would obey rather than show.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    if text == printable(text):
        return text
    return "".join(char if char == printable(char) else json.dumps(char)[1:-1] for char in text)


class _Dumper(yaml.SafeDumper):
    """Quotes what a YAML 1.1 reader would not take for text (`16:9`, `no`), and what a 1.2 one would not."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  PyYAML's signature
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # PyYAML takes these for line breaks, and in any other style folds them into a space.
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar(_TAG + "str", text, style=style)


_Dumper.add_representer(str, _represent_text)
for _kind, _, _first in _CORE_SCHEMA:  # such as 1e3, which YAML 1.1 does take for text
    _Dumper.add_implicit_resolver(_TAG + _kind, _PATTERNS[_kind], _first)


def to_yaml(value: Any) -> str:
    """Write a value as YAML: key order kept, no aliases, ambiguous text such as `'16:9'` quoted."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
