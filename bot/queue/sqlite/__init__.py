"""The store of one server, in a file."""
