"""A simulated quay.io and our client for it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from bot.registries.cache import AnswerCache
from bot.registries.host import Host
from tests.bot.clocks import JumpingClock
from tests.quay import SimulatedQuay

Make = Callable[[], Host]


@pytest.fixture
async def quay(clock: JumpingClock) -> AsyncIterator[SimulatedQuay]:
    async with SimulatedQuay(clock.now) as simulation:
        yield simulation
        assert not simulation.violations


@pytest.fixture
def cache(tmp_path: Path) -> AnswerCache:
    return AnswerCache(tmp_path / "versions")


@pytest.fixture
async def make(quay: SimulatedQuay, clock: JumpingClock, cache: AnswerCache) -> AsyncIterator[Make]:
    """Makes clients that know nothing of each other but the cache on the disk, as after a restart."""
    async with aiohttp.ClientSession(trust_env=True) as session:
        yield lambda: Host(session, quay.url, "quay", clock, cache, jitter=random.Random(1))


@pytest.fixture
def host(make: Make) -> Host:
    return make()
