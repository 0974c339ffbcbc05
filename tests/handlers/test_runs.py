"""Check runs through interruptions: none stays in progress, none says what it does not know."""

from __future__ import annotations

from typing import NoReturn

import pytest

import handlers.judging.pulls
from demo.story import BEFORE, PROPOSED
from handlers.judging import runs as judging
from tests.github import Fault, SimulatedGitHub, User, faults
from tests.github.refs import move_ref
from tests.handlers.conftest import (
    CHANGES,
    CHECKS,
    FAILED,
    GATE,
    GOOD,
    OWNERSHIP,
    PASSED,
    TOLD,
    Bot,
    Contents,
    Gate,
    checked,
    proposed,
    summary_of,
)
from tests.scenarios import application, config_map, documents, kustomization

EVERY_REQUEST = [
    r"/access_tokens$",
    r"/pulls$",
    r"/git/ref/heads/",
    r"/commits/[0-9a-f]+/check-runs",
    r"/check-runs$",
    r"/check-runs/\d+$",
    r"/issues/\d+/comments$",
    r"info/refs",
    r"git-upload-pack$",
]


@pytest.mark.parametrize(
    "effect",
    [
        faults.bad_credentials(),
        faults.secondary_limit(),
        faults.secondary_limit(retry_after=3),
        faults.too_many_requests(),
        faults.primary_limit(),
        faults.server_error(502),
        faults.server_error(502, acts=True),
        faults.half_body(),
        faults.dropped(),
        faults.dropped(acts=True),
    ],
    ids=[
        "401",
        "403",
        "403+",
        "429",
        "primary",
        "502",
        "502 after acting",
        "half",
        "dropped",
        "dropped after acting",
    ],
)
async def test_every_kind_of_request_may_fail_once(
    github: SimulatedGitHub, bot_: Bot, alice: User, effect: faults.Effect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "GRACE", 0)
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    await bot_.idle()
    github.expire_tokens()
    if effect.exhaust:  # once is enough: until the hour is over, nothing else is answered
        github.faults.append(Fault(effect, path=r"/issues/\d+/comments$"))
    else:
        # git gives up what is refused twice in a row.
        paths = EVERY_REQUEST[:-1] if effect.status in (401, 403) else EVERY_REQUEST
        github.faults.extend(Fault(effect, path=path) for path in paths)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    assert all(fault.hits for fault in github.faults)
    assert await bot_.dead() == []


async def test_a_newer_head_ends_the_older_run_at_once(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "GRACE", 0)
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    await bot_.idle()
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), path=r"git-upload-pack"))
    old = repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await gate.reached()
    await github.wait_for(lambda: set(pull.checks) == {GATE})
    new = repo.push("copy", GOOD, author=alice)
    assert await checked(github, pull) == PASSED  # while the old fetch still hangs
    gate.set()
    await bot_.idle()
    assert {run.conclusion for run in repo.checks(old).values()} == {"cancelled"}
    assert {"a newer commit" in (run.summary or "") for run in repo.checks(old).values()} == {True}

    # The old head comes back: what was given up then is evaluated now.
    move_ref(repo, "refs/heads/copy", old, alice)
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    assert {run.conclusion for run in repo.checks(new).values()} == {"success"}


async def test_a_draft_that_becomes_ready_meanwhile_gets_its_result(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    """Both deliveries are about one head: what the first gives up must not count as done for the second."""
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    await bot_.idle()
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), path=r"git-upload-pack"))
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice, draft=True)
    await gate.reached()
    github.ready_for_review(pull, alice)
    gate.set()
    await bot_.idle()
    assert await checked(github, pull) == FAILED


