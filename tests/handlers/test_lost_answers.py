"""An answer of GitHub's is lost: nobody knows whether it did what was asked, so that is looked at before it is asked
again. Each check has one run in the end, and that is over."""

from __future__ import annotations

from collections import Counter
from itertools import count, product

import pytest

from bot.github.endpoints import checks
from bot.github.made_once import SETTLES
from bot.server.worker import Limits
from handlers.judging import runs as judging
from handlers.repository import RepositoryContext
from tests.github import Fault, Repository, SimulatedGitHub, User, faults
from tests.handlers.conftest import (
    CHECKS,
    FAILED,
    GATE,
    OWNERSHIP,
    TOLD,
    Bot,
    Contents,
    Gate,
    by_the_app,
    checked,
    proposed,
)
from tests.scenarios import application, config_map, documents, kustomization

NAMES = ["m1", "m2", "m3"]


@pytest.fixture(autouse=True)
def two_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that GitHub is asked for a commit is asked, and three annotations take two requests, like 51 do else."""
    monkeypatch.setattr(judging, "GRACE", 0)
    monkeypatch.setattr(checks, "ANNOTATIONS_A_REQUEST", 2)


def doubled() -> Contents:
    files: Contents = {"apps.yaml": documents(application("a", "a"), application("b", "b"))}
    for app in "ab":
        files[f"{app}/kustomization.yaml"] = kustomization(*(f"{name}.yaml" for name in NAMES))
        files |= {f"{app}/{name}.yaml": config_map(name) for name in NAMES}
    return files


def runs_on(repo: Repository, sha: str) -> Counter[str]:
    """How many runs of each check a commit has; all of them are over."""
    runs = [run for run in repo.check_runs.values() if run.head_sha == sha]
    assert {run.status for run in runs} == {"completed"}
    return Counter(run.name for run in runs)


@pytest.mark.parametrize("last", [False, True], ids=["tried again", "last attempt"])
async def test_wherever_one_answer_is_lost_each_check_has_one_run(
    github: SimulatedGitHub, bot_: Bot, alice: User, last: bool
) -> None:
    """Of any request that writes, done before its answer was lost or not; those that read are simply repeated."""
    repo, pull = await proposed(github, alice, before={"README.md": "x\n"}, files=doubled())
    await checked(github, pull)
    await bot_.idle()
    assert bot_.running is not None
    if last:
        bot_.running.worker.limits = Limits(attempts=1)
    lost: Counter[str] = Counter()
    for method, acts in product(("POST", "PATCH"), (True, False)):
        for place in count():
            where = f"{method} {place} {acts}"
            fault = Fault(faults.dropped(acts=acts), method, r"^/repos/", skip=place)
            github.faults[:] = [fault]
            sha = repo.push("copy", {"README.md": f"{where}\n"}, author=alice)
            await bot_.idle()
            # A last attempt that fails ends what there is and what always is.
            assert runs_on(repo, sha) in ([Counter(TOLD), Counter(CHECKS)] if last else [Counter(TOLD)]), where
            if not fault.hits:
                break
            lost[method] += 1
            if last and method == "POST" and not acts:
                assert SETTLES in bot_.clock.slept  # GitHub may have been at it still
            assert pull.checks[GATE].conclusion == "failure", where
            if not last:
                assert await checked(github, pull) == FAILED, where
                lines = [item["start_line"] for item in pull.checks[OWNERSHIP].annotations]
                assert len(lines) == len(set(lines)) == len(NAMES), where
    assert lost == {"POST": 2 * len(TOLD), "PATCH": 2 * len(["the second batch", "the sum"])}


async def test_what_is_refused_is_said_by_one_run_of_each_check(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RepositoryContext, "refusal", lambda _self, _pull: "nobody may look at it")
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    await bot_.idle()
    assert bot_.running is not None
    bot_.running.worker.limits = Limits(attempts=1)
    for acts, place in product((True, False), range(len(CHECKS))):
        fault = Fault(faults.dropped(acts=acts), "POST", r"/check-runs$", skip=place)
        github.faults[:] = [fault]
        sha = repo.push("copy", {"README.md": f"{acts} {place}\n"}, author=alice)
        await bot_.idle()
        assert fault.hits == 1
        assert runs_on(repo, sha) == Counter(CHECKS), (acts, place)
        assert {run.conclusion for run in pull.checks.values()} == {"failure"}


async def test_a_server_killed_between_two_batches_goes_on_with_that_run(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    gate = Gate()
    # The first PATCH is the second batch: the run has been created with the first one.
    github.faults.append(Fault(faults.Effect(gate=gate, drop=True), method="PATCH", path=r"/check-runs/"))
    repo, pull = await proposed(github, alice, before={"README.md": "x\n"}, files=doubled())
    await gate.reached()
    assert (pull.checks[OWNERSHIP].status, len(pull.checks[OWNERSHIP].annotations)) == ("in_progress", 2)
    await bot_.kill()
    github.faults.clear()
    gate.set()
    await bot_.start()
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    assert runs_on(repo, pull.head_sha) == Counter(TOLD)
    lines = [item["start_line"] for item in pull.checks[OWNERSHIP].annotations]
    assert len(lines) == len(set(lines)) == len(NAMES)


@pytest.mark.parametrize("commit", ["another base", "another result"])
async def test_a_run_with_other_annotations_ends_and_another_one_is_made(
    github: SimulatedGitHub, bot_: Bot, alice: User, commit: str
) -> None:
    """What was found before the kill is not what is found now: nothing is added to it."""
    gate = Gate()
    github.faults.append(Fault(faults.Effect(gate=gate, drop=True), method="PATCH", path=r"/check-runs/"))
    repo, pull = await proposed(github, alice, before={"README.md": "x\n"}, files=doubled())
    await gate.reached()
    cut_off = pull.checks[OWNERSHIP]
    await bot_.kill()
    github.faults.clear()
    if commit == "another base":
        repo.push("main", {"README.md": "y\n"}, author=alice)
    else:
        cut_off.annotations[0]["message"] = "What a release before this one said."
    gate.set()
    await bot_.start()
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    assert (cut_off.status, cut_off.conclusion) == ("completed", "cancelled")
    assert len(pull.checks[OWNERSHIP].annotations) == len(NAMES)


async def test_an_answer_and_a_pull_request_whose_receipts_are_lost_need_no_second_attempt(
    github: SimulatedGitHub, bot_: Bot, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    paths = (r"/issues/\d+/comments$", r"/repos/.*/pulls$")
    lost = [Fault(faults.half_body(), "POST", path, times=None) for path in paths]
    github.faults += lost
    repo, pull = await proposed(github, alice)
    github.collaborator(repo, alice)
    await checked(github, pull)
    github.comment(pull, alice, "/argofix fix")
    await bot_.idle()
    assert [fault.hits for fault in lost] == [2, 1]
    assert len(pull.issue.comments) == 3  # hers, what merging changes, and the answer
    assert len(by_the_app(github, repo)) == 1
    assert "will try again" not in caplog.text
