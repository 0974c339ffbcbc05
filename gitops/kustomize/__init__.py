"""Kustomizations: what they read, what brings what in, and what can be taken out."""
