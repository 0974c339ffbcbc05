"""A merge queue that requires `argofix`: what is right alone and wrong together is caught before it is merged."""

from __future__ import annotations

from tests.github import PullRequest, Repository, SimulatedGitHub, User
from tests.github.queue import MergeQueue
from tests.handlers.conftest import CHANGES, CHECKS, FAILED, GATE, Bot, Contents, checked
from tests.scenarios import application, config_map, documents, kustomization

REQUIRED = frozenset({GATE})
APART: Contents = {
    "apps.yaml": documents(application("a", "a"), application("b", "b")),
    "a/kustomization.yaml": kustomization("a.yaml"),
    "b/kustomization.yaml": kustomization("b.yaml"),
    "a/a.yaml": config_map("a"),
    "b/b.yaml": config_map("b"),
}


# What would hide everything, were it taken from the change itself.
LENIENT: Contents = {".github/argofix.yaml": "ignore:\n  - {rule: '*', resource: '*', reason: mine}\n"}


def bringing(app: str) -> Contents:
    """The Application begins to bring a ConfigMap `shared`."""
    return {
        f"{app}/kustomization.yaml": kustomization(f"{app}.yaml", "shared.yaml"),
        f"{app}/shared.yaml": config_map("shared"),
    }


async def opened(github: SimulatedGitHub, repo: Repository, user: User, branch: str, files: Contents) -> PullRequest:
    repo.push(branch, files, author=user, base="main")
    pull = github.open_pull(repo, branch, title=branch, user=user)
    assert (await checked(github, pull))[GATE] == "success"
    return pull


async def test_what_is_right_alone_and_wrong_together_is_caught(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", APART)
    github.install(repo)
    await bot_.idle()
    first = await opened(github, repo, alice, "first", bringing("a"))
    second = await opened(github, repo, alice, "second", {**bringing("b"), **LENIENT})
    third = await opened(github, repo, alice, "third", {"README.md": "x\n"})
    queue = MergeQueue(repo, REQUIRED)
    groups = [queue.enter(pull) for pull in (first, second, third)]
    await bot_.idle()
    ends = [{name: run.conclusion for name, run in repo.checks(group.head_sha).items()} for group in groups]
    assert ends[0].keys() == CHECKS | {CHANGES}
    assert ends[0][GATE] == "success"
    assert ends[1] == FAILED | {CHANGES: "success"}
    assert queue.work() == [second.number]
    await bot_.idle()
    assert queue.work() == []
    await bot_.idle()
    assert [pull.merged_at is not None for pull in (first, second, third)] == [True, False, True]
    assert queue.groups == []
    assert await bot_.dead() == []


async def test_a_group_that_is_given_up_leaves_nothing_in_progress(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", APART)
    github.install(repo)
    await bot_.idle()
    pull = await opened(github, repo, alice, "first", bringing("a"))
    queue = MergeQueue(repo, REQUIRED)
    group = queue.enter(pull)
    queue.leave(pull)
    await bot_.idle()
    assert {run.status for run in repo.checks(group.head_sha).values()} <= {"completed"}
