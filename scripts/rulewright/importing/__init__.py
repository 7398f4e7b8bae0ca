"""Import the vendor document from the vendor's documentation pages.

`page` reads pages, the indexes of sites, and the documents on them, `merge` makes one document of several, `imported`
does all of it, records where the document came from, and names what a new operation still needs.
"""
