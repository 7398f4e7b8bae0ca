"""From the vendor document and its overlays to everything under `generated/`."""
