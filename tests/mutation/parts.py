"""What is broken, part by part, and the tests that answer for each module."""

from __future__ import annotations

from typing import Final

PACKAGE: Final = "mountsea_gemini_api"
CLIENT: Final = "mountsea_gemini"
_RULES: Final = f"{PACKAGE}/rules"
_TESTS: Final = "tests/rules"

PARTS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "runtime": {
        f"{_RULES}/__init__.py": (f"{_TESTS}/test_expected.py", f"{_TESTS}/test_engine.py"),
        f"{_RULES}/_engine.py": (f"{_TESTS}/test_engine.py", f"{_TESTS}/test_record.py"),
        f"{_RULES}/_nearest.py": (f"{_TESTS}/test_engine.py",),
        f"{_RULES}/_record.py": (f"{_TESTS}/test_record.py",),
        f"{_RULES}/_shape.py": (f"{_TESTS}/test_shape.py",),
        f"{_RULES}/_values.py": (f"{_TESTS}/test_shape.py",),
        f"{_RULES}/_violation.py": (f"{_TESTS}/test_engine.py", f"{_TESTS}/test_record.py"),
        f"{_RULES}/video_generation_dto.py": (f"{_TESTS}/test_expected.py", f"{_TESTS}/test_glance.py"),
    },
    "compiler": {
        "scripts/rules/breach.py": (f"{_TESTS}/test_reading.py",),
        "scripts/rules/dialect.py": (f"{_TESTS}/test_dialect.py",),
        "scripts/rules/expression.py": (f"{_TESTS}/test_reading.py", f"{_TESTS}/test_glance.py"),
        "scripts/rules/pattern.py": (f"{_TESTS}/test_dialect.py",),
        "scripts/emit/glance.py": (f"{_TESTS}/test_glance.py", f"{_TESTS}/test_module.py"),
        "scripts/emit/rules_module.py": (f"{_TESTS}/test_module.py",),
    },
    "outputs": {
        "scripts/rules/disjoint.py": ("tests/contract/test_disjoint.py",),
        "scripts/rules/domain.py": (f"{_TESTS}/test_domain.py",),
        "scripts/rules/effective.py": (f"{_TESTS}/test_domain.py",),
        "scripts/rules/space.py": (f"{_TESTS}/test_space.py",),
        "scripts/rules/variants.py": (f"{_TESTS}/test_variants.py",),
        "scripts/rules/verdict.py": (f"{_TESTS}/test_space.py",),
    },
    "client": {
        f"{CLIENT}/_answers.py": ("tests/client/test_waiting.py", "tests/client/test_submitting.py"),
        f"{CLIENT}/_exchange.py": ("tests/client/test_waiting.py", "tests/client/test_submitting.py"),
        f"{CLIENT}/_retry_after.py": ("tests/client/test_waiting.py", "tests/client/test_submitting.py"),
        f"{CLIENT}/_submitting.py": ("tests/client/test_submitting.py",),
        f"{CLIENT}/_waiting.py": ("tests/client/test_waiting.py",),
    },
}
"""One run of mutmut each: the modules that are broken, and the test files that are run for each break."""

UNFIT: Final = (f"{_TESTS}/test_engine.py::test_a_warning_points_at_the_caller",)
"""Tests that mutmut's own stack frames break; `test_the_frames_between_caller_and_warning_are_counted` stands in."""
