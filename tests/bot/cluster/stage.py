"""Commits that leave something open, and what a reader finds out about it."""

from __future__ import annotations

from bot.cluster.reader import ClusterReader
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from gitops.applications.live import Live, LiveCluster
from gitops.discovery.snapshot import Snapshot
from tests.checks.secret_keys.stage import APP, deployment
from tests.kubernetes import SimulatedCluster
from tests.kubernetes.kinds import Kind
from tests.scenarios import MATCHER, Files, application, config_map, documents, manifest, tree

# One Application whose Deployment in `shop` reads `url` and `password` of Secret `db`.
FILES: Files = {**APP, "a/web.yaml": deployment(("db", "url"), ("db", "password"))}
# The same from ConfigMap `settings`: `mode`.
SETTINGS = {"name": "settings", "configMap": {"name": "settings", "items": [{"key": "mode", "path": "mode"}]}}
MAPPED: Files = {**APP, "a/web.yaml": deployment(volumes=[SETTINGS])}
# Two Applications that bring ConfigMap `shop/shared`.
CONTESTED: Files = {
    "apps.yaml": documents(application("a", "a"), application("b", "b")),
    "a/shared.yaml": config_map("shared"),
    "b/shared.yaml": config_map("shared"),
}


def spread(*namespaces: str, names: tuple[str, ...] = ("db",)) -> Files:
    """One Application whose Deployments, one in each namespace, read `url` of each of these Secrets."""
    manifests = [deployment(*((name, "url") for name in names), name=space, namespace=space) for space in namespaces]
    return {**APP, "a/web.yaml": documents(*manifests)}


def elsewhere(**destinations: str) -> Files:
    """An Application for each destination (server URL or cluster name) that reads `url` of Secret `db`."""
    files: dict[str, str | bytes] = {}
    declared = []
    for name, destination in destinations.items():
        by_url = "://" in destination
        declared.append(
            application(name, name, server=destination) if by_url else application(name, name, cluster=destination)
        )
        files[f"{name}/web.yaml"] = deployment(("db", "url"))
    return {"apps.yaml": documents(*declared), **files}


async def judged(
    engine: Engine, reader: ClusterReader | None, files: Files = FILES, base: Files | None = None
) -> Evaluation:
    before = tree(base) if base is not None else None
    return await evaluate(engine, tree(files), before, MATCHER, Policy(), clusters=reader)


async def snapshot_of(engine: Engine, files: Files) -> Snapshot:
    return await engine.snapshot(tree(files), engine.analysis(MATCHER, Policy().build_options), None)


async def looked(engine: Engine, reader: ClusterReader, files: Files = FILES) -> Live:
    snapshot = await snapshot_of(engine, files)
    live = await reader.look([snapshot], Policy())
    assert live is not None
    return live


async def seen(engine: Engine, reader: ClusterReader, files: Files = FILES, name: str = "in-cluster") -> LiveCluster:
    return (await looked(engine, reader, files)).clusters[name]


def clauses(cluster: LiveCluster) -> list[str]:
    """What could not be seen, without the words that are always there."""
    return [problem.partition("in full: ")[2] for problem in cluster.problems]


# A repository that asks for everything there is: keys by managedFields and by the object, pages, objects that several
# Applications bring (one there, one not, one of a kind that is served in another version than the preferred one).
EVERYTHING: Files = {
    "apps.yaml": documents(application("a", "a"), application("b", "b")),
    "a/web.yaml": deployment(("db", "url"), ("trimmed", "key"), ("gone", "key")),
    **{
        f"{directory}/shared.yaml": documents(
            config_map("shared"),
            config_map("lost"),
            manifest("Namespace", "team"),
            manifest("EnvoyFilter", "edge", "shop", "networking.istio.io/v1alpha3", spec={"a": 1}),
        )
        for directory in ("a", "b")
    },
}


def furnish(cluster: SimulatedCluster) -> None:
    cluster.kinds += [
        Kind("networking.istio.io", "v1", "gateways", "Gateway", custom=True),
        Kind("networking.istio.io", "v1alpha3", "envoyfilters", "EnvoyFilter", custom=True),
    ]
    cluster.secret("shop", "db", {"url": "u"})
    cluster.secret("shop", "trimmed", {"key": "u"}, managed_fields=[])
    cluster.secret("shop", "unrelated", {"key": "u"})
    cluster.config_map("argocd", "argocd-cm", {"installationID": "ours"})
    for kind, name, api in (("ConfigMap", "shared", "v1"), ("EnvoyFilter", "edge", "networking.istio.io/v1alpha3")):
        cluster.put(
            {
                "apiVersion": api,
                "kind": kind,
                "metadata": {
                    "name": name,
                    "namespace": "shop",
                    "annotations": {
                        "argocd.argoproj.io/tracking-id": f"a:{'' if api == 'v1' else 'networking.istio.io'}/{kind}"
                        f":shop/{name}",
                        "argocd.argoproj.io/installation-id": "ours",
                    },
                },
            }
        )
    cluster.tracked("v1", "Namespace", "", "team", None)
    for name in ("a", "b", "c"):
        cluster.application(name, path=name)
