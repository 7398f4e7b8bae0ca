"""Make a package's imports of itself and of the package put into it relative, and change nothing else."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping

import libcst
from libcst.helpers import get_full_name_for_node

from rulewright.errors import InputError


@functools.lru_cache(maxsize=1024)  # a copy is built again whenever one is compared with the project
def relocated(source: bytes, path: str, package: str, inner: str) -> bytes:
    """Return a module's source with every import of two packages made relative.

    Args:
        source: The module, UTF-8.
        path: Its place in the hand-written package, with slashes.
        package: Import name of the hand-written package.
        inner: Import name of the generated package, which the copy holds inside the other.

    Raises:
        InputError: The module reaches a package in a way that no relative import can express.
    """
    if not any(name.encode() in source for name in (package, inner)):
        return source  # most modules; their bytes are not even read
    module = libcst.parse_module(source)
    result = module.visit(_Relative(path, package, inner)).bytes
    if found := next(_left(ast.parse(result), package, inner), None):
        line, what = found
        message = f"{what} names a package by its place in this project; a copy stands elsewhere: import it"
        raise InputError(message, path=f"{package}/{path}", line=line)
    return result


class _Relative(libcst.CSTTransformer):
    """Rewrites `import inner` and `from inner.x import y`, and the same of the package itself."""

    def __init__(self, path: str, package: str, inner: str) -> None:
        super().__init__()
        self._dots = path.count("/") + 1
        self._package = package
        self._inner = inner

    def leave_ImportFrom(  # noqa: N802  libcst's name
        self, original_node: libcst.ImportFrom, updated_node: libcst.ImportFrom
    ) -> libcst.ImportFrom:
        """Turn `from inner.x import y` into `from ..inner.x import y`."""
        name = get_full_name_for_node(original_node.module) if original_node.module else None
        if original_node.relative or name is None:
            return updated_node
        root, _, rest = name.partition(".")
        if root not in {self._package, self._inner}:
            return updated_node
        target = name if root == self._inner else rest
        return updated_node.with_changes(
            relative=[libcst.Dot()] * self._dots,
            module=libcst.parse_expression(target) if target else None,
            whitespace_after_from=libcst.SimpleWhitespace(" "),
        )

    def leave_SimpleStatementLine(  # noqa: N802
        self,
        original_node: libcst.SimpleStatementLine,  # noqa: ARG002  libcst calls it so
        updated_node: libcst.SimpleStatementLine,
    ) -> libcst.SimpleStatementLine:
        """Turn `import inner` and `import inner as x` into `from .. import inner`."""
        return updated_node.with_changes(body=[self._imported(statement) for statement in updated_node.body])

    def _imported(self, statement: libcst.BaseSmallStatement) -> libcst.BaseSmallStatement:
        if not isinstance(statement, libcst.Import) or len(statement.names) != 1:
            return statement  # what it leaves is refused afterwards
        alias = statement.names[0]
        if get_full_name_for_node(alias.name) != self._inner:
            return statement
        return libcst.ImportFrom(
            module=None, names=[alias], relative=[libcst.Dot()] * self._dots, semicolon=statement.semicolon
        )


def renamed(source: bytes, path: str, roots: Mapping[str, str]) -> bytes:
    """Return a module's source with packages imported by other names, and nothing else changed.

    Args:
        source: The module, UTF-8.
        path: Its place in its package, with slashes.
        roots: The new import name of each package, by its old one.

    Raises:
        InputError: The module names a package otherwise than by an import.
    """
    if not any(name.encode() in source for name in roots):
        return source
    result = libcst.parse_module(source).visit(_Renamed(roots)).bytes
    for old in roots:
        if found := next(_left(ast.parse(result), old, old), None):
            line, what = found
            raise InputError(f"{what} names a package otherwise than by an import", path=path, line=line)
    return result


class _Renamed(libcst.CSTTransformer):
    """Rewrites the first name of every absolute import."""

    def __init__(self, roots: Mapping[str, str]) -> None:
        super().__init__()
        self._roots = roots

    def leave_ImportFrom(  # noqa: N802
        self, original_node: libcst.ImportFrom, updated_node: libcst.ImportFrom
    ) -> libcst.ImportFrom:
        """Turn `from old.x import y` into `from new.x import y`."""
        name = get_full_name_for_node(original_node.module) if original_node.module else None
        if original_node.relative or name is None or name.partition(".")[0] not in self._roots:
            return updated_node
        return updated_node.with_changes(module=self._name(name))

    def leave_ImportAlias(  # noqa: N802
        self, original_node: libcst.ImportAlias, updated_node: libcst.ImportAlias
    ) -> libcst.ImportAlias:
        """Turn `import old.x as y` into `import new.x as y`; what `from ... import` lists is not of a root."""
        name = get_full_name_for_node(original_node.name)
        if name is None or name.partition(".")[0] not in self._roots:
            return updated_node
        return updated_node.with_changes(name=self._name(name))

    def _name(self, name: str) -> libcst.BaseExpression:
        root, dot, rest = name.partition(".")
        return libcst.parse_expression(self._roots[root] + dot + rest)


def _left(tree: ast.Module, package: str, inner: str) -> Iterator[tuple[int, str]]:
    """Yield what still names a package absolutely: an import, or a dotted name as text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.startswith(f"{inner}.") and node.value.replace(".", "").isidentifier():
                yield node.lineno, repr(node.value)[:60]
            continue
        else:
            continue
        for name in names:
            if name.partition(".")[0] in {package, inner}:
                yield node.lineno, f"import {name}"
