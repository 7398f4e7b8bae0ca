"""What a change of the vendor's document means for callers: `python -m scripts.impact OLD NEW`."""
