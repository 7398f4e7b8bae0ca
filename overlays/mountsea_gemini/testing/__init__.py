"""Checks of the client against the effective document, run by `python -m` this package."""
