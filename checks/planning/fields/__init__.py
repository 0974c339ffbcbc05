"""A field that is taken out of a manifest, and the proof that nothing else changes."""
