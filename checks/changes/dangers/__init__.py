"""The table of dangers: each module's `ROWS` are found by `checks.changes.table`."""
