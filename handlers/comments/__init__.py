"""Commands in comments: read out of a comment and found by name. The commands are in `handlers/commands/`."""
