"""Why something of a cluster could not be seen. No message ever holds a part of an answer."""

from __future__ import annotations


class Unseen(Exception):
    """`message` is a clause to stand behind a colon (`forbidden`); `status` the HTTP status, 0 without."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class NoCluster(Exception):
    """The configuration of a cluster cannot be used. The message names the context, and nothing of its content."""
