"""The commands about rules: list them, and judge one request by them."""

from __future__ import annotations

from importlib import resources
from typing import Annotated, Any

from cyclopts import Parameter

from .. import _api as api
from .._errors import ConfigurationError
from ._command import Desk, run_command, violation_document
from ._exits import Exit
from ._fields import operation_of
from ._options import Judging, Reporting
from ._requests import RequestSchema, read_input, read_object, suggestion, unlisted_fields


def rules(*, options: Reporting | None = None) -> int:
    """Print the rules of a request; into a pipe or a file, the page of them with the values they allow together."""

    def work(desk: Desk) -> Exit:
        listed = [
            {
                "id": rule.id,
                "level": rule.level,
                "message": rule.message,
                "schema": rule.schema,
                "source": {"at": rule.source.at, "quote": rule.source.quote},
            }
            for rule in api.RULES.values()
        ]
        document = {"exit": Exit.OK.value, "rules": listed}
        # No table on a terminal: it would cut ids.
        page = resources.files(api.__name__.rpartition(".")[0]).joinpath("RULES.md")
        if desk.screen.is_terminal or not page.is_file():
            text = "\n".join(
                f"- {rule.id} ({rule.level}): {rule.message}\n  the vendor's words: {rule.source.quote}"
                for rule in api.RULES.values()
            )
        else:
            text = page.read_text(encoding="utf-8")
        desk.screen.result(text.splitlines(), document)
        return Exit.OK

    return run_command(options or Reporting(), work)


def explain(
    body: Annotated[
        str,
        Parameter(
            metavar="BODY",
            allow_leading_hyphen=True,
            help="A file with the request as JSON; '-' for standard input.",
        ),
    ],
    /,
    *,
    operation: Annotated[
        str | None,
        Parameter(
            metavar="NAME", help="What the request is for, where there are several: a command, variant or operationId."
        ),
    ] = None,
    options: Judging | None = None,
) -> int:
    """Print the rules that a request body breaks, and the nearest request that breaks none.

    Nothing is sent. The exit code is 0 for a valid request and 3 for one that would be refused.
    """
    options = options or Judging()

    def work(desk: Desk) -> Exit:
        document, kind = read_object(read_input(body), body), _kind(operation)
        try:
            found = api.violations(document, model=kind, waive=options.waive or ())
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        refused = any(options.strict or violation.level == "error" for violation in found)
        code = Exit.REFUSED if refused else Exit.OK
        unlisted = unlisted_fields(document, RequestSchema.of(kind))
        for field in unlisted:
            desk.screen.problem(f"warning: {field}")
        judged = {
            "exit": code.value,
            "valid": not refused,
            "violations": [violation_document(violation) for violation in found],
            "unlisted_fields": [field.document() for field in unlisted],
        }
        lines = ["refused" if refused else "valid"]
        for violation in found:
            first, *rest = str(violation).split("\n")
            lines += [f"{violation.level}: {first}", *rest]
            if violation.source is not None:
                lines.append(f"  the vendor's words: {violation.source.quote}")
        desk.screen.result(lines, judged)
        return code

    return run_command(options, work)


def _kind(name: str | None) -> type[Any]:
    """Return the model of an operation's request.

    Raises:
        ConfigurationError: There is no such operation, or none is named and there are several kinds of request.
    """
    kinds = {operation: kind for kind, body in api.BODIES.items() for operation in body.operations}
    known = {api.OPERATIONS[each].function.replace("_", "-"): kind for each, kind in kinds.items()}
    for value, method in (each for methods in api.VARIANTS.values() for each in methods.items()):
        if kind := kinds.get(operation_of(method).id):
            known[value] = known[method.replace("_", "-")] = kind
    if name is None and len(set(kinds.values())) == 1:
        return next(iter(kinds.values()))
    if name in kinds or name in known:
        return {**kinds, **known}[str(name)]
    names = ", ".join(sorted(known)) or "none, as no request of this API has a body of fields"
    raise ConfigurationError(f"--operation must name what the request is for: {names}{suggestion(str(name), known)}")
