"""Pages that a comment leads to, kept where the deliveries are, so that each server of several can show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

MOST_BYTES = 256 * 2**20  # of all pages together; the oldest go first


@dataclass(frozen=True, slots=True)
class Page:
    """`body` is gzipped HTML, `name` the digest of the HTML; times are in seconds since the epoch."""

    name: str
    body: bytes = field(repr=False)
    kept_at: float
    expires: float


class PageStore(Protocol):
    """Raises `bot.queue.deliveries.StoreUnavailable`."""

    async def keep_page(self, page: Page) -> None:
        """Keep a page, or have one that is kept expire later. What has expired by `page.kept_at` goes, and the oldest
        ones as far as all together take more than `MOST_BYTES`."""
        ...

    async def page(self, name: str, now: float) -> Page | None:
        """One that has not expired."""
        ...


def too_many(kept: Sequence[tuple[str, int]], most: int = MOST_BYTES) -> list[str]:
    """Which of the pages (names and sizes in bytes, the newest first) have to go."""
    left = most
    gone = []
    for name, size in kept:
        left -= size
        if left < 0:
            gone.append(name)
    return gone
