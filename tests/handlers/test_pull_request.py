"""Pull requests: signed bytes in, check runs out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from demo.story import BEFORE, PROPOSED
from tests.github import Fault, SimulatedGitHub, User, faults
from tests.handlers.conftest import (
    FAILED,
    GATE,
    GOOD,
    OWNERSHIP,
    PASSED,
    SYNC_ORDER,
    Bot,
    Contents,
    by_the_app,
    checked,
    summary_of,
)
from tests.scenarios import application, config_map, documents, kustomization


async def test_a_second_owner_fails_the_ownership_check_at_the_entry(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    assert await checked(github, pull) == FAILED
    run = pull.checks[OWNERSHIP]
    assert ("apps/api-backend/kustomization.yaml", 6) in [(a["path"], a["start_line"]) for a in run.annotations]
    assert [action["identifier"] for action in run.actions] == ["fix"]
    assert "3 Applications: 3 rendered" in summary_of(pull)

    repo.push("copy", GOOD, author=alice)
    await bot_.idle()
    assert await checked(github, pull) == PASSED


async def test_runs_are_in_progress_while_the_work_goes_on(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    await bot_.idle()
    gate = asyncio.Event()
    github.faults.append(Fault(faults.held(gate), path=r"git-upload-pack"))
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    states = await github.wait_for(lambda: {name: run.status for name, run in pull.checks.items()}, within=20)
    assert states == {GATE: "in_progress"}
    gate.set()
    assert await checked(github, pull) == FAILED


async def test_what_was_wrong_before_does_not_fail_a_change(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", {**BEFORE, **PROPOSED})
    github.install(repo)
    repo.push("readme", {"README.md": "new\n"}, author=alice)
    pull = github.open_pull(repo, "readme", title="Readme", user=alice)
    assert await checked(github, pull) == PASSED
    assert pull.checks[OWNERSHIP].annotations == []
    assert "Known before this change: 3" in summary_of(pull)
    assert f"{SYNC_ORDER}, known before this change: 1" in summary_of(pull, GATE)


async def test_the_merge_result_is_judged_not_the_branch(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    files: Contents = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "a/kustomization.yaml": kustomization("x.yaml"),
        "a/x.yaml": config_map("x"),
        "b/kustomization.yaml": kustomization("y.yaml"),
        "b/y.yaml": config_map("y"),
    }
    repo = github.repository("acme/platform", files)
    github.install(repo)
    repo.push("side", {"b/y.yaml": config_map("z")}, author=alice)
    repo.push("main", {"a/x.yaml": config_map("z")}, author=alice)  # after the branch was made
    pull = github.open_pull(repo, "side", title="z", user=alice)
    assert (await checked(github, pull))[OWNERSHIP] == "failure"
    assert "ConfigMap shop/z" in (pull.checks[OWNERSHIP].title or "")


async def test_a_branch_that_conflicts_is_judged_by_itself(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("copy", {**PROPOSED, "README.md": "mine\n"}, author=alice)
    repo.push("main", {"README.md": "theirs\n"}, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    assert (await checked(github, pull))[OWNERSHIP] == "failure"
    assert "conflicts with its base" in summary_of(pull)


async def test_stale_and_missing_merge_refs_are_not_trusted(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", BEFORE)
    repo.merge_refs = "absent"
    github.install(repo)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    assert await checked(github, pull) == FAILED


async def test_a_pull_request_from_a_fork(github: SimulatedGitHub, bot_: Bot) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    mallory = github.user("mallory")
    fork = github.fork(repo, mallory)
    fork.push("copy", PROPOSED, author=mallory)
    pull = github.open_pull(repo, "copy", title="Copy", user=mallory, head_repo=fork)
    assert await checked(github, pull) == FAILED
    github.click(repo, pull.checks[OWNERSHIP], "fix", github.user("alice"))
    await bot_.idle()
    assert by_the_app(github, repo) == []
    assert "cannot push to a fork" in pull.issue.comments[-1].body


async def test_more_than_fifty_annotations_come_in_batches(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    count = 60
    names = [f"m{i}" for i in range(count)]
    files: Contents = {"apps.yaml": documents(application("a", "a"), application("b", "b"))}
    for app in "ab":
        files[f"{app}/kustomization.yaml"] = kustomization(*(f"{name}.yaml" for name in names))
        files |= {f"{app}/{name}.yaml": config_map(name, a="ü" * 300) for name in names}
    repo = github.repository("acme/platform", {"README.md": "x\n"})
    github.install(repo)
    repo.push("all", files, author=alice)
    pull = github.open_pull(repo, "all", title="All", user=alice)
    assert (await checked(github, pull))[OWNERSHIP] == "failure"
    run = pull.checks[OWNERSHIP]
    assert len(run.annotations) == count
    assert len(summary_of(pull).encode()) <= 65_535


@pytest.mark.parametrize("same", [True, False], ids=["under its id", "under another"])
async def test_a_redelivery_acts_once(github: SimulatedGitHub, bot_: Bot, alice: User, same: bool) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await bot_.idle()
    runs = len(repo.check_runs)
    for delivery in list(github.deliveries):
        if delivery.event == "pull_request":
            github.redeliver(delivery if same else replace(delivery, guid=f"again-{delivery.guid}"))
    await bot_.idle()
    assert len(repo.check_runs) == runs
    assert await checked(github, pull) == FAILED


@pytest.mark.parametrize("suite", [False, True])
async def test_a_rerequested_check_runs_again(github: SimulatedGitHub, bot_: Bot, alice: User, suite: bool) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await checked(github, pull)
    await bot_.idle()
    before = set(repo.check_runs)
    run = pull.checks[OWNERSHIP]
    github.rerequest(repo, run.suite if suite else run, alice)
    await bot_.idle()
    assert set(repo.check_runs) > before
    assert await checked(github, pull) == FAILED


async def test_several_repositories_and_pulls_at_once(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    pulls = []
    for owner in ("acme", "umbrella"):
        repo = github.repository(f"{owner}/platform", BEFORE)
        github.install(repo)
        for number in range(3):
            repo.push(f"copy-{number}", {**PROPOSED, "README.md": f"{number}\n"}, author=alice)
            pulls.append(github.open_pull(repo, f"copy-{number}", title="Copy", user=alice))
    for pull in pulls:
        assert await checked(github, pull) == FAILED


async def test_the_policy_is_that_of_the_default_branch(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    ignore = "ignore: [{rule: duplicate-owner, resource: '*', reason: me}]\nignored: 1\n"
    repo.push("copy", {**PROPOSED, ".github/argofix.yaml": ignore}, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    assert await checked(github, pull) == FAILED
    assert "line 2: unknown key `ignored`" in summary_of(pull)
