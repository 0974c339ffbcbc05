"""Asking again: one loop and one reading of `Retry-After` for every host. What may be asked again is for each to
say."""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeVar

from bot.process.clock import Clock, backoff

# Seconds that a host is left alone at most, whatever it asks for: it is asked again after that, and may say so again.
LONGEST = 3600.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Again:
    """What one attempt gives when another one may go better. `error` is raised where there is none; `wait` are
    seconds that somebody said, else those of the back-off."""

    error: Exception
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often something is tried in all, and the seconds of `bot.process.clock.backoff` in between."""

    most: int
    base: float = 1.0
    cap: float = 15.0


async def until_answered(
    ask: Callable[[], Awaitable[T | Again]],
    attempts: Attempts,
    *,
    clock: Clock,
    jitter: random.Random,
    left: Callable[[], float] = lambda: math.inf,
) -> T:
    """What `ask` gives in the end. It raises what had better not be tried again. No wait is longer than the seconds
    that are `left`."""
    attempt = 1
    while True:
        answer = await ask()
        if not isinstance(answer, Again):
            return answer
        wait = answer.wait
        if wait is None:
            wait = backoff(attempt, base=attempts.base, cap=attempts.cap, jitter=jitter)
        if attempt >= attempts.most or wait >= left():
            raise answer.error
        if wait > 0:
            await clock.sleep(wait)
        attempt += 1


def retry_after(text: str | None, now: float) -> float | None:
    """Seconds, from 0 to `LONGEST`, that a `Retry-After` asks for: so many, or until a date (`now` is in seconds
    since the epoch). None for none, and for what is neither. Source: RFC 9110, 10.2.3."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return min(LONGEST, float(text))
    try:
        until = parsedate_to_datetime(text)
        # A date without a zone is in GMT, as all of HTTP's are.
        seconds = (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return min(LONGEST, max(0.0, seconds))
