"""Webhooks arrive signed and described; the log tells what became of them."""

import hmac
import json

from tests.github import Repository, SimulatedGitHub
from tests.github.webhooks import deliver
from tests.github_sim.conftest import Client, Receiver

HERE = "/repos/octo/deploy"


async def test_a_delivery_is_signed(
    github: SimulatedGitHub, repo: Repository, api: Client, receiver: Receiver
) -> None:
    repo.push("feature", {"a": "a"})
    await github.settle()
    headers, body = next(item for item in receiver.got if item[0]["x-github-event"] == "push")
    for name, kind in (("x-hub-signature-256", "sha256"), ("x-hub-signature", "sha1")):
        digest = hmac.new(github.app.webhook_secret.encode(), body, kind).hexdigest()
        assert headers[name] == f"{kind}={digest}"
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert json.loads(body)["ref"] == "refs/heads/feature"
    assert headers["x-github-hook-installation-target-type"] == "integration"
    github.assert_no_violations()


async def test_a_failed_delivery_stays_failed_until_redelivered(
    github: SimulatedGitHub, repo: Repository, api: Client, receiver: Receiver
) -> None:
    receiver.status = 503
    pull_head = repo.push("feature", {"a": "a"})
    await github.settle()
    count = len(receiver.got)
    status, failed = await api("GET", "/app/hook/deliveries?status=failure", token=api.app_token())
    assert status == 200 and len(failed) == count
    push = next(item for item in failed if item["event"] == "push")
    receiver.status = 202
    status, _ = await api("POST", f"/app/hook/deliveries/{push['id']}/attempts", token=api.app_token())
    assert status == 202
    await github.settle()
    headers, body = receiver.got[-1]
    assert len(receiver.got) == count + 1
    assert headers["x-github-delivery"] == push["guid"] and json.loads(body)["after"] == pull_head


async def test_what_the_bot_does_comes_back(
    github: SimulatedGitHub, repo: Repository, api: Client, receiver: Receiver
) -> None:
    sha = repo.push("feature", {"a": "a"})
    await api("POST", f"{HERE}/pulls", {"title": "t", "head": "feature", "base": "main"})
    await api("POST", f"{HERE}/issues/1/comments", {"body": "hello"})
    action = {"label": "Fix", "description": "Fix it", "identifier": "fix"}
    body = {"name": "n", "head_sha": sha, "conclusion": "failure", "actions": [action]}
    await api("POST", f"{HERE}/check-runs", body)
    run = repo.checks(sha)["n"]
    github.click(repo, run, "fix", github.user("alice"))
    github.rerequest(repo, run)
    github.rerequest(repo, run.suite)
    await github.settle()
    seen = {(item.event, item.action): item.payload["sender"]["login"] for item in github.deliveries}
    assert seen["pull_request", "opened"] == seen["issue_comment", "created"] == "argofix[bot]"
    assert seen["check_run", "requested_action"] == "alice"
    assert {("check_run", "rerequested"), ("check_suite", "rerequested"), ("check_run", "completed")} <= seen.keys()
    github.assert_no_violations()


async def test_a_payload_that_is_not_described_is_a_violation(
    github: SimulatedGitHub, repo: Repository, receiver: Receiver
) -> None:
    deliver(github, github.app, None, "push", None, {"ref": 7}, repo)
    await github.settle()
    assert github.violations[0].side == "webhook" and "/ref" in str(github.violations[0])


async def test_nobody_hears_of_what_the_app_does_not_cover(
    github: SimulatedGitHub, repo: Repository, api: Client, receiver: Receiver
) -> None:
    github.repository("octo/other", {"a": "a"}).push("main", {"a": "b"})
    await github.settle()
    assert not receiver.got


async def test_webhooks_come_late_in_any_order_or_never(
    github: SimulatedGitHub, repo: Repository, api: Client, receiver: Receiver
) -> None:
    github.hold_webhooks()
    heads = [repo.push("feature", {"a": name}) for name in "abc"]
    await github.settle()
    assert not receiver.got
    pushes = [item for item in github.deliveries if item.event == "push"]
    github.release_webhooks(lambda _held: [pushes[2], pushes[0]])
    await github.settle()
    assert sorted(json.loads(body)["after"] for _, body in receiver.got) == sorted([heads[2], heads[0]])
    _, failed = await api("GET", "/app/hook/deliveries?status=failure", token=api.app_token())
    assert pushes[1].guid in {item["guid"] for item in failed}
    github.redeliver(pushes[1])
    await github.settle()
    headers, body = receiver.got[-1]
    assert headers["x-github-delivery"] == pushes[1].guid
    assert json.loads(body) == pushes[1].payload


async def test_a_run_that_is_asked_for_again_stays_as_it_is(
    github: SimulatedGitHub, repo: Repository, api: Client, receiver: Receiver
) -> None:
    sha = repo.push("feature", {"a": "a"})
    await api("POST", f"{HERE}/check-runs", {"name": "n", "head_sha": sha, "conclusion": "failure"})
    run = repo.checks(sha)["n"]
    github.rerequest(repo, run)
    assert (run.status, run.conclusion) == ("completed", "failure")
    github.rerequest(repo, run, resets=True)
    assert (run.status, run.conclusion) == ("queued", None)
