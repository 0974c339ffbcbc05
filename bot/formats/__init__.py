"""What people and programs read: pure functions from an evaluation to text."""
