"""Whom the server contacts for which change: a real server of chart repositories beside a simulated GitHub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.fetching.credentials import Credentials, Login
from bot.fetching.fetcher import Fetcher, Fetching
from bot.fetching.guard import Guard
from bot.github.app import GitHubApp
from bot.github.model import Repository as Details
from gitops.outside.found import FileFound, Found, Missing, RepositoryFound
from gitops.outside.wanted import FileWanted, RepositoryWanted
from handlers.outside import fetching_for
from tests.github import Repository, SimulatedGitHub
from tests.handlers.conftest import Contents
from tests.outside import Hosts

FILES: Contents = {"base/kustomization.yaml": "resources: []\n"}


def details(repo: Repository) -> Details:
    return Details(
        id=repo.id, full_name=repo.full_name, private=repo.private, default_branch="main", clone_url=repo.clone_url
    )


class Server:
    """The fetcher of a server, for changes of `octo/deploy`."""

    def __init__(self, fetcher: Fetcher, app: GitHubApp, github: SimulatedGitHub, private: bool) -> None:
        self.repo = github.repository("octo/deploy", {"README.md": "x"}, private=private)
        self.base = github.repository("octo/base", FILES, private=True)
        self.installation = github.install(self.repo, repositories=[self.base])
        self.fetcher, self.app = fetcher, app

    @asynccontextmanager
    async def change(self, by_stranger: bool = False) -> AsyncIterator[Fetching]:
        number, repository = self.installation.id, details(self.repo)
        async with fetching_for(self.fetcher, self.app, number, repository, by_stranger) as fetching:
            yield fetching

    async def asks(self, wanted: RepositoryWanted | FileWanted, by_stranger: bool = False) -> Found:
        async with self.change(by_stranger) as fetching:
            return await fetching(wanted)


@pytest.fixture
async def server(
    tmp_path: Path, hosts: Hosts, app: GitHubApp, github: SimulatedGitHub, request: pytest.FixtureRequest
) -> AsyncIterator[Server]:
    allowed = frozenset({f"charts.example:{hosts.port}", github.api_url.split("/")[2]})
    fetcher = Fetcher.open(tmp_path / "state", Guard(allowed, hosts.resolve))
    yield Server(fetcher, app, github, getattr(request, "param", False))
    await fetcher.close()


def of_base(server: Server) -> RepositoryWanted:
    return RepositoryWanted(server.base.clone_url, "main")


@pytest.mark.parametrize("server", [True], indirect=True)
async def test_a_repository_of_the_installation_is_read_with_a_token_for_it_alone(
    server: Server, github: SimulatedGitHub, hosts: Hosts
) -> None:
    found = await server.asks(of_base(server))
    assert isinstance(found, RepositoryFound), found
    assert await asyncio.to_thread(found.tree.read, "base/kustomization.yaml") == b"resources: []\n"
    used = {token.repositories: set(token.permissions) for token in github.tokens.values()}
    assert used == {frozenset({server.base.id}): {"contents", "metadata"}, None: {"metadata"}}
    assert hosts.letters == [], "no other host hears of a token"


async def test_what_is_private_is_not_told_in_public_before_the_default_branch_names_it(server: Server) -> None:
    refused = await server.asks(of_base(server))
    assert isinstance(refused, Missing)
    assert refused.refused
    assert refused.reason.startswith("octo/base is private")
    async with server.change() as fetching:
        with fetching.of_the_base():
            assert isinstance(await fetching(of_base(server)), RepositoryFound)
        assert isinstance(await fetching(of_base(server)), RepositoryFound)
    for by_stranger in (False, True):
        assert isinstance(await server.asks(of_base(server), by_stranger), RepositoryFound), "it is remembered"


@pytest.mark.parametrize("server", [True], indirect=True)
async def test_a_strangers_change_reads_nothing_private(server: Server) -> None:
    # There are none for private repositories; this holds whoever says so.
    refused = await server.asks(of_base(server), by_stranger=True)
    assert isinstance(refused, Missing)
    assert refused.refused


async def test_a_fork_makes_us_contact_no_new_host(server: Server, hosts: Hosts) -> None:
    hosts.files["/a"] = hosts.files["/b"] = b"x"
    new = "http://new.example/a"
    refused = await server.asks(FileWanted(new), by_stranger=True)
    assert refused == Missing(
        "new.example:80 is contacted by nothing on the default branch, and this comes from a fork; "
        "whoever has read the change may push it to a branch here, where it is judged",
        refused=True,
    )
    assert isinstance(await server.asks(FileWanted(hosts.at("/a")), by_stranger=True), FileFound), "the operator's"
    assert all(host.startswith("charts.example") for host, _ in hosts.requests)


async def test_a_fork_may_use_the_hosts_that_the_default_branch_makes_us_contact(
    tmp_path: Path, server: Server, hosts: Hosts
) -> None:
    hosts.files["/a"] = hosts.files["/b"] = b"x"
    # What can be trusted names it; the operator does not, but that the test's server is on loopback.
    names = f"127.0.0.1 {server.repo.id}"
    assert server.fetcher.named(names) == frozenset()
    async with server.change() as fetching:
        with fetching.of_the_base():
            await fetching(FileWanted(hosts.at("/a")))
    named = {"charts.example", hosts.at("/a")}
    assert server.fetcher.named(names) == named
    other = server.fetcher.named("127.0.0.1 999")
    assert other == frozenset(), "another repository's hosts are its own"
    # A head adds nothing for those who come after.
    async with server.change() as fetching:
        await fetching(FileWanted("http://head.example/"))
    assert server.fetcher.named(names) == named


async def test_who_pushes_here_may_name_a_new_public_host(server: Server, hosts: Hosts) -> None:
    hosts.files["/a"] = b"x"
    assert isinstance(await server.asks(FileWanted(hosts.at("/a"))), FileFound)


async def test_a_repository_of_others_is_asked_for_without_a_token(server: Server, github: SimulatedGitHub) -> None:
    """It is private, and nobody installed the App there."""
    other = github.repository("else/where", FILES, private=True)
    answer = await server.asks(RepositoryWanted(other.clone_url, "main"))
    assert answer == Missing(f"{other.clone_url} does not let us in")


@pytest.mark.parametrize(("server", "public"), [(False, True), (True, False)], indirect=["server"])
async def test_what_this_server_alone_may_read_is_told_in_public_where_the_default_branch_names_it(
    server: Server, hosts: Hosts, public: bool
) -> None:
    """Though the operator names the host: what is found in it would stand where everybody reads it."""
    hosts.files["/a"] = hosts.files["/b"] = b"x"
    logins = Credentials({f"charts.example:{hosts.port}": Login("bot", "word")})
    hosts.password = {"/": logins.logins[f"charts.example:{hosts.port}"].basic}
    server.fetcher.credentials = logins
    async with server.change() as fetching:
        with fetching.of_the_base():
            assert isinstance(await fetching(FileWanted(hosts.at("/a"))), FileFound)
    for by_stranger in {public, False}:
        assert isinstance(await server.asks(FileWanted(hosts.at("/a")), by_stranger), FileFound)
        answer = await server.asks(FileWanted(hosts.at("/b")), by_stranger)
        assert isinstance(answer, Missing) == public
        assert hosts.asked("/b") == (not public)
