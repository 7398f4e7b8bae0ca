"""The runtime of a generated client: modules that `regenerate` copies verbatim into the package.

They take operations, waiters and rules as data and import only one another, so they are checked and tested here.
"""
