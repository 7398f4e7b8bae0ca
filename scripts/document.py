"""Read YAML and JSON documents as JSON values, with the line of every value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from scripts.errors import InputError
from scripts.pointer import Location, encode

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_NODES: Final = 2_000_000
MAX_DEPTH: Final = 200


class _Loader(yaml.CSafeLoader):
    """PyYAML's C scanner with the YAML 1.2 core schema, which is what OpenAPI documents are written in.

    YAML 1.1 would read `16:9` as 969, `no` as false and `2026-01-01` as a date.
    """

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  a class attribute of PyYAML's


_CORE_SCHEMA: Final = (
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("tag:yaml.org,2002:int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+.0123456789"),
    ),
)
for _tag, _pattern, _first in _CORE_SCHEMA:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


@dataclass(frozen=True)
class Document:
    """One document: its JSON value and where in which file each part of it stands."""

    path: str
    value: Any
    text: str = field(repr=False)
    lines: dict[str, int] = field(repr=False)

    def line(self, location: Location | str) -> int | None:
        """Return the 1-based line of a JSON pointer or location, or of its nearest ancestor in the file."""
        pointer = location if isinstance(location, str) else encode(location)
        while pointer not in self.lines and pointer:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer)

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
    name = Path(path).as_posix()
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=name) from error
    if len(raw) > MAX_BYTES:
        raise InputError(f"is {len(raw)} bytes; the limit is {MAX_BYTES}", path=name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"is not UTF-8: {error.reason}", path=name, line=line) from error
    return parse(text, name)


def parse(text: str, path: str, *, first_line: int = 1) -> Document:
    """Read YAML or JSON text as `load` does.

    Args:
        text: The document.
        path: The name to use in messages.
        first_line: The line of `path` at which the text begins, for a fragment of a larger file.
    """
    loader = _Loader(text)
    try:
        _refuse_deep_nesting(text, path)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + first_line
        raise InputError(f"is not YAML: {error.problem or error}", path=path, line=line) from error
    except yaml.YAMLError as error:
        raise InputError(f"is not YAML: {error}", path=path) from error
    finally:
        loader.dispose()  # type: ignore[no-untyped-call]
    if node is None:
        raise InputError("is empty; an object was expected", path=path)
    builder = _Builder(path, first_line)
    return Document(path, builder.build(node, ()), text, builder.lines)


def _refuse_deep_nesting(text: str, path: str) -> None:
    """Refuse before composing: the C composer recurses, and a deep enough document would crash it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InputError(
                    f"is nested deeper than {MAX_DEPTH} levels", path=path, line=event.start_mark.line + 1
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Builder:
    """Turn a YAML node graph into JSON values; aliases are copied, within a budget."""

    def __init__(self, path: str, first_line: int) -> None:
        self.path = path
        self.first_line = first_line
        self.lines: dict[str, int] = {}
        self._open: set[int] = set()

    def build(self, node: yaml.Node, location: Location) -> Any:
        self.lines[encode(location)] = node.start_mark.line + self.first_line
        if len(self.lines) > MAX_NODES:
            raise self._error(f"expands to more than {MAX_NODES} values (an alias bomb?)", node)
        if len(location) > MAX_DEPTH:  # aliases can nest deeper than the text does
            raise self._error(f"is nested deeper than {MAX_DEPTH} levels", node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise self._error("an alias contains itself, which JSON cannot express", node)
        self._open.add(id(node))
        value: Any
        if isinstance(node, yaml.MappingNode):
            value = dict(self._items(node, location))
        else:
            value = [self.build(child, (*location, index)) for index, child in enumerate(node.value)]
        self._open.discard(id(node))
        return value

    def _items(self, node: yaml.MappingNode, location: Location) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
                raise self._error("a key must be plain text (merge keys and nested keys are not JSON)", key_node)
            key = key_node.value  # the text as written: the response code 200 is the key "200"
            if key in seen:
                raise self._error(f"the key {key!r} stands twice in one object", key_node)
            seen.add(key)
            yield key, self.build(value_node, (*location, key))
            self.lines[encode((*location, key))] = key_node.start_mark.line + self.first_line

    def _scalar(self, node: yaml.ScalarNode) -> str | int | float | bool | None:
        text: str = node.value
        kind = node.tag.rpartition(":")[2]
        if kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
        if kind == "float":
            number = float(text.replace(".inf", "inf").replace(".nan", "nan"))
            if math.isfinite(number):
                return number
            raise self._error(f"{text} is not a number in JSON", node)
        raise self._error(f"the tag {node.tag!r} has no meaning in JSON", node)

    def _error(self, message: str, node: yaml.Node) -> InputError:
        return InputError(message, path=self.path, line=node.start_mark.line + self.first_line)


def to_json(value: Any) -> str:
    """Write a value as the project writes JSON: two spaces, key order kept, no escapes, a final line feed."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  PyYAML's signature
        return True


def to_yaml(value: Any) -> str:
    """Write a value as YAML: key order kept, no aliases, ambiguous text such as `'16:9'` quoted."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
