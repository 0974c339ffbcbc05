"""A change in a repository of manifests, judged for the Applications of another repository that read it."""

from __future__ import annotations

import re

import pytest

from bot.formats.github.changes import MARK
from tests.github import PullRequest, Repository, SimulatedGitHub, User
from tests.handlers.asking import asked
from tests.handlers.conftest import CHANGES, GATE, OWNERSHIP, Bot, Contents, checked, summary_of
from tests.scenarios import application, config_map, documents, kustomization, manifest

AUTOMATED = {"automated": {"prune": True}}
MANIFESTS: Contents = {
    "shop/kustomization.yaml": kustomization("claim.yaml", "x.yaml"),
    "shop/claim.yaml": manifest("PersistentVolumeClaim", "data", "shop"),
    "shop/x.yaml": config_map("x"),
    "web/y.yaml": config_map("y"),
}


def applications(github: SimulatedGitHub, revision: str = "HEAD") -> str:
    source = {"repoURL": f"{github.url}/acme/manifests.git", "targetRevision": revision}
    return documents(
        application("shop", "", sources=[{**source, "path": "shop"}], sync=AUTOMATED),
        application("web", "", sources=[{**source, "path": "web"}], sync=AUTOMATED),
    )


async def both(
    github: SimulatedGitHub, bot_: Bot, revision: str = "HEAD", *, private: tuple[bool, bool] = (True, True)
) -> tuple[Repository, Repository]:
    """The repository with the Applications, and the one with their manifests."""
    manifests = github.repository("acme/manifests", MANIFESTS, private=private[1])
    apps = github.repository("acme/apps", {"apps.yaml": applications(github, revision)}, private=private[0])
    github.install(apps.owner, repositories=[manifests, apps])
    await bot_.idle()
    return apps, manifests


def opened(github: SimulatedGitHub, repo: Repository, user: User, files: Contents) -> PullRequest:
    repo.push("change", files, author=user)
    return github.open_pull(repo, "change", title="Change", user=user)


def told(pull: PullRequest) -> list[str]:
    return [comment.body for comment in pull.issue.comments if comment.body.startswith(MARK)]


async def test_a_duplicate_in_manifests_fails_the_pull_request_that_brings_it(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    _, manifests = await both(github, bot_)
    pull = opened(github, manifests, alice, {"web/x.yaml": config_map("x")})
    ends = await checked(github, pull)
    assert (ends[OWNERSHIP], ends[GATE]) == ("failure", "failure")
    said = summary_of(pull, OWNERSHIP)
    assert "These Applications are declared in acme/apps, which reads this repository" in said
    assert "### `shop` and `web` both own ConfigMap shop/x" in said
    assert "/acme/apps/blob/" in said and "is `web/x.yaml` of " in said
    assert pull.checks[OWNERSHIP].annotations == []  # there is no such file here
    (body,) = told(pull)
    assert "## For the Applications of `acme/apps`" in body and "ConfigMap shop/x" in body


async def test_what_it_deletes_is_held_until_it_is_allowed_there(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    _, manifests = await both(github, bot_)
    github.collaborator(manifests, alice)
    gone: Contents = {"shop/kustomization.yaml": kustomization("x.yaml"), "shop/claim.yaml": None}
    pull = opened(github, manifests, alice, gone)
    assert (await checked(github, pull))[CHANGES] == "failure"
    (digest,) = re.findall(r"^/argofix allow ([0-9a-f]{16}) REASON$", told(pull)[0], re.MULTILINE)
    _, (said,) = await asked(github, bot_, pull, alice, f"/argofix allow {digest} moved")
    assert "Allowed by `alice`, 1 deletion." in said
    assert (await checked(github, pull))[GATE] == "success"


@pytest.mark.parametrize("revision", ["v1", "other"])
async def test_applications_that_read_another_revision_are_not_concerned(
    github: SimulatedGitHub, bot_: Bot, alice: User, revision: str
) -> None:
    manifests = github.repository("acme/manifests", MANIFESTS)
    manifests.push(revision, {"README.md": "x\n"}, author=alice)
    apps = github.repository("acme/apps", {"apps.yaml": applications(github, revision)})
    github.install(apps.owner, repositories=[manifests, apps])
    await bot_.idle()
    pull = opened(github, manifests, alice, {"web/x.yaml": config_map("x")})
    await bot_.idle()
    assert pull.checks[GATE].title == "No Argo CD Application here"
    assert told(pull) == []


async def test_nothing_of_a_private_repository_is_told_in_a_public_one(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    _, manifests = await both(github, bot_, private=(True, False))
    pull = opened(github, manifests, alice, {"web/x.yaml": config_map("x")})
    await bot_.idle()
    assert pull.checks.keys() == {GATE}
    assert "apps" not in summary_of(pull, GATE)


async def test_what_is_no_longer_read_is_forgotten(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    apps, manifests = await both(github, bot_)
    apps.push("main", {"apps.yaml": None}, author=alice)
    await bot_.idle()
    pull = opened(github, manifests, alice, {"web/x.yaml": config_map("x")})
    await bot_.idle()
    assert pull.checks[GATE].title == "No Argo CD Application here"
