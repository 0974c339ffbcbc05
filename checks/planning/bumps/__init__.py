"""Version bumps: which version to offer, what to edit for it, and the proof that nothing else changes."""
