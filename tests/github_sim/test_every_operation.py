"""Every operation answers something that GitHub's description allows, and nothing is a violation."""

import pytest

from tests.github import Repository, SimulatedGitHub
from tests.github.handling import ROUTES
from tests.github_sim.conftest import Client, Receiver

HERE = "/repos/octo/deploy"


async def test_reading_and_writing_through_the_whole_api(
    github: SimulatedGitHub, repo: Repository, api: Client, receiver: Receiver
) -> None:
    alice = github.user("alice")
    github.collaborator(repo, alice, "maintain")
    github.release(repo, "v1.0.0")
    head = repo.push("feature", {"apps/a.yaml": "a: 2\n", "b.bin": b"\0\1", "README.md": None}, author=alice)
    pull = github.open_pull(repo, "feature", title="Change a", user=alice)
    comment = github.comment(pull, alice, "/argofix help")
    issue = github.issue(repo, "Something else")

    status, run = await api("POST", f"{HERE}/check-runs", {"name": "a check", "head_sha": head})
    assert status == 201, run
    number, suite = run["id"], run["check_suite"]["id"]
    output = {
        "title": "One",
        "summary": "found",
        "annotations": [
            {"path": "apps/a.yaml", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "no"}
        ],
    }
    action = {"label": "Fix", "description": "Fix it", "identifier": "fix"}
    steps = [
        ("PATCH", f"/check-runs/{number}", {"conclusion": "failure", "output": output, "actions": [action]}, 200),
        ("GET", f"/check-runs/{number}", None, 200),
        ("GET", f"/check-runs/{number}/annotations", None, 200),
        ("GET", "/commits/feature/check-runs?filter=all", None, 200),
        ("GET", f"/commits/{head}/check-suites", None, 200),
        ("GET", f"/check-suites/{suite}", None, 200),
        ("GET", f"/check-suites/{suite}/check-runs", None, 200),
        ("POST", f"/check-suites/{suite}/rerequest", None, 201),
        ("POST", f"/check-runs/{number}/rerequest", None, 201),
        ("GET", "", None, 200),
        ("GET", "/branches", None, 200),
        ("GET", "/branches/feature", None, 200),
        ("GET", "/rules/branches/main", None, 200),
        ("GET", "/commits?path=README.md", None, 200),
        ("GET", "/commits/feature", None, 200),
        ("GET", f"/commits/{head}/pulls", None, 200),
        ("GET", "/compare/main...feature", None, 200),
        ("GET", "/contents/apps/a.yaml?ref=feature", None, 200),
        ("GET", "/contents/apps", None, 200),
        ("GET", "/releases", None, 200),
        ("GET", "/collaborators/alice/permission", None, 200),
        ("GET", "/pulls?head=octo:feature&base=main&state=all", None, 200),
        ("GET", "/pulls/1", None, 200),
        ("GET", "/pulls/1", None, 200),
        ("GET", "/pulls/1/files", None, 200),
        ("GET", "/pulls/1/commits", None, 200),
        ("PATCH", "/pulls/1", {"title": "Changed", "body": "Why"}, 200),
        ("GET", "/issues/1", None, 200),
        ("GET", f"/issues/{issue.number}", None, 200),
        ("GET", "/issues?creator=alice&state=all", None, 200),
        ("POST", "/issues", {"title": "List", "body": "x", "labels": ["new"]}, 201),
        ("PATCH", f"/issues/{issue.number}", {"state": "closed", "state_reason": "not_planned"}, 200),
        ("POST", "/issues/1/comments", {"body": "hello"}, 201),
        ("GET", "/issues/1/comments", None, 200),
        ("GET", "/issues/comments?sort=updated&direction=desc", None, 200),
        ("GET", f"/issues/comments/{comment.id}", None, 200),
        ("PATCH", f"/issues/comments/{comment.id}", {"body": "edited"}, 200),
        ("POST", f"/issues/comments/{comment.id}/reactions", {"content": "eyes"}, 201),
        ("POST", f"/issues/comments/{comment.id}/reactions", {"content": "eyes"}, 200),
        ("GET", f"/issues/comments/{comment.id}/reactions", None, 200),
        ("DELETE", f"/issues/comments/{comment.id}", None, 204),
        ("POST", "/labels", {"name": "argofix", "color": "ff0000"}, 201),
        ("GET", "/labels", None, 200),
        ("POST", "/issues/1/labels", {"labels": ["argofix", "new"]}, 200),
        ("GET", "/issues/1/labels", None, 200),
        ("POST", "/git/blobs", {"content": "eA==", "encoding": "base64"}, 201),
        ("GET", "/git/ref/heads/feature", None, 200),
        ("GET", "/git/matching-refs/heads/", None, 200),
        ("GET", f"/git/commits/{head}", None, 200),
        ("GET", f"/git/trees/{head}?recursive=1", None, 200),
    ]
    for method, path, body, expected in steps:
        status, answer = await api(method, HERE + path, body)
        assert status == expected, (method, path, answer)
        github.assert_no_violations()
    status, tree = await api(
        "POST", f"{HERE}/git/trees", {"base_tree": head, "tree": [{"path": "c", "mode": "100755", "content": "c"}]}
    )
    assert status == 201, tree
    blob = next(entry["sha"] for entry in tree["tree"] if entry["path"] == "c")
    assert (await api("GET", f"{HERE}/git/blobs/{blob}"))[1]["content"] == "Yw==\n"
    status, commit = await api(
        "POST", f"{HERE}/git/commits", {"message": "c", "tree": tree["sha"], "parents": [head]}
    )
    assert status == 201 and commit["verification"]["verified"], commit
    status, ref = await api("POST", f"{HERE}/git/refs", {"ref": "refs/heads/argofix/c", "sha": head})
    assert status == 201, ref
    status, ref = await api("PATCH", f"{HERE}/git/refs/heads/argofix/c", {"sha": commit["sha"]})
    assert status == 200, ref
    status, made = await api(
        "POST", f"{HERE}/pulls", {"title": "C", "head": "argofix/c", "base": "main", "body": "x", "draft": True}
    )
    assert status == 201 and made["user"]["login"] == "argofix[bot]", made
    assert (await api("DELETE", f"{HERE}/git/refs/heads/argofix/c"))[0] == 204
    assert not repo.pull(made["number"]).open

    await github.settle()
    jwt = api.app_token()
    delivery = github.deliveries[0]
    for method, path, expected in (
        ("GET", "/app", 200),
        ("GET", "/app/installations", 200),
        ("GET", f"/app/installations/{next(iter(github.installations))}", 200),
        ("GET", f"{HERE}/installation", 200),
        ("GET", "/app/hook/deliveries?per_page=2", 200),
        ("GET", f"/app/hook/deliveries/{delivery.id}", 200),
        ("POST", f"/app/hook/deliveries/{delivery.id}/attempts", 202),
    ):
        status, answer = await api(method, path, token=jwt)
        assert status == expected, (path, answer)
    code = github.manifest_code({"name": "Fix It", "default_permissions": {"checks": "write"}})
    status, answer = await api("POST", f"/app-manifests/{code}/conversions")
    assert status == 201 and answer["pem"].startswith("-----BEGIN"), answer
    for path in ("/installation/repositories", "/rate_limit", "/users/alice"):
        status, answer = await api("GET", path)
        assert status == 200, answer
    assert (await api("DELETE", "/installation/token"))[0] == 204
    assert (await api("GET", HERE))[0] == 401

    await github.settle()
    github.assert_no_violations()
    assert {request.operation for request in github.requests} >= ROUTES.keys()


