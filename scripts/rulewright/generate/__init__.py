"""The build: the vendor document, its overlays and rules in, the generated client out."""
