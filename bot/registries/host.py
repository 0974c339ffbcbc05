"""GET requests to one registry: bounded in bytes and time, asked again where that may help, left alone when it says
so."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.http.bounded_body import read_at_most
from bot.http.retry import LONGEST, Again, Attempts, retry_after, until_answered
from bot.process.clock import Clock, backoff
from bot.registries.cache import AnswerCache
from bot.registries.faults import SourceFault

ATTEMPTS = 3
LARGEST = 8 * 2**20  # bytes of one answer; a page of 100 tags has about 40,000
TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10, sock_read=20)
_FIRST_PAUSE = 60.0
_REDIRECTS = 3
_USER_AGENT = "argofix"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished exchange; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Host:
    """`source` names it in faults. `observe(source, status)` sees every answer; `largest` bounds it, in bytes."""

    session: aiohttp.ClientSession
    base_url: str
    source: str
    clock: Clock
    cache: AnswerCache
    observe: Callable[[str, int], None] = lambda _source, _status: None
    jitter: random.Random = field(default_factory=random.Random)
    largest: int = LARGEST
    _closed_until: float = 0.0  # seconds since the epoch
    _failures: int = 0  # in a row

    async def json(self, path: str, reduce: Callable[[Any], Any]) -> Any:
        """What `reduce` makes of the JSON at `path` (which may carry a query); see `read`."""
        return await self.read(path, "application/json", self._json, reduce)

    async def read(self, path: str, accept: str, parse: Callable[[Reply], Any], reduce: Callable[[Any], Any]) -> Any:
        """What `reduce` makes of what `parse` (run in a thread) makes of the answer. What `reduce` gives must be
        JSON, and it must take that, too.

        A conditional request where the host gave an ETag before. Both raise `SourceFault` for what cannot be.
        """
        url = self.base_url + path
        kept = self.cache.get(url)
        headers = {"Accept": accept} | ({"If-None-Match": kept.etag} if kept else {})
        reply = await self.exchange("GET", path, headers)
        if reply.status == 304 and kept is not None:
            return reduce(kept.data)
        if reply.status != 200:
            raise self.fault("refused", f"{url} answers HTTP {reply.status}")
        result = reduce(await asyncio.to_thread(parse, reply))
        etag = reply.headers.get("etag")
        if etag:
            self.cache.put(url, etag, result)
        return result

    def _json(self, reply: Reply) -> Any:
        kind = reply.content_type
        if kind != "application/json":
            raise self.fault("not-json", f"{self._name} answers with {kind or 'no content type'}, not with JSON")
        try:
            return json.loads(reply.body.decode("utf-8"))
        except (ValueError, RecursionError):
            raise self.fault("not-json", f"{self._name} answers with what is not JSON, though it says so") from None

    async def exchange(self, method: str, path: str, headers: Mapping[str, str]) -> Reply:
        """One request, asked again after a fault of the network or the server. Statuses from 500 on and 429 never
        come back: they raise `SourceFault`, and the host is left alone for a while."""
        url = self.base_url + path
        wait = self._closed_until - self.clock.now()
        if wait > 0:
            raise self.fault("limited", f"{self._name} is left alone for another {wait:.0f} s")
        trouble: SourceFault | None = None

        def again(message: str) -> Again:
            nonlocal trouble
            trouble = self.fault("unreachable", message)
            return Again(trouble)

        async def ask() -> Reply | Again:
            try:
                reply = await self._send(method, url, headers)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                return again(f"{self._name} gives no whole answer ({type(error).__name__})")
            if reply is None:
                raise self.fault("too-much", f"{url} answers with more than {self.largest:,} bytes")
            self.observe(self.source, reply.status)
            asked = retry_after(reply.headers.get("retry-after"), self.clock.now())
            if reply.status == 429:
                self._close(asked)
                raise self.fault("limited", f"{self._name} says that it is asked too often (HTTP 429)")
            if reply.status < 500:
                self._failures = 0
                return reply
            if asked is not None:
                self._close(asked)
                raise self.fault("unreachable", f"{self._name} has an error (HTTP {reply.status})")
            return again(f"{self._name} has an error (HTTP {reply.status})")

        try:
            return await until_answered(ask, Attempts(ATTEMPTS), clock=self.clock, jitter=self.jitter)
        except SourceFault as fault:
            if fault is trouble:
                self._close(None)
            raise

    def fault(self, kind: str, message: str) -> SourceFault:
        return SourceFault(self.source, kind, message)

    @property
    def _name(self) -> str:
        return urlsplit(self.base_url).netloc

    def _close(self, asked: float | None) -> None:
        """Leave the host alone: as long as it asked, else longer with every failure."""
        self._failures += 1
        pause = backoff(self._failures, base=2 * _FIRST_PAUSE, cap=LONGEST, jitter=self.jitter)
        if asked is not None:
            pause = min(LONGEST, max(1.0, asked) + self.jitter.uniform(0, 5))
        self._closed_until = self.clock.now() + pause
        log.warning("a registry is left alone", extra={"host": self._name, "wait": round(pause, 1)})

    async def _send(self, method: str, url: str, headers: Mapping[str, str]) -> Reply | None:
        """None when the answer is too long."""
        async with self.session.request(
            method,
            url,
            headers={"User-Agent": _USER_AGENT, **headers},
            timeout=TIMEOUT,
            max_redirects=_REDIRECTS,
        ) as response:
            body = await read_at_most(response, self.largest)
            found = {name.lower(): value for name, value in response.headers.items()}
            return None if body is None else Reply(response.status, found, body)
