"""Regeneration pipeline: vendor document and overlays in, generated client out."""