async def test_the_last_attempt_leaves_nothing_in_progress_and_a_redelivery_mends_it(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    github.faults.append(Fault(faults.server_error(502), path=r"/issues/\d+/comments$", times=None))
    _, pull = await proposed(github, alice)
    await bot_.idle()
    assert await checked(github, pull) == dict.fromkeys(CHECKS, "failure")
    assert "could not look at this change" in summary_of(pull)
    assert any("/comments" in reason for reason in await bot_.dead())
    github.faults.clear()
    github.redeliver(next(d for d in github.deliveries if d.event == "pull_request"))
    await bot_.idle()
    assert await checked(github, pull) == FAILED


async def test_the_last_attempt_may_be_the_first_a_day_after_it_came(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    """Given up for its age, with attempts left: nobody comes to end what it leaves in progress."""
    gate = Gate()
    effect = faults.Effect(gate=gate, drop=True)
    github.faults.append(Fault(effect, path=r"/issues/\d+/comments$", times=None))
    _, pull = await proposed(github, alice)
    await gate.reached()
    bot_.clock.offset += 24 * 3600.0
    gate.set()
    await bot_.idle()
    assert await checked(github, pull) == dict.fromkeys(CHECKS, "failure")
    assert len(await bot_.dead()) >= 1  # what the day's ticks began over the same pull request may be another one


async def test_git_may_refuse_a_fresh_token_for_a_while(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    github.faults.append(Fault(faults.bad_credentials(), path="info/refs", times=4))
    _, pull = await proposed(github, alice)
    assert await checked(github, pull) == FAILED
    assert await bot_.dead() == []


async def test_a_refused_token_leaves_nothing_in_progress(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    """Trying again goes on for an hour; whoever waits for the check is told at once."""
    gate = Gate()
    github.faults.append(Fault(faults.bad_credentials(), path=r"/issues/\d+/comments$", times=2))
    github.faults.append(Fault(faults.held(gate), path=r"/pulls$", skip=1))
    _, pull = await proposed(github, alice)
    await gate.reached()
    assert {(run.status, run.conclusion) for run in pull.checks.values()} == {("completed", "failure")}
    gate.set()
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    assert await bot_.dead() == []


async def test_an_error_of_our_own_is_no_pass_and_tells_no_inside(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise RecursionError("the private key is at /somewhere")

    monkeypatch.setattr(handlers.judging.pulls, "read_policy", broken)
    _, pull = await proposed(github, alice)
    await bot_.idle()
    assert await checked(github, pull) == dict.fromkeys(CHECKS, "failure")
    assert "argofix failed (RecursionError)" in summary_of(pull)
    assert "somewhere" not in summary_of(pull)


async def test_a_pull_request_closed_between_two_attempts(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    gate = Gate()
    github.faults.append(Fault(faults.server_error(502), path=r"/issues/\d+/comments$", times=4))
    github.faults.append(Fault(faults.held(gate), path=r"/pulls$", skip=1))
    _, pull = await proposed(github, alice)
    await gate.reached()
    github.close(pull, alice)
    gate.set()
    await bot_.idle()
    # None at all where the installation's own look at open pull requests took the first turn at the gate.
    assert {(run.status, run.conclusion) for run in pull.checks.values()} <= {("completed", "cancelled")}


async def test_a_killed_server_takes_up_the_runs_it_had_begun(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    await bot_.idle()
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), path=r"git-upload-pack"))
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await gate.reached()
    await bot_.kill()
    gate.set()
    await bot_.start()
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    assert len(repo.check_runs) == len(TOLD)


async def test_annotations_of_a_lost_batch_are_not_doubled(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    names = [f"m{i}" for i in range(51)]
    files: Contents = {"apps.yaml": documents(application("a", "a"), application("b", "b"))}
    for app in "ab":
        files[f"{app}/kustomization.yaml"] = kustomization(*(f"{name}.yaml" for name in names))
        files |= {f"{app}/{name}.yaml": config_map(name) for name in names}
    # The first batch is taken in, and its answer lost.
    github.faults.append(Fault(faults.dropped(acts=True), method="PATCH", path=r"/check-runs/"))
    _, pull = await proposed(github, alice, before={"README.md": "x\n"}, files=files)
    await bot_.idle()
    assert (await checked(github, pull))[OWNERSHIP] == "failure"
    lines = [item["start_line"] for item in pull.checks[OWNERSHIP].annotations]
    assert len(lines) == len(set(lines)) == len(names)


async def test_a_re_run_of_what_no_pull_request_ends_with_is_ended(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    await bot_.idle()
    github.close(pull, alice)
    run = pull.checks[OWNERSHIP]
    github.rerequest(repo, run, alice, resets=True)
    await bot_.idle()
    assert (run.status, run.conclusion) == ("completed", "cancelled")


async def test_a_re_run_survives_a_fault_once(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    await bot_.idle()
    before = len(repo.check_runs)
    github.faults.append(Fault(faults.server_error(502), path=r"/issues/\d+/comments$", times=4))
    github.rerequest(repo, pull.checks[OWNERSHIP], alice)
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    assert len(repo.check_runs) == before + len(TOLD)  # the second attempt took up the runs of the first


@pytest.mark.parametrize("resets", [False, True], ids=["GitHub leaves the run", "GitHub sets it back"])
async def test_a_re_run_of_one_run_leaves_nothing_queued(
    github: SimulatedGitHub, bot_: Bot, alice: User, resets: bool
) -> None:
    """The run that was set back has annotations, so it cannot be said anew: it ends, and another one is there."""
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    await bot_.idle()
    before = pull.checks[OWNERSHIP]
    github.rerequest(repo, before, alice, resets=resets)
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    assert before.status == "completed"
    assert before.conclusion == ("cancelled" if resets else "failure")
    assert len(pull.checks[OWNERSHIP].annotations) == len(before.annotations)


async def test_what_is_looked_at_again_and_found_the_same_is_not_said_twice(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    """`neutral` is looked at again each time, since a cluster may answer by now."""
    remote = "resources: ['https://example.com/acme/base//x?ref=v1']\n"
    files: Contents = {"apps.yaml": documents(application("a", "a")), "a/kustomization.yaml": remote}
    repo, pull = await proposed(github, alice, before=files, files={"README.md": "x\n"})
    await checked(github, pull)
    github.convert_to_draft(pull, alice)
    github.ready_for_review(pull, alice)
    github.close(pull, alice)
    github.reopen(pull, alice)
    await bot_.idle()
    assert (await checked(github, pull))[GATE] == "success"
    assert pull.checks[OWNERSHIP].conclusion == "neutral"
    assert len(repo.check_runs) == len(CHECKS)


async def test_what_a_killed_server_began_for_another_base_is_taken_over(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "GRACE", 0)
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    await bot_.idle()
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), path=r"git-upload-pack"))
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await gate.reached()
    await github.wait_for(lambda: GATE in pull.checks)
    await bot_.kill()
    repo.push("main", {"README.md": "x\n"}, author=alice)
    gate.set()
    await bot_.start()
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    assert len(repo.check_runs) == len(TOLD)


async def test_another_base_is_another_judgement(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("copy", PROPOSED, author=alice)
    repo.push("next", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    assert await checked(github, pull) == FAILED
    await bot_.idle()
    github.edit_title(pull, "Another title", alice)
    await bot_.idle()
    assert len(repo.check_runs) == len(TOLD)
    github.retarget(pull, "next", alice)
    await bot_.idle()
    assert await checked(github, pull) == PASSED  # it has all of it already


async def test_our_own_pull_request_is_judged_once(github: SimulatedGitHub, bot_: Bot) -> None:
    repo = github.repository("acme/platform", {**BEFORE, **PROPOSED})
    github.install(repo)
    await bot_.idle()
    (fix,) = repo.pulls
    # It is a draft with steps to be done first, and who has not done them loses the Namespace.
    assert await checked(github, fix) == PASSED | {CHANGES: "failure", GATE: "failure"}
    assert len(repo.check_runs) == len(TOLD)
    assert len(repo.pulls) == 1
