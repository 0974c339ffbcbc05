"""A simulated cluster, and our reader for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.cluster.limits import Limits
from bot.cluster.reader import ClusterReader, cluster_reader
from tests.bot.clocks import JumpingClock
from tests.kubernetes import Access, Authority, SimulatedCluster, write_kubeconfig


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def cluster(authority: Authority) -> AsyncIterator[SimulatedCluster]:
    async with SimulatedCluster(authority) as simulation:
        yield simulation
        assert not simulation.violations


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


Reading = Callable[..., ClusterReader]


@pytest.fixture
async def reading(tmp_path: Path, clock: JumpingClock) -> AsyncIterator[Reading]:
    """Makes readers for a kubeconfig with these contexts, and closes them."""
    made: list[ClusterReader] = []

    def make(
        contexts: dict[str, Access], *, limits: Limits | None = None, current: str | None = None
    ) -> ClusterReader:
        file = write_kubeconfig(tmp_path / f"kubeconfig-{len(made)}", contexts, current)
        reader = cluster_reader(clock, {"KUBECONFIG": str(file)}, limits)
        assert reader is not None
        made.append(reader)
        return reader

    yield make
    for reader in made:
        await reader.close()
