"""The live clusters, read-only, and of Secrets the names of keys alone.

RBAC cannot tell metadata from values, so whoever may list Secrets gets values for the asking. Nobody here keeps them:
answers are bytes until `names` has taken the names out, no exception carries any part of an answer, and the client's
own logging of bodies is never reached (`connection`).
"""
