"""The sub-commands of `rulewright`, one module each."""
