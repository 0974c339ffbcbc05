"""A simulated cluster, and our reader for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.cluster.limits import Limits
from bot.cluster.reader import ClusterReader, cluster_reader
from bot.cluster.targets import Targets
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
async def other(authority: Authority) -> AsyncIterator[SimulatedCluster]:
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


@pytest.fixture
def reader(reading: Reading, cluster: SimulatedCluster) -> ClusterReader:
    """One who may see everything in `cluster`, the current context `c`, where Application `a` lives."""
    cluster.application("a", path="a")
    return reading({"c": cluster.access(cluster.account())})


@pytest.fixture
def service_account(tmp_path: Path, cluster: SimulatedCluster) -> Path:
    """What a Pod in `cluster` finds mounted."""
    directory = tmp_path / "serviceaccount"
    directory.mkdir()
    (directory / "ca.crt").write_text(cluster.authority.pem)
    (directory / "token").write_text(cluster.account("in-a-pod"))
    return directory


def pod_environment(cluster: SimulatedCluster) -> dict[str, str]:
    place = urlsplit(cluster.url)
    return {"KUBERNETES_SERVICE_HOST": str(place.hostname), "KUBERNETES_SERVICE_PORT": str(place.port)}


@pytest.fixture
async def pod(service_account: Path, cluster: SimulatedCluster, clock: JumpingClock) -> AsyncIterator[ClusterReader]:
    """A reader that runs in a Pod of `cluster`."""
    reader = ClusterReader(Targets.from_environment(pod_environment(cluster), service_account), clock)
    yield reader
    await reader.close()
