"""Pull requests of our own."""
