"""The formats of the command line's reports."""
