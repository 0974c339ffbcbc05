"""Fixtures of `tests.deploy.manifests`."""

from tests.deploy.manifests import everything, variant

__all__ = ["everything", "variant"]
