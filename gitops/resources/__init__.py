"""What a rendered resource is, and what is rendered."""
