"""What evaluations learn from a cluster that answers."""

from __future__ import annotations

from bot.cluster.reader import ClusterReader
from bot.engine import Engine
from bot.evaluation import Evaluation, evaluate
from checks.policy import Policy
from gitops.live import LiveCluster
from tests.bot.cluster.conftest import Reading
from tests.checks.secret_keys.stage import APP, deployment, said
from tests.kubernetes import SimulatedCluster
from tests.scenarios import MATCHER, Files, tree

FILES: Files = {**APP, "a/web.yaml": deployment(("db", "url"), ("db", "password"))}


async def judged(
    engine: Engine, reader: ClusterReader, files: Files = FILES, base: Files | None = None
) -> Evaluation:
    before = tree(base) if base is not None else None
    return await evaluate(engine, tree(files), before, MATCHER, Policy(), clusters=reader)


def seen(evaluation: Evaluation, name: str = "in-cluster") -> LiveCluster:
    assert evaluation.live is not None
    return evaluation.live.clusters[name]


async def test_a_key_that_the_cluster_holds_is_provided(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    cluster.secret("shop", "db", {"url": "u", "password": "p"})
    cluster.application("a", path="a")
    evaluation = await judged(engine, reading({"c": cluster.access(cluster.account())}))
    live = seen(evaluation)
    assert live.secrets == {("shop", "db"): frozenset({"url", "password"})}
    assert live.complete == {"shop"}
    assert not live.problems
    assert said(evaluation) == []
    print([r.path for r in cluster.requests])
