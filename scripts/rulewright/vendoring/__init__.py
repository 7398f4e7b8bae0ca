"""Copy the client into somebody else's repository, tell whether the copy is intact, and upgrade it.

`layout` finds the packages, `relocate` makes their imports relative, `copy` builds the tree of a copy, `verify`
(the one module that goes into the copy) compares it with its manifest, `edits` shows what was changed in it,
`impact` tells what an upgrade means for callers, `affected` which calls of theirs it breaks.
"""
