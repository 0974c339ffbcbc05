"""The server with a cluster to ask: signed webhooks in, check runs and fixes out, and no value anywhere."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.formats.github.changes import MARK
from demo.story import BEFORE, MIGRATION, PROPOSED
from tests.github import PullRequest, SimulatedGitHub, User
from tests.handlers.conftest import OWNERSHIP, Bot, Contents, body_of, by_the_app, checked, proposed, summary_of
from tests.kubernetes import Fault, SimulatedCluster, allow, garbage, reset, write_kubeconfig
from tests.scenarios import application, config_map

SECRET_KEYS = "argofix / secret-keys"
VALUE = "marked-value-4711"
WANTED = ("postgres-user", "postgres-password", "supabase-url", "supabase-jwt-secret")
APPLICATIONS = {
    "bootstrap": "bootstrap/sets",
    "infrastructure": "apps/infrastructure",
    "api-backend": "apps/api-backend",
}
READING = (
    allow("get", "list", resources=["configmaps", "namespaces", "networkpolicies"], groups=["", "networking.k8s.io"]),
    allow("get", "list", resources=["applications"], groups=["argoproj.io"]),
)
SECRETS = allow("get", "list", resources=["secrets"])


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    """Argo CD with the story's Applications, and the namespace that they deploy to."""
    async with SimulatedCluster() as simulation:
        for name, path in APPLICATIONS.items():
            simulation.application(name, path=path)
        yield simulation
        assert not simulation.violations


def secret(cluster: SimulatedCluster, *keys: str) -> None:
    """The Secret that a pipeline made. Trimmed, so that its keys have to be read off the object, values and all."""
    applied = json.dumps({"data": dict.fromkeys(keys, VALUE)})
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": applied}
    cluster.secret("shop", "shop-secrets", dict.fromkeys(keys, VALUE), managed_fields=[], annotations=annotations)


async def serving(bot_: Bot, kubeconfig: Path) -> None:
    await bot_.stop()
    bot_.kubeconfig = str(kubeconfig)
    await bot_.start()


@pytest.fixture
async def asking(bot_: Bot, cluster: SimulatedCluster, tmp_path: Path) -> Bot:
    """The server, started again with access to the cluster."""
    token = cluster.account("argofix", *READING, SECRETS)
    await serving(bot_, write_kubeconfig(tmp_path / "kubeconfig", {"in-cluster": cluster.access(token)}))
    return bot_


async def migrating(github: SimulatedGitHub, alice: User) -> PullRequest:
    _, pull = await proposed(github, alice, files=MIGRATION)
    return pull


async def test_keys_that_the_cluster_holds_are_provided(
    github: SimulatedGitHub, cluster: SimulatedCluster, asking: Bot, alice: User
) -> None:
    secret(cluster, *WANTED)
    pull = await migrating(github, alice)
    assert set((await checked(github, pull)).values()) == {"success"}


async def test_a_key_that_the_cluster_lacks_fails_by_name(
    github: SimulatedGitHub, cluster: SimulatedCluster, asking: Bot, alice: User
) -> None:
    secret(cluster, "postgres-user", "postgres-password", "supabase_url", "supabase-jwt-secret")
    pull = await migrating(github, alice)
    assert (await checked(github, pull))[SECRET_KEYS] == "failure"
    run = pull.checks[SECRET_KEYS]
    assert run.title == "Secret shop/shop-secrets has no key supabase-url"
    assert "init container `db-migrate`" in summary_of(pull, SECRET_KEYS).lower()
    assert "`supabase_url` for `supabase-url`" in summary_of(pull, SECRET_KEYS)
    (annotation,) = run.annotations
    assert annotation["path"] == "apps/api-backend/deployment.yaml"
    line = MIGRATION["apps/api-backend/deployment.yaml"]
    assert isinstance(line, bytes)
    assert b"key: supabase-url" in line.splitlines()[annotation["start_line"] - 1]


async def test_what_may_not_be_read_makes_the_check_neutral(
    github: SimulatedGitHub, bot_: Bot, cluster: SimulatedCluster, alice: User, tmp_path: Path
) -> None:
    secret(cluster, "postgres-user")
    access = cluster.access(cluster.account("argofix", *READING))
    await serving(bot_, write_kubeconfig(tmp_path / "kubeconfig", {"in-cluster": access}))
    pull = await migrating(github, alice)
    assert (await checked(github, pull))[SECRET_KEYS] == "neutral"
    assert "Secrets in `shop`: forbidden" in summary_of(pull, SECRET_KEYS)


async def test_a_cluster_that_does_not_answer_makes_the_check_neutral(
    github: SimulatedGitHub, cluster: SimulatedCluster, asking: Bot, alice: User
) -> None:
    cluster.faults.append(Fault(reset(), times=None))
    pull = await migrating(github, alice)
    results = await checked(github, pull)
    assert results[SECRET_KEYS] == "neutral"
    assert results[OWNERSHIP] == "success"
    assert "could not be seen in full" in summary_of(pull, SECRET_KEYS)
    assert "no answer in time" in summary_of(pull, SECRET_KEYS)


