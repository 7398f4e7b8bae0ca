"""The checks, as a pytest suite; `rulewright contract` runs it."""
