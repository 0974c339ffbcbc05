"""The order in which to sync Applications, for people and for scripts."""