@pytest.mark.parametrize("events", [("installation",)])
async def test_every_webhook_of_people_fits(
    github: SimulatedGitHub, repo: Repository, receiver: Receiver, events: tuple[str, ...]
) -> None:
    item = github.install(repo)
    other = github.repository("octo/other", {"a": "a"})
    alice = github.user("alice")
    github.add_repository(item, other)
    github.remove_repository(item, other)
    github.accept_permissions(item, {"checks": "write", "metadata": "read", "contents": "write"})
    github.ping()
    repo.push("feature", {"a": "b"}, author=alice)
    pull = github.open_pull(repo, "feature", draft=True, user=alice)
    github.ready_for_review(pull, alice)
    github.edit_title(pull, "Better", alice)
    comment = github.comment(pull, alice, "hello")
    github.edit_comment(pull, comment, alice, "bye")
    github.delete_comment(pull, comment, alice)
    repo.push("feature", {"a": "c"}, author=alice)
    issue = github.issue(repo, "Why", alice)
    github.edit_issue(repo, issue, alice, title="How", body="- [ ] x")
    github.close_issue(repo, issue, alice)
    github.reopen_issue(repo, issue, alice)
    github.close(pull, alice)
    github.reopen(pull, alice)
    github.merge(pull, alice)
    github.delete_branch(repo, "feature")
    github.rename(repo, "deployments")
    github.suspend(item)
    github.unsuspend(item)
    github.uninstall(item)
    await github.settle()
    github.assert_no_violations()
    seen = {f"{delivery.event} {delivery.action}" for delivery in github.deliveries}
    assert {"push None", "pull_request synchronize", "installation suspend", "repository renamed"} <= seen
    assert all(delivery.status_code == 202 for delivery in github.deliveries)
