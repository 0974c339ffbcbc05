"""Pull requests that take things from elsewhere, over whole webhook runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.github import SimulatedGitHub, User
from tests.handlers.conftest import OWNERSHIP, Bot, Contents, checked, summary_of
from tests.outside import Hosts, archive, index
from tests.scenarios import application, config_map, kustomization

RENDER = "argofix / render"
SHARED: Contents = {"web/kustomization.yaml": kustomization("map.yaml"), "web/map.yaml": config_map("shared")}


@pytest.fixture
async def hosts(tmp_path: Path) -> AsyncIterator[Hosts]:
    async with Hosts(tmp_path / "repositories") as hosts:
        yield hosts


def chart(hosts: Hosts, name: str, repository: str = "") -> str:
    where = repository or hosts.at("/charts", "127.0.0.1")
    return application(name, "", sources=[{"repoURL": where, "chart": "web", "targetRevision": "1.x"}])


async def allow(bot_: Bot, hosts: Hosts) -> None:
    content = archive("web", "1.2.3", {"templates/map.yaml": config_map("shared")})
    hosts.files |= {"/charts/index.yaml": index([("web", "1.2.3", "web.tgz", content)]), "/charts/web.tgz": content}
    await bot_.stop()
    bot_.fetch_hosts = frozenset({f"127.0.0.1:{hosts.port}"})
    await bot_.start()


async def test_a_duplicate_between_a_chart_and_a_private_repository_is_found(
    github: SimulatedGitHub, bot_: Bot, hosts: Hosts, alice: User
) -> None:
    """The chart comes from a registry, the other copy from a private repository of the same installation."""
    await allow(bot_, hosts)
    other = github.repository("acme/other", SHARED)
    repo = github.repository("acme/platform", {"apps/chart.yaml": chart(hosts, "chart")})
    github.install(repo, repositories=[other])
    repo.push("more", {"apps/other.yaml": application("other", "web", url=other.clone_url)}, author=alice)
    pull = github.open_pull(repo, "more", title="More", user=alice)
    found = await checked(github, pull)
    assert found[OWNERSHIP] == "failure"
    assert "ConfigMap" in (pull.checks[OWNERSHIP].text or summary_of(pull))
    assert found[RENDER] == "success"


async def test_a_fork_that_names_a_new_host_is_told_and_the_host_hears_nothing(
    github: SimulatedGitHub, bot_: Bot, hosts: Hosts
) -> None:
    await allow(bot_, hosts)
    repo = github.repository("acme/platform", {"apps/chart.yaml": chart(hosts, "chart")}, private=False)
    github.install(repo)
    stranger = github.user("mallory")
    fork = github.fork(repo, stranger)
    new = chart(hosts, "new", "https://charts.attacker.example/c")
    fork.push("more", {"apps/new.yaml": new}, author=stranger)
    pull = github.open_pull(repo, "more", title="More", user=stranger, head_repo=fork)
    found = await checked(github, pull)
    assert "failure" not in found.values()
    assert found[RENDER] == "neutral"
    said = f"{summary_of(pull, RENDER)}{pull.checks[RENDER].text or ''}"
    assert "charts.attacker.example is contacted by nothing on the default branch" in said
    assert hosts.asked("/charts/web.tgz") == 1, "what the base names is fetched"
