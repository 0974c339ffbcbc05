"""What a commit is found to be: what the rules find, what could not be looked at, and a report for each check run."""
