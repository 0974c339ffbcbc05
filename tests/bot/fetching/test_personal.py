"""What whoever runs the command line has set up: real git with a configuration of its own, Helm's files."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.cli.outside import FromHere
from bot.fetching.fetcher import Fetching
from bot.fetching.hosts import NoHosts, named_hosts
from bot.fetching.personal import Person
from gitops.outside.found import ChartFound, FileFound, Found, Missing, RepositoryFound
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted
from tests.outside import Hosts, archive, index

FILES = {"base/kustomization.yaml": "resources: []\n"}
BASIC = "Basic " + base64.b64encode(b"bot:word").decode()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME", "GIT_CONFIG_COUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    return home


@asynccontextmanager
async def person(
    tmp_path: Path, environ: Mapping[str, str] | None = None, remotes: tuple[str, ...] = (), offline: bool = False
) -> AsyncIterator[Fetching]:
    opened = await Person.open(tmp_path / "state", environ or {}, remotes, offline)
    async with opened.fetching() as fetching:
        yield fetching
    await opened.fetcher.close()


async def test_instead_of_leads_where_its_owner_says(tmp_path: Path, home: Path, hosts: Hosts) -> None:
    commit = hosts.repository("base").commit(FILES)
    there = hosts.at("/git/", "127.0.0.1")
    home.joinpath(".gitconfig").write_text(f'[url "{there}"]\n\tinsteadOf = https://github.com/acme/\n')
    for url in ("https://github.com/acme/base.git", "https://github.com/acme/base.git"):
        async with person(tmp_path) as fetching:
            found = await fetching(RepositoryWanted(url, "main"))
        assert isinstance(found, RepositoryFound), found
        assert found.commit == commit


async def test_instead_of_may_lead_to_a_directory_and_a_repository_may_not(
    tmp_path: Path, home: Path, hosts: Hosts
) -> None:
    commit = hosts.repository("base").commit(FILES)
    home.joinpath(".gitconfig").write_text(f'[url "{hosts.directory}/"]\n\tinsteadOf = https://git.example/\n')
    async with person(tmp_path) as fetching:
        found = await fetching(RepositoryWanted("https://git.example/base.git", "main"))
        refused = await fetching(RepositoryWanted(f"{hosts.directory}/base.git", "main"))
    assert isinstance(found, RepositoryFound), found
    assert found.commit == commit
    assert refused == Missing(f"{hosts.directory}/base.git is a path of some machine and no URL", refused=True)


async def test_gits_own_credentials_are_used(tmp_path: Path, home: Path, hosts: Hosts) -> None:
    hosts.repository("base").commit(FILES)
    hosts.password = {"/git/": BASIC}
    url = hosts.at("/git/base.git", "127.0.0.1")
    async with person(tmp_path, remotes=(url,)) as fetching:
        assert await fetching(RepositoryWanted(url)) == Missing(f"{url} does not let us in")
    helper = "!f() { echo username=bot; echo password=word; }; f"
    home.joinpath(".gitconfig").write_text(f'[credential]\n\thelper = "{helper}"\n')
    async with person(tmp_path, remotes=(url,)) as fetching:
        found = await fetching(RepositoryWanted(url))
        assert isinstance(found, RepositoryFound), found
        assert await asyncio.to_thread(found.tree.read, "base/kustomization.yaml") == b"resources: []\n"


async def test_what_the_checkout_configures_runs_nothing(tmp_path: Path, home: Path, hosts: Hosts) -> None:
    """Somebody else may have written the .git/config that lies beside what is looked at."""
    hosts.repository("base").commit(FILES)
    hosts.password = {"/git/": BASIC}
    checkout = hosts.repository("checkout")  # as good as one: git takes its configuration where it is run in it
    url, there = hosts.at("/git/base.git", "127.0.0.1"), hosts.at("/git/", "127.0.0.1")
    checkout.run("config", "credential.helper", f"!touch {tmp_path}/pwned")
    checkout.run("config", f"url.{there}.insteadOf", "https://github.invalid/acme/")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(checkout.path)
        async with person(tmp_path, remotes=(url,)) as fetching:
            assert await fetching(RepositoryWanted(url)) == Missing(f"{url} does not let us in")
            elsewhere = await fetching(RepositoryWanted("https://github.invalid/acme/base.git"))
    assert elsewhere == Missing("the host github.invalid cannot be resolved", transient=True)
    assert not (tmp_path / "pwned").exists()


async def test_where_ssh_lets_nobody_in_it_is_https(tmp_path: Path, home: Path, hosts: Hosts) -> None:
    """As on a machine of CI, which has no key: a public repository is there all the same."""
    commit = hosts.repository("base").commit(FILES)
    there = hosts.at("/git/", "127.0.0.1")
    home.joinpath(".gitconfig").write_text(f'[url "{there}"]\n\tinsteadOf = https://localhost/acme/\n')
    async with person(tmp_path, {"ARGOFIX_FETCH_HOSTS": "localhost"}) as fetching:
        found = await fetching(RepositoryWanted("git@localhost:acme/base.git", "main"))
    assert isinstance(found, RepositoryFound), found
    assert found.commit == commit


async def test_private_hosts_are_those_of_its_own_remotes_and_logins(
    tmp_path: Path, home: Path, hosts: Hosts
) -> None:
    hosts.files["/a"] = b"x"
    url = hosts.at("/a", "127.0.0.1")
    async with person(tmp_path) as fetching:
        refused = await fetching(FileWanted(url))
    assert isinstance(refused, Missing)
    assert refused.refused
    async with person(tmp_path, remotes=("git@127.0.0.1:acme/platform.git",)) as fetching:
        assert isinstance(await fetching(FileWanted(url)), FileFound)


async def test_helms_logins_are_used(tmp_path: Path, home: Path, hosts: Hosts) -> None:
    hosts.files |= {"/c/index.yaml": index([("web", "1.0.0", "w.tgz", a := archive("web", "1.0.0"))]), "/c/w.tgz": a}
    hosts.password = {"/c/": BASIC}
    wanted = ChartWanted(hosts.at("/c", "127.0.0.1"), "web", "1.x")
    login = {"auths": {f"127.0.0.1:{hosts.port}": {"auth": base64.b64encode(b"bot:word").decode()}}}
    tmp_path.joinpath("config.json").write_text(json.dumps(login))
    tmp_path.joinpath("repositories.yaml").write_text(
        f"repositories:\n- name: c\n  url: {wanted.repository}\n  username: bot\n  password: word\n"
    )
    for variable, file in (
        ("HELM_REGISTRY_CONFIG", "config.json"), ("HELM_REPOSITORY_CONFIG", "repositories.yaml"),
    ):  # fmt: skip
        async with person(tmp_path, {variable: str(tmp_path / file)}) as fetching:
            assert isinstance(await fetching(wanted), ChartFound)
    async with person(tmp_path, remotes=(wanted.repository,)) as fetching:
        answer = await fetching(ChartWanted(wanted.repository, "web", ">=1"))
    assert answer == Missing(f"{wanted.repository}/index.yaml does not let us in (HTTP 401)")


async def test_nothing_is_opened_before_something_is_asked_for(
    tmp_path: Path, home: Path, hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGOFIX_FETCH_HOSTS", f"127.0.0.1:{hosts.port}")
    hosts.repository("base").commit(FILES)
    wanted = RepositoryWanted(hosts.at("/git/base.git", "127.0.0.1"), "main")
    await FromHere(tmp_path / "state", tmp_path).close()
    assert not tmp_path.joinpath("state").exists()
    answers: list[Found] = []
    for offline in (True, False, True):
        outside = FromHere(tmp_path / "state", tmp_path, offline)
        answers.append(await outside(wanted))
        await outside.close()
    absent, found, again = answers
    assert isinstance(absent, Missing)
    assert absent.reason == (
        f"{wanted.url} at main was not fetched before, and --offline fetches nothing; "
        "run the same command once without it"
    )
    assert isinstance(found, RepositoryFound)
    assert isinstance(again, RepositoryFound)
    assert again.commit == found.commit


def test_hosts_are_named_with_or_without_a_port() -> None:
    assert named_hosts(" Git.Internal, charts.internal:8443,[::1]:5000,[::1],") == {
        "git.internal", "charts.internal:8443", "[::1]:5000", "::1",
    }  # fmt: skip
    for wrong in ("https://git.internal", "git.internal/x", "a b", "host:port", "*"):
        with pytest.raises(NoHosts, match="is neither a host nor host:port"):
            named_hosts(wrong)
