"""The files that are added to what openapi-python-client wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rulewright.generate.names import Names
from rulewright.generate.operations import operations_module
from rulewright.generate.parts_modules import parameters_modules, part_modules
from rulewright.generate.rules_module import module_name, rules_module, table_module
from rulewright.generate.shapes import Shapes
from rulewright.generate.variants_module import variants_module
from rulewright.generate.waiters import waiters_module
from rulewright.rules.definition import RuledSchema
from rulewright.rules.variants import VariantSet

_TEMPLATES: Final = Path(__file__).parent / "templates"


def package_files(
    document: Any, ruled: Sequence[RuledSchema], variants: Sequence[VariantSet], names: Names
) -> dict[str, str]:
    """Return the source of each added module by its path in the package.

    Args:
        document: The merged document: its schemas without the rules written into them.
        ruled: The schemas and operations that carry rules.
        variants: Their variants.
        names: What the generator named.

    Raises:
        InputError: A rule, waiter or variant does not fit the document.
    """
    files = {
        path.relative_to(_TEMPLATES).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(_TEMPLATES.rglob("*.py"))
    }
    bodies = [schema for schema in ruled if schema.rules and schema.parameters is None]
    bodies = [schema for schema in bodies if names.has_model(schema.location)]
    for schema in bodies:
        files[f"rules/{module_name(schema, names)}.py"] = rules_module(schema, names, document)
    taken = {module_name(schema, names) for schema in bodies}
    parts = part_modules(ruled, names, taken)
    parameters = parameters_modules(ruled, document, names, taken)
    files |= {f"rules/{module}.py": source for module, source in (*parts.items(), *parameters.values())}
    modules = [*(module_name(schema, names) for schema in bodies), *parts]
    files["rules/_table.py"] = table_module(
        modules, {operation: module for operation, (module, _) in parameters.items()}, Shapes(document), names
    )
    files["operations.py"] = operations_module(document, names)
    files["waiters.py"] = waiters_module(document, names)
    files["variants.py"] = variants_module(variants, document, names)
    files["py.typed"] = ""
    return files
