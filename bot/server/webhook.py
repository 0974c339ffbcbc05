"""`POST /webhook`: verify, store, answer. All work happens later, in the worker.

Order matters: what the headers announce (size, and that there is a signature), the body, the signature, and only then
is anything of the request believed. gidgethub's own validation is not used because it accepts SHA-1 and, without a
secret, anything.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from bot.github.events import Event, MalformedEvent, parse
from bot.process import logs
from bot.process.clock import Clock
from bot.process.metrics import Metrics
from bot.queue.deliveries import Delivery, Stored, StoreUnavailable, delivery_with
from bot.server.arrivals import Arrivals, NoRoom

MAX_BYTES = 25 * 1024 * 1024  # GitHub sends no more
_BIG = 256 * 1024  # parsing more than this would hold up the event loop
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
_DELIVERY_ID = re.compile(r"[\x21-\x7e]{1,200}")
_EVENT = re.compile(r"[a-z_]{1,64}")

log = logging.getLogger(__name__)


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class Webhook:
    """The endpoint. `accept` stores (`Worker.accept`); what `taken` does not want is acknowledged and dropped."""

    secret: str = field(repr=False)
    accept: Callable[[Delivery], Awaitable[Stored]]
    taken: Callable[[Event], bool]
    clock: Clock
    metrics: Metrics
    arrivals: Arrivals = field(init=False)

    def __post_init__(self) -> None:
        self.arrivals = Arrivals(self.clock)

    async def __call__(self, request: web.Request) -> web.Response:
        event = "unknown"  # a label comes from the request only once that is verified
        with self.metrics.webhook_seconds.time():
            try:
                announced = self._announced(request)
                body = await self._body(request)
                await self._verify(announced, body)
                event, delivery = await self._parsed(request, body)
                with logs.about(delivery_id=request.headers.get("X-GitHub-Delivery")):
                    status, result = await self._keep(event, delivery)
            except _Refused as refused:
                status, result = refused.status, str(refused)
                log.warning("webhook refused", extra={"status": status, "reason": result})
        word = {202: "accepted", 200: "processed"}.get(status, "refused")
        self.metrics.deliveries.labels(event, "ignored" if result == "ignored" else word).inc()
        return web.json_response({"result": result}, status=status)

    def _announced(self, request: web.Request) -> str:
        """The signature that the body is to have, in hex. Before anything of the body is waited for."""
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _Refused(400, "the body is compressed")  # GitHub's never are; a bomb would be
        if request.content_length is not None and request.content_length > MAX_BYTES:
            raise _Refused(413, "the body is over 25 MB")
        given = request.headers.getall("X-Hub-Signature-256", [])
        match = _SIGNATURE.fullmatch(given[0]) if len(given) == 1 else None
        if match is None:
            raise _Refused(401, "there is no sha256 signature")
        return match[1]

    async def _body(self, request: web.Request) -> bytes:
        chunks, size = [], 0
        try:
            async with self.arrivals.place() as arrival:
                async for chunk in request.content.iter_chunked(64 * 1024):
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > MAX_BYTES:
                        raise _Refused(413, "the body is over 25 MB")
                    arrival.got(len(chunk))
        except TimeoutError:
            raise _Refused(400, "the body did not arrive in time") from None
        except NoRoom:
            raise _Refused(503, "too many bodies are on their way") from None
        except (asyncio.IncompleteReadError, ConnectionError, web.PayloadAccessError):
            raise _Refused(400, "the body broke off") from None
        if request.content_length is not None and size != request.content_length:
            raise _Refused(400, "the body broke off")
        return b"".join(chunks)

    async def _verify(self, announced: str, body: bytes) -> None:
        key = self.secret.encode()
        if len(body) > _BIG:
            right = await asyncio.to_thread(lambda: hmac.new(key, body, hashlib.sha256).hexdigest())
        else:
            right = hmac.new(key, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, announced):
            raise _Refused(401, "the signature is wrong")

    async def _parsed(self, request: web.Request, body: bytes) -> tuple[str, Delivery | None]:
        event = request.headers.get("X-GitHub-Event", "")
        delivery_id = request.headers.get("X-GitHub-Delivery", "")
        if not _EVENT.fullmatch(event):
            raise _Refused(400, "X-GitHub-Event is missing or malformed")
        if not _DELIVERY_ID.fullmatch(delivery_id):
            raise _Refused(400, "X-GitHub-Delivery is missing or malformed")
        if request.content_type != "application/json":
            raise _Refused(400, "the content type is not application/json")
        now = self.clock.now()
        try:
            if len(body) > _BIG:
                return event, await asyncio.to_thread(self._delivery, delivery_id, event, body, now)
            return event, self._delivery(delivery_id, event, body, now)
        except MalformedEvent as error:
            raise _Refused(400, str(error)) from None

    def _delivery(self, delivery_id: str, event: str, body: bytes, now: float) -> Delivery | None:
        parsed = parse(event, body)
        return delivery_with(parsed, delivery_id, body, now) if self.taken(parsed) else None

    async def _keep(self, event: str, delivery: Delivery | None) -> tuple[int, str]:
        if delivery is None:
            return 202, "ignored"
        try:
            stored = await self.accept(delivery)
        except StoreUnavailable as error:
            raise _Refused(503, str(error)) from None
        log.info("delivery", extra={"event": event, "lane": delivery.lane, "again": stored.already_processed})
        return (200, "already processed") if stored.already_processed else (202, "accepted")
