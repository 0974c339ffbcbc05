"""The policy that a repository sets in its file."""
