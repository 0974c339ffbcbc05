"""The state of a repository as a list: an issue, a text, a page."""
