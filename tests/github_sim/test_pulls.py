"""Pull requests follow their branches."""

from tests.github import Repository, SimulatedGitHub, show
from tests.github_sim.conftest import Client

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
