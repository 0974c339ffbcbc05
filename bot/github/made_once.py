"""What was asked of GitHub may have been done though no answer came: that is looked at before it is asked again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.github.errors import ServerFault

# Seconds within which GitHub has done a request or never does it. Source: GitHub's "Troubleshooting the REST API",
# "Timeouts": what takes longer than ten seconds is terminated.
SETTLES = 10.0

T = TypeVar("T")


async def made_once(make: Callable[[], Awaitable[T]], look: Callable[[], Awaitable[T | None]]) -> T:
    """What `make` gives or, when its answer is lost, what `look` finds of it.

    Raises `ServerFault` when that is nothing: GitHub may still be at it, so it is not asked again before `SETTLES`.
    """
    try:
        return await make()
    except ServerFault:
        found = await look()
        if found is None:
            raise
        return found
