"""Small pieces of writing that several formats share."""
