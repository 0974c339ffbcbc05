"""What follows from a snapshot: owners, Secrets, order, deletions."""
