"""Write a merged document as text, in the style of the pages it was made of."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any, Final

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import SingleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from rulewright.errors import InputError
from rulewright.importing.merge import Addition, merge
from rulewright.openapi.document import Document, parse, to_yaml

# A round trip reads in pure Python, about 50 kB a second; above this only the values are kept, not the style.
STYLE_LIMIT: Final = 500_000
_TEXT: Final = "tag:yaml.org,2002:str"
_YAML_1_1: Final[Any] = yaml.SafeLoader("").resolve


def render(documents: Sequence[Document], additions: Sequence[Addition]) -> str:
    """Return the text of the merged document, ended by one line feed.

    Where nothing is added it is the first page's text, byte for byte. Otherwise quotes, block scalars,
    comments and indentation are kept where that gives exactly the merged values, and written anew where not.
    """
    if not additions:
        return documents[0].text
    value = merge([document.value for document in documents], additions)
    styled = _styled(documents, additions)
    return styled if styled is not None and _means(styled, value) else to_yaml(value)


def _styled(documents: Sequence[Document], additions: Sequence[Addition]) -> str | None:
    texts = [document.text for document in documents]
    if sum(map(len, texts)) > STYLE_LIMIT or any(text.lstrip().startswith("{") for text in texts):
        return None
    writer = YAML()
    writer.preserve_quotes = True
    writer.width = 1 << 20  # a plain line of the vendor's is not broken anew
    try:
        first, _, offset = load_yaml_guess_indent(texts[0], yaml=writer)
        trees = [first, *(writer.load(text) for text in texts[1:])]
        writer.indent(mapping=2, sequence=(offset or 0) + 2, offset=offset or 0)
        stream = io.StringIO()
        writer.dump(_quoted(merge(trees, additions), set()), stream)
    except (YAMLError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return None
    return stream.getvalue().rstrip("\n") + "\n"


def _quoted(value: Any, seen: set[int]) -> Any:
    """Quote plain text that a YAML 1.1 reader would take for something else, such as 16:9 (969)."""
    if type(value) is str:
        is_text = _YAML_1_1(yaml.ScalarNode, value, (True, False)) == _TEXT
        return value if is_text else SingleQuotedScalarString(value)
    if id(value) not in seen:
        seen.add(id(value))
        for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            value[key] = _quoted(value[key], seen)
    return value


def _means(text: str, value: Any) -> bool:
    """Tell whether text reads as exactly this value (1 is not 1.0 and not true)."""
    try:
        read = parse(text, "merged").value
    except InputError:
        return False
    return json.dumps(read, sort_keys=True) == json.dumps(value, sort_keys=True)
