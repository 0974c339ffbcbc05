"""Helm charts and Jsonnet: what of the repository they read, what is asked of the engine, what its answers mean."""
