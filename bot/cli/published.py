"""What is published, asked for on the command line."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from bot.cli.checkout import CannotRun, cache_directory
from bot.github.client import FixedToken, GitHub, Wire
from bot.github.pace import Pace
from bot.process.clock import SystemClock
from bot.process.metrics import Metrics
from bot.registries.faults import SourceFault
from bot.registries.model import Published
from bot.registries.sources import VersionSources
from bot.server.settings import SettingsError, source_urls
from gitops.versions.components import Component
from gitops.versions.find import ChartIndex


class NotSeen(CannotRun):
    """What is published cannot be seen now; `fault` tells why, a sentence without a full stop."""

    def __init__(self, fault: SourceFault) -> None:
        super().__init__(f"{fault}; without it, say `--to VERSION`")
        self.fault = str(fault)


async def published(component: Component) -> Published:
    """What quay.io and GitHub have of a component. `GITHUB_TOKEN`, if set, lifts GitHub's limit of 60 requests an
    hour. Raises `CannotRun`, and `NotSeen` where they do not tell."""
    async with _sources() as (sources, github):
        return await sources.published(component, github)


async def installed_by_charts(component: Component) -> ChartIndex:
    """Which version each version of the component's charts installs. Raises `CannotRun`."""
    async with _sources() as (sources, _):
        return await sources.charts(component)


@asynccontextmanager
async def _sources() -> AsyncIterator[tuple[VersionSources, GitHub]]:
    try:
        urls = source_urls(os.environ)
    except SettingsError as error:
        raise CannotRun(str(error).removesuffix(".")) from None
    # What could not be seen stands in the error; in the log it would be said twice.
    logging.getLogger().addHandler(logging.NullHandler())
    clock = SystemClock()
    async with aiohttp.ClientSession(trust_env=True) as session:
        sources = VersionSources(
            session,
            quay_url=urls.quay,
            charts_url=urls.charts,
            clock=clock,
            directory=cache_directory() / "versions",
            metrics=Metrics(),
        )
        token = FixedToken(os.environ.get("GITHUB_TOKEN", "").strip())
        try:
            yield sources, GitHub(Wire(session, urls.releases, clock), token, Pace(clock), scope="command line")
        except SourceFault as fault:
            raise NotSeen(fault) from None
