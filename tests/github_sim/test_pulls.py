"""Pull requests follow their branches."""

from tests.github import Repository, SimulatedGitHub, show
from tests.github_sim.conftest import Client, Receiver

HERE = "/repos/octo/deploy"


async def test_mergeable_is_null_at_first(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    repo.push("feature", {"a": "a"})
    pull = github.open_pull(repo, "feature")
    assert [(await api("GET", f"{HERE}/pulls/1"))[1]["mergeable"] for _ in range(2)] == [None, True]
    repo.push("main", {"a": "other"})
    assert [(await api("GET", f"{HERE}/pulls/1"))[1]["mergeable"] for _ in range(2)] == [None, False]
    assert pull.issue.state == "open"


async def test_the_merge_ref_is_stale_until_read(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    repo.push("feature", {"a": "a"})
    github.open_pull(repo, "feature")
    base = repo.push("main", {"b": "b"})
    assert base not in repo.git.commit_data("refs/pull/1/merge").parents
    await api("GET", f"{HERE}/pulls/1")
    assert repo.git.commit_data("refs/pull/1/merge").parents[0] == base


async def test_a_fork_brings_its_commits(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    fork = github.fork(repo, github.user("alice"))
    sha = fork.push("feature", {"a": "a"})
    pull = github.open_pull(repo, "feature", head_repo=fork, user=fork.owner)
    _, shown = await api("GET", f"{HERE}/pulls/1")
    assert shown["head"]["repo"]["full_name"] == "alice/deploy" and shown["head"]["label"] == "alice:feature"
    assert repo.git.refs("refs/pull/1/head") == {"refs/pull/1/head": sha}
    newer = fork.push("feature", {"a": "b"})
    assert pull.head_sha == newer == repo.git.resolve("refs/pull/1/head")
    status, run = await api("POST", f"{HERE}/check-runs", {"name": "n", "head_sha": newer})
    assert status == 201 and run["pull_requests"] == []
    github.assert_no_violations()


async def test_a_second_pull_request_for_a_branch_is_refused(repo: Repository, api: Client) -> None:
    repo.push("feature", {"a": "a"})
    body = {"title": "t", "head": "feature", "base": "main"}
    assert (await api("POST", f"{HERE}/pulls", body))[0] == 201
    status, answer = await api("POST", f"{HERE}/pulls", body)
    assert status == 422 and "already exists" in answer["errors"][0]["message"]
    assert (await api("POST", f"{HERE}/pulls", body | {"head": "main"}))[0] == 422


async def test_merging_moves_the_base(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    repo.push("feature", {"a": "a"})
    pull = github.open_pull(repo, "feature")
    sha = github.merge(pull)
    assert repo.branch("main") == sha and repo.file("a") == b"a"
    _, shown = await api("GET", f"{HERE}/pulls/1")
    assert (shown["merged"], shown["state"], shown["merge_commit_sha"]) == (True, "closed", sha)
    assert not repo.git.refs("refs/pull/1/merge")


async def test_people_can_read_it(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    alice = github.user("alice")
    sha = repo.push("feature", {"apps/a.yaml": "a: 2\n"})
    pull = github.open_pull(repo, "feature", title="Change a", body="Because.", user=alice)
    note = {
        "path": "apps/a.yaml",
        "start_line": 1,
        "end_line": 2,
        "annotation_level": "failure",
        "message": "Owned twice",
    }
    output = {"title": "1 conflict", "summary": "See below.", "annotations": [note]}
    actions = [{"label": "Fix", "description": "Open the fix", "identifier": "fix"}]
    body = {"name": "a check", "head_sha": sha, "conclusion": "failure", "output": output, "actions": actions}
    await api("POST", f"{HERE}/check-runs", body)
    github.comment(pull, alice, "Hm.")
    text = show.pull_request(pull, diff=True)
    for part in (
        "#1 Change a  [open]",
        "✗ a check: failure — 1 conflict",
        "failure apps/a.yaml:1-2",
        "[ Fix ]",
        "+a: 2",
    ):
        assert part in text
    assert "alice commented" in text


async def test_another_base_is_told_with_what_it_was(
    github: SimulatedGitHub, repo: Repository, api: Client, receiver: Receiver
) -> None:
    repo.push("next", {"n": "n"})
    repo.push("feature", {"a": "a"}, base="main")
    pull = github.open_pull(repo, "feature")
    github.retarget(pull, "next")
    await github.settle()
    told = next(item.payload for item in github.deliveries if item.action == "edited")
    assert told["changes"]["base"]["ref"] == {"from": "main"}
    assert told["pull_request"]["base"]["ref"] == "next"
    assert repo.git.commit_data("refs/pull/1/merge").parents[0] == repo.branch("next")
    github.convert_to_draft(pull)
    github.delete_branch(repo, "next")
    await github.settle()
    assert [item.action for item in github.deliveries][-1] == "closed"
    assert not pull.open
    github.assert_no_violations()


async def test_what_was_closed_comes_back_with_its_newer_head_unless_that_was_forced(
    github: SimulatedGitHub, repo: Repository, api: Client
) -> None:
    repo.push("feature", {"a": "a"})
    pull = github.open_pull(repo, "feature")
    github.close(pull)
    newer = repo.push("feature", {"a": "b"})
    github.reopen(pull)
    assert pull.head_sha == newer == repo.git.resolve("refs/pull/1/head")
    github.close(pull)
    repo.push("feature", {"a": "c"}, base="main", force=True)
    assert (await api("PATCH", f"{HERE}/pulls/1", {"state": "open"}))[0] == 422


async def test_a_conflict_leaves_the_merge_ref_as_it_was(
    github: SimulatedGitHub, repo: Repository, api: Client
) -> None:
    repo.push("feature", {"a": "a"})
    github.open_pull(repo, "feature")
    before = repo.git.resolve("refs/pull/1/merge")
    repo.push("main", {"a": "other"})
    assert [(await api("GET", f"{HERE}/pulls/1"))[1]["mergeable"] for _ in range(2)] == [None, False]
    assert repo.git.resolve("refs/pull/1/merge") == before
    repo.merge_refs = "absent"
    repo.push("second", {"b": "b"}, base="main")
    github.open_pull(repo, "second")
    await api("GET", f"{HERE}/pulls/2")
    assert repo.git.resolve("refs/pull/2/merge") is None
