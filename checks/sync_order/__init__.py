"""In which order Applications have to be synced: it must exist, and the sync waves must not contradict it."""

# Which Application owns what decides which one goes first, and moving a resource is what mends an order.
CHECK = "argofix / ownership"
