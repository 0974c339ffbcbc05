"""Documents that may change at their URL: asked for again with the ETag that they had, kept by digest."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bot.fetching.faults import Unfetched
from bot.fetching.once import Once
from bot.fetching.store import Store
from bot.fetching.web import Authorise, Web, nobody, plain, shown
from gitops.outside.ranges import is_exact

DAY = 86_400.0
_COMMIT = re.compile(r"[0-9a-f]{40}")


def settled(url: str) -> float:
    """Seconds for which what is at a URL is taken not to change: a version in it is a tag or a release, which
    somebody could move, and a commit stands for itself."""
    parts = urlsplit(url).path.split("/")
    if any(_COMMIT.fullmatch(part) for part in parts):
        return math.inf
    return DAY if any(is_exact(part) for part in parts) else 0.0


def age(facts: Mapping[str, Any], now: float) -> float:
    """Seconds since that was noted."""
    at = facts.get("at")
    return now - at if isinstance(at, int | float) and at <= now else math.inf


@dataclass(frozen=True, slots=True)
class Kept:
    web: Web
    store: Store
    once: Once[bytes] = field(default_factory=Once)

    async def get(self, url: str, most: int, authorise: Authorise = nobody, settled: float = 0.0) -> bytes:
        """The content, of `most` bytes. What is here and not older than `settled` seconds is not asked for again.
        Raises `Unfetched`."""
        return await self.once.do(url, lambda: self._get(url, most, authorise, settled))

    async def _get(self, url: str, most: int, authorise: Authorise, settled: float) -> bytes:
        name, now = f"url {url}", self.web.clock.now()
        facts = await asyncio.to_thread(self.store.known, name) or {}
        content = await asyncio.to_thread(self.store.get, str(facts.get("digest"))) if facts else None
        if content is not None and age(facts, now) < settled:
            return content
        headers = {"If-None-Match": str(facts["etag"])} if content is not None and facts.get("etag") else {}
        reply = await self.web.get(url, most, headers=headers, authorise=authorise)
        if reply.status == 304 and content is not None:
            return content
        if reply.status in (401, 403):
            raise Unfetched(f"{shown(url)} does not let us in (HTTP {reply.status})")
        if reply.status != 200:
            raise Unfetched(f"{shown(url)} answers HTTP {reply.status}")
        content = await asyncio.to_thread(plain, reply, most)
        digest = await asyncio.to_thread(self.store.put, content)
        await asyncio.to_thread(
            self.store.note, name, {"digest": digest, "etag": reply.headers.get("etag", ""), "at": now}
        )
        return content

    async def at_hand(self, url: str) -> bytes | None:
        """What was answered the last time, as far as it is still kept."""
        facts = await asyncio.to_thread(self.store.known, f"url {url}")
        return None if facts is None else await asyncio.to_thread(self.store.get, str(facts.get("digest")))
