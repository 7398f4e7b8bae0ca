"""Cross-field rules: read from the merged document, checked, and compiled into every output."""
