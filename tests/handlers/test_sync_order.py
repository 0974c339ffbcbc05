"""The check run `argofix / sync-order`: there for heads that it has something to say about, and true of each."""

from __future__ import annotations

from tests.github import PullRequest, SimulatedGitHub, User
from tests.handlers.conftest import GATE, OWNERSHIP, PASSED, SYNC_ORDER, Bot, Contents, checked, summary_of
from tests.scenarios import application, documents, manifest

APP: Contents = {"apps.yaml": application("shop", "shop"), "shop/a.yaml": manifest("ConfigMap", "a")}


def waves(secret: int) -> Contents:
    """A Deployment of wave 0 that needs a Secret of this wave."""
    annotations = {"argocd.argoproj.io/sync-wave": str(secret)}
    container = {"name": "a", "image": "a", "envFrom": [{"secretRef": {"name": "db"}}]}
    pod = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"app": "a"}}, "template": pod}
    return {
        "shop/web.yaml": documents(
            manifest("Deployment", "web", api="apps/v1", spec=spec),
            manifest("Secret", "db", metadata={"annotations": annotations}, stringData={"a": "b"}),
        )
    }


async def opened(github: SimulatedGitHub, bot_: Bot, alice: User, before: Contents, files: Contents) -> PullRequest:
    repo = github.repository("acme/platform", before)
    github.install(repo)
    repo.push("topic", files, author=alice)
    pull = github.open_pull(repo, "topic", title="Topic", user=alice)
    await bot_.idle()
    return pull


async def test_what_it_finds_fails_it_and_the_sum_and_not_ownership(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    pull = await opened(github, bot_, alice, APP, waves(1))
    assert await checked(github, pull) == PASSED | {SYNC_ORDER: "failure", GATE: "failure"}
    assert pull.checks[GATE].title == f"sync-order: {pull.checks[SYNC_ORDER].title}"
    assert f"[{SYNC_ORDER}](" in summary_of(pull, GATE)
    assert "later" not in summary_of(pull, OWNERSHIP)
    # A head of which there is nothing to say has no such run.
    pull.repo.push("topic", waves(-1), author=alice)
    await bot_.idle()
    assert await checked(github, pull) == PASSED


async def test_a_run_that_is_there_says_what_holds_now(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    pull = await opened(github, bot_, alice, APP, waves(1))
    pull.repo.push("main", {**waves(1), "README.md": "other\n"}, author=alice)
    await bot_.idle()
    assert await checked(github, pull) == PASSED | {SYNC_ORDER: "success"}
    assert pull.checks[SYNC_ORDER].title == "Nothing new; 1 problem known before"
    github.rerequest(pull.repo, pull.checks[SYNC_ORDER], alice)
    await bot_.idle()
    assert await checked(github, pull) == PASSED | {SYNC_ORDER: "success"}


async def test_what_was_known_before_makes_no_run_and_is_told_with_the_sum(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    pull = await opened(github, bot_, alice, APP | waves(1), {"shop/b.yaml": manifest("ConfigMap", "b")})
    assert await checked(github, pull) == PASSED
    assert f"{SYNC_ORDER}, known before this change: 1" in summary_of(pull, GATE)
    assert pull.checks[GATE].title == "Nothing new; 1 problem known before"
