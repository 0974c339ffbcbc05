"""`argofix`, the check to require: never green by accident, whatever GitHub lets pass."""

from __future__ import annotations

import pytest

from demo.story import BEFORE, PROPOSED
from handlers.judging import runs as judging
from tests.github import Fault, PullRequest, Repository, SimulatedGitHub, User, faults
from tests.handlers.conftest import (
    CHECKS,
    FAILED,
    GATE,
    GOOD,
    OWNERSHIP,
    PASSED,
    TOLD,
    Bot,
    Contents,
    checked,
    summary_of,
)
from tests.handlers.conftest import proposed as proposed
from tests.scenarios import application, config_map, documents, kustomization

ONE: Contents = {
    "apps.yaml": documents(application("a", "a")),
    "a/kustomization.yaml": kustomization("a.yaml"),
    "a/a.yaml": config_map("a"),
}


async def judged(github: SimulatedGitHub, repo: Repository, user: User, files: Contents) -> PullRequest:
    repo.push("change", files, author=user)
    pull = github.open_pull(repo, "change", title="Change", user=user)
    await github.wait_for(lambda: GATE in pull.checks and pull.checks[GATE].status == "completed", within=30)
    return pull


async def test_it_sums_up_the_others_with_their_addresses(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    _, pull = await proposed(github, alice)
    assert await checked(github, pull) == FAILED
    run = pull.checks[GATE]
    assert run.title is not None
    assert run.title.startswith("ownership: ")
    for name in CHECKS - {GATE}:
        assert f"[{name}](" in summary_of(pull, GATE)
    assert run.annotations == []


async def test_a_repository_without_argo_cd_is_told_so_once(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/library", {"README.md": "x\n"})
    github.install(repo)
    await bot_.idle()
    pull = await judged(github, repo, alice, {"README.md": "y\n"})
    assert {name: run.conclusion for name, run in pull.checks.items()} == {GATE: "success"}
    assert pull.checks[GATE].title == "No Argo CD Application here"


@pytest.mark.parametrize("allowed", [False, True], ids=["fails", "policy lets it pass"])
async def test_a_change_that_takes_away_what_it_is_judged_by(
    github: SimulatedGitHub, bot_: Bot, alice: User, allowed: bool
) -> None:
    policy: Contents = {".github/argofix.yaml": "gate: {not-analysed: pass}\n"} if allowed else {}
    repo = github.repository("acme/platform", ONE | policy)
    github.install(repo)
    await bot_.idle()
    remote = "resources: [a.yaml, 'https://example.com/acme/base//x?ref=v1']\n"
    pull = await judged(github, repo, alice, {"a/kustomization.yaml": remote})
    assert pull.checks[OWNERSHIP].conclusion == "neutral"
    assert pull.checks[GATE].conclusion == ("success" if allowed else "failure")
    assert allowed or "`a` could be analysed before" in summary_of(pull, GATE)


async def test_what_was_not_analysed_before_keeps_nothing_up(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    remote = "resources: [a.yaml, 'https://example.com/acme/base//x?ref=v1']\n"
    repo = github.repository("acme/platform", ONE | {"a/kustomization.yaml": remote})
    github.install(repo)
    await bot_.idle()
    pull = await judged(github, repo, alice, {"a/a.yaml": config_map("a", more="x")})
    assert pull.checks[GATE].conclusion == "success"
    assert pull.checks[GATE].title == "Nothing here could be analysed"


async def test_two_pull_requests_of_one_head_get_the_worst_verdict(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    """A check run belongs to a commit: green for one base would be green for the other."""
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("next", PROPOSED, author=alice)  # has all of it already
    repo.push("copy", PROPOSED, author=alice)
    first = github.open_pull(repo, "copy", title="Into main", user=alice)
    assert await checked(github, first) == FAILED
    await bot_.idle()
    second = github.open_pull(repo, "copy", title="Into next", user=alice, base="next")
    await bot_.idle()
    assert await checked(github, second) == FAILED
    assert f"For #{first.number} into `main`: failure" in summary_of(second)
    assert f"For #{second.number} into `next`: success" in summary_of(second)
    assert f"(for #{first.number} into `main`)" in (second.checks[OWNERSHIP].title or "")
    # The one that was to blame is closed.
    github.close(first, alice)
    await bot_.idle()
    assert await checked(github, second) == PASSED


async def test_an_answer_that_is_there_at_once_costs_one_write_a_run(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "GRACE", 30)
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    await bot_.idle()
    repo.push("readme", {"README.md": "new\n"}, author=alice)
    await bot_.idle()
    before = len(github.requests)
    pull = github.open_pull(repo, "readme", title="Readme", user=alice)
    await bot_.idle()
    assert await checked(github, pull) == PASSED
    asked = [r for r in github.requests[before:] if ".git/" not in r.path and "/access_tokens" not in r.path]
    assert len([r for r in asked if r.method != "GET"]) == len(CHECKS)
    assert len(asked) <= 8, [f"{r.method} {r.path}" for r in asked]


async def test_a_create_whose_answer_is_lost_leaves_no_second_run(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "GRACE", 30)
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    await bot_.idle()
    github.faults.append(Fault(faults.dropped(acts=True), method="POST", path=r"/check-runs$", times=2))
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    assert len(repo.check_runs) == len(TOLD)


async def test_good_and_bad_heads_in_turn(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    """No delivery for the same head opens the gate."""
    repo, pull = await proposed(github, alice, draft=True)
    assert await checked(github, pull) == FAILED
    github.ready_for_review(pull, alice)
    github.close(pull, alice)
    await bot_.idle()
    github.reopen(pull, alice)
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    repo.push("copy", GOOD, author=alice)
    await bot_.idle()
    assert await checked(github, pull) == PASSED


async def test_what_stands_in_files_and_reaches_no_cluster_is_told_with_it(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    """A mistake in the configuration may be all there is to it."""
    policy = "exclude: ['apps.yaml']\nunheard: 1\n"
    repo = github.repository("acme/platform", ONE | {".github/argofix.yaml": policy})
    github.install(repo)
    await bot_.idle()
    pull = await judged(github, repo, alice, {"a/a.yaml": config_map("a", more="x")})
    assert {name: run.conclusion for name, run in pull.checks.items()} == {GATE: "success"}
    summary = summary_of(pull, GATE)
    assert "Not deployed: 1 manifest of Applications. excluded by the configuration: a (apps.yaml:1)." in summary
    assert "`.github/argofix.yaml` line 2: " in summary and "unheard" in summary
