"""How fast one installation is written to, and for how long GitHub asked it to be left alone.

Source: GitHub's "Rate limits for the REST API": so many requests an hour, told with every answer, and 80 requests a
minute and 500 an hour that create content. What GitHub tells is followed. Of what it does not tell, the limits on
content, we stay below, because people and other Apps do not share our counter. Check runs, git data and reading
create no content in that sense.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.github.errors import Answer, limit_wait
from bot.process.clock import Clock

_CONTENT = re.compile(r"/repos/[^/]+/[^/]+/(?:issues|pulls|comments)(?:/[^/]+)*")
_NOTICED = re.compile(r"/(?:comments|replies|issues|pulls|reviews|events|reactions)$")
_LOW = 0.05  # of the hour's requests; below that, runs are spread over what is left of the hour
_REQUESTS_A_RUN = 15  # a little more than a run takes; what it really took is in the next answer
_FORGOTTEN = 60.0  # seconds after which nobody has come back for a wait that is over


def creates_content(method: str, path: str) -> bool:
    """Whether a request makes a comment, reaction, issue, pull request or review, and so may notify people."""
    return method == "POST" and bool(_CONTENT.search(path) and _NOTICED.search(path))


@dataclass(frozen=True, slots=True)
class ContentLimits:
    """Requests that create content; 0: as many as anybody likes (a GitHub Enterprise Server without limits)."""

    per_minute: int = 70
    per_hour: int = 450


class Limit(StrEnum):
    """What work waits for."""

    REQUESTS = "requests"  # GitHub refused one, and said or implied until when
    CONTENT = "content"  # our own pace of comments and pull requests
    SPREAD = "spread"  # few of the hour's requests are left


@dataclass(frozen=True, slots=True)
class Held:
    """Work waits since and until then, in seconds since the epoch."""

    limit: Limit
    since: float
    until: float


class Pace:
    """Shared by every client of one installation."""

    def __init__(self, clock: Clock, content: ContentLimits = ContentLimits()) -> None:
        self._clock = clock
        self._limits = content
        self._written: deque[float] = deque()
        self._turn = asyncio.Lock()
        self._hits = 0  # rate limits in a row
        self._closed_until = 0.0
        self._quota: tuple[int, int, float] | None = None  # requests a period, those that are left, when it ends
        self._last_run = 0.0
        self._held: dict[Limit, Held] = {}

    @property
    def closed_for(self) -> float:
        """Seconds for which GitHub wants no request at all of this installation; 0 or less when it takes them."""
        return self._closed_until - self._clock.now()

    def answered(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer (`headers` with lower-case names) how many requests are left."""
        if headers.get("x-ratelimit-resource", "core") != "core":
            return
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
        values = [headers.get(name, "") for name in names]
        if all(value.isdecimal() for value in values):
            self._quota = (int(values[0]), int(values[1]), float(values[2]))

    def refused(self, answer: Answer) -> float | None:
        """Seconds until GitHub is to be asked again when `answer` is a rate limit, else None."""
        now = self._clock.now()
        known = self._closed_until > now  # requests that were on their way together hit one limit, not several
        wait = limit_wait(answer, now, max(0, self._hits - known))
        if wait is not None:
            self._hits += not known
            self._closed_until = max(self._closed_until, now + wait)
        return wait

    def accepted(self) -> None:
        """GitHub took a request."""
        self._hits = 0
        self._held.pop(Limit.REQUESTS, None)

    async def before_content(self, longest: float) -> float:
        """Wait for the turn of a request that creates content, or give back at once the seconds that it would take
        when they exceed `longest`."""
        async with self._turn:
            wait = self._content_wait()
            if wait > longest:
                return wait
            if wait > 0:
                await self._clock.sleep(wait)
            self._written.append(self._clock.now())
            self._held.pop(Limit.CONTENT, None)
            return 0.0

    def before_run(self, longest: float) -> float:
        """Seconds (more than `longest`) until another run may begin, else 0. Where much of the hour's requests is
        left, any may. Below a twentieth they come at even distances, so that the last ones are not used up by whoever
        came first; what has begun is never held up by this."""
        now = self._clock.now()
        if self._quota is not None and now < self._quota[2]:
            total, left, reset = self._quota
            if left < total * _LOW:
                runs = left // _REQUESTS_A_RUN
                wait = reset - now if runs == 0 else self._last_run + (reset - now) / runs - now
                if wait > longest:
                    return wait
        self._last_run = now
        self._held.pop(Limit.SPREAD, None)
        return 0.0

    def hold(self, limit: Limit, wait: float) -> bool:
        """Note that work goes back to the queue for so many seconds; True when none did before."""
        now, held = self._clock.now(), self._held.get(limit)
        new = held is None or not self._counts(held)
        self._held[limit] = Held(limit, now if held is None or new else held.since, now + wait)
        return new

    @property
    def held(self) -> Held | None:
        """What work waits for at present, the longest first."""
        return min((held for held in self._held.values() if self._counts(held)), key=lambda h: h.since, default=None)

    def _counts(self, held: Held) -> bool:
        # What waited may have become pointless, and then nobody comes back to tell.
        return self._clock.now() < held.until + _FORGOTTEN

    def _content_wait(self) -> float:
        """Seconds until one more is within both limits."""
        now, wait = self._clock.now(), 0.0
        while self._written and self._written[0] <= now - 3600.0:
            self._written.popleft()
        for most, seconds in ((self._limits.per_minute, 60.0), (self._limits.per_hour, 3600.0)):
            if 0 < most <= len(self._written):
                wait = max(wait, self._written[-most] + seconds - now)
        return wait
