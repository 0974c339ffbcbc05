"""Random histories of a repository: people, a merge queue, kills and faults, and what must be true of the gate."""
