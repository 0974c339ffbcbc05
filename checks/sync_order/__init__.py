"""In which order Applications have to be synced: it must exist, and the sync waves must not contradict it."""

CHECK = "argofix / sync-order"
# Most changes have nothing to do with it: the check run is made where it has something to say.
QUIET = True
