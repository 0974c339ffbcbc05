"""Whoever has to wait for a turn sees a check run that says so, and the evaluation takes it over."""

from __future__ import annotations

import pytest

import bot.queue.waiting
from demo.story import BEFORE, PROPOSED
from handlers.judging import runs as judging
from handlers.judging.waiting import show_queued
from tests.github import CheckRun, Fault, Repository, SimulatedGitHub, User, faults
from tests.handlers.conftest import CHECKS, FAILED, GATE, GOOD, PASSED, Bot, Gate, checked


@pytest.fixture(autouse=True)
def impatient(bot_: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.queue.waiting, "PATIENCE", 0.05)
    monkeypatch.setattr(bot.queue.waiting, "SETTLED", 0.1)
    monkeypatch.setattr(judging, "GRACE", 0)


def gates(repo: Repository, head: str) -> list[CheckRun]:
    return [run for run in repo.check_runs.values() if run.head_sha == head and run.name == GATE]


async def busy(github: SimulatedGitHub, bot_: Bot, alice: User) -> tuple[Repository, Gate]:
    """A repository whose work hangs until the gate is set."""
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    await bot_.idle()
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), path=r"git-upload-pack"))
    repo.push("first", GOOD, author=alice)
    github.open_pull(repo, "first", title="First", user=alice)
    await gate.reached()
    return repo, gate


async def test_pull_requests_behind_other_work_are_shown_as_queued_and_then_judged(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, gate = await busy(github, bot_, alice)
    heads = [repo.push("copy", PROPOSED, author=alice), repo.push("readme", {"README.md": "x\n"}, author=alice)]
    bad, good = (github.open_pull(repo, name, title=name, user=alice) for name in ("copy", "readme"))
    await github.wait_for(lambda: all(GATE in pull.checks for pull in (bad, good)))
    for pull in (bad, good):
        assert [(name, run.status, run.title) for name, run in pull.checks.items()] == [
            (GATE, "queued", "Waiting for its turn")
        ]
    gate.set()
    await bot_.idle()
    assert (await checked(github, bad), await checked(github, good)) == (FAILED, PASSED)
    # The same run from the beginning to the end.
    assert [len(gates(repo, head)) for head in heads] == [1, 1]
    assert [run.status for run in repo.check_runs.values() if run.status != "completed"] == []


async def test_heads_that_never_had_their_turn_are_not_left_queued(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, gate = await busy(github, bot_, alice)
    heads = [repo.push("copy", PROPOSED, author=alice)]
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    for number in (1, 2):
        await github.wait_for(lambda: gates(repo, heads[-1]))
        heads.append(repo.push("copy", {"README.md": f"{number}\n"}, author=alice))
    # The first was no neighbour of the last: nothing but what showed it knows that it waits.
    await github.wait_for(lambda: gates(repo, heads[0])[0].status == "completed")
    gate.set()
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    await github.wait_for(lambda: all(run.status == "completed" for run in repo.check_runs.values()))
    assert [[run.conclusion for run in gates(repo, head)] for head in heads] == [["cancelled"]] * 2 + [["failure"]]


async def test_a_pull_request_that_is_closed_while_it_waits_ends_its_run(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, gate = await busy(github, bot_, alice)
    head = repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await github.wait_for(lambda: gates(repo, head))
    github.close(pull, alice)
    gate.set()
    await bot_.idle()
    assert [run.conclusion for run in gates(repo, head)] == ["cancelled"]


async def test_what_is_refused_takes_the_queued_run_too(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, gate = await busy(github, bot_, alice)
    head = repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await github.wait_for(lambda: gates(repo, head))
    monkeypatch.setattr("handlers.repository.RepositoryContext.refusal", lambda *_: "nothing is rendered here")
    gate.set()
    await bot_.idle()
    assert await checked(github, pull) == dict.fromkeys(CHECKS, "failure")
    assert len(gates(repo, head)) == 1


async def test_a_head_that_is_at_work_or_was_judged_is_shown_as_it_is(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, gate = await busy(github, bot_, alice)
    assert bot_.running is not None
    worker = bot_.running.worker
    (running,) = worker.running
    delivery = await worker.store.get(running)
    assert delivery is not None
    await github.wait_for(lambda: repo.check_runs)
    assert await show_queued(delivery, worker.make_services()) is None
    gate.set()
    await bot_.idle()
    conclusions = [run.conclusion for run in repo.check_runs.values()]
    assert await show_queued(delivery, worker.make_services()) is None
    assert [run.conclusion for run in repo.check_runs.values()] == conclusions
    assert len(repo.check_runs) == len(CHECKS)
