"""Acted once and answered once, through redeliveries, crashes and faults; and only what GitHub lets us."""

from __future__ import annotations

import pytest

from demo.story import BEFORE, PROPOSED
from tests.github import Fault, PullRequest, Repository, SimulatedGitHub, User, faults
from tests.handlers.asking import answers, asked, asked_on_issue, reactions
from tests.handlers.conftest import Bot, Gate, by_the_app, proposed


async def ready(github: SimulatedGitHub, bot_: Bot, user: User) -> tuple[Repository, PullRequest]:
    repo, pull = await proposed(github, user)
    github.collaborator(repo, user)
    await bot_.idle()
    return repo, pull


def last_delivery(github: SimulatedGitHub, action: str = "created") -> object:
    found = [d for d in github.deliveries if d.event == "issue_comment" and d.action == action]
    return next(d for d in found if d.payload["sender"]["type"] == "User")


async def test_a_redelivery_is_neither_done_nor_answered_again(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await ready(github, bot_, alice)
    await asked(github, bot_, pull, alice, "/argofix fix")
    (fix,) = by_the_app(github, repo)
    github.close(fix, alice)
    await bot_.idle()
    # Even by a server that has forgotten its deliveries: the answer is on GitHub.
    await bot_.kill()
    (bot_.state / "argofix.db").unlink()
    await bot_.start()
    github.redeliver(last_delivery(github))  # type: ignore[arg-type]
    await bot_.idle()
    assert len(answers(github, pull.issue)) == 1
    assert [p.open for p in by_the_app(github, repo)] == [False]


async def test_a_run_that_dies_between_acting_and_answering_is_answered_after_the_restart(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await ready(github, bot_, alice)
    gate = Gate()
    lost = faults.Effect(gate=gate, drop=True)
    github.faults.append(Fault(lost, method="POST", path=r"/issues/1/comments$"))
    comment = github.comment(pull, alice, "/argofix fix")
    await gate.reached()
    assert len(by_the_app(github, repo)) == 1  # done, and not answered
    await bot_.kill()
    gate.set()
    await bot_.start()
    await bot_.idle()
    assert len(by_the_app(github, repo)) == 1
    assert "fixes what this pull request brings in" in answers(github, pull.issue)[-1]
    assert reactions(comment) == ["eyes", "rocket"]


@pytest.mark.parametrize(
    "effect", [faults.server_error(502, acts=True), faults.dropped(acts=True), faults.half_body()]
)
async def test_an_answer_whose_receipt_is_lost_is_not_given_twice(
    github: SimulatedGitHub, bot_: Bot, alice: User, effect: faults.Effect
) -> None:
    _, pull = await ready(github, bot_, alice)
    github.faults.append(Fault(effect, method="POST", path=r"/issues/1/comments$"))
    comment, said = await asked(github, bot_, pull, alice, "/argofix help")
    assert len(said) == 1
    assert reactions(comment) == ["eyes", "rocket"]


async def test_what_fails_to_the_last_attempt_is_answered_so(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    _, pull = await ready(github, bot_, alice)
    github.faults.append(Fault(faults.server_error(502), path=r"/collaborators/", times=None))
    comment, (said,) = await asked(github, bot_, pull, alice, "/argofix fix")
    assert "This could not be done, after 12 attempts: " in said
    assert reactions(comment) == ["eyes", "confused"]


async def test_a_comment_that_is_deleted_before_its_turn_is_not_obeyed(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await ready(github, bot_, alice)
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), method="POST", path=r"/reactions$"))
    comment = github.comment(pull, alice, "/argofix fix")
    await gate.reached()
    github.delete_comment(pull, comment, alice)
    gate.set()
    await bot_.idle()
    assert (by_the_app(github, repo), answers(github, pull.issue)) == ([], [])


async def test_a_command_taken_back_before_its_turn_is_not_obeyed(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await ready(github, bot_, alice)
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), method="POST", path=r"/reactions$"))
    comment = github.comment(pull, alice, "/argofix fix\n/argofix help")
    await gate.reached()
    github.edit_comment(pull, comment, alice, "/argofix help")
    gate.set()
    await bot_.idle()
    (said,) = answers(github, pull.issue)
    assert said.startswith("> `/argofix help`")
    assert by_the_app(github, repo) == []


async def test_a_command_that_an_edit_takes_out_and_adds_again_is_asked_again(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    _, pull = await ready(github, bot_, alice)
    comment, _ = await asked(github, bot_, pull, alice, "/argofix help")
    for body in ("nothing", "/argofix help"):
        bot_.clock.offset += 60
        github.edit_comment(pull, comment, alice, body)
        await bot_.idle()
    assert len(answers(github, pull.issue)) == 2


async def test_an_installation_without_the_new_permission_still_answers_on_pull_requests(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    permissions = {name: level for name, level in github.app.permissions.items() if name != "issues"}
    github.install(repo, permissions=permissions)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await bot_.idle()
    _, said = await asked(github, bot_, pull, alice, "/argofix help")
    assert len(said) == 1
    _, said = await asked_on_issue(github, bot_, repo, alice, "/argofix help")
    assert said == []
