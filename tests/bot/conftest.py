"""A simulated GitHub with one installed repository, and our client for it."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.github.app import GitHubApp
from bot.github.client import Wire
from bot.repositories.mirror import Mirror, Mirrors
from tests.bot.clocks import JumpingClock
from tests.bot.queue.fixtures import bed, postgresql_bed, postgresql_server, sqlite_bed, store
from tests.github import Installation, Repository, SimulatedGitHub
from tests.outside import Hosts

__all__ = ["bed", "postgresql_bed", "postgresql_server", "sqlite_bed", "store"]


@pytest.fixture
async def github() -> AsyncIterator[SimulatedGitHub]:
    async with SimulatedGitHub() as simulation:
        yield simulation
        simulation.assert_no_violations()


@pytest.fixture
def repo(github: SimulatedGitHub) -> Repository:
    return github.repository("octo/deploy", {"README.md": "hello\n", "apps/a.yaml": "a: 1\n"})


@pytest.fixture
def installation(github: SimulatedGitHub, repo: Repository) -> Installation:
    return github.install(repo)


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
async def app(github: SimulatedGitHub, clock: JumpingClock) -> AsyncIterator[GitHubApp]:
    async with aiohttp.ClientSession() as session:
        wire = Wire(session, github.api_url, clock, random.Random(1))
        yield GitHubApp(wire, app_id=github.app.id, private_key=github.app.private_key)


@pytest.fixture
def mirror(tmp_path: Path, app: GitHubApp, repo: Repository, installation: Installation) -> Mirror:
    mirrors = Mirrors(tmp_path / "mirrors", app.token)
    return mirrors.of(repo.id, repo.clone_url, installation.id)


@pytest.fixture
async def hosts(tmp_path: Path) -> AsyncIterator[Hosts]:
    """What a repository may name, on loopback."""
    async with Hosts(tmp_path / "repositories") as hosts:
        yield hosts
