"""Fix pull requests while GitHub fails, servers die and repositories vanish: one fix in the end, never two."""

from __future__ import annotations

import pytest

from demo.story import BEFORE, PROPOSED
from tests.github import Fault, SimulatedGitHub, User, faults
from tests.handlers.conftest import Bot, Gate, body_of, by_the_app
from tests.handlers.test_fixes import SMALL
from tests.scenarios import config_map


@pytest.mark.parametrize(
    "effect",
    [faults.server_error(502), faults.dropped(acts=True), faults.half_body(), faults.secondary_limit(retry_after=1)],
    ids=["502", "dropped after acting", "half an answer", "limit"],
)
async def test_github_failing_at_every_step_ends_in_one_fix(
    github: SimulatedGitHub, bot_: Bot, effect: faults.Effect
) -> None:
    paths = (r"/git/trees", r"/git/commits", r"/git/refs", r"/pulls$")
    github.faults += [Fault(effect, method="POST", path=path) for path in paths]
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await bot_.idle()
    assert all(fault.hits for fault in github.faults)
    assert len(by_the_app(github, repo)) == 1
    assert await bot_.dead() == []


async def test_a_server_killed_between_branch_and_pull_request_opens_one(github: SimulatedGitHub, bot_: Bot) -> None:
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), method="POST", path=r"/pulls$"))
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await gate.reached()
    assert repo.branch("argofix/fix/a--b") is not None
    await bot_.kill()
    gate.set()
    await bot_.start()
    await bot_.idle()
    assert len(by_the_app(github, repo)) == 1


async def test_a_repository_that_vanished_does_not_stop_the_next_one(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    gone = github.repository("umbrella/gone", BEFORE)
    github.install(gone)
    await bot_.idle()
    github.faults.append(Fault(faults.server_error(502), path=r"/repos/umbrella/gone", times=1))
    gone.push("main", PROPOSED, author=alice)
    github.delete_repository(gone)
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await bot_.idle()
    assert len(by_the_app(github, repo)) == 1


async def test_killed_there_and_main_has_moved_on_meanwhile(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    """The branch that was left behind is ours, though no pull request says so."""
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), method="POST", path=r"/pulls$"))
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await gate.reached()
    await bot_.kill()
    gate.set()
    github.faults.clear()
    repo.push("main", {"b/m.yaml": config_map("shared", c="new"), "a/m.yaml": config_map("shared", c="new")})
    repo.push("main", {"b/kustomization.yaml": "# new\n" + str(SMALL["b/kustomization.yaml"])}, author=alice)
    await bot_.start()
    github.redeliver(next(d for d in reversed(github.deliveries) if d.event == "push"))
    await bot_.idle()
    (fix,) = by_the_app(github, repo)
    assert (repo.file("b/kustomization.yaml", fix.head_branch) or b"").startswith(b"# new\n")


async def test_closing_is_done_once_however_often_it_fails(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await bot_.idle()
    (fix,) = by_the_app(github, repo)
    github.faults += [
        Fault(faults.dropped(acts=True), method="POST", path=r"/comments$"),
        Fault(faults.dropped(acts=True), method="PATCH", path=r"/pulls/\d+$", times=4),
        Fault(faults.server_error(502), method="DELETE", path=r"/git/refs/"),
    ]
    repo.push("main", {"b/kustomization.yaml": "resources: [b.yaml]\n"}, author=alice)
    await bot_.idle()
    assert not fix.open
    assert len(fix.issue.comments) == 1
    assert body_of(fix).count("<!-- argofix:closed -->") == 1
    # It comes back: it had not been closed by a person.
    repo.push("main", {"b/kustomization.yaml": SMALL["b/kustomization.yaml"]}, author=alice)
    await bot_.idle()
    assert [pull.open for pull in by_the_app(github, repo)] == [False, True]
