"""Contract checks: client, compiled rules, server and effective document held to each other, case by case.

Everything is derived from the effective document; nothing here knows an API by name. pytest runs the checks
(`suite`, with `plugin`), schemathesis generates requests and validates answers. The client is an argument: nothing
here imports one before a run names it.
"""
