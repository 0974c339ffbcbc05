"""What is asked for that is not in the repository, and what is answered. Nobody here fetches anything."""
