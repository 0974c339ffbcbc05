"""`GET /pages/NAME`: what is too long for a comment, for whoever was given the address.

The address is signed and expires, and nothing leads to a page but its address: it is as private as the pull request
whose comment holds it. A page may show names and manifests of a private repository, so that nobody keeps a copy on
the way, no other page frames it, and no address of it leaves the browser with a link.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import math
import re
from dataclasses import dataclass, field

from aiohttp import web

from bot.process.clock import Clock
from bot.queue.deliveries import StoreUnavailable
from bot.queue.pages import Page, PageStore

PATH = "/pages/{name}"
KEPT = 30 * 24 * 3600.0  # seconds for which an address is good, at least
# Expiry is a multiple of this, so that a page keeps its address for a while and a comment need not be written again.
_STEP = 7 * 24 * 3600.0

_NAME = re.compile(r"[0-9a-f]{64}")
_EXPIRES = re.compile(r"[1-9][0-9]{0,11}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True, slots=True)
class Pages:
    """`public_url` is where browsers reach this server (ARGOFIX_PUBLIC_URL; '' for nowhere: then there are no pages).
    Servers that share a database share the `secret` too, so that each knows the others' addresses."""

    store: PageStore
    secret: str = field(repr=False)
    public_url: str
    clock: Clock

    async def publish(self, html: str) -> str | None:
        """The address of a page that shows this; None where browsers do not reach the server. Raises
        `bot.queue.deliveries.StoreUnavailable`."""
        if not self.public_url:
            return None
        name, body = await asyncio.to_thread(_packed, html)
        now = self.clock.now()
        expires = math.ceil((now + KEPT) / _STEP) * int(_STEP)
        await self.store.keep_page(Page(name, body, now, float(expires)))
        return f"{self.public_url}/pages/{name}?expires={expires}&signature={self._signature(name, str(expires))}"

    async def __call__(self, request: web.Request) -> web.Response:
        name, query = request.match_info["name"], request.query
        expires, signature = query.get("expires", ""), query.get("signature", "")
        formed = _NAME.fullmatch(name) and _EXPIRES.fullmatch(expires) and _SIGNATURE.fullmatch(signature)
        # Whether there is such a page is told to nobody who was not given its address.
        if not formed or not hmac.compare_digest(signature, self._signature(name, expires)):
            return _told(404, "There is no such page. The address has to be whole, as the comment has it.")
        now = self.clock.now()
        if int(expires) <= now:
            return _told(410, "This address has expired. A new check of the pull request gives a new one.")
        try:
            page = await self.store.page(name, now)
        except StoreUnavailable:
            return _told(503, "The database does not answer now. Try again in a minute.")
        if page is None:
            return _told(410, "This page is no longer kept. A new check of the pull request makes a new one.")
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        body = page.body if packed else await asyncio.to_thread(gzip.decompress, page.body)
        headers = {**_HEADERS, "Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if packed else {})
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    def _signature(self, name: str, expires: str) -> str:
        # Not the webhook's secret itself: what signs addresses must not sign deliveries.
        key = hmac.digest(self.secret.encode(), b"argofix: addresses of pages", "sha256")
        return hmac.new(key, f"{name} {expires}".encode(), hashlib.sha256).hexdigest()


def _packed(html: str) -> tuple[str, bytes]:
    text = html.encode("utf-8", "replace")
    return hashlib.sha256(text).hexdigest(), gzip.compress(text, 6, mtime=0)


def _told(status: int, sentence: str) -> web.Response:
    return web.Response(text=sentence + "\n", status=status, headers=_HEADERS)
