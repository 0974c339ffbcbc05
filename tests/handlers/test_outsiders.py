"""Whoever may only comment gets answers, and nobody else has to wait for that."""

from __future__ import annotations

import asyncio

import pytest

from bot.github.events import COMMANDS
from bot.queue.allowance import ALL, PERIOD, Allowance
from bot.queue.deliveries import State
from demo.story import BEFORE, PROPOSED
from tests.github import Fault, PullRequest, Repository, SimulatedGitHub, User, faults
from tests.handlers.asking import answers, asked, quiet, reactions
from tests.handlers.conftest import CHECKS, GATE, Bot, Gate


@pytest.fixture
async def repo(github: SimulatedGitHub) -> Repository:
    repo = github.repository("acme/platform", BEFORE, private=False)
    github.install(repo)
    return repo


@pytest.fixture
async def pull(github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User) -> PullRequest:
    return await quiet(github, bot_, repo, alice)


async def test_a_head_is_evaluated_once_in_ten_minutes_for_each_of_them(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, pull: PullRequest
) -> None:
    mallory, bob = github.user("mallory"), github.user("bob")
    _, (first,) = await asked(github, bot_, pull, mallory, "/argofix check\n/argofix secrets")
    assert "Looked at" in first and "Sorry" not in first
    runs = len(repo.check_runs)
    for wish in ("check", "check\n/argofix check "):
        comment, (said,) = await asked(github, bot_, pull, mallory, f"/argofix {wish}")
        assert "for `mallory`, who has no write access, argofix evaluates a commit anew once in 10 minutes" in said
        assert reactions(comment) == ["eyes", "confused"]
    assert len(repo.check_runs) == runs
    assert "Sorry" not in (await asked(github, bot_, pull, mallory, "/argofix order"))[1][0]
    assert "| command |" in (await asked(github, bot_, pull, mallory, "/argofix help"))[1][0]
    assert "Looked at" in (await asked(github, bot_, pull, bob, "/argofix check"))[1][0]
    repo.push("quiet", {"NOTES.md": "y\n"}, author=bob)
    await bot_.idle()
    assert "Looked at" in (await asked(github, bot_, pull, mallory, "/argofix check"))[1][0]
    bot_.clock.offset += PERIOD
    assert "Looked at" in (await asked(github, bot_, pull, mallory, "/argofix check"))[1][0]


async def test_those_who_may_push_ask_as_often_as_they_like(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, pull: PullRequest, alice: User
) -> None:
    github.collaborator(repo, alice)
    before = len(repo.check_runs)
    for _ in range(3):
        assert "Looked at" in (await asked(github, bot_, pull, alice, "/argofix check"))[1][0]
    assert len(repo.check_runs) == before + 3 * len(CHECKS)


async def test_a_wish_that_broke_off_is_no_second_one(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, pull: PullRequest
) -> None:
    github.faults.append(Fault(faults.server_error(502), method="POST", path=r"/issues/\d+/comments$", times=2))
    _, (said,) = await asked(github, bot_, pull, github.user("mallory"), "/argofix check")
    assert "Looked at" in said


async def test_their_wishes_come_after_the_pull_requests_of_the_repository(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, pull: PullRequest, alice: User
) -> None:
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), path=r"git-upload-pack"))
    repo.push("one", PROPOSED, author=alice)
    github.open_pull(repo, "one", title="One", user=alice)
    await gate.reached()
    for i in range(5):
        github.comment(pull, github.user(f"stranger{i}"), "/argofix check")
    assert bot_.running is not None
    store = bot_.running.worker.store

    async def queued(event: str, count: int) -> None:
        async with asyncio.timeout(20):
            while sum(each.event == event for each in await store.listed([State.QUEUED])) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # our own queue announces nothing

    await queued(COMMANDS, 5)
    repo.push("two", PROPOSED, author=alice)
    second = github.open_pull(repo, "two", title="Two", user=alice)
    await queued("pull_request", 1)
    gate.set()
    await github.wait_for(lambda: GATE in second.checks and second.checks[GATE].status == "completed", within=30)
    assert answers(github, pull.issue) == []
    await bot_.idle()
    assert len(answers(github, pull.issue)) == 5


def test_an_allowance_is_for_each_thing_and_for_all_together() -> None:
    allowance = Allowance()
    assert [allowance.take("m", "a", f"{i}", 0.0) for i in range(3)] == [True, False, False]
    assert allowance.take("m", "a", "0", 5.0)  # the same wish again
    assert [allowance.take("m", None, f"x{i}", 0.0) for i in range(9)].count(True) == ALL - 1
    assert not allowance.take("m", "b", "y", 0.0)
    assert allowance.take("other", "a", "1", 0.0)
    assert allowance.take("m", "a", "later", PERIOD)


def test_an_allowance_forgets_people_and_not_the_newest() -> None:
    allowance = Allowance()
    for i in range(10_050):
        assert allowance.take(i, "a", "first", 0.0)
    assert len(allowance._uses) == 10_000
    assert not allowance.take(10_049, "a", "second", 1.0)
