"""Import the vendor document from the vendor's documentation pages.

`page` reads pages and finds the documents on them, `index` finds the pages of a site, `merge` makes one document of
several in the vendor's own style, `imported` does all of it and records where the document came from, `brought` names
what a new operation still needs.
"""