@pytest.mark.parametrize("content", [None, "contexts: [", f"users: [{{user: {{token: {VALUE}"])
async def test_a_broken_kubeconfig_is_one_line_and_checks_go_on(
    github: SimulatedGitHub,
    bot_: Bot,
    alice: User,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    content: str | None,
) -> None:
    file = tmp_path / "kubeconfig"
    if content is not None:
        file.write_text(content)
    await serving(bot_, file)
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in errors] == ["no cluster can be asked"]
    assert VALUE not in caplog.text
    pull = await migrating(github, alice)
    assert (await checked(github, pull))[SECRET_KEYS] == "neutral"
    assert "KUBECONFIG names no file that can be read as a kubeconfig" in summary_of(pull, SECRET_KEYS)
    assert bot_.running is not None
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{bot_.running.port}/readyz") as answer,
    ):
        assert answer.status == 200
        told = (await answer.json())["troubles"]
        assert told == {"cluster access": "KUBECONFIG names no file that can be read as a kubeconfig"}


async def test_no_value_leaves_the_server(
    github: SimulatedGitHub, cluster: SimulatedCluster, asking: Bot, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret(cluster, "postgres-user")
    pull = await migrating(github, alice)
    await checked(github, pull)
    await asking.idle()
    whole = [r for r in cluster.asked("/secrets/shop-secrets") if r.accept == "application/json" and r.status == 200]
    assert whole, "the test is about nothing: the values were never read"
    received = "\n".join(json.dumps(request.body) for request in github.requests if request.body)
    assert "shop-secrets" in received
    assert asking.known is not None
    kept = (*asking.state.rglob("*"), *asking.known.glob("renderings-*"))
    stored = b"".join(file.read_bytes() for file in kept if file.is_file())
    for value in (VALUE, base64.b64encode(VALUE.encode()).decode()):
        assert value not in received
        assert value not in caplog.text + "".join(str(vars(record)) for record in caplog.records)
        assert value.encode() not in stored


@pytest.mark.parametrize(
    ("holder", "heals", "draft", "said"),
    [
        ("infrastructure", False, False, "merge this in one step"),
        ("infrastructure", True, True, "**Suspend self-healing** of `api-backend`"),
        ("api-backend", False, True, "carries the tracking id of `api-backend`"),
        ("", False, True, "Git cannot tell whose tracking id it is"),
    ],
)
async def test_the_holder_decides_how_a_fix_may_be_merged(
    github: SimulatedGitHub, cluster: SimulatedCluster, asking: Bot, holder: str, heals: bool, draft: bool, said: str
) -> None:
    if holder:
        cluster.tracked("v1", "Namespace", "", "shop", f"{holder}:/Namespace:shop/shop")
    else:
        cluster.faults.append(Fault(garbage(b"{}"), path=r"/api/v1/namespaces/shop$", times=None))
    files: Contents = {**BEFORE, **PROPOSED}
    sets = files["bootstrap/sets/applications.yaml"]
    assert isinstance(sets, bytes)
    assert b", selfHeal: true" in sets
    if not heals:
        files["bootstrap/sets/applications.yaml"] = sets.replace(b", selfHeal: true", b"")
    repo = github.repository("acme/platform", files)
    github.install(repo)
    await asking.idle()
    (fix,) = by_the_app(github, repo)
    assert fix.draft is draft
    assert said in body_of(fix)


@pytest.mark.parametrize("private", [True, False])
async def test_strangers_learn_nothing_of_the_cluster(
    github: SimulatedGitHub, cluster: SimulatedCluster, asking: Bot, private: bool
) -> None:
    """Whoever may open a pull request on a public repository could ask about any Secret, key by key."""
    secret(cluster, "postgres-user")
    repo = github.repository("acme/platform", BEFORE, private=private)
    github.install(repo)
    await asking.idle()
    cluster.requests.clear()
    mallory = github.user("mallory")
    fork = github.fork(repo, mallory)
    fork.push("copy", MIGRATION, author=mallory)
    pull = github.open_pull(repo, "copy", title="Copy", user=mallory, head_repo=fork)
    conclusion = (await checked(github, pull))[SECRET_KEYS]
    if private:
        assert conclusion == "failure"
        return
    assert conclusion == "neutral"
    assert "comes from a fork of a public repository, so no cluster was asked" in summary_of(pull, SECRET_KEYS)
    assert cluster.requests == []


async def test_the_comment_names_fields_that_differ_in_the_cluster_already(
    github: SimulatedGitHub, cluster: SimulatedCluster, asking: Bot, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before: Contents = {"apps.yaml": application("web", "web"), "web/x.yaml": config_map("x", a="1", b="1")}
    cluster.config_map(
        "shop", "x", {"a": VALUE, "b": VALUE}, annotations={"argocd.argoproj.io/tracking-id": "web:/ConfigMap:shop/x"}
    )
    _, pull = await proposed(github, alice, before=before, files={"web/x.yaml": config_map("x", a="2", b="1")})
    await checked(github, pull)
    (body,) = [one.body for one in pull.issue.comments if one.body.startswith(MARK)]
    assert "In the cluster `data.a` is already otherwise than in git before this change" in body
    assert "`data.b`" not in body and "Not compared with what is live" not in body
    assert VALUE not in caplog.text and VALUE not in json.dumps([str(r.body) for r in github.requests])


async def test_an_unseen_holder_leaves_the_secret_keys_alone(
    github: SimulatedGitHub, cluster: SimulatedCluster, asking: Bot, alice: User
) -> None:
    secret(cluster, *WANTED)
    cluster.secret("shop", "registry", {".dockerconfigjson": VALUE})
    cluster.faults.append(Fault(garbage(b"{}"), path=r"/api/v1/namespaces/shop$", times=None))
    _, pull = await proposed(github, alice, files={**PROPOSED, **MIGRATION})
    results = await checked(github, pull)
    assert (results[OWNERSHIP], results[SECRET_KEYS]) == ("failure", "success")
