"""How much a cluster may cost one evaluation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Per cluster and evaluation; times in seconds, sizes in bytes.

    `objects` bounds the single objects that are read, `lists` the lists, `page` and `pages` the items and pages of
    each; `fresh` is how long credentials are used before they are loaded anew. `compared` bounds the objects that are
    compared with what a change touches, in all clusters together, and `comparing` the time that this may take.
    """

    budget: float = 20.0
    request: float = 10.0
    attempts: int = 3
    page: int = 250
    pages: int = 40
    body: int = 16 * 2**20
    lists: int = 300
    objects: int = 300
    concurrency: int = 6
    fresh: float = 600.0
    compared: int = 200
    comparing: float = 5.0
