from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.fetching.fetcher import Fetcher, Fetching
from bot.fetching.guard import Guard
from tests.bot.clocks import JumpingClock
from tests.outside import Hosts, Metadata


@pytest.fixture
async def metadata() -> AsyncIterator[Metadata]:
    """Whatever a test does: nothing may get there."""
    async with Metadata() as metadata:
        yield metadata
        assert metadata.heard == []


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
async def fetcher(hosts: Hosts, tmp_path: Path, clock: JumpingClock) -> AsyncIterator[Fetcher]:
    """One for which `*.example` is the server of the test."""
    names = ("charts.example", "git.example", "registry.example", "cdn.example", "localhost")
    allowed = frozenset(f"{name}:{hosts.port}" for name in names)
    fetcher = Fetcher.open(tmp_path / "state", Guard(allowed, hosts.resolve), clock=clock)
    yield fetcher
    await fetcher.close()


@pytest.fixture
async def fetching(fetcher: Fetcher) -> AsyncIterator[Fetching]:
    async with fetcher.fetching() as fetching:
        yield fetching
