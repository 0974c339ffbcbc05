"""Live objects beside a change, over real HTTPS: what is asked, and what is kept of the answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from bot.cluster.limits import Limits
from bot.cluster.reader import ClusterReader
from checks.changes.live import questions, unseen_sentence, with_live
from checks.changes.view import Changes
from gitops.facts.changes.live import LiveDifferences
from tests.bot.cluster.conftest import Reading
from tests.checks.changes.stage import changes, of
from tests.gitops.facts.changes.stage import deployment, one_app
from tests.gitops.facts.deletions.stage import obj
from tests.kubernetes import Fault, SimulatedCluster, allow, garbage, held
from tests.kubernetes.kinds import Kind

PASSWORD = "hunter2-nobody-reads-this"


def scaled(count: int, *, names: tuple[str, ...] = ("web",), data: str = "1") -> dict[str, str]:
    return one_app(*(deployment(name, replicas=count) for name in names), obj("ConfigMap", "conf", data={"a": data}))


def live(cluster: SimulatedCluster, text: str, **spec: Any) -> None:
    """Puts an object of Application `a` into the cluster."""
    manifest = json.loads(text)
    tracking = {"argocd.argoproj.io/tracking-id": f"a:x/{manifest['kind']}:a/{manifest['metadata']['name']}"}
    manifest["metadata"] |= {"namespace": "a", "annotations": tracking}
    cluster.put(manifest | spec)


async def compared(reader: ClusterReader, found: Changes) -> LiveDifferences:
    result = await reader.differing(questions(found))
    assert result is not None
    return result


async def test_a_field_that_somebody_changed_is_told_by_its_name(
    cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    live(cluster, deployment(replicas=7))
    live(cluster, obj("ConfigMap", "conf", data={"a": PASSWORD, "b": PASSWORD}))
    found = changes(scaled(2), scaled(3, data="2"))
    seen = await compared(reader, found)
    told = with_live(found, seen)
    web = of(told, "web")
    assert web.differing == ("spec.replicas",)
    assert "In the cluster `spec.replicas` is already otherwise than in git" in web.text
    assert of(told, "conf").differing == ("data.a",)
    assert (seen.compared, seen.unseen) == (2, ())
    assert PASSWORD not in repr(told.told) + repr(seen)
    assert [one.said[:-1] for one in told.told] == [one.said for one in found.told], "the rest is told as before"
    gets = [request.path for request in cluster.requests if "/namespaces/" in request.path]
    assert sorted(gets) == ["/api/v1/namespaces/a/configmaps/conf", "/apis/apps/v1/namespaces/a/deployments/web"]


async def test_what_is_not_in_the_cluster_or_as_git_has_it_is_told_as_before(
    cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    live(cluster, deployment(replicas=2))
    found = changes(scaled(2), scaled(3, data="2"))
    told = with_live(found, await compared(reader, found))
    assert told.told == found.told
    assert unseen_sentence(told.live) == ""


async def test_secrets_are_never_asked_for(cluster: SimulatedCluster, reader: ClusterReader) -> None:
    before, after = (one_app(obj("Secret", "web", stringData={"a": value})) for value in ("1", "2"))
    found = changes(before, after)
    assert found.told and await reader.differing(questions(found)) is None
    assert cluster.requests == []


async def test_a_kind_that_may_not_be_read_costs_one_request_and_one_quiet_line(
    cluster: SimulatedCluster, reading: Reading
) -> None:
    names = ("one", "two", "three")
    for name in names:
        live(cluster, deployment(name, replicas=7))
    live(cluster, obj("ConfigMap", "conf", data={"a": "0"}))
    token = cluster.account("argofix", allow("get", resources=["configmaps"]))
    found = changes(scaled(2, names=names), scaled(3, names=names, data="2"))
    seen = await compared(reading({"c": cluster.access(token)}), found)
    assert [request.status for request in cluster.asked("/deployments/")] == [403]
    assert unseen_sentence(seen) == "Not compared with what is live: live objects of kind `Deployment`: forbidden."
    assert [owned_id.id.name for _, owned_id in seen.fields] == ["conf"]


async def test_a_kind_is_read_in_the_version_that_its_manifest_is_written_in(
    cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    """In another one its fields have other names."""
    cluster.kinds += [
        Kind("autoscaling", version, "horizontalpodautoscalers", "HorizontalPodAutoscaler")
        for version in ("v2", "v1")
    ]
    scaler = obj("HorizontalPodAutoscaler", "web", "autoscaling/v1", spec={"maxReplicas": 2})
    live(cluster, scaler.replace("2}", "5}"))
    found = changes(one_app(scaler), one_app(scaler.replace("2}", "3}")))
    seen = await compared(reader, found)
    assert list(seen.fields.values()) == [("spec.maxReplicas",)]
    assert [request.path.split("/")[3] for request in cluster.asked("/horizontalpodautoscalers/")] == ["v1"]


async def test_only_so_many_are_compared_and_that_is_told(cluster: SimulatedCluster, reading: Reading) -> None:
    names = tuple(f"w{number}" for number in range(6))
    for name in names:
        live(cluster, deployment(name, replicas=7))
    reader = reading({"c": cluster.access(cluster.account("all"))}, limits=Limits(compared=4))
    found = changes(scaled(2, names=names), scaled(3, names=names))
    seen = await compared(reader, found)
    assert seen.compared == len(seen.fields) == len(cluster.asked("/deployments/")) == 4
    assert seen.unseen == ("2 more changed objects: argofix compares 4 at most",)


async def test_an_answer_that_is_none_or_does_not_come_is_told_and_harms_nothing(
    cluster: SimulatedCluster, reading: Reading
) -> None:
    live(cluster, deployment(replicas=7))
    live(cluster, obj("ConfigMap", "conf", data={"a": "0"}))
    cluster.faults += [Fault(garbage(b'["no object"]'), "/deployments/web")]
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(comparing=2.0, attempts=1))
    found = changes(scaled(2), scaled(3, data="2"))
    seen = await compared(reader, found)
    assert [owned_id.id.name for _, owned_id in seen.fields] == ["conf"]
    assert len(seen.unseen) == 1 and "`Deployment`" in seen.unseen[0]


async def test_a_cluster_that_does_not_answer_holds_nothing_up(cluster: SimulatedCluster, reading: Reading) -> None:
    live(cluster, deployment(replicas=7))
    gate = asyncio.Event()
    cluster.faults += [Fault(held(gate), "/deployments/web")]
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(comparing=0.3))
    seen = await compared(reader, changes(scaled(2), scaled(3)))
    gate.set()
    assert not seen.fields
    assert seen.unseen == ("live objects of kind `Deployment`: no answer in time and in full",)
