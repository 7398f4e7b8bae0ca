"""Import the vendor document from the vendor's documentation pages.

`page` reads, `fragment` finds the OpenAPI text on a page, `merge` makes one document of several in the vendor's own
style, `imported` does all of it and records where the document came from.
"""
