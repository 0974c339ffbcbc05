"""The engine as the command line starts it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from collections.abc import AsyncIterator
from pathlib import Path

from bot.cli.checkout import CannotRun, cache_directory
from bot.cli.outside import FromHere
from bot.rendering.driver import Engine
from bot.rendering.kustomize import RendererMissing
from bot.rendering.living import choose
from bot.rendering.outside import OutsideBroke
from gitops.files.effort import Effort


def _named() -> tuple[str | None, str | None]:
    """The renderer and the engine that the environment names; an empty variable names nothing."""
    return os.environ.get("ARGOFIX_RENDERER") or None, os.environ.get("ARGOFIX_ENGINE") or None


def renderer_line() -> str:
    """What `check` would render with, or why there is nothing; one line."""

    async def look() -> str:
        setting, binary = _named()
        renderer = await choose(setting, cache_directory() / "scratch", engine=binary)
        await renderer.close()
        engine = renderer.engine
        return f"{engine.identity} ({engine.confinement})" if engine.confinement else engine.identity

    try:
        return f"renderer: {asyncio.run(look())}"
    except (RendererMissing, OSError) as error:
        return f"renderer: none, {' '.join(str(error).split())}"


@contextlib.asynccontextmanager
async def started(checkout: Path | None = None, offline: bool = False) -> AsyncIterator[Engine]:
    """An engine that is closed afterwards, and fetches what `checkout` names and does not hold; without one it
    fetches nothing. Raises `CannotRun` where renderings cannot be kept."""
    cache = cache_directory()
    try:
        setting, binary = _named()
        engine = await Engine.start(cache, setting, engine=binary)
    except OSError as error:
        raise CannotRun(
            f"renderings cannot be kept in {cache}: {error.strerror}; set ARGOFIX_STATE_DIR to a directory that can "
            "be written"
        ) from None
    # Nobody else waits for what a person has asked for on a checkout of his own.
    engine.grant = lambda: Effort(steps=10**10, bytes=2**31, seconds=math.inf)
    outside = FromHere(cache, checkout, offline) if checkout is not None else None
    if outside is not None:
        engine.outside = outside
    try:
        yield engine
    except OutsideBroke as error:
        raise CannotRun(f"{error}; try again") from None
    finally:
        if outside is not None:
            await outside.close()
        await engine.close()
