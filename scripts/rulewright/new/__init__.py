"""Make a project for another vendor's document: the same layout, and the pipeline as one requirement.

`name` judges the name of the package, `layer` finds the client layer and gives it that name, `pipeline` says what
the new project requires, `scaffold` puts the files together, `create` regenerates and moves the whole into place.
"""
