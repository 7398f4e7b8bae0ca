"""Import the vendor document from the vendor's documentation pages.

`page` reads, `fragment` finds the OpenAPI text on a page, `check` decides whether it is whole, `merge` makes
one document of several, `render` writes that document in the vendor's own style.
"""
