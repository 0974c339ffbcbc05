"""Starting a process so that whoever is cancelled meanwhile leaves none behind."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any


async def begin(program: str, *arguments: str, end: Callable[[Process], Awaitable[None]], **how: Any) -> Process:
    """Start a process; `how` is what `asyncio.create_subprocess_exec` takes. Cancelled before it began, `end` ends
    it with all that it has started: asyncio would kill it alone, and wait for ever for pipes that its children hold.

    Raises `OSError` when it cannot be started.
    """
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(program, *arguments, **how))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Shielded too: whoever is cancelled twice leaves none behind either.
        await asyncio.shield(asyncio.ensure_future(_end_begun(starting, end)))
        raise


async def _end_begun(starting: asyncio.Future[Process], end: Callable[[Process], Awaitable[None]]) -> None:
    with suppress(OSError):  # it did not begin
        await end(await starting)
