"""Where the App's credentials come from: the environment, an earlier `/setup`, or one that is done now."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping

import aiohttp

from bot.process import logs
from bot.server.app import stop_on_signals
from bot.server.http import listening
from bot.server.settings import SettingsError, SetupSettings
from bot.server.setup import KEPT, Setup, stored_at

log = logging.getLogger(__name__)


async def environment(
    environ: Mapping[str, str],
    *,
    stop: asyncio.Event | None = None,
    started: Callable[[int, Setup], None] | None = None,
) -> Mapping[str, str] | None:
    """`environ` with credentials, if need be after a person has registered the App. None when told to stop before.

    Raises `SettingsError`, and `bot.server.http.CannotListen` when the port is taken.
    """
    settings = SetupSettings.from_environment(environ)
    if settings is None:
        return environ
    file = stored_at(settings.state_dir)
    if settings.store == "file" and file.exists():
        return {**environ, **_stored(settings)}
    style = "json" if environ.get("ARGOFIX_LOG_FORMAT", "").strip().lower() == "json" else "text"
    logs.configure(style=style, secrets=())
    stop = stop or stop_on_signals()
    async with aiohttp.ClientSession(trust_env=True) as session:
        setup = Setup(settings, session)
        async with listening(setup.application(), settings.host, settings.port) as port:
            address = f"{settings.public_url}/setup?token={setup.token}"
            log.warning("no App is configured; register one", extra={"open": address, "port": port})
            if started is not None:
                started(port, setup)
            watch = asyncio.create_task(stop.wait())
            # Shown once for a Secret: the server has nothing to start with until it is started anew.
            wanted = (watch, setup.done) if settings.store == "file" else (watch,)
            try:
                await asyncio.wait(wanted, return_when=asyncio.FIRST_COMPLETED)
            finally:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)
        if settings.store != "file" or not setup.done.done():
            return None
        return {**environ, **setup.done.result().environment}


def _stored(settings: SetupSettings) -> Mapping[str, str]:
    try:
        found = json.loads(stored_at(settings.state_dir).read_text(encoding="utf-8"))
        return {name: str(found[name]) for name in KEPT}
    except (OSError, ValueError, TypeError, KeyError):
        raise SettingsError(
            f"{stored_at(settings.state_dir)} does not hold an App's credentials; delete it to register anew."
        ) from None
