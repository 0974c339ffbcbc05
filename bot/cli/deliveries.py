"""`argofix deliveries`: the server's queue, beside a running server or without one."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from bot.cli.checkout import CannotRun
from bot.cli.terminal import say
from bot.cli.writing import put
from bot.formats.reports import deliveries as formats
from bot.process.exclusive import StateDirectoryInUse
from bot.queue import migration as moving
from bot.queue.databases import open_store
from bot.queue.deliveries import DeliveryStore, State, StoreUnavailable
from bot.server.settings import SettingsError, database_url


async def deliveries(arguments: argparse.Namespace) -> int:
    """Gives the exit status: 1 when a delivery is not there, or not dead and so not to be retried."""
    logging.disable()  # what a store logs for a server is said here in one line, as an error
    try:
        if arguments.action == "move":
            return await _move(arguments.source, arguments.target)
        async with _opened(arguments.database) as store:
            return await {"list": _list, "show": _show, "retry": _retry}[arguments.action](store, arguments)
    except (SettingsError, StoreUnavailable, StateDirectoryInUse) as error:
        raise CannotRun(str(error).removesuffix(".")) from None


async def _list(store: DeliveryStore, arguments: argparse.Namespace) -> int:
    states = [State(name) for name in arguments.state] or [state for state in State if state is not State.DONE]
    found, counts = await store.listed(states, max(0, arguments.limit)), await store.counts()
    text = formats.as_json(found, counts) if arguments.format == "json" else formats.table(found, counts)
    put(text.encode("utf-8", "replace"), None)
    return 0


async def _show(store: DeliveryStore, arguments: argparse.Namespace) -> int:
    delivery = await store.get(arguments.id)
    if delivery is None:
        say(f"there is no delivery {arguments.id}")
        return 1
    render = formats.details_as_json if arguments.format == "json" else formats.details
    put(render(delivery, payload=arguments.payload).encode("utf-8", "replace"), None)
    return 0


async def _retry(store: DeliveryStore, arguments: argparse.Namespace) -> int:
    status = 0
    for delivery_id in arguments.ids:
        if await store.retry(delivery_id):
            say(f"{delivery_id} is queued again")
            continue
        status = 1
        known = await store.get(delivery_id)
        say(f"there is no delivery {delivery_id}" if known is None else f"{delivery_id} is {known.state}, not dead")
    return status


async def _move(source_url: str, target_url: str) -> int:
    if source_url == target_url:
        raise CannotRun("--from and --to are the same database")
    async with _opened(source_url, alone=True) as source, _opened(target_url, make=True) as target:
        moved = await moving.move(source, target)
    say(f"{moved} deliveries moved from {_shown(source_url)} to {_shown(target_url)}")
    return 0


@asynccontextmanager
async def _opened(url: str | None, *, alone: bool = False, make: bool = False) -> AsyncIterator[DeliveryStore]:
    url = database_url({**os.environ, "ARGOFIX_DATABASE_URL": url} if url else os.environ)
    store = await open_store(url, alone=alone, make=make)
    try:
        yield store
    finally:
        await store.close()


def _shown(url: str) -> str:
    """Without the password."""
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":***@") if parts.password else url
