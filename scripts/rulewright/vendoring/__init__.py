"""Copy the client into another repository, verify the copy, and upgrade it.

`copy` builds the tree of a copy and reports local edits, changes for callers and the calls that an upgrade would break;
`verify`, the one module that goes into the copy, compares it with its manifest.
"""
