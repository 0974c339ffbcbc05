"""What GitHub shows: check runs and pull requests."""
