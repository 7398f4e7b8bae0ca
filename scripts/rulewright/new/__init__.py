"""Make a project for another vendor's document: the same layout, and the tool as one requirement.

`inputs` checks the package name and finds the requirement, `part` chooses the operations, `create` puts the files
together, regenerates and moves the whole into place.
"""
