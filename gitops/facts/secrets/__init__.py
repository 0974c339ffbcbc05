"""Secrets and ConfigMaps: who references which key, and who provides it. Key names only, never a value."""
