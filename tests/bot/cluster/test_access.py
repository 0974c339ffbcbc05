"""Which clusters a reader may see, and which of them the destinations of Applications mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cluster.reader import ClusterReader, cluster_reader
from bot.cluster.targets import Targets
from bot.rendering.driver import Engine
from tests.bot.clocks import JumpingClock
from tests.bot.cluster.conftest import Reading, pod_environment
from tests.bot.cluster.stage import elsewhere, judged, looked, seen
from tests.checks.secret_keys.stage import said
from tests.kubernetes import Access, SimulatedCluster, write_kubeconfig


def url_secret(cluster: SimulatedCluster, *keys: str) -> None:
    cluster.secret("shop", "db", dict.fromkeys(keys or ("url",), "v"))


def test_without_kubeconfig_and_outside_of_a_pod_there_is_no_reader(clock: JumpingClock) -> None:
    assert cluster_reader(clock, {}) is None
    assert cluster_reader(clock, {"KUBECONFIG": " "}) is None


async def test_no_reader_asks_nobody(engine: Engine, cluster: SimulatedCluster) -> None:
    """As with ARGOFIX_CLUSTER=off: the check goes on with what git tells."""
    evaluation = await judged(engine, None)
    assert evaluation.live is None
    assert {severity.value for _, severity, _ in said(evaluation)} == {"warning"}
    assert not cluster.requests


async def test_in_a_pod_its_own_service_account_is_used(
    engine: Engine, cluster: SimulatedCluster, pod: ClusterReader
) -> None:
    url_secret(cluster, "url", "password")
    live = await seen(engine, pod)
    assert live.secrets == {("shop", "db"): frozenset({"url", "password"})}
    assert {request.user for request in cluster.requests} == {"system:serviceaccount:argofix:in-a-pod"}


async def test_a_rotated_token_is_read_anew(
    engine: Engine, cluster: SimulatedCluster, pod: ClusterReader, service_account: Path, clock: JumpingClock
) -> None:
    url_secret(cluster)
    await looked(engine, pod)
    clock.time += 60
    cluster.accounts.clear()
    (service_account / "token").write_text(cluster.account("in-a-pod"))
    live = await seen(engine, pod)
    assert live.complete == {"shop"}
    assert not live.problems + live.unseen_holders
    assert [request.status for request in cluster.requests].count(401) >= 1


async def test_credentials_are_loaded_anew_after_a_while(
    engine: Engine, cluster: SimulatedCluster, clock: JumpingClock, tmp_path: Path
) -> None:
    """Also without a 401: the kubeconfig may name another account by then."""
    file = write_kubeconfig(tmp_path / "config", {"c": cluster.access(cluster.account("one"))})
    reader = cluster_reader(clock, {"KUBECONFIG": str(file)})
    assert reader is not None
    await looked(engine, reader)
    write_kubeconfig(file, {"c": cluster.access(cluster.account("two"))})
    await looked(engine, reader)
    clock.time += 3600
    await looked(engine, reader)
    await reader.close()
    users = list(dict.fromkeys(request.user.rpartition(":")[2] for request in cluster.requests))
    assert users == ["one", "two"]
    assert len({request.user for request in cluster.requests[: len(cluster.requests) // 2]}) == 1


async def test_tokens_that_are_not_accepted(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    live = await seen(engine, reading({"c": cluster.access("sim.unknown")}))
    assert live.complete == frozenset()
    assert live.problems == (
        "cluster `in-cluster`, `c`, could not be seen in full: Applications: the credentials are not accepted",
        "cluster `in-cluster`, `c`, could not be seen in full: Secrets in `shop`: the credentials are not accepted",
    )
    assert len(cluster.requests) == 2, "they are not loaded again and again"


@pytest.mark.parametrize("missing", ["token", "ca.crt"])
async def test_a_service_account_that_is_gone(
    engine: Engine, pod: ClusterReader, service_account: Path, missing: str
) -> None:
    (service_account / missing).unlink()
    live = await seen(engine, pod)
    assert live.complete == frozenset()
    assert live.problems == (
        "cluster `in-cluster` could not be seen in full: nothing could be asked: the credentials of the bot's own "
        "ServiceAccount could not be loaded",
    )


async def test_destinations_are_matched_by_url_and_by_name(
    engine: Engine, cluster: SimulatedCluster, other: SimulatedCluster, reading: Reading
) -> None:
    url_secret(cluster, "url")
    url_secret(other, "uri")
    here, there = cluster.account(), other.account()
    reader = reading({"main": cluster.access(here), "eu": other.access(there, name="prod-eu")})
    files = elsewhere(own="in-cluster", url=f"{other.url}/", context="eu", name="prod-eu", unknown="prod-us")
    live = await looked(engine, reader, files)
    assert live.clusters.keys() == {"in-cluster", other.url, "eu", "prod-eu"}
    assert live.clusters["in-cluster"].secrets == {("shop", "db"): frozenset({"url"})}
    for word in (other.url, "eu", "prod-eu"):
        assert live.clusters[word].secrets == {("shop", "db"): frozenset({"uri"})}, word
    assert len(other.asked("/secrets?")) == 1, "one cluster is asked once, whatever it is called"


async def test_each_cluster_answers_for_its_own_destinations(
    engine: Engine, cluster: SimulatedCluster, other: SimulatedCluster, reading: Reading
) -> None:
    url_secret(cluster)
    for name in ("here", "there"):
        cluster.application(name, path=name)
    reader = reading({"main": cluster.access(cluster.account()), "eu": other.access(other.account())})
    evaluation = await judged(engine, reader, elsewhere(here="in-cluster", there="eu"))
    assert [(finding.rule, finding.applications) for finding in evaluation.findings] == [
        ("secret-missing", ("there",))
    ]


async def test_a_context_called_in_cluster_is_argo_cds_own(
    engine: Engine, cluster: SimulatedCluster, other: SimulatedCluster, reading: Reading
) -> None:
    url_secret(other)
    contexts = {"main": cluster.access(cluster.account()), "in-cluster": other.access(other.account())}
    live = await seen(engine, reading(contexts, current="main"))
    assert ("shop", "db") in live.secrets
    assert not cluster.requests


async def test_without_a_current_context_in_cluster_is_nobody(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    reader = reading({"eu": cluster.access(cluster.account())}, current="")
    evaluation = await judged(engine, reader)
    assert evaluation.live is None
    assert not cluster.requests


async def test_in_a_pod_the_kubeconfig_adds_other_clusters(
    engine: Engine,
    cluster: SimulatedCluster,
    other: SimulatedCluster,
    service_account: Path,
    clock: JumpingClock,
    tmp_path: Path,
) -> None:
    url_secret(cluster)
    url_secret(other, "uri")
    file = write_kubeconfig(tmp_path / "config", {"eu": other.access(other.account())})
    targets = Targets.from_environment({**pod_environment(cluster), "KUBECONFIG": str(file)}, service_account)
    reader = ClusterReader(targets, clock)
    live = await looked(engine, reader, elsewhere(here="in-cluster", there="eu"))
    await reader.close()
    found = {word: cluster.secrets for word, cluster in live.clusters.items()}
    assert found == {
        "in-cluster": {("shop", "db"): frozenset({"url"})},
        "eu": {("shop", "db"): frozenset({"uri"})},
    }


async def test_kubeconfigs_are_merged(
    engine: Engine, cluster: SimulatedCluster, other: SimulatedCluster, clock: JumpingClock, tmp_path: Path
) -> None:
    one = write_kubeconfig(tmp_path / "one", {"main": cluster.access(cluster.account())})
    two = write_kubeconfig(tmp_path / "two", {"eu": other.access(other.account())}, current="")
    reader = cluster_reader(clock, {"KUBECONFIG": f"{one}:{tmp_path / 'nowhere'}:{two}"})
    assert reader is not None
    live = await looked(engine, reader, elsewhere(here="in-cluster", there="eu"))
    await reader.close()
    assert live.clusters.keys() == {"in-cluster", "eu"}
    assert not live.all_problems


@pytest.mark.parametrize(
    "content",
    [None, "", "just text", "clusters: [a: {token: s3cr3t", "[]", "contexts: 3", "clusters: [1, {cluster: s3cr3t}]"],
)
async def test_a_kubeconfig_that_cannot_be_read_is_said_and_nothing_of_it(
    engine: Engine, clock: JumpingClock, tmp_path: Path, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "config"
    if content is not None:
        file.write_text(content)
    with caplog.at_level("DEBUG"):
        reader = cluster_reader(clock, {"KUBECONFIG": str(file)})
        assert reader is not None
        evaluation = await judged(engine, reader)
    assert evaluation.live is not None
    assert evaluation.live.all_problems == ("KUBECONFIG names no file that can be read as a kubeconfig",)
    report = evaluation.report("argofix / secret-keys")
    assert "KUBECONFIG names no file that can be read as a kubeconfig" in report.gaps
    assert "s3cr3t" not in caplog.text


async def test_a_credential_plugin_that_fails(
    engine: Engine, cluster: SimulatedCluster, clock: JumpingClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = write_kubeconfig(tmp_path / "config", {"c": cluster.access("to-be-replaced")})
    plugin = "exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, 'echo s3cr3t; exit 1']}"
    file.write_text(file.read_text().replace("token: to-be-replaced", plugin))
    reader = cluster_reader(clock, {"KUBECONFIG": str(file)})
    assert reader is not None
    with caplog.at_level("DEBUG"):
        live = await seen(engine, reader)
    assert live.problems == (
        "cluster `in-cluster`, `c`, could not be seen in full: nothing could be asked: the credentials of the "
        "context `c` could not be loaded",
    )
    assert "s3cr3t" not in caplog.text
    assert not cluster.requests


@pytest.mark.parametrize(
    ("destination", "matches"),
    [
        ("https://10.0.0.1:6443", True),
        ("https://10.0.0.1:6443/", True),
        ("HTTPS://10.0.0.1:6443", True),
        ("https://10.0.0.1", False),
        ("http://10.0.0.1:6443", False),
        ("https://10.0.0.1:6443/other", False),
        ("https://user@10.0.0.1:6443", False),
        ("https://10.0.0.1:6443/?`@team`", False),
        ("https://10.0.0.1:6443#x", False),
        ("https://10.0.0.1:6443\n", False),
        ("https://10.0.0.1:port", False),
        ("https://[", False),
        ("https://", False),
        ("edge", True),
        ("edge-cluster", True),
        ("Edge", False),
        ("", False),
    ],
)
def test_what_a_destination_means(tmp_path: Path, destination: str, matches: bool) -> None:
    access = Access("https://10.0.0.1:6443", "", "t", name="edge-cluster")
    file = write_kubeconfig(tmp_path / "config", {"edge": access})
    targets = Targets.from_environment({"KUBECONFIG": str(file)}, tmp_path)
    found = targets.of(destination)
    assert (found is not None) is matches
    assert found in (None, *targets.contexts)


def test_the_default_port_may_be_left_out(tmp_path: Path) -> None:
    file = write_kubeconfig(tmp_path / "config", {"edge": Access("https://K8S.example.com", "", "t")})
    targets = Targets.from_environment({"KUBECONFIG": str(file)}, tmp_path)
    assert targets.of("https://k8s.example.com:443") == targets.contexts[0]
