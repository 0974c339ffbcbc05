"""Why something cannot be fetched, as one sentence for people."""

from __future__ import annotations


class Unfetched(Exception):
    """The message is a sentence without a full stop that names the thing. `transient`: the next attempt may go
    otherwise. `refused`: nobody was asked, because nobody allowed it."""

    def __init__(self, reason: str, *, transient: bool = False, refused: bool = False) -> None:
        super().__init__(reason)
        self.transient = transient
        self.refused = refused


def refused(reason: str) -> Unfetched:
    return Unfetched(reason, refused=True)


def transient(reason: str) -> Unfetched:
    return Unfetched(reason, transient=True)
