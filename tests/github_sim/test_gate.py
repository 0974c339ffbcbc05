"""Required checks and the merge queue, as GitHub documents them."""

from __future__ import annotations

import pytest

from tests.github import Installation, PullRequest, Repository, SimulatedGitHub
from tests.github.protection import Protection, Verdict
from tests.github.queue import MergeQueue
from tests.github_sim.conftest import Client, Receiver

HERE = "/repos/octo/deploy"
NEEDS = Protection(frozenset({"gate"}))


async def tell(api: Client, sha: str, conclusion: str | None = "success", name: str = "gate") -> None:
    state = {"status": "in_progress"} if conclusion is None else {"conclusion": conclusion}
    status, answer = await api("POST", f"{HERE}/check-runs", {"name": name, "head_sha": sha, **state})
    assert status == 201, answer


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ([], "expected"),
        ([None], "pending"),
        (["success"], "passing"),
        (["neutral"], "passing"),
        (["skipped"], "passing"),
        (["failure"], "failing"),
        (["cancelled"], "failing"),
        (["timed_out"], "failing"),
        (["action_required"], "failing"),
        (["success", None], "pending"),
        (["failure", "success"], "passing"),
        (["success", "failure"], "failing"),
    ],
)
async def test_the_latest_run_of_the_required_name_decides(
    repo: Repository, api: Client, told: list[str | None], verdict: Verdict
) -> None:
    sha = repo.push("feature", {"a": "a"})
    await tell(api, sha, "success", name="another")
    for conclusion in told:
        await tell(api, sha, conclusion)
    assert NEEDS.verdict(repo, sha) == verdict


async def test_a_run_on_an_older_commit_and_one_of_another_app_do_not_count(
    github: SimulatedGitHub, repo: Repository, api: Client
) -> None:
    pull = _opened(github, repo)
    await tell(api, pull.head_sha)
    assert NEEDS.allows(pull)
    repo.push("feature", {"a": "b"})
    assert not NEEDS.allows(pull)
    other = github.new_app("other")
    github.check_run_of(repo, other, pull.head_sha, "gate")
    assert NEEDS.allows(pull)
    ours = Protection(NEEDS.required, app=github.app)
    assert ours.verdict(repo, pull.head_sha) == "expected"
    await tell(api, pull.head_sha, "failure")
    assert (NEEDS.allows(pull), ours.allows(pull)) == (False, False)


async def test_what_else_keeps_a_pull_request_from_being_merged(
    github: SimulatedGitHub, repo: Repository, api: Client
) -> None:
    pull = _opened(github, repo)
    await tell(api, pull.head_sha)
    strict = Protection(NEEDS.required, strict=True)
    assert strict.allows(pull)
    github.convert_to_draft(pull)
    assert not NEEDS.allows(pull)
    github.ready_for_review(pull)
    repo.push("main", {"b": "b"})
    assert (NEEDS.allows(pull), strict.allows(pull)) == (True, False)
    repo.push("main", {"a": "conflict"})
    assert not NEEDS.allows(pull)


async def test_a_queue_builds_on_what_is_before_and_anew_on_what_is_left(
    github: SimulatedGitHub, repo: Repository, api: Client, receiver: Receiver
) -> None:
    pulls = [_opened(github, repo, name, {name: name}) for name in ("one", "two", "three")]
    for pull in pulls:
        await tell(api, pull.head_sha)
    queue = MergeQueue(repo, NEEDS.required)
    first, second, third = [queue.enter(pull) for pull in pulls]
    assert (second.base_sha, third.base_sha) == (first.head_sha, second.head_sha)
    assert repo.git.refs("refs/heads/gh-readonly-queue").keys() == {group.ref for group in (first, second, third)}
    assert not queue.admits(pulls[0])
    await tell(api, third.head_sha)
    assert queue.work() == []  # the first is waited for
    await tell(api, first.head_sha)
    await tell(api, second.head_sha, "failure")
    assert queue.work() == [2]
    assert repo.branch("main") == first.head_sha and pulls[0].merged_at
    (again,) = queue.groups
    assert (again.pull, again.base_sha) == (pulls[2], first.head_sha)
    assert repo.git.refs("refs/heads/gh-readonly-queue").keys() == {again.ref}
    await github.settle()
    assert _groups(github) == [
        ("checks_requested", None, first.head_sha),
        ("checks_requested", None, second.head_sha),
        ("checks_requested", None, third.head_sha),
        ("destroyed", "merged", first.head_sha),
        ("destroyed", "dequeued", second.head_sha),
        ("destroyed", "invalidated", third.head_sha),
        ("checks_requested", None, again.head_sha),
    ]
    github.assert_no_violations()


async def test_a_queue_notices_what_people_do(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    pulls = [_opened(github, repo, name, {name: name}) for name in ("one", "two", "three")]
    for pull in pulls:
        await tell(api, pull.head_sha)
    queue = MergeQueue(repo, NEEDS.required)
    for pull in pulls:
        queue.enter(pull)
    base = repo.push("main", {"two": "conflict"})  # by somebody who may
    repo.push("one", {"one": "newer"})
    assert queue.work() == [1, 2]
    (left,) = queue.groups
    assert (left.pull, left.base_sha) == (pulls[2], base)
    github.close(pulls[2])
    queue.work()
    assert queue.groups == []


async def test_a_queue_without_an_answer_stalls(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    pull = _opened(github, repo)
    await tell(api, pull.head_sha)
    queue = MergeQueue(repo, NEEDS.required)
    group = queue.enter(pull)
    await tell(api, group.head_sha, None)
    assert queue.work() == [] and queue.groups == [group]
    queue.leave(pull)
    assert queue.groups == [] and pull.open


async def test_the_bots_own_runs_come_back_to_it_and_a_commit_is_requested_once(
    github: SimulatedGitHub, repo: Repository, installation: Installation, api: Client, receiver: Receiver
) -> None:
    sha = repo.push("feature", {"a": "a"})
    await tell(api, sha, None)
    run = repo.checks(sha)["gate"]
    await api("PATCH", f"{HERE}/check-runs/{run.id}", {"conclusion": "success"})
    await api("POST", f"{HERE}/git/refs", {"ref": "refs/heads/same", "sha": sha})
    await github.settle()
    events = [(item.event, item.action, item.payload["sender"]["login"]) for item in github.deliveries]
    for action in ("created", "completed"):
        assert ("check_run", action, "argofix[bot]") in events
    assert ("create", None, "argofix[bot]") in events
    assert [event[:2] for event in events].count(("check_suite", "requested")) == 1
    github.assert_no_violations()


def _opened(
    github: SimulatedGitHub, repo: Repository, branch: str = "feature", files: dict[str, str] | None = None
) -> PullRequest:
    repo.push(branch, dict(files or {"a": "a"}), base="main")
    return github.open_pull(repo, branch)


def _groups(github: SimulatedGitHub) -> list[tuple[str | None, str | None, str]]:
    told = [item for item in github.deliveries if item.event == "merge_group"]
    return [(t.action, t.payload.get("reason"), t.payload["merge_group"]["head_sha"]) for t in told]
