"""The names openapi-python-client chose, as it reports them itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rulewright.errors import InputError
from rulewright.openapi.pointer import Location, encode


@dataclass(frozen=True)
class FieldName:
    """One property of a model: the attribute that holds it, its Python type, and the model it nests."""

    attribute: str
    type: str
    model: str | None


@dataclass(frozen=True)
class ModelName:
    """One generated model class: its module under `models`, and its fields by JSON name; it holds others, too."""

    name: str
    module: str
    roots: tuple[str, ...]
    fields: Mapping[str, FieldName]


@dataclass(frozen=True)
class OperationName:
    """One generated endpoint.

    Args:
        module: Its module, relative to the package.
        method: The HTTP method, lower case.
        path: The path template.
        arguments: The keyword of each parameter, by place and name (`query:limit`).
        types: The Python type of each parameter and whether it is required.
        answer: The Python type of what a success is answered with.
        bodies: The class of each body by content type.
        body: The Python type of the body.
    """

    module: str
    method: str
    path: str
    arguments: Mapping[str, str]
    types: Mapping[str, tuple[str, bool]]
    answer: str
    bodies: Mapping[str, str | None]
    body: str = "Any"


@dataclass(frozen=True)
class Names:
    """Everything the generator named."""

    models: Mapping[str, ModelName]
    enums: frozenset[str]
    operations: tuple[OperationName, ...]
    without: frozenset[tuple[str, str]] = frozenset()

    def lacks(self, method: str, path: str) -> bool:
        """Return whether the client lacks an operation, which the project has accepted."""
        return (method, path) in self.without

    def has_model(self, location: Location) -> bool:
        """Return whether the generator made a class of a schema."""
        return self._model(location) is not None

    def model_at(self, location: Location) -> ModelName:
        """Return the class generated for a component schema, or for one written into a request body.

        Raises:
            InputError: The generator made no class of it.
        """
        model = self._model(location)
        if model is None:
            raise InputError(
                "carries rules or variants, but the generator made no class of it; it makes one of each object under "
                "components/schemas, and of one that stands in the requestBody of an operation itself",
                pointer=encode(location),
            )
        return model

    def _model(self, location: Location) -> ModelName | None:
        pointer = encode(location)
        found = self._by_root.get(pointer)
        match location:
            case ("paths", path, method, "requestBody", "content", content, "schema"):
                made = self._by_path.get((str(method), _anonymous(str(path))))
                found = self.models.get(made.bodies.get(str(content)) or "") if made else None
        return found

    def operation(self, method: str, path: str) -> OperationName:
        """Return the endpoint generated for a method and a path template."""
        wanted = (method, _anonymous(path))
        if wanted not in self._by_path:
            raise InputError(f"the generator made no endpoint of {method.upper()} {path}")
        return self._by_path[wanted]

    @cached_property
    def _by_root(self) -> Mapping[str, ModelName]:
        models = reversed([*self.models.values()])  # the first that has a root is the one
        return {root: model for model in models for root in model.roots}

    @cached_property
    def _by_path(self) -> Mapping[tuple[str, str], OperationName]:
        return {(each.method, _anonymous(each.path)): each for each in reversed(self.operations)}


def read_names(report: Mapping[str, Any], without: frozenset[tuple[str, str]] = frozenset()) -> Names:
    """Return the names from the report of the generator's process.

    Args:
        report: The report.
        without: Method and path of each operation that it left out with the project's consent.
    """
    return Names(
        models={
            name: ModelName(
                name,
                model["module"],
                tuple(model["roots"]),
                {key: FieldName(**entry) for key, entry in model["fields"].items()},
            )
            for name, model in report["models"].items()
        },
        enums=frozenset(report["enums"]),
        operations=tuple(OperationName(**entry) for entry in report["operations"]),
        without=without,
    )


def _anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)
