"""Copy the client into somebody else's repository, check whether the copy is intact, and upgrade it.

`copy` builds the tree of a copy, `relocate` makes its imports relative, `verify` (the one module that goes into the
copy) compares it with its manifest, `upgrade` reports local edits, the impact on callers and the calls that break.
"""
