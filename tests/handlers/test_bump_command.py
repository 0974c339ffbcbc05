"""`/argofix bump`: what people ask for, and what becomes of it."""

from __future__ import annotations

import pytest

from tests.github import PullRequest, Repository, User
from tests.handlers.asking import asked, quiet, reactions
from tests.handlers.bumping import MINOR, PATCH, STAGING, World, overlay, policy
from tests.handlers.conftest import Contents, by_the_app
from tests.quay import Fault, faults

PATCHES_ONLY: Contents = policy("versions:\n  argo-cd:\n    level: patch\n")


async def stage(world: World, alice: User, files: Contents | None = None) -> tuple[Repository, PullRequest]:
    """A pull request to comment on; nothing was opened by the schedule yet."""
    world.publish("v3.2.1", "v3.2.2", "v3.2.3", "v3.3.0", "v3.4.0")
    repo = world.repository(files)
    world.github.collaborator(repo, alice)
    return repo, await quiet(world.github, world.bot, repo, alice)


async def say(world: World, pull: PullRequest, alice: User, text: str) -> tuple[str, list[str]]:
    """The answer without the quoted command, and the reactions."""
    comment, (said,) = await asked(world.github, world.bot, pull, alice, text)
    return said.partition("\n\n")[2].strip(), reactions(comment)


async def test_without_a_version_it_does_what_the_schedule_would_do_now(world: World, alice: User) -> None:
    repo, pull = await stage(world, alice, policy("versions:\n  argo-cd:\n    schedule: mon 00:00-00:01\n"))
    await world.tick()
    said, reacted = await say(world, pull, alice, "/argofix bump")
    opened = world.open(repo)
    assert set(opened) == {PATCH, MINOR}
    assert f"- `argo-cd`: #{opened[PATCH].number} takes `argocd/overlays/staging` to `v3.2.3`." in said
    assert f"- `argo-cd`: #{opened[MINOR].number} takes `argocd/overlays/staging` to `v3.3.0`." in said
    assert reacted == ["eyes", "rocket"]


async def test_a_version_that_people_ask_for_stands_whatever_the_policy_says(world: World, alice: User) -> None:
    repo, pull = await stage(world, alice, PATCHES_ONLY)
    said, _ = await say(world, pull, alice, "/argofix bump 3.4.0")
    opened = world.open(repo)[MINOR]
    assert said == f"- `argo-cd`: #{opened.number} takes `argocd/overlays/staging` to `v3.4.0`."
    assert repo.file(STAGING, MINOR) == overlay("v3.4.0").encode()
    world.publish("v3.4.1")
    await world.tick()
    assert world.open(repo)[MINOR] is opened
    assert "to v3.4.0 in" in opened.issue.title


async def test_it_opens_again_what_a_person_had_closed(world: World, alice: User) -> None:
    repo, pull = await stage(world, alice, PATCHES_ONLY)
    await world.tick()
    world.github.close(world.open(repo)[PATCH], alice)
    await say(world, pull, alice, "/argofix bump")
    assert set(world.open(repo)) == {PATCH}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("bump v3.2.1", "`argocd/overlays/staging` is at `3.2.2`, and argofix never goes back"),
        ("bump v9.9.9", "`v9.9.9` does not have both a final release and an image on Quay"),
        ("bump v3.5.0-rc1", "`v3.5.0-rc1` does not have both a final release and an image on Quay"),
        ("bump latest", "`latest` is no version such as `v3.2.2`"),
        ("bump --component argo-rollouts", "`argo-rollouts` is not followed here."),
    ],
)
async def test_what_cannot_be_is_said(world: World, alice: User, command: str, expected: str) -> None:
    repo, pull = await stage(world, alice)
    said, reacted = await say(world, pull, alice, f"/argofix {command}")
    assert expected in said
    assert reacted == ["eyes", "confused"]
    assert by_the_app(world.github, repo) == []


async def test_a_source_that_lies_is_said_to(world: World, alice: User) -> None:
    repo, pull = await stage(world, alice)
    world.quay.faults.append(Fault(faults.web_page(), times=None))
    said, _ = await say(world, pull, alice, "/argofix bump")
    assert "answers with text/html, not with JSON, so nothing is changed" in said
    assert world.open(repo) == {}


async def test_it_takes_the_right_to_push(world: World, alice: User) -> None:
    repo, pull = await stage(world, alice)
    world.github.collaborator(repo, world.github.user("mallory"), "triage")
    said, reacted = await say(world, pull, world.github.user("mallory"), "/argofix bump")
    assert reacted == ["eyes", "confused"]
    assert "may push" in said or "write" in said
    assert world.open(repo) == {}
