"""What nobody told the server of is found: on GitHub's list of failed webhooks, or by looking at the repositories."""

from __future__ import annotations

import shutil
from math import ceil

import aiohttp
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from demo.story import BEFORE, PROPOSED
from handlers.judging import runs as judging
from handlers.schedule import reconcile
from handlers.schedule.reconcile import PULLS, REPOSITORIES, in_turn
from tests.github import SimulatedGitHub, User, faults
from tests.handlers.conftest import FAILED, GATE, GOOD, PASSED, Bot, by_the_app, checked, proposed

NEVER = 1e6  # beside the one at start: the clock of these tests leaps over every pause


def deaf(github: SimulatedGitHub) -> None:
    """Webhooks are neither delivered nor remembered."""
    github.app.webhook_url = None


async def started_again(bot_: Bot, *, forgetful: bool = False) -> None:
    await bot_.kill()
    if forgetful:
        shutil.rmtree(bot_.state)
    await reconciled(bot_)


async def reconciled(bot_: Bot) -> None:
    """Start, and wait until all that the first pass found is worked off."""
    asked = len(bot_.github.requests)
    bot_.reconcile_interval = NEVER
    await bot_.start()
    await bot_.github.wait_for(
        lambda: any(each.operation == "apps/list-webhook-deliveries" for each in bot_.github.requests[asked:])
    )
    await bot_.idle()


