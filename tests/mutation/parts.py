"""What is broken, part by part, and the tests that answer for each module."""

from __future__ import annotations

from typing import Final

PACKAGE: Final = "mountsea_gemini"
_TESTS: Final = "tests/rules"
_SANDBOX: Final = "scripts/rulewright/sandbox"
_PLAYED: Final = "tests/sandbox/test_sandbox"
_ERRORS: Final = ("tests/client/test_submit_errors.py", "tests/client/test_wait_errors.py")

PARTS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "runtime": {
        f"{PACKAGE}/_checks.py": (f"{_TESTS}/test_agreement.py", f"{_TESTS}/test_schema_checks.py"),
        f"{PACKAGE}/_rules.py": (
            f"{_TESTS}/test_engine.py",
            f"{_TESTS}/test_requests.py",
            f"{_TESTS}/test_schema_checks.py",
        ),
        f"{PACKAGE}/_values.py": (f"{_TESTS}/test_schema_checks.py",),
        f"{PACKAGE}/_violation.py": (f"{_TESTS}/test_engine.py",),
    },
    "compiler": {
        "scripts/rulewright/rules/dialect.py": (f"{_TESTS}/test_dialect.py",),
        "scripts/rulewright/rules/expression.py": (f"{_TESTS}/test_differential.py", f"{_TESTS}/test_schema_checks.py"),
        "scripts/rulewright/generate/checks.py": (f"{_TESTS}/test_schema_checks.py", f"{_TESTS}/test_parameters.py"),
        "scripts/rulewright/generate/rule_checks.py": (f"{_TESTS}/test_engine.py", f"{_TESTS}/test_parameters.py"),
    },
    "outputs": {
        "scripts/rulewright/generate/rules_page.py": (f"{_TESTS}/test_page.py",),
        "scripts/rulewright/generate/schemas.py": (f"{_TESTS}/test_schemas.py",),
        "scripts/rulewright/generate/methods.py": ("tests/regenerate/test_variant_methods.py",),
        "scripts/rulewright/generate/waiters.py": (f"{_TESTS}/test_waiters.py",),
        "scripts/rulewright/openapi/operations.py": (f"{_TESTS}/test_parameters.py",),
        "scripts/rulewright/openapi/sample.py": (f"{_TESTS}/test_samples.py", f"{_PLAYED}_samples.py"),
        "scripts/rulewright/rules/space.py": (f"{_TESTS}/test_space.py", f"{_TESTS}/test_samples.py"),
        "scripts/rulewright/rules/variants.py": (
            f"{_TESTS}/test_parameters.py",
            f"{_TESTS}/test_variants.py",
        ),
    },
    "authors": {
        "scripts/rulewright/rules/analysis.py": (f"{_TESTS}/test_analysis.py",),
        "scripts/rulewright/rules/definition.py": (
            f"{_TESTS}/test_definition.py",
            f"{_TESTS}/test_space.py",
            f"{_TESTS}/test_parameters.py",
            f"{_TESTS}/test_sources.py",
        ),
        "scripts/rulewright/rules/lint.py": (f"{_TESTS}/test_lint.py", f"{_TESTS}/test_parameters.py"),
        "scripts/rulewright/rules/sources.py": (f"{_TESTS}/test_sources.py",),
    },
    "client": {
        f"{PACKAGE}/_answers.py": ("tests/client/test_answers.py", *_ERRORS),
        f"{PACKAGE}/_exchange.py": (
            "tests/client/test_answers.py",
            "tests/client/test_bodies.py",
            "tests/client/test_submit_errors.py",
        ),
        f"{PACKAGE}/_calls.py": (
            "tests/client/test_submitting.py",
            "tests/client/test_called.py",
            "tests/client/test_calling.py",
            *_ERRORS,
        ),
        f"{PACKAGE}/_waiting.py": ("tests/client/test_pace.py", "tests/client/test_waiting.py", *_ERRORS),
    },
    "requests": {
        f"{PACKAGE}/_addresses.py": ("tests/client/test_addresses.py",),
        f"{PACKAGE}/_downloading.py": ("tests/client/test_transfers.py", "tests/client/test_downloading.py"),
        f"{PACKAGE}/_drive.py": ("tests/client/test_drive.py",),
        f"{PACKAGE}/_errors.py": ("tests/client/test_errors.py",),
        f"{PACKAGE}/_files.py": ("tests/client/test_files.py",),
        f"{PACKAGE}/_request.py": ("tests/client/test_calling.py", "tests/client/test_tasks.py"),
        f"{PACKAGE}/_secrets.py": ("tests/client/test_secrets.py",),
        f"{PACKAGE}/_settings.py": ("tests/client/test_settings.py", "tests/client/test_calling.py"),
        f"{PACKAGE}/_tasks.py": (
            "tests/client/test_tasks.py",
            "tests/client/test_submitting.py",
        ),
    },
    "server": {
        f"{_SANDBOX}/core.py": (f"{_PLAYED}_documents.py", f"{_PLAYED}_tasks.py"),
        f"{_SANDBOX}/exchange.py": (f"{_PLAYED}_control.py", f"{_PLAYED}_requests.py"),
        f"{_SANDBOX}/inputs.py": (f"{_PLAYED}_requests.py",),
        f"{_SANDBOX}/operations.py": (f"{_PLAYED}_documents.py", f"{_PLAYED}_tasks.py"),
        f"{_SANDBOX}/results.py": (f"{_PLAYED}_tasks.py", f"{_PLAYED}_files.py"),
        f"{_SANDBOX}/script.py": (f"{_PLAYED}_faults.py",),
        f"{_SANDBOX}/spec.py": (f"{_PLAYED}_documents.py", f"{_PLAYED}_tasks.py"),
        f"{_SANDBOX}/tasks.py": (f"{_PLAYED}_tasks.py",),
        f"{_SANDBOX}/validation.py": (f"{_PLAYED}_rules.py",),
    },
}
"""One run of mutmut each: the modules that are broken, and the test files that are run for each break."""

UNFIT: Final = (
    # mutmut's own stack frames break it; `test_the_frames_between_caller_and_warning_are_counted` stands in.
    f"{_TESTS}/test_engine.py::test_a_warning_points_at_the_caller",
    f"{_TESTS}/test_requests.py::test_a_warning_points_at_the_caller_of_validate_request",
    # Seconds for each mutant that no quicker test notices.
    "tests/client/test_pace.py::test_waiters_started_together_spread_their_polls",
)
"""Tests that are not run for each break."""
