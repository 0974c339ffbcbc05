"""The engine as the command line starts it."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import AsyncIterator

from bot.cli.checkout import CannotRun, cache_directory
from bot.rendering.driver import Engine
from gitops.files.effort import Effort


@contextlib.asynccontextmanager
async def started() -> AsyncIterator[Engine]:
    """An engine that is closed afterwards. Raises `CannotRun` where renderings cannot be kept."""
    cache = cache_directory()
    try:
        engine = await Engine.start(cache, os.environ.get("ARGOFIX_RENDERER"))
    except OSError as error:
        raise CannotRun(
            f"renderings cannot be kept in {cache}: {error.strerror}; set ARGOFIX_STATE_DIR to a directory that can "
            "be written"
        ) from None
    # Nobody else waits for what a person has asked for on a checkout of his own.
    engine.grant = lambda: Effort(steps=10**10, bytes=2**31, seconds=math.inf)
    try:
        yield engine
    finally:
        await engine.close()