async def test_a_pull_request_that_no_webhook_told_of_is_checked(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    deaf(github)
    _, pull = await proposed(github, alice)
    await started_again(bot_)
    assert await checked(github, pull) == FAILED


async def test_webhooks_that_failed_during_an_outage_are_asked_for_again(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    await bot_.stop()
    repo, pull = await proposed(github, alice)
    github.comment(pull, alice, "hello")
    await github.settle()
    failed = {delivery.guid for delivery in github.deliveries if delivery.status_code != 202}
    assert failed
    await started_again(bot_)
    assert failed <= {delivery.guid for delivery in github.deliveries if delivery.redelivery}
    assert await checked(github, pull) == FAILED
    assert repo.pulls == [pull]


async def test_a_webhook_that_is_never_accepted_is_not_asked_for_for_ever(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    bot_.webhook_secret = "what GitHub does not sign with"
    await bot_.kill()
    await bot_.start()
    await proposed(github, alice)
    await github.settle()
    for _ in range(6):
        await bot_.kill()
        await reconciled(bot_)
    attempts = [delivery.guid for delivery in github.deliveries]
    assert max(attempts.count(guid) for guid in attempts) == 5


async def test_runs_that_a_lost_server_left_in_progress_are_ended(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "GRACE", 0)
    github.faults.append(faults.Fault(faults.server_error(502), path=r"/issues/\d+/comments$", times=None))
    _, pull = await proposed(github, alice)
    await github.wait_for(lambda: set(pull.checks) == {GATE})
    deaf(github)
    await bot_.kill()
    github.faults.clear()
    assert {run.status for run in pull.checks.values()} == {"in_progress"}
    await started_again(bot_, forgetful=True)
    assert await checked(github, pull) == FAILED


async def test_runs_of_a_former_head_are_ended_by_the_next_one(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "GRACE", 0)
    github.faults.append(faults.Fault(faults.server_error(502), path=r"/issues/\d+/comments$", times=None))
    repo, pull = await proposed(github, alice)
    await github.wait_for(lambda: set(pull.checks) == {GATE})
    await bot_.kill()
    github.faults.clear()
    shutil.rmtree(bot_.state)
    left = list(pull.checks.values())
    await bot_.start()
    repo.push("copy", GOOD, author=alice)
    assert await checked(github, pull) == PASSED
    await bot_.idle()
    assert {(run.status, run.conclusion) for run in left} == {("completed", "cancelled")}


async def test_what_is_done_is_not_done_again(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    _, pull = await proposed(github, alice)
    await checked(github, pull)
    await bot_.idle()
    before = {name: run.id for name, run in pull.checks.items()}
    written = [request for request in github.requests if request.method != "GET"]
    await started_again(bot_)
    assert {name: run.id for name, run in pull.checks.items()} == before
    again = [request for request in github.requests if request.method != "GET"][len(written) :]
    assert {request.operation for request in again} <= {"apps/create-installation-access-token"}


async def test_a_default_branch_that_moved_on_gets_its_fixes(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    await bot_.idle()
    deaf(github)
    repo.push("main", PROPOSED, author=alice)
    assert by_the_app(github, repo) == []
    await started_again(bot_)
    assert len(by_the_app(github, repo)) == 1
    await started_again(bot_)
    assert len(by_the_app(github, repo)) == 1


async def test_another_base_that_moved_on_untold_has_its_pull_requests_judged(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    repo.push("release", {"NOTES": "1\n"}, author=alice)
    github.install(repo)
    repo.push("mine", {"README.md": "mine\n"}, author=alice, base="release")
    pull = github.open_pull(repo, "mine", title="mine", user=alice, base="release")
    assert await checked(github, pull) == PASSED
    await bot_.idle()
    deaf(github)
    repo.push("release", {"README.md": "theirs\n"}, author=alice)
    await started_again(bot_)
    assert (await checked(github, pull))[GATE] == "failure"


async def test_a_command_that_no_webhook_told_of_is_answered_once(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    told = github.comment(pull, alice, "/argofix help")
    await bot_.idle()
    deaf(github)
    missed = github.comment(pull, alice, "/argofix help")
    issue = github.issue(repo, "Where is it from?", alice)
    on_issue = github.comment_on(repo, issue, alice, "/argofix why Namespace/shop")
    github.comment(pull, alice, "see `/argofix help`")
    await bot_.kill()
    shutil.rmtree(bot_.state)
    for _ in range(2):
        await reconciled(bot_)
        await bot_.kill()
    answers = [comment.body for comment in repo.comments if "<!-- argofix:answer:" in comment.body]
    assert len(answers) == 3
    for comment in (told, missed, on_issue):
        assert sum(f"argofix:answer:{comment.id}:" in answer for answer in answers) == 1


async def test_readiness_tells_of_installations_that_cannot_be_used_and_stays_ready(
    github: SimulatedGitHub, bot_: Bot
) -> None:
    one, other = github.repository("acme/platform", BEFORE), github.repository("initech/platform", BEFORE)
    github.suspend(github.install(one))
    github.accept_permissions(github.install(other), {"checks": "write", "contents": "read", "metadata": "read"})
    await started_again(bot_)
    assert bot_.running is not None
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{bot_.running.port}/readyz") as answer,
    ):
        assert answer.status == 200
        troubles = (await answer.json())["troubles"]
    assert troubles == {
        "installation acme": "it is suspended",
        "installation initech": "permission contents: write, pull_requests: write is not granted",
    }


@pytest.mark.parametrize("count", [PULLS, 3])
@given(size=st.integers(0, 40), first=st.integers(0, 10**6))
def test_everything_has_its_turn(count: int, size: int, first: int) -> None:
    items = list(range(size))
    turns = [in_turn(items, count, turn) for turn in range(first, first + max(size, 1))]
    assert all(len(turn) == len({item for item, _ in turn}) == min(count, size) for turn in turns)
    seen = [item for turn in turns for item, _ in turn]
    assert len({seen.count(item) for item in items}) <= 1
    for item in items:
        visits = [visit for turn in turns for each, visit in turn if each == item]
        assert visits == list(range(visits[0], visits[0] + len(visits))) if visits else size > count


@given(
    sizes=st.lists(st.integers(0, 60), min_size=1, max_size=50),
    repositories=st.integers(1, 25),
    pulls=st.integers(1, 12),
    first=st.integers(0, 10**6),
)
@example(sizes=[20] * 40, repositories=REPOSITORIES, pulls=PULLS, first=0)
def test_no_pull_request_waits_for_ever(sizes: list[int], repositories: int, pulls: int, first: int) -> None:
    """Whatever the numbers: as many passes as it takes to visit every repository, times the visits of the longest."""
    bound = ceil(len(sizes) / repositories) * ceil(max(1, *sizes) / pulls) + ceil(len(sizes) / repositories)
    left = {(repository, pull) for repository, size in enumerate(sizes) for pull in range(size)}
    for turn in range(first, first + bound):
        for repository, visit in in_turn(range(len(sizes)), repositories, turn):
            left -= {(repository, pull) for pull, _ in in_turn(range(sizes[repository]), pulls, visit)}
    assert left == set()


async def test_passes_go_through_all_pull_requests_of_all_repositories(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "REPOSITORIES", 1)
    monkeypatch.setattr(reconcile, "PULLS", 1)
    deaf(github)
    repos = [github.repository(f"acme/{name}", {"README.md": "x\n"}) for name in ("one", "two")]
    github.install(repos[0], repositories=[repos[1]])
    found = []
    for repo in repos:
        for branch in ("a", "b"):
            repo.push(branch, {f"{branch}.txt": "x\n"}, author=alice)
            found.append(github.open_pull(repo, branch, title=branch, user=alice))
    for _ in range(4):
        await started_again(bot_)
        bot_.clock.offset += NEVER
    assert [pull.number for pull in found if GATE not in pull.checks] == []
