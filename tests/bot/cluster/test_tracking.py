"""Who holds what several Applications bring, and how the Applications themselves stand."""

from __future__ import annotations

import json

import pytest

from bot.cluster.limits import Limits
from bot.cluster.reader import ClusterReader
from bot.rendering.driver import Engine
from gitops.applications.live import LiveApplication, LiveCluster
from gitops.resources.resource import ResourceId
from tests.bot.cluster.conftest import Reading
from tests.bot.cluster.stage import CONTESTED, elsewhere, looked, seen
from tests.kubernetes import Fault, SimulatedCluster, allow, garbage, internal_error
from tests.kubernetes.status import not_found
from tests.scenarios import Files, application, config_map, documents, manifest

SHARED = ResourceId("", "ConfigMap", "shop", "shared")
HELD = "a:/ConfigMap:shop/shared"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


def shared(cluster: SimulatedCluster, installation: str | None = None) -> None:
    annotations = {"argocd.argoproj.io/tracking-id": HELD}
    if installation is not None:
        annotations["argocd.argoproj.io/installation-id"] = installation
    cluster.config_map("shop", "shared", {"a": "b"}, annotations=annotations)


def unseen(live: LiveCluster) -> list[str]:
    """Whose holders could not be seen, without the words that are always there."""
    assert not live.problems, "that is none of the secret-keys check's business"
    return [problem.partition("in full: ")[2] for problem in live.unseen_holders]


