"""ApplicationSets that git cannot expand, by the Applications that a cluster has of them."""

from __future__ import annotations

import json

from bot.cluster.limits import Limits
from bot.cluster.reader import ClusterReader
from bot.cluster.withheld import Withheld
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.gaps import gaps_of
from checks.policy.file import Policy
from tests.bot.cluster.conftest import Reading
from tests.bot.cluster.stage import judged
from tests.gitops.applicationsets.sets import appset
from tests.kubernetes import SimulatedCluster, allow
from tests.scenarios import MATCHER, Files, config_map, of_rule, tree

TEMPLATE = {"metadata": {"name": "{{number}}"}, "spec": {"project": "default"}}
FILES: Files = {
    "set.yaml": json.dumps(appset([{"pullRequest": {"github": {"owner": "o", "repo": "r"}}}], template=TEMPLATE)),
    "a/m.yaml": config_map("m"),
}


def furnish(cluster: SimulatedCluster, count: int) -> None:
    for number in range(count):
        made = cluster.application(f"preview-{number:03}", path="a")
        made["metadata"]["ownerReferences"] = [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "set", "controller": True}
        ]
    cluster.application("loose", path="a")


async def test_a_set_is_expanded_by_its_live_applications(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    furnish(cluster, 60)  # two pages
    evaluation = await judged(engine, reader, FILES, FILES)
    names = [state.application.name for state in evaluation.snapshot.states]
    assert names == [f"preview-{number:03}" for number in range(60)]
    assert evaluation.base is not None and len(evaluation.base.states) == 60
    assert not gaps_of(evaluation.snapshot)
    (notice,) = of_rule(evaluation, "applications-from-live")
    assert "the live Argo CD shows" in notice.message


async def test_nobody_is_asked_where_git_tells_all(
    engine: Engine, cluster: SimulatedCluster, reader: ClusterReader
) -> None:
    whole = appset([{"list": {"elements": [{"number": "a"}]}}], template=TEMPLATE)
    await judged(engine, reader, {**FILES, "set.yaml": json.dumps(whole)})
    assert not cluster.asked("/applications?limit=50")


async def test_whoever_may_not_list_them_is_told_what_git_tells(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    furnish(cluster, 1)
    reader = reading({"c": cluster.access(cluster.account("r", allow("get", "list", resources=["secrets"])))})
    evaluation = await judged(engine, reader, FILES)
    assert not evaluation.snapshot.states
    assert any("needs the SCM's pull requests" in gap for gap in gaps_of(evaluation.snapshot))


async def test_those_of_a_namespace_are_enough(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    furnish(cluster, 2)
    role = allow("list", resources=["applications"], groups=["argoproj.io"], namespaces=["argocd"])
    reader = reading({"c": cluster.access(cluster.account("r", role))})
    assert len((await judged(engine, reader, FILES)).snapshot.states) == 2


async def test_strangers_are_told_nothing_of_its_applications(engine: Engine, cluster: SimulatedCluster) -> None:
    furnish(cluster, 1)
    evaluation = await evaluate(engine, tree(FILES), None, MATCHER, Policy(), clusters=Withheld())
    assert not evaluation.snapshot.states and not cluster.requests


async def test_too_many_are_none(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    """Half a list would make Applications disappear."""
    furnish(cluster, 60)
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(pages=1))
    assert not (await judged(engine, reader, FILES)).snapshot.states
