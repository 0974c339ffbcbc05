"""What merging a change does to clusters, and how dangerous that is."""