async def test_a_tracking_id_is_read_off_metadata(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    cluster.tracked("v1", "ConfigMap", "shop", "shared", HELD, label="b")
    live = await seen(engine, reader, CONTESTED)
    assert live.tracking == {SHARED: HELD}
    assert live.labels == {SHARED: "b"}
    assert not live.absent
    assert not live.problems
    (request,) = cluster.asked("/configmaps/shared")
    assert request.accept == METADATA


async def test_nobody_tracks_it_and_it_is_not_there(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    live = await seen(engine, reader, CONTESTED)
    assert live.absent == {SHARED}
    assert not live.tracking
    cluster.tracked("v1", "ConfigMap", "shop", "shared", None)
    live = await seen(engine, reader, CONTESTED)
    assert live.tracking == {SHARED: ""}
    assert not live.absent


async def test_a_kind_that_the_cluster_does_not_know_has_no_objects(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    widget = manifest("Widget", "w", "shop", "example.org/v1")
    files: Files = {**CONTESTED, "a/w.yaml": widget, "b/w.yaml": widget}
    shared(cluster)
    live = await seen(engine, reader, files)
    assert live.absent == {ResourceId("example.org", "Widget", "shop", "w")}
    assert live.tracking == {SHARED: HELD}
    assert not live.problems


async def test_one_object_that_may_not_be_seen_hides_no_other(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    account = manifest("ServiceAccount", "robot", "shop")
    files: Files = {**CONTESTED, "a/robot.yaml": account, "b/robot.yaml": account}
    shared(cluster)
    rules = (allow("get", resources=["configmaps"]), allow("get", "list", resources=["*"], groups=["argoproj.io"]))
    live = await seen(engine, reading({"c": cluster.access(cluster.account("r", *rules))}), files)
    assert live.tracking == {SHARED: HELD}
    assert not live.absent
    assert unseen(live) == ["who tracks `ServiceAccount shop/robot`: forbidden"]


async def test_more_objects_than_the_limits(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    maps = documents(*(config_map(f"m{index}") for index in range(4)))
    files: Files = {**CONTESTED, "a/m.yaml": maps, "b/m.yaml": maps}
    live = await seen(engine, reading({"c": cluster.access(cluster.account())}, limits=Limits(objects=3)), files)
    assert len(live.absent) == 3
    assert unseen(live) == [
        "who tracks the objects that several Applications own: there are more than the 3 single objects that argofix "
        "reads"
    ]


@pytest.mark.parametrize(
    ("ours", "on_it", "holder"),
    [
        pytest.param("", None, HELD, id="neither"),
        pytest.param("x", "x", HELD, id="ours"),
        pytest.param("x", "y", "", id="another Argo CD's"),
        pytest.param("x", None, "", id="one without an id"),
        pytest.param("", "y", "", id="one with an id"),
        pytest.param(None, None, HELD, id="argocd-cm is not there, nor an id"),
        pytest.param(None, "y", None, id="argocd-cm is not there"),
    ],
)
async def test_several_argo_cds_in_one_cluster(
    engine: Engine,
    cluster: SimulatedCluster,
    reader: ClusterReader,
    ours: str | None,
    on_it: str | None,
    holder: str | None,
) -> None:
    """`installationID` in argocd-cm and the annotation decide whose a tracking id is."""
    shared(cluster, on_it)
    if ours is not None:
        cluster.config_map("argocd", "argocd-cm", {"installationID": ours} if ours else {})
    live = await seen(engine, reader, CONTESTED)
    assert live.tracking.get(SHARED) == holder
    assert not live.absent
    assert len(unseen(live)) == (holder is None)


async def test_whether_it_is_ours_is_not_guessed(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    shared(cluster, "x")
    cluster.config_map("argocd", "argocd-cm", {"installationID": "x"})
    cluster.faults.append(Fault(internal_error(), path="argocd-cm", times=None))
    live = await seen(engine, reader, CONTESTED)
    assert live.tracking == {}
    assert unseen(live) == [
        "who tracks `ConfigMap shop/shared`: it names an Argo CD installation, and argocd-cm, which tells ours, "
        "cannot be seen"
    ]


async def test_the_installation_is_that_of_argo_cds_cluster(
    engine: Engine, cluster: SimulatedCluster, other: SimulatedCluster, reading: Reading
) -> None:
    files: Files = {
        **CONTESTED,
        "apps.yaml": documents(application("a", "a", cluster="eu"), application("b", "b", cluster="eu")),
    }
    shared(other, "x")
    cluster.config_map("argocd", "argocd-cm", {"installationID": "x"})
    other.config_map("argocd", "argocd-cm", {"installationID": "y"})
    reader = reading({"main": cluster.access(cluster.account()), "eu": other.access(other.account())})
    live = await looked(engine, reader, files)
    assert live.clusters["eu"].tracking == {SHARED: HELD}
    assert not other.asked("/applications"), "Applications live in Argo CD's own cluster"


async def test_the_status_of_the_applications_that_matter(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    resource = {"kind": "ConfigMap", "version": "v1", "namespace": "shop", "name": "shared", "status": "Synced"}
    shared(cluster)
    cluster.application("b", path="./b/", sync="OutOfSync", health="Degraded", resources=[resource])
    cluster.application("unrelated", path="u", namespace="team")
    live = await seen(engine, reader, CONTESTED)
    assert live.all_applications
    assert live.applications == {
        ("argocd", "a"): LiveApplication("Synced", "Healthy", frozenset(), frozenset({"a"})),
        ("argocd", "b"): LiveApplication("OutOfSync", "Degraded", frozenset({SHARED}), frozenset({"b"})),
        ("team", "unrelated"): LiveApplication(),
    }
    assert not cluster.asked("/applications/unrelated")


async def test_an_application_that_goes_away_meanwhile(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    shared(cluster)
    cluster.application("b", path="b")
    gone = not_found("applications", "argoproj.io", "a")
    cluster.faults.append(Fault(garbage(json.dumps(gone.body).encode(), 404), path="/applications/a$", times=None))
    live = await seen(engine, reader, CONTESTED)
    assert live.applications.keys() == {("argocd", "b")}
    assert not live.problems


async def test_only_argo_cds_own_cluster_is_asked_for_applications(
    engine: Engine, cluster: SimulatedCluster, other: SimulatedCluster, reading: Reading
) -> None:
    reader = reading({"main": cluster.access(cluster.account()), "eu": other.access(other.account())})
    await looked(engine, reader, elsewhere(there="eu"))
    assert cluster.asked("/applications")
    assert not other.asked("/applications")
