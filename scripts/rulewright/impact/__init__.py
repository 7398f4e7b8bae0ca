"""What a change of the vendor's document means for callers: `rulewright impact OLD NEW`."""
