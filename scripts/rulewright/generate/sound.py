"""Refuse a generated package that Python could not load, whatever names the document made the generator choose."""

from __future__ import annotations

import unicodedata
import warnings
from pathlib import PurePosixPath

from rulewright.errors import InputError
from rulewright.generate.tree import Tree


def check_sound(tree: Tree) -> None:
    """Compile every module, and look at the names of the files.

    Args:
        tree: The package.

    Raises:
        InputError: A module is not Python, or is named so that Python or a file system takes it for another.
    """
    seen: dict[str, str] = {}
    for path, content in tree.items():
        first = seen.setdefault(path.casefold(), path)
        if first != path:
            raise _error(f"{first} and {path} differ in case only, which some file systems do not keep apart")
        if not path.endswith(".py"):
            continue
        for name in PurePosixPath(path).with_suffix("").parts:
            read = unicodedata.normalize("NFKC", name)
            if read != name or not name.isidentifier():
                raise _error(f"the module {path} cannot be imported: Python reads {name!r} as {read!r}")
        _compile(path, content)


def _compile(path: str, content: bytes) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(content, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
        raise _error(f"{path}{line} is not Python: {getattr(error, 'msg', error)}") from error


def _error(message: str) -> InputError:
    return InputError(f"a name in the document makes an unusable module; give it another in an overlay\n  {message}")
