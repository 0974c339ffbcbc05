"""GET requests to hosts that a repository names: guarded, bounded in bytes and time, asked again where that may help.

Redirects are followed here and not by the library, so that each host on the way is looked at, and credentials stay
with the host that they are for.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import aiohttp

from bot.fetching.faults import Unfetched, refused, transient
from bot.fetching.guard import Guard, GuardedResolver, proxy_for
from bot.http.bounded_body import read_at_most
from bot.http.retry import Again, Attempts, retry_after, until_answered
from bot.process.clock import Clock, SystemClock

ATTEMPTS = Attempts(3, base=0.5, cap=4.0)
PATIENCE = 30.0  # seconds that a host may ask us to wait; somebody waits for the check
SECONDS = 120.0  # for one answer
SILENT = 20.0  # for which a host that did not answer is not asked again, by whatever else names it
REDIRECTS = 5
_TIMEOUT = aiohttp.ClientTimeout(total=SECONDS, sock_connect=10, sock_read=30)
_SILENCE = (aiohttp.ClientConnectorError, TimeoutError)
_REDIRECT = frozenset((301, 302, 303, 307, 308))
_USER_AGENT = "argofix"


# Headers that let us in at a URL: sent to that very host, and not where it redirects to.
Authorise = Callable[[str], Mapping[str, str]]


def nobody(_url: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished exchange; header names in lower case. `url` is where it came from, after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str


@dataclass(slots=True)
class Web:
    """One for the process. Every URL must be http or https; what it names is checked at each step."""

    guard: Guard
    session: aiohttp.ClientSession
    clock: Clock = field(default_factory=SystemClock)
    jitter: random.Random = field(default_factory=random.Random)
    requests: int = 0
    observe: Callable[[str, int], None] = lambda _host, _status: None
    _silent: dict[str, tuple[float, str]] = field(default_factory=dict)  # host -> until when nobody asks it, and why
    _closed: dict[str, float] = field(default_factory=dict)  # host -> until when it asked to be left alone

    @classmethod
    def open(cls, guard: Guard, clock: Clock | None = None) -> Web:
        """Its session is to be closed (`close`). Call it where an event loop runs."""
        connector = aiohttp.TCPConnector(resolver=GuardedResolver(guard), use_dns_cache=False, limit_per_host=6)
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=_TIMEOUT,
        )
        return cls(guard, session, clock or SystemClock())

    async def close(self) -> None:
        await self.session.close()

    async def get(
        self, url: str, most: int, *, headers: Mapping[str, str] | None = None, authorise: Authorise = nobody
    ) -> Reply:
        """The answer to a GET, of `most` bytes (0: nothing of it is read). Statuses from 500 on, 408 and 429 never
        come back. Raises `Unfetched`."""
        host = urlsplit(url).netloc

        why = ""  # nobody answers there

        async def ask() -> Reply | Again:
            nonlocal why
            try:
                reply = await self._followed(url, most, headers or {}, authorise)
            except (aiohttp.InvalidURL, ValueError):
                raise Unfetched(f"{shown(url)} is no URL") from None
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                why = _why(error) if isinstance(error, _SILENCE) else ""
                return Again(transient(f"{shown(url)} gives no whole answer ({_why(error)})"))
            if reply.status == 429 or reply.status == 503:
                return self._asked_to_wait(host, url, reply)
            if reply.status == 408 or reply.status >= 500:
                return Again(transient(f"{shown(url)} answers HTTP {reply.status}"))
            return reply

        left = self._closed.get(host, 0.0) - self.clock.now()
        if left > 0:
            raise transient(f"{host} asked to be left alone for another {left:.0f} s")
        until, known = self._silent.get(host, (0.0, ""))
        if self.clock.now() < until:
            raise transient(f"{host} gave no answer a moment ago ({known})")
        try:
            return await until_answered(ask, ATTEMPTS, clock=self.clock, jitter=self.jitter)
        except Unfetched:
            if why:
                self._silent[host] = self.clock.now() + SILENT, why
            raise

    async def locate(self, url: str, headers: Mapping[str, str]) -> str:
        """Where a URL leads in the end; nothing of what is there is read. Raises `Unfetched`."""
        return (await self.get(url, 0, headers=headers)).url

    def _asked_to_wait(self, host: str, url: str, reply: Reply) -> Again:
        fault = transient(f"{shown(url)} answers HTTP {reply.status}")
        wait = retry_after(reply.headers.get("retry-after"), self.clock.now())
        if wait is not None and wait > PATIENCE:
            self._closed[host] = self.clock.now() + wait
            raise transient(f"{host} asks to be left alone for {wait:.0f} s (HTTP {reply.status})")
        return Again(fault, wait)

    async def _followed(self, url: str, most: int, headers: Mapping[str, str], authorise: Authorise) -> Reply:
        first, here = url, url
        for _ in range(REDIRECTS + 1):
            parts = _checked(here, first)
            # A literal address is connected to without being resolved; other hosts are looked at again there.
            await self.guard.addresses(parts.hostname or "", port_of(here), parts.scheme)
            sent = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity", **headers}
            if origin(here) == origin(first):
                sent |= authorise(here)
            self.requests += 1
            # Not by the library's `trust_env`, which would also send what is in a .netrc.
            proxy = proxy_for(parts.scheme, parts.hostname or "")
            async with self.session.get(here, headers=sent, allow_redirects=False, proxy=proxy) as response:
                found = {name.lower(): value for name, value in response.headers.items()}
                self.observe(parts.hostname or "", response.status)
                if response.status not in _REDIRECT or "location" not in found:
                    announced = response.content_length or 0
                    fits = not most or announced <= most
                    body = await read_at_most(response, most) if most and fits else b""
                    if body is None or not fits:
                        raise Unfetched(f"{shown(url)} has more than {most:,} bytes")
                    return Reply(response.status, found, body, here)
            try:
                after = urljoin(here, found["location"])
            except ValueError:
                raise Unfetched(f"{shown(url)} redirects to what is no URL") from None
            if here.startswith("https:") and not after.startswith("https:"):
                raise refused(f"{shown(url)} redirects from https to {shown(after)}")
            here = after
        raise Unfetched(f"{shown(url)} redirects more than {REDIRECTS} times")


def plain(reply: Reply, most: int) -> bytes:
    """The body of what is text: some servers compress what nobody asked them to. Raises `Unfetched`."""
    if reply.headers.get("content-encoding") not in ("gzip", "x-gzip") or not reply.body.startswith(b"\x1f\x8b"):
        return reply.body
    reader = zlib.decompressobj(wbits=31)
    try:
        text = reader.decompress(reply.body, most + 1)
    except zlib.error:
        raise Unfetched(f"{shown(reply.url)} says that it is compressed, and is not") from None
    if len(text) > most:
        raise Unfetched(f"{shown(reply.url)} has more than {most:,} bytes")
    return text


def _checked(url: str, first: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Unfetched(f"{shown(url)} is no URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        through = "" if url == first else f"{shown(first)} redirects to it, and "
        raise refused(f"{shown(url)} is not fetched: {through}only http and https are")
    if parts.username is not None:
        raise refused(f"{shown(url)} carries a user name or a password; credentials come from the operator")
    return parts


def origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), port_of(url)


def port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def shown(url: str) -> str:
    """The URL without what may be secret in it: credentials and query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "a URL that cannot be read"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "it takes too long"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "it breaks off"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "its certificate is not trusted"
    if isinstance(error, aiohttp.ClientConnectorError | ConnectionError):
        return "it cannot be connected to"
    return type(error).__name__
