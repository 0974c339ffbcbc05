"""Why something of a cluster could not be seen. No message ever holds a part of an answer."""

from __future__ import annotations

TOO_MUCH = -1
NOT_SAID = -2


class Unseen(Exception):
    """`message` is a clause to stand behind a colon (`forbidden`); `status` the HTTP status, 0 without an answer.

    404 is the API server's word that this very object is not there; whoever else says 404 (a proxy, or the API server
    about a resource that it does not serve) gives NOT_SAID. TOO_MUCH: there is more than the limits let us read.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class NoCluster(Exception):
    """The configuration of a cluster cannot be used. The message names the context, and nothing of its content."""
