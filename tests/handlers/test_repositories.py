"""Repositories and installations that change under us."""

from __future__ import annotations

import pytest

from demo.story import BEFORE, PROPOSED
from handlers.judging import runs as judging
from tests.github import Fault, SimulatedGitHub, User, faults
from tests.handlers.conftest import CHANGES, CHECKS, FAILED, GATE, Bot, by_the_app, checked, proposed, summary_of
from tests.handlers.test_fixes import SMALL

UNSEEN = {GATE: "failure", CHANGES: "failure"}


async def test_renamed_between_webhook_and_run(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull = await proposed(github, alice)
    github.rename(repo, "renamed")
    assert await checked(github, pull) == FAILED
    assert all("acme/renamed" in (run.summary or "") for run in pull.checks.values() if run.annotations)


async def test_renamed_and_another_one_has_taken_the_name(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    """The id in the payload counts, not the name; and its Applications now read from that other one."""
    repo, pull = await proposed(github, alice)
    github.rename(repo, "renamed")
    other = github.repository("acme/platform", {**BEFORE, **PROPOSED}, private=False)
    await bot_.idle()
    # It could be this one under a name that nobody told, and files in the very same place have changed.
    assert await checked(github, pull) == dict.fromkeys(CHECKS, "neutral") | UNSEEN
    assert pull.checks[GATE].title == "changes: 1 deletion that somebody has to allow"
    assert "should that be this one, put it into `repositories.aliases`" in summary_of(pull, CHANGES)
    assert "not analysed" in summary_of(pull)
    assert other.check_runs == {}
    assert other.pulls == []


async def test_deleted_between_webhook_and_fetch(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    other = github.repository("umbrella/other", BEFORE)
    github.install(other)
    await bot_.idle()
    # The API still shows it; git does not.
    github.faults.append(
        Fault(faults.Effect(404, body="Repository not found."), path=r"^/acme/.*info/refs", times=None)
    )
    _, pull = await proposed(github, alice)
    await bot_.idle()
    assert await checked(github, pull) == dict.fromkeys(CHECKS, "failure")
    dead = await bot_.dead()
    assert dead
    assert all("not found" in reason.lower() for reason in dead)
    other.push("copy", PROPOSED, author=alice)
    next_one = github.open_pull(other, "copy", title="Copy", user=alice)
    # Its Applications read from acme/platform.
    assert await checked(github, next_one) == dict.fromkeys(CHECKS, "neutral") | UNSEEN
    assert "could not look" not in summary_of(next_one)


async def test_gone_altogether(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, _ = await proposed(github, alice)
    github.delete_repository(repo)
    await bot_.idle()
    dead = await bot_.dead()
    assert dead
    assert not any("Error" in reason for reason in dead), dead


@pytest.mark.parametrize("how", ["suspended", "uninstalled"])
async def test_an_installation_that_stopped(github: SimulatedGitHub, bot_: Bot, alice: User, how: str) -> None:
    repo = github.repository("acme/platform", BEFORE)
    installation = github.install(repo)
    await bot_.idle()
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    if how == "suspended":
        github.suspend(installation)
    else:
        github.uninstall(installation)
    await bot_.idle()
    assert pull.checks == {} or {run.status for run in pull.checks.values()} == {"in_progress"}
    assert await bot_.dead()
    if how == "suspended":
        github.unsuspend(installation)
        for delivery in [d for d in github.deliveries if d.event == "pull_request"]:
            github.redeliver(delivery)
        await bot_.idle()
        assert await checked(github, pull) == FAILED


async def test_a_permission_that_was_revoked(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", BEFORE)
    installation = github.install(repo)
    await bot_.idle()
    github.accept_permissions(installation, {**github.app.permissions, "checks": "read"})
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await bot_.idle()
    assert pull.checks == {}
    assert any("permissions requested are not granted" in reason for reason in await bot_.dead())
    # It is granted again: what is on the default branch is looked at anew, and new deliveries are served.
    github.accept_permissions(installation, github.app.permissions)
    repo.push("copy", {"README.md": "more\n"}, author=alice)
    await bot_.idle()
    assert await checked(github, pull) == FAILED


async def test_revoked_while_at_work(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "GRACE", 0)  # so that there are runs to end, however fast the answer is
    _, pull = await proposed(github, alice)
    message = '{"message": "Resource not accessible by integration"}'
    refusal = faults.Effect(403, {"Content-Type": "application/json"}, message)
    github.faults.append(Fault(refusal, method="PATCH", path=r"/check-runs/"))
    await bot_.idle()
    assert any("Resource not accessible by integration" in reason for reason in await bot_.dead())
    assert {run.status for run in pull.checks.values()} == {"completed"}


async def test_an_empty_repository_does_not_hide_the_others(github: SimulatedGitHub, bot_: Bot) -> None:
    empty = github.repository("acme/empty")
    missing = Fault(
        faults.Effect(409, {"Content-Type": "application/json"}, '{"message": "Git Repository is empty."}'),
        path=r"/repos/acme/empty/git/ref",
        times=None,
    )
    github.faults.append(missing)  # what GitHub says of one; the simulation answers 404
    repo = github.repository("acme/platform", SMALL)
    github.install(empty, repositories=[repo])
    await bot_.idle()
    assert missing.hits
    assert len(by_the_app(github, repo)) == 1
    assert await bot_.dead() == []


async def test_installed_anew_it_is_looked_at_anew(github: SimulatedGitHub, bot_: Bot) -> None:
    repo = github.repository("acme/platform", SMALL)
    first = github.install(repo, permissions={**github.app.permissions, "contents": "read"})
    await bot_.idle()
    assert by_the_app(github, repo) == []
    github.accept_permissions(first, github.app.permissions)
    await bot_.idle()
    assert len(by_the_app(github, repo)) == 1
