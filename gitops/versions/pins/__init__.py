"""Where versions are written."""
