"""Argo CD's own installation: what would not start, has no effect, loops or is not there."""

CHECK = "argofix / argocd"
# Most changes have nothing to do with it: the check run is made where it has something to say.
QUIET = True
