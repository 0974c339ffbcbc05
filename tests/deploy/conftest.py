"""Fixtures of `tests.deploy.manifests`, and the server beside a simulated GitHub."""

from tests.deploy.manifests import everything, variant
from tests.handlers.conftest import alice, bot_, github

__all__ = ["alice", "bot_", "everything", "github", "variant"]
