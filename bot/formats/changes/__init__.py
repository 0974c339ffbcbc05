"""What merging a change does, for people and for programs."""
