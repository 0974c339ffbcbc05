"""What GitHub's releases are read as."""

from __future__ import annotations

import pytest

from bot.github.app import REPORT, GitHubApp
from bot.github.client import GitHub
from bot.registries import releases as releases_module
from bot.registries.cache import AnswerCache
from bot.registries.faults import SourceFault
from bot.registries.releases import published
from tests.github import Fault, Installation, Repository, SimulatedGitHub, faults

NAME = "argoproj/argo-cd"


@pytest.fixture
def api(app: GitHubApp, repo: Repository, installation: Installation) -> GitHub:
    """An installation's access to its own repository: releases of public ones may be read with it too."""
    return app.installation(installation.id, repo.id, REPORT)


@pytest.fixture
def argo_cd(github: SimulatedGitHub) -> Repository:
    return github.repository(NAME, {"README.md": "Argo CD\n"}, private=False)


async def test_releases_come_the_newest_first_without_drafts_and_pre_releases(
    github: SimulatedGitHub, argo_cd: Repository, api: GitHub, cache: AnswerCache
) -> None:
    github.release(argo_cd, "v3.2.2", body="Fixes")
    github.release(argo_cd, "v3.3.0-rc1", prerelease=True)
    github.release(argo_cd, "v3.3.0", draft=True)
    github.release(argo_cd, "v3.2.3", body="")
    found = await published(api, NAME, cache)
    assert [(release.tag, release.notes) for release in found] == [("v3.2.3", ""), ("v3.2.2", "Fixes")]
    assert found[0].url.endswith("/argoproj/argo-cd/releases/tag/v3.2.3")
    assert found[0].published == pytest.approx(github.clock().timestamp(), abs=60)


async def test_pages_are_read_up_to_a_bound(
    github: SimulatedGitHub,
    argo_cd: Repository,
    api: GitHub,
    cache: AnswerCache,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(releases_module, "PAGES", 2)
    for number in range(70):
        github.release(argo_cd, f"v3.0.{number}")
    found = await published(api, NAME, cache)
    assert (len(found), found[0].tag, found[-1].tag) == (60, "v3.0.69", "v3.0.10")


async def test_what_has_not_changed_costs_nothing_of_the_limit(
    github: SimulatedGitHub, argo_cd: Repository, api: GitHub, installation: Installation, cache: AnswerCache
) -> None:
    for number in range(40):
        github.release(argo_cd, f"v3.0.{number}")
    first = await published(api, NAME, cache)
    left = github.rate(installation)["remaining"]
    assert await published(api, NAME, AnswerCache(cache.directory)) == first
    assert github.rate(installation)["remaining"] == left
    assert [r.status for r in github.requests if "releases" in r.path] == [200, 200, 304, 304]
    github.release(argo_cd, "v3.1.0")
    assert (await published(api, NAME, cache))[0].tag == "v3.1.0"


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (faults.Effect(200, {"Content-Type": "text/html"}, "<html>"), "not-json"),
        (faults.Effect(200, {"Content-Type": "application/json"}, '[{"tag_name"'), "not-json"),
        (faults.Effect(200, {"Content-Type": "application/json"}, "{}"), "malformed"),
        (faults.Effect(200, {"Content-Type": "application/json"}, '[{"tag_name": 3}]'), "malformed"),
        (faults.server_error(), "unreachable"),
        (faults.half_body(), "unreachable"),
        (faults.too_many_requests(3600), "limited"),
        (faults.Effect(404, {"Content-Type": "application/json"}, '{"message": "Not Found"}'), "refused"),
    ],
)
async def test_a_source_that_fails_or_lies_is_a_fault(
    github: SimulatedGitHub,
    argo_cd: Repository,
    api: GitHub,
    cache: AnswerCache,
    effect: faults.Effect,
    kind: str,
) -> None:
    github.release(argo_cd, "v3.2.2")
    github.faults.append(Fault(effect, path="/releases", times=None))
    with pytest.raises(SourceFault) as caught:
        await published(api, NAME, cache)
    assert caught.value.kind == kind
    assert not list(cache.directory.glob("*")) if cache.directory.exists() else True
