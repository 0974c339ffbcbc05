"""Documents that may change at their URL: asked for again with the ETag that they had, kept by digest."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.fetching.faults import Unfetched
from bot.fetching.store import Store
from bot.fetching.web import Authorise, Web, nobody, plain, shown


@dataclass(frozen=True, slots=True)
class Kept:
    web: Web
    store: Store

    async def get(self, url: str, most: int, authorise: Authorise = nobody) -> bytes:
        """The content, of `most` bytes. Raises `Unfetched`."""
        name = f"url {url}"
        facts = await asyncio.to_thread(self.store.known, name) or {}
        content = await asyncio.to_thread(self.store.get, str(facts.get("digest"))) if facts.get("etag") else None
        headers = {} if content is None else {"If-None-Match": str(facts["etag"])}
        reply = await self.web.get(url, most, headers=headers, authorise=authorise)
        if reply.status == 304 and content is not None:
            return content
        if reply.status in (401, 403):
            raise Unfetched(f"{shown(url)} does not let us in (HTTP {reply.status})")
        if reply.status != 200:
            raise Unfetched(f"{shown(url)} answers HTTP {reply.status}")
        content = await asyncio.to_thread(plain, reply, most)
        digest = await asyncio.to_thread(self.store.put, content)
        await asyncio.to_thread(self.store.note, name, {"digest": digest, "etag": reply.headers.get("etag", "")})
        return content

    async def at_hand(self, url: str) -> bytes | None:
        """What was answered the last time, as far as it is still kept."""
        facts = await asyncio.to_thread(self.store.known, f"url {url}")
        return None if facts is None else await asyncio.to_thread(self.store.get, str(facts.get("digest")))
