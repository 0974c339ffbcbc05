"""Finding the Applications of one commit, and what each of them renders."""
