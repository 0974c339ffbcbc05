"""What GitHub tells and nobody needs is answered and counted, and not kept."""

from __future__ import annotations

from bot.queue.deliveries import State
from tests.github import Installation, SimulatedGitHub, User
from tests.handlers.conftest import GOOD, Bot, checked, proposed


async def stored(bot_: Bot) -> list[tuple[str, str]]:
    """Event and action of everything that the queue has seen, our own work apart."""
    assert bot_.running is not None
    found = await bot_.running.worker.store.oldest(1000)
    given = {delivery.guid: (delivery.event, delivery.action or "") for delivery in bot_.github.deliveries}
    return sorted(given[each.id] for each in found if each.id in given)


def ignored(bot_: Bot, event: str) -> float:
    assert bot_.running is not None
    return float(bot_.running.worker.metrics.deliveries.labels(event, "ignored")._value.get())


async def test_of_a_busy_pull_request_only_what_is_acted_on_is_stored(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    await bot_.idle()
    other = github.new_app("builder")
    github.install(repo, app=other)
    for sha in (pull.head_sha, pull.base_sha):
        github.check_run_of(repo, other, sha)
    github.comment(pull, alice, "Looks good, and `argofix` is right.")
    github.comment(pull, github.user("ci[bot]", "Bot"), "/argofix check")
    question = github.comment(pull, alice, "Why?")
    github.edit_comment(pull, question, alice, "Why not?")
    github.delete_comment(pull, question, alice)
    github.edit_title(pull, "A copy", alice)
    repo.push("elsewhere", GOOD, author=alice)
    repo.push("elsewhere", {"README.md": "x\n"}, author=alice)
    github.delete_branch(repo, "elsewhere", alice)
    await bot_.idle()
    told = [d for d in github.deliveries if d.app is github.app]
    assert all(d.status_code == 202 for d in told)
    # Pull requests may be open into a branch that moves on.
    kept = [("installation", "created"), ("pull_request", "opened"), ("push", "")]
    assert await stored(bot_) == kept
    for event in ("check_run", "check_suite", "issue_comment", "push", "create", "delete"):
        sent = sum(d.event == event for d in told)
        assert (event, sent) != (event, 0)
        assert ignored(bot_, event) == sent - (event == "push")
    # What somebody does ask for is stored: our own runs' buttons, commands, and nobody else's.
    github.rerequest(repo, repo.suites[next(iter(repo.suites))], alice)
    github.rerequest(repo, pull.checks["argofix"], alice)
    github.comment(pull, alice, "/argofix help")
    github.close(pull, alice)
    await bot_.idle()
    wanted = [("check_run", "rerequested"), ("check_suite", "rerequested"), ("issue_comment", "created")]
    wanted += [*kept, ("pull_request", "closed")]
    assert await stored(bot_) == sorted(wanted)


async def test_what_permissions_and_installations_change_is_always_looked_at(
    github: SimulatedGitHub, bot_: Bot
) -> None:
    repo = github.repository("acme/platform", GOOD)
    installation: Installation = github.install(repo)
    github.suspend(installation)
    github.unsuspend(installation)
    await bot_.idle()
    assert await stored(bot_) == [("installation", action) for action in ("created", "suspend", "unsuspend")]
    assert {state for state, n in (await _counts(bot_)).items() if n} == {State.DONE}


async def _counts(bot_: Bot) -> dict[State, int]:
    assert bot_.running is not None
    return dict(await bot_.running.worker.store.counts())
