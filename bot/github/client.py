"""Requests to GitHub's REST API: gidgethub's sans-I/O functions for the format, aiohttp for the wire.

gidgethub's own client stops short of what a server needs (limits answered by 429 or Retry-After, redirected writes,
retries, half answers), so the loop is ours. Who asks is an `Authority`: the App itself or an installation.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote, urljoin, urlsplit

import aiohttp
from gidgethub import sansio

from bot.github.errors import (
    Answer,
    BadRequest,
    RateLimited,
    ServerFault,
    Unreachable,
    error_of,
)
from bot.github.outgoing import Outgoing
from bot.github.pace import Limit, Pace, creates_content
from bot.http.bounded_body import read_at_most
from bot.http.retry import Again, Attempts, until_answered
from bot.process.clock import Clock

API_VERSION = "2022-11-28"
USER_AGENT = "argofix"
ATTEMPTS = 4
# Longer waits go back to the queue, which frees the worker for another repository.
LONGEST_WAIT = 2.0
MAX_REDIRECTS = 5
MAX_PAGES = 300
MAX_ANSWER = 64 * 2**20  # bytes; a comparison or a tree of GitHub's stays far below
TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10, sock_read=30)
_KEEPS_METHOD = (301, 302, 307, 308)  # renamed and transferred repositories answer 301 or 307

_WAITS_FOR = {
    Limit.REQUESTS: "rate limit",
    Limit.CONTENT: "the pace of comments and pull requests",
    Limit.SPREAD: "few of this hour's requests are left",
}

log = logging.getLogger(__name__)


class Authority(Protocol):
    """In whose name a request is made."""

    async def token(self, *, refused: str | None = None) -> str:
        """A valid token; `refused` is one that GitHub just answered with 401, which must not be given again."""
        ...

    @property
    def scheme(self) -> str:
        """`bearer` for the App's JWT, `token` for an installation's; an empty token sends none."""
        ...


@dataclass(frozen=True, slots=True)
class FixedToken:
    """An authority with a token that does not change; without one, nobody in particular asks."""

    value: str = field(default="", repr=False)
    scheme: str = "token"

    async def token(self, *, refused: str | None = None) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Wire:
    """What all clients of one server share. `observe(method, status, remaining, scope)` sees every answer, `held` the
    name of a limit whenever work goes back to the queue for it; `outgoing` looks through what is sent."""

    session: aiohttp.ClientSession
    base_url: str
    clock: Clock
    jitter: random.Random = field(default_factory=random.Random)
    observe: Callable[[str, int, int | None, str], None] = lambda _method, _status, _remaining, _scope: None
    outgoing: Outgoing = field(default_factory=Outgoing)
    held: Callable[[str], None] = lambda _limit: None


class GitHub:
    """One authority's access. Paths are URI templates (`/repos/{owner}/{repo}`, `{+path}` keeps slashes).

    Every method raises a `bot.github.errors.GitHubError`. A GET, PUT or DELETE is repeated after a server fault; a
    POST or PATCH only with `repeatable=True`, since GitHub may have done it before it failed to say so. A request
    that was refused by a rate limit, or never left this machine, is always repeated.
    """

    def __init__(self, wire: Wire, authority: Authority, pace: Pace, *, scope: str) -> None:
        self._wire = wire
        self._authority = authority
        self._pace = pace
        self.scope = scope  # for metrics and logs: "app", "installation/ID" or "anonymous"

    @property
    def base_url(self) -> str:
        return self._wire.base_url

    def as_sent(self, text: str) -> str:
        """A text as GitHub will get it: without what looks like a credential."""
        return self._wire.outgoing.text(text)

    def begin_run(self) -> None:
        """To be called before the first request of a piece of work. Raises `bot.github.errors.RateLimited` when so
        few of the hour's requests are left that they are spread."""
        self._give_up_if_long(self._pace.before_run(LONGEST_WAIT), "a run", Limit.SPREAD)

    async def getitem(self, path: str, /, **values: str | int) -> Any:
        return (await self.request("GET", path, values)).data

    async def getiter(
        self, path: str, values: Mapping[str, str | int] | None = None, *, key: str | None = None
    ) -> AsyncIterator[Any]:
        """Every item of every page. `key` names the array where GitHub wraps it in an object."""
        url: str | None = path
        for _ in range(MAX_PAGES):
            if url is None:
                return
            answer = await self.request("GET", url, values)
            items = answer.data.get(key) if key is not None and isinstance(answer.data, dict) else answer.data
            if not isinstance(items, list):
                raise Unreachable(f"the answer holds no list {key or ''}".rstrip(), request=f"GET {path}")
            for item in items:
                yield item
            url, values = answer.next_url, None
        if url is not None:
            about = {"request": f"GET {path}", "pages": MAX_PAGES, "scope": self.scope}
            log.warning("a list of GitHub's is longer than argofix reads; its end was left out", extra=about)

    async def post(self, path: str, data: object, /, *, repeatable: bool = False, **values: str | int) -> Any:
        return (await self.request("POST", path, values, data, repeatable=repeatable)).data

    async def patch(self, path: str, data: object, /, *, repeatable: bool = False, **values: str | int) -> Any:
        return (await self.request("PATCH", path, values, data, repeatable=repeatable)).data

    async def put(self, path: str, data: object, /, **values: str | int) -> Any:
        return (await self.request("PUT", path, values, data, repeatable=True)).data

    async def delete(self, path: str, /, **values: str | int) -> None:
        await self.request("DELETE", path, values, repeatable=True)

    async def request(
        self,
        method: str,
        path: str,
        values: Mapping[str, str | int] | None = None,
        data: object = None,
        *,
        repeatable: bool = False,
        etag: str | None = None,
    ) -> Answer:
        """One logical request: token, pacing, redirects, retries. `data` is sent as JSON; None sends no body. Limits
        that last longer than `LONGEST_WAIT` raise `bot.github.errors.RateLimited`.

        With `etag` (of an earlier answer) the status may be 304: nothing has changed, and it costs nothing.
        """
        url = sansio.format_url(path, {k: str(v) for k, v in (values or {}).items()}, base_url=self._wire.base_url)
        label = f"{method} {urlsplit(url).path}"
        _refuse_detours(label, path, *map(str, (values or {}).values()))
        # In a thread: what contributors wrote may be long.
        body = b"" if data is None else await asyncio.to_thread(self._body, urlsplit(url).path, data)
        repeatable = repeatable or method == "GET"
        refused: str | None = None

        def again(fault: ServerFault) -> Again:
            if not repeatable:
                raise fault from None
            return Again(fault)

        async def ask() -> Answer | Again:
            nonlocal refused
            await self._wait_until_open(label)
            if creates_content(method, urlsplit(url).path):
                self._give_up_if_long(await self._pace.before_content(LONGEST_WAIT), label, Limit.CONTENT)
            token = await self._authority.token(refused=refused)
            try:
                answer = await self._follow(method, url, token, body, etag)
            except aiohttp.ClientConnectorError as error:
                return Again(Unreachable(f"no connection: {error}", request=label))  # nothing was sent
            except (aiohttp.ClientError, TimeoutError) as error:
                return again(Unreachable(f"no whole answer: {type(error).__name__}", request=label))
            except Unreachable as error:
                return again(Unreachable(error.reason, status=error.status, request=label))
            if answer.status < 300 or (answer.status == 304 and etag is not None):
                self._pace.accepted()
                return answer
            wait = self._pace.refused(answer)
            if wait is not None:
                log.warning("rate limited", extra={"request": label, "scope": self.scope, "wait": wait})
                self._give_up_if_long(self._pace.closed_for, label, Limit.REQUESTS)
                return Again(ServerFault("no success after several attempts", request=label), wait=0.0)
            problem = error_of(answer, label)
            if answer.status == 401 and refused is None:
                refused = token
                return Again(problem, wait=0.0)
            if isinstance(problem, ServerFault):
                return again(problem)
            raise problem

        return await until_answered(ask, Attempts(ATTEMPTS), clock=self._wire.clock, jitter=self._wire.jitter)

    def _body(self, path: str, data: object) -> bytes:
        return json.dumps(self._wire.outgoing.body(path, data)).encode()

    async def _wait_until_open(self, label: str) -> None:
        wait = self._pace.closed_for
        self._give_up_if_long(wait, label, Limit.REQUESTS)
        if wait > 0:
            await self._wire.clock.sleep(wait)

    def _give_up_if_long(self, wait: float, label: str, limit: Limit) -> None:
        if wait > LONGEST_WAIT:
            if self._pace.hold(limit, wait):
                about = {"limit": limit.value, "scope": self.scope, "wait": round(wait, 1)}
                log.warning("work waits for a limit of GitHub's", extra=about)
            self._wire.held(limit.value)
            at = self._wire.clock.now() + wait
            raise RateLimited(_WAITS_FOR[limit], retry_at=at, delay=wait, request=label, limit=limit.value)

    async def _follow(self, method: str, url: str, token: str, body: bytes, etag: str | None) -> Answer:
        home = urlsplit(self._wire.base_url)
        for _ in range(MAX_REDIRECTS):
            if urlsplit(url)[:2] != home[:2]:
                # The token is for one server only, whoever tells us to take it elsewhere.
                raise BadRequest(f"refused to go to {urlsplit(url).netloc}")
            answer = await self._send(method, url, token, body, etag)
            location = answer.headers.get("location")
            if answer.status not in _KEEPS_METHOD or location is None or (answer.status == 302 and method != "GET"):
                return answer
            url = urljoin(url, location)
        raise BadRequest("redirected in a circle")

    async def _send(self, method: str, url: str, token: str, body: bytes, etag: str | None) -> Answer:
        # gidgethub spells both schemes; which one is the authority's to say.
        bearer = self._authority.scheme == "bearer"
        headers = sansio.create_headers(
            USER_AGENT,
            accept="application/vnd.github+json",
            jwt=token if bearer else None,
            oauth_token=None if bearer else token or None,
        )
        headers["x-github-api-version"] = API_VERSION
        if body:
            headers["content-type"] = "application/json; charset=utf-8"
        if etag is not None:
            headers["if-none-match"] = etag
        async with self._wire.session.request(
            method, url, headers=headers, data=body or None, allow_redirects=False, timeout=TIMEOUT
        ) as response:
            raw = await read_at_most(response, MAX_ANSWER)
            if raw is None:
                raise Unreachable(f"the answer is longer than {MAX_ANSWER:,} bytes", status=response.status)
            status, received = response.status, {k.lower(): v for k, v in response.headers.items()}
        remaining = received.get("x-ratelimit-remaining", "")
        self._wire.observe(method, status, int(remaining) if remaining.isdecimal() else None, self.scope)
        self._pace.answered(received)
        log.debug("request", extra={"request": f"{method} {urlsplit(url).path}", "status": status})
        return _decode(status, received, raw)


def _refuse_detours(label: str, *parts: str) -> None:
    """Raise `BadRequest` for a path or a part of one that names `.` or `..`: building the URL resolves them, and the
    token would serve for another request than the one meant."""
    if any(unquote(segment) in (".", "..") for part in parts for segment in re.split(r"[/?#\\]", part)):
        raise BadRequest("a path with `.` or `..` in it is never asked for", request=label)


def _decode(status: int, headers: Mapping[str, str], raw: bytes) -> Answer:
    if status >= 300:
        try:
            data = json.loads(raw) if raw else None
        except ValueError:
            data = None  # an HTML page of a proxy
        return Answer(status, headers, data)
    try:
        data, _limit, next_url = sansio.decipher_response(status, headers, raw)
    except ValueError:
        raise Unreachable("the answer is no JSON", status=status) from None
    return Answer(status, headers, data, next_url)
