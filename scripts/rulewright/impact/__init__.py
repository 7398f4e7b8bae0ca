"""What a change of the vendor document means for callers: `rulewright impact OLD NEW`.

`revision` reads both sides, `difference` finds what differs by the `grammar` of OpenAPI, `requests` counts what each
side accepts, the tables in `checks` turn differences into `change`s, `report` collects them, `formats` writes them.
"""
