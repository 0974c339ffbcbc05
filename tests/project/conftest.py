"""The running server of `tests/handlers`, for the tests that need all of it."""

from tests.handlers.conftest import alice, bot_, github

__all__ = ["alice", "bot_", "github"]
