"""What argofix prints of two repositories, in every format, word for word.

`python -m tests.golden` writes the files below `printed/` anew; look at what changes in them before committing it.
"""
