"""`/argofix fix`: who may ask, what is opened, and what is only said."""

from __future__ import annotations

import pytest

from demo.story import BEFORE, PROPOSED
from tests.github import PullRequest, Repository, SimulatedGitHub, User
from tests.handlers.asking import asked, reactions
from tests.handlers.conftest import KUSTOMIZATION, Bot, body_of, by_the_app, proposed

OWN = "argofix/pr-1/infrastructure--api-backend"
REVERSED = "argofix/pr-1/api-backend--infrastructure"


async def ready(github: SimulatedGitHub, bot_: Bot, user: User) -> tuple[Repository, PullRequest]:
    repo, pull = await proposed(github, user)
    github.collaborator(repo, user)
    await bot_.idle()
    return repo, pull


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("none", False),
        ("read", False),
        ("triage", False),
        ("write", True),
        ("maintain", True),
        ("admin", True),
        ("reviewer:read", False),
        ("releaser:write", True),
    ],
)
async def test_the_permission_is_asked_for_at_that_moment(
    github: SimulatedGitHub, bot_: Bot, alice: User, role: str, may: bool
) -> None:
    repo, pull = await proposed(github, alice)
    await bot_.idle()
    bob = github.user("bob")
    github.collaborator(repo, bob, role)
    comment, (said,) = await asked(github, bot_, pull, bob, "/argofix fix")
    assert len(by_the_app(github, repo)) == int(may)
    assert reactions(comment) == ["eyes", "rocket" if may else "confused"]
    if not may:
        assert "`fix` is for people with write access to this repository, and `bob` has " in said
        assert "@" not in said


async def test_somebody_who_edits_a_command_into_another_ones_comment_needs_the_permission_himself(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await ready(github, bot_, alice)
    comment = github.comment(pull, alice, "I shall look at it tomorrow.")
    github.edit_comment(pull, comment, github.user("mallory"), "/argofix fix")
    await bot_.idle()
    assert by_the_app(github, repo) == []
    assert reactions(comment) == ["eyes", "confused"]


async def test_it_opens_what_the_button_opens(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull = await ready(github, bot_, alice)
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix fix ownership")
    (fix,) = by_the_app(github, repo)
    assert (fix.head_branch, fix.base_branch) == (OWN, "copy")
    assert f"#{fix.number} fixes what this pull request brings in; merge it into `copy`." in said


async def test_the_keeper_can_be_chosen_and_stays_chosen(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull = await ready(github, bot_, alice)
    await asked(github, bot_, pull, alice, "/argofix fix")
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix fix --keep api-backend")
    (former, fix) = by_the_app(github, repo)
    assert (former.open, fix.open, fix.head_branch, fix.base_branch) == (False, True, REVERSED, "copy")
    assert (
        "It is the other way round now: `api-backend` is to keep what both bring." in former.issue.comments[-1].body
    )
    assert f"#{fix.number} fixes" in said
    kept = repo.file("apps/infrastructure/kustomization.yaml", REVERSED) or b""
    assert b"namespace.yaml" not in kept
    # A push to the branch evaluates anew, and must not forget.
    proposal = PROPOSED[KUSTOMIZATION]
    assert isinstance(proposal, bytes)
    repo.push("copy", {KUSTOMIZATION: b"# first\r\n" + proposal}, author=alice)
    await bot_.idle()
    assert [(p.open, p.head_branch) for p in by_the_app(github, repo)] == [(False, OWN), (True, REVERSED)]
    assert "argofix:keep:api-backend:infrastructure" in body_of(fix)


async def test_a_keeper_chosen_on_the_default_branch_survives_a_push(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", {**BEFORE, **PROPOSED})
    github.install(repo)
    github.collaborator(repo, alice)
    repo.push("readme", {"README.md": "x\n"}, author=alice)
    pull = github.open_pull(repo, "readme", title="Readme", user=alice)
    await bot_.idle()
    await asked(github, bot_, pull, alice, "/argofix fix --keep=api-backend")
    repo.push("main", {"NOTES.md": "x\n"}, author=alice)
    await bot_.idle()
    opened = [p.head_branch for p in by_the_app(github, repo) if p.open]
    assert opened == ["argofix/fix/api-backend--infrastructure"]


@pytest.mark.parametrize(
    ("keep", "wanted"),
    [
        ("api-backend-x", "There is no Application `api-backend-x` here. Did you mean `api-backend`?"),
        ("bootstrap", "argofix can prove no fix here that lets `bootstrap` keep something"),
        ("'`@alice <!-- x'", "There is no Application ``"),
    ],
)
async def test_a_keeper_that_keeps_nothing_is_refused(
    github: SimulatedGitHub, bot_: Bot, alice: User, keep: str, wanted: str
) -> None:
    repo, pull = await ready(github, bot_, alice)
    comment, (said,) = await asked(github, bot_, pull, alice, f"/argofix fix --keep {keep}")
    assert wanted in said
    assert "@alice" not in said and "<!--" not in said
    assert by_the_app(github, repo) == []
    assert reactions(comment) == ["eyes", "confused"]


async def test_a_fork_is_never_pushed_to_but_told_what_would_be_done(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    github.collaborator(repo, alice)
    mallory = github.user("mallory")
    fork = github.fork(repo, mallory)
    fork.push("copy", PROPOSED, author=mallory)
    pull = github.open_pull(repo, "copy", title="Copy", user=mallory, head_repo=fork)
    await bot_.idle()
    head = fork.branch("copy")
    comment, (said,) = await asked(github, bot_, pull, alice, "/argofix fix")
    assert "argofix cannot push to a fork. It would open:\n\n- Take " in said
    assert "-  - namespace.yaml" in said  # the diff
    assert "ask again after the merge" in said
    assert by_the_app(github, repo) == [] and fork.branch("copy") == head
    assert reactions(comment) == ["eyes", "confused"]


async def test_on_a_closed_pull_request_there_is_nothing_to_fix(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await ready(github, bot_, alice)
    github.close(pull, alice)
    await bot_.idle()
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix fix")
    assert "This pull request is closed, so there is nothing to fix on it. `/argofix fix` on an issue opens" in said
    assert by_the_app(github, repo) == []


async def test_without_permission_to_push_the_answer_says_so(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo, permissions={**github.app.permissions, "contents": "read"})
    github.collaborator(repo, alice)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix fix")
    assert "GitHub does not let argofix do that: its installation needs *Contents: write*." in said
    assert "*Contents: write*" in said
    assert await bot_.dead() == []
