"""What evaluations learn from a cluster that answers."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cluster.connection import path_of
from bot.cluster.limits import Limits
from bot.cluster.reader import ClusterReader
from bot.rendering.driver import Engine
from tests.bot.cluster.conftest import Reading
from tests.bot.cluster.stage import MAPPED, clauses, judged, seen, spread
from tests.checks.secret_keys.stage import APP, deployment, keys_missing, said, secret
from tests.kubernetes import SimulatedCluster, allow
from tests.kubernetes.objects import managed
from tests.scenarios import Files

SECRETS = "/api/v1/namespaces/shop/secrets"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def asked(cluster: SimulatedCluster) -> list[str]:
    """Paths of Secrets and ConfigMaps that were asked for, without queries."""
    paths = (request.path.partition("?")[0] for request in cluster.requests)
    return [path for path in paths if "secrets" in path or "configmaps" in path]


def secret_manifest(*keys: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Secret", "data": dict.fromkeys(keys, "MQ==")}


async def test_a_key_that_managed_fields_name_is_there_and_no_value_is_asked_for(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    cluster.secret("shop", "db", {"url": "u", "password": "p"})
    evaluation = await judged(engine, reader)
    assert said(evaluation) == []
    assert evaluation.live is not None
    live = evaluation.live.clusters["in-cluster"]
    assert live.secrets == {("shop", "db"): frozenset({"url", "password"})}
    assert live.complete == {"shop"}
    assert not live.problems + live.unseen_holders
    assert asked(cluster) == [SECRETS]
    (request,) = cluster.asked("/secrets")
    assert (request.accept, request.user_agent) == (METADATA_LIST, "argofix")


async def test_a_missing_key_is_only_ever_said_after_reading_the_object(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    cluster.secret("shop", "db", {"url": "u"})
    evaluation = await judged(engine, reader)
    assert keys_missing(evaluation) == {"password"}
    assert asked(cluster) == [SECRETS, f"{SECRETS}/db"]


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([], id="trimmed"),
        pytest.param([managed(secret_manifest("url"))], id="partly"),
        pytest.param([managed({**secret_manifest(), "stringData": {"password": "p", "url": "u"}})], id="stringData"),
        pytest.param([{**managed(secret_manifest("url", "password")), "fieldsType": "FieldsV2"}], id="unknown type"),
        pytest.param([{"manager": "x"}, "nonsense", {"fieldsType": "FieldsV1", "fieldsV1": []}], id="nonsense"),
    ],
)
async def test_where_managed_fields_do_not_suffice_the_object_is_read(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader, entries: Sequence[dict[str, object]]
) -> None:
    cluster.secret("shop", "db", {"url": "u", "password": "p"}, managed_fields=entries)
    evaluation = await judged(engine, reader)
    assert said(evaluation) == []
    assert asked(cluster) == [SECRETS, f"{SECRETS}/db"]


async def test_a_key_that_was_taken_away_is_missing_however_stale_string_data_is(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    """Server-side apply leaves `f:stringData` behind."""
    applied = managed({**secret_manifest("url"), "stringData": {"password": "p"}}, "kubectl", "Apply")
    cluster.secret("shop", "db", {"url": "u"}, managed_fields=[applied])
    assert keys_missing(await judged(engine, reader)) == {"password"}


async def test_several_managers_share_a_secret(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    entries = [managed(secret_manifest("url")), managed(secret_manifest("password"), "helm", "Apply")]
    cluster.secret("shop", "db", {"url": "u", "password": "p"}, managed_fields=entries)
    assert said(await judged(engine, reader)) == []
    assert asked(cluster) == [SECRETS]


async def test_keys_of_config_maps_binary_ones_too(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    cluster.config_map("shop", "settings", {"a": "b"}, {"mode": "AAAA"})
    live = await seen(engine, reader, MAPPED)
    assert live.config_maps == {("shop", "settings"): frozenset({"a", "mode"})}
    assert live.secrets == {}
    cluster.config_map("shop", "settings", {"a": "b"}, {"mode": "AAAA"}, managed_fields=[])
    assert (await seen(engine, reader, MAPPED)).config_maps == live.config_maps
    cluster.config_map("shop", "settings", {"a": "b"})
    assert keys_missing(await judged(engine, reader, MAPPED)) == {"mode"}


async def test_a_secret_that_is_not_there(engine: Engine, cluster: SimulatedCluster, reader: ClusterReader) -> None:
    evaluation = await judged(engine, reader)
    assert {(rule, severity.value) for rule, severity, _ in said(evaluation)} == {("secret-missing", "error")}
    assert evaluation.live is not None
    assert evaluation.live.clusters["in-cluster"].complete == {"shop"}, "an empty namespace is seen in full"


async def test_of_what_nobody_asks_for_only_the_name_is_kept(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    cluster.secret("shop", "db", {"url": "u", "password": "p"})
    cluster.secret("shop", "unrelated", {"token": "t"})
    live = await seen(engine, reader)
    assert live.secrets[("shop", "unrelated")] is None
    assert f"{SECRETS}/unrelated" not in asked(cluster)


async def test_what_git_provides_is_asked_of_nobody(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    files: Files = {**APP, "a/web.yaml": deployment(("db", "url")), "a/db.yaml": secret("db", "url")}
    evaluation = await judged(engine, reader, files)
    assert evaluation.live is None
    assert not cluster.requests


async def test_the_base_is_asked_about_too(engine: Engine, cluster: SimulatedCluster, reader: ClusterReader) -> None:
    """A key that the base missed already is nothing new."""
    base: Files = {**APP, "a/web.yaml": deployment(("db", "old"))}
    cluster.secret("shop", "db", {"url": "u"})
    evaluation = await judged(engine, reader, {**APP, "a/web.yaml": deployment(("db", "old"), ("db", "new"))}, base)
    introduced = {finding.message.split("`")[3]: finding.introduced for finding in evaluation.findings}
    assert introduced == {"old": False, "new": True}


async def test_pages_make_one_list(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    for index in range(7):
        cluster.secret("shop", f"s{index}", {"a": "1"})
    cluster.secret("shop", "zz", {"url": "u"})
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(page=3))
    live = await seen(engine, reader, spread("shop", names=("zz",)))
    assert live.secrets[("shop", "zz")] == frozenset({"url"})
    assert len(live.secrets) == 8
    assert [request.path.count("continue=") for request in cluster.asked("secrets?")] == [0, 1, 1]


async def test_a_thousand_secrets_take_four_requests(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    values = {f"k{index}": "v" for index in range(20)}
    for index in range(1000):
        cluster.secret("shop", f"helm-{index:04}", values, annotations={"note": "x" * 500})
    cluster.secret("shop", "db", {"url": "u", "password": "p"})
    live = await seen(engine, reader)
    assert len(live.secrets) == 1001
    assert live.complete == {"shop"}
    assert not live.problems + live.unseen_holders
    assert len(asked(cluster)) == 5
    assert set(asked(cluster)) == {SECRETS}, "no Secret of them is read"


async def test_more_than_the_limits_is_not_taken_for_all(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    for index in range(9):
        cluster.secret("shop", f"a{index}", {"a": "1"})
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(page=2, pages=3))
    cluster.secret("shop", "db", {"url": "u"})
    live = await seen(engine, reader, spread("shop", names=("db", "gone")))
    # What was asked for by name is known all the same.
    assert live.secrets == {("shop", "db"): frozenset({"url"})}
    assert live.complete == {"shop"}
    assert not live.problems + live.unseen_holders
    few = reading({"c": cluster.access(cluster.account())}, limits=Limits(page=2, pages=3, objects=1))
    live = await seen(engine, few, spread("shop", names=("db", "gone")))
    assert live.complete == frozenset()
    assert clauses(live) == ["Secrets in `shop`: there are more than the 1 single objects that argofix reads"]


async def test_more_namespaces_than_the_limits(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(lists=2))
    live = await seen(engine, reader, spread("a", "b", "c", "d"))
    assert live.complete == {"a", "b"}
    assert clauses(live) == ["Secrets in `c` and `d`: more namespaces than argofix asks for"]


async def test_an_answer_that_is_too_large_is_not_read(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    cluster.secret("shop", "db", {"url": "u", "password": "p"}, annotations={"note": "x" * 100_000})
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(body=50_000))
    live = await seen(engine, reader)
    assert live.secrets == {}
    assert live.complete == frozenset()
    assert clauses(live) == ["Secrets in `shop`: the answer is larger than argofix reads"]


@pytest.mark.parametrize("may_list", [True, False], ids=["listed", "asked one by one"])
async def test_names_from_a_pull_request_cannot_lead_elsewhere(
    engine: Engine, cluster: SimulatedCluster, reading: Reading, may_list: bool
) -> None:
    names = ("../../kube-system/secrets/token", "..", "a/b", "a?limit=1", "a%2fb", "")
    files: Files = {**APP, "a/web.yaml": deployment(("db", "url"), *((name, "key") for name in names))}
    cluster.secret("shop", "db", {"url": "u"})
    rules = [allow("get", "list" if may_list else "watch", resources=["secrets"])]
    await judged(engine, reading({"c": cluster.access(cluster.account("argofix", *rules))}), files)
    assert set(asked(cluster)) == {SECRETS} | (set() if may_list else {f"{SECRETS}/db"})


@pytest.mark.parametrize("namespace", ["..", "../kube-system", "a/b", "a?limit=1", "a%2fb", "a..b"])
async def test_namespaces_from_a_pull_request_cannot_lead_elsewhere(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader, namespace: str
) -> None:
    await seen(engine, reader, spread("shop", namespace))
    assert set(asked(cluster)) == {SECRETS}


@given(st.lists(st.text(alphabet="a./?#%2f:;&\\ é\n", min_size=1, max_size=8), min_size=1, max_size=4))
def test_a_segment_of_a_path_stays_one(segments: list[str]) -> None:
    path = path_of(*segments)
    assert [unquote(part) for part in path.split("/")] == ["", *segments]
    assert not set(path) & set("?#\\ \n") and path.isascii()
