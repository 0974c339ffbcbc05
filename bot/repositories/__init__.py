"""Git repositories: mirrors, listings, trees."""
