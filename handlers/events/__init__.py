"""GitHub's events."""
