"""Fixes that a person closed: not made again by themselves, and opened again for whoever asks."""

from __future__ import annotations

import pytest

from demo.story import BEFORE, PROPOSED
from tests.github import PullRequest, Repository, SimulatedGitHub, User
from tests.handlers.asking import asked, asked_on_issue, reactions
from tests.handlers.conftest import Bot, Contents, by_the_app
from tests.handlers.test_fixes import FIX, KUSTOMIZATION, SMALL


@pytest.fixture
async def repo(github: SimulatedGitHub, bot_: Bot, alice: User) -> Repository:
    """A fix for the default branch, which alice has closed."""
    repo = github.repository("acme/platform", {**BEFORE, **PROPOSED})
    github.install(repo)
    github.collaborator(repo, alice)
    await bot_.idle()
    github.close(closed(github, repo), alice)
    await bot_.idle()
    return repo


def closed(github: SimulatedGitHub, repo: Repository) -> PullRequest:
    return by_the_app(github, repo)[0]


async def test_on_the_closed_fix_itself(github: SimulatedGitHub, bot_: Bot, alice: User, repo: Repository) -> None:
    fix = closed(github, repo)
    comment, (said,) = await asked(github, bot_, fix, alice, "/argofix fix")
    assert said.endswith(f"#{fix.number} is open again.")
    assert [(p.number, p.open) for p in by_the_app(github, repo)] == [(fix.number, True)]
    assert reactions(comment) == ["eyes", "rocket"]
    # Asked once more, it stays as it is; and a push does not close it.
    repo.push("main", {"README.md": "other\n"}, author=alice)
    await bot_.idle()
    assert [(p.number, p.open) for p in by_the_app(github, repo)] == [(fix.number, True)]


@pytest.mark.parametrize("how", ["deleted", "recreated"])
async def test_what_github_does_not_open_again_is_made_anew(
    github: SimulatedGitHub, bot_: Bot, alice: User, repo: Repository, how: str
) -> None:
    fix = closed(github, repo)
    repo.git.update_ref(f"refs/heads/{FIX}", None if how == "deleted" else repo.branch("main"))
    _, (said,) = await asked(github, bot_, fix, alice, "/argofix fix")
    if how == "deleted":
        (_, new) = by_the_app(github, repo)
        assert said.endswith(f"#{new.number} is open in place of #{fix.number}.")
        assert (fix.open, new.open, new.head_branch) == (False, True, FIX)
    else:  # somebody made a branch of that name, and it is theirs
        assert f"The branch `{FIX}` holds commits of others. Delete or rename it, then ask again." in said
        assert by_the_app(github, repo) == [fix] and not fix.open


async def test_what_people_pushed_to_it_stays(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    github.collaborator(repo, alice)
    await bot_.idle()
    fix = closed(github, repo)
    mine = repo.push(fix.head_branch, {"NOTES.md": "mine\n"}, author=alice)
    github.close(fix, alice)
    await bot_.idle()
    _, (said,) = await asked(github, bot_, fix, alice, "/argofix fix")
    assert said.endswith(f"#{fix.number} is open again.")
    assert fix.open and repo.branch(fix.head_branch) == mine


async def test_on_an_issue(github: SimulatedGitHub, bot_: Bot, alice: User, repo: Repository) -> None:
    fix = closed(github, repo)
    comment, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix fix")
    assert f"#{fix.number} is open: Take 1 Namespace and 2 NetworkPolicies out of api-backend." in said
    assert "Left for a person:\n\n- ServiceAccount shop/api-backend-sa" in said
    assert fix.open and reactions(comment) == ["eyes", "rocket"]


async def test_nobody_opens_it_who_may_not_push(
    github: SimulatedGitHub, bot_: Bot, alice: User, repo: Repository
) -> None:
    fix = closed(github, repo)
    _, (said,) = await asked(github, bot_, fix, github.user("bob"), "/argofix fix")
    assert "is for people with write access" in said and not fix.open


async def test_when_the_problem_has_gone_the_answer_says_so(
    github: SimulatedGitHub, bot_: Bot, alice: User, repo: Repository
) -> None:
    fix = closed(github, repo)
    repo.push("main", {KUSTOMIZATION: BEFORE[KUSTOMIZATION]}, author=alice)
    await bot_.idle()
    comment, (said,) = await asked(github, bot_, fix, alice, "/argofix fix")
    assert said.endswith("What this fixed is no longer there on `main`, so there is nothing left to do.")
    assert not fix.open and reactions(comment) == ["eyes", "confused"]


async def test_one_that_was_for_a_pull_request_is_opened_for_it(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    github.collaborator(repo, alice)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await bot_.idle()
    await asked(github, bot_, pull, alice, "/argofix fix")
    fix = closed(github, repo)
    github.close(fix, alice)
    await bot_.idle()
    _, (said,) = await asked(github, bot_, fix, alice, "/argofix fix")
    assert f"#{fix.number} fixes what this pull request brings in; merge it into `copy`." in said
    assert [p.open for p in by_the_app(github, repo)] == [True]
    github.close(pull, alice)
    await bot_.idle()
    assert [p.open for p in by_the_app(github, repo)] == [False]
    _, (said,) = await asked(github, bot_, fix, alice, "/argofix fix")
    assert f"This was for #{pull.number}, which is closed, so there is nothing left to do." in said


async def test_nothing_to_fix_on_an_issue_counts_what_it_stands_on(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    files: Contents = {
        **SMALL,
        "a/kustomization.yaml": "resources: [nowhere.yaml]\n",
    }
    repo = github.repository("acme/platform", files)
    github.install(repo)
    github.collaborator(repo, alice)
    await bot_.idle()
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix fix")
    assert "There is nothing on `main` that argofix can prove a fix for." in said
    assert "1 of 2 Applications was rendered; 1 does not render." in said
