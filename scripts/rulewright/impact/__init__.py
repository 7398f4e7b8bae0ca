"""What a change of the vendor document means for callers: `rulewright impact OLD NEW`.

`revision` reads both sides, `normal` writes them in one form, `difference` finds what differs, `requests` counts what
each side accepts, the tables in `checks` turn differences into `change`s, `report` collects them, `formats` writes them.
"""
