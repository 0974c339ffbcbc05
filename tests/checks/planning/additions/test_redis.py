"""Redis with a volume: what it was stays, what it holds is written, and what cannot be kept is not promised."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from bot.rendering.driver import Engine
from tests.checks.argocd.stage import workload
from tests.checks.planning.additions.stage import added, directory, planned, proven, refused, rendered, repository
from tests.outside.dictionary import Outside
from tests.scenarios import application, documents, evaluated, failure_of, kustomization, manifest

ITEM = "redis-persistence"
SERVER = workload("argocd-server")
ARGS = ["--save", "", "--appendonly", "no", "--requirepass $(REDIS_PASSWORD)"]
PASSWORD = {
    "name": "REDIS_PASSWORD",
    "valueFrom": {"secretKeyRef": {"name": "argocd-redis", "key": "auth"}},
}
UPSTREAM: Any = {"args": ARGS, "env": [PASSWORD], "image": "public.ecr.aws/docker/library/redis:8.2.3-alpine"}
CONTEXT: Any = {"securityContext": {"runAsNonRoot": True, "runAsUser": 999}}


def service(name: str = "argocd-redis", selected: str = "argocd-redis") -> str:
    return manifest(
        "Service",
        name,
        "argocd",
        spec={"selector": {"app.kubernetes.io/name": selected}, "ports": [{"port": 6379}]},
    )


def redis(container: Any = UPSTREAM, pod: Any = CONTEXT, kind: str = "Deployment", **spec: Any) -> str:
    return workload("argocd-redis", program=False, container=container, pod=pod, kind=kind, spec=spec)


def pod_of(kept: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = kept["spec"]["template"]["spec"]
    return spec


async def test_the_deployment_becomes_a_stateful_set_that_writes(engine: Engine) -> None:
    written = redis(strategy={"type": "Recreate"})
    plan, proof, after = await added(engine, ITEM, repository(SERVER, written, service()))
    assert proof.holds, proof.failure
    assert not rendered(after, "Deployment")[1:]
    (kept,) = rendered(after, "StatefulSet")
    was = json.loads(written)["spec"]
    assert kept["spec"]["serviceName"] == "argocd-redis"
    assert kept["spec"]["selector"] == was["selector"] and "strategy" not in kept["spec"]
    assert kept["spec"]["template"]["metadata"] == was["template"]["metadata"]  # what the Service selects
    (container,) = pod_of(kept)["containers"]
    assert container["args"] == ["--save", "", "--appendonly", "yes", "--requirepass $(REDIS_PASSWORD)"]
    assert container["env"] == [PASSWORD] and container["image"] == UPSTREAM["image"]
    assert container["volumeMounts"] == [{"name": "data", "mountPath": "/data"}]
    assert pod_of(kept)["securityContext"] == {"runAsNonRoot": True, "runAsUser": 999, "fsGroup": 999}
    (claim,) = kept["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data" and claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert [row.statement for row in proof.rows] == [
        "In `argocd` only what was asked for changes",
        "The StatefulSet is the Deployment in all else",
        "No other Application changes",
        "The rules find nothing new",
    ]
    # It does not prune, so the old one stays until somebody deletes it.
    assert "stays until somebody deletes it" in plan.unsafe
    assert plan.then[0][1] == "kubectl --namespace argocd delete deployment argocd-redis"
    assert "holds redis disposable" in plan.why


@pytest.mark.parametrize(
    ("options", "annotation", "goes"),
    [
        ({"automated": {"prune": True}}, None, True),
        ({"automated": {}}, None, False),
        ({"automated": {"prune": True}, "syncOptions": ["Prune=false"]}, None, False),
        ({"automated": {"prune": True}}, "Prune=false", False),
        ({"automated": {"prune": True}}, "Prune=confirm", False),
    ],
)
def test_it_is_told_who_deletes_the_old_one(options: dict[str, Any], annotation: str | None, goes: bool) -> None:
    old = json.loads(redis())
    if annotation is not None:
        old["metadata"]["annotations"] = {"argocd.argoproj.io/sync-options": annotation}
    apps = documents(application("argocd", "argocd", namespace="argocd", sync=options), application("shop", "shop"))
    plan = planned(ITEM, directory(SERVER, json.dumps(old) + "\n", service(), apps=apps))
    assert ("the same sync deletes" in plan.unsafe) == goes == (not plan.then)


@pytest.mark.parametrize("layout", ["base", "prefix", "remote"])
async def test_each_layout_is_written_in_its_own_way(engine: Engine, layout: str) -> None:
    files, name, outside = repository(SERVER, redis(), service()), "argocd-redis", Outside()
    if layout == "base":
        files["argocd/kustomization.yaml"] = kustomization("../base", extra="# ours\nlabels:\n- pairs: {team: a}\n")
        files |= {"base/kustomization.yaml": kustomization("all.yaml"), "base/all.yaml": files.pop("argocd/all.yaml")}
    elif layout == "prefix":
        asking = workload("argocd-server", "--redis", "x-argocd-redis:6379")
        files = repository(asking, redis({"image": "redis:8"}), service(), extra="namePrefix: x-\n")
        name = "x-argocd-redis"
    else:
        url = "https://raw.githubusercontent.com/argoproj/argo-cd/v3.2.2/manifests/install.yaml"
        files["argocd/kustomization.yaml"] = kustomization(url, extra="namespace: argocd\n")
        outside.files[url] = files.pop("argocd/all.yaml")
    plan, proof, after = await added(engine, ITEM, files, outside=outside)
    assert proof.holds, proof.failure
    (kept,) = rendered(after, "StatefulSet")
    assert (kept["metadata"]["name"], kept["spec"]["serviceName"]) == (name, name)
    (edit,) = plan.edits
    assert edit.span.path == "argocd/kustomization.yaml"


def test_in_a_directory_it_is_written_where_the_deployment_was() -> None:
    old = yaml.safe_dump(json.loads(redis())).replace("kind: Deployment", "kind: Deployment # one")
    files = directory(SERVER, f"# cache\n{old}", service())
    plan, proof, after = proven(ITEM, files)
    assert proof.holds, proof.failure
    (kept,) = rendered(after, "StatefulSet")
    assert kept["spec"]["serviceName"] == "argocd-redis"
    text, (before, behind) = after.tree.read("argocd/all.yaml").decode(), files["argocd/all.yaml"].split(old)
    assert text.startswith(before) and text.endswith(behind) and before.endswith("# cache\n")
    assert any("Comments within the Deployment" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("container", "args"),
    [
        ({"image": "redis:8"}, ["--appendonly", "yes"]),
        ({"image": "redis:8", "args": ["--port", "6379"]}, ["--port", "6379", "--appendonly", "yes"]),
        ({"image": "valkey/valkey:9", "args": ["--appendonly", "yes"]}, ["--appendonly", "yes"]),
        (
            {"image": "redis:8", "command": ["redis-server"], "args": ["--dir", "/data"]},
            ["--dir", "/data", "--appendonly", "yes"],
        ),
    ],
)
def test_whatever_its_arguments_were_it_writes(container: Any, args: list[str]) -> None:
    _, proof, after = proven(ITEM, directory(SERVER, redis({"args": [], **container}, {}), service()))
    assert proof.holds, proof.failure
    (kept,) = rendered(after, "StatefulSet")
    assert pod_of(kept)["containers"][0]["args"] == args
    assert pod_of(kept)["securityContext"] == {"fsGroup": 999}


DATA = {"name": "x", "mountPath": "/data"}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([SERVER, redis(), service(selected="other")], "no Deployment is rendered behind"),
        ([SERVER, redis()], "no Service of that name is rendered"),
        ([SERVER, redis(kind="StatefulSet"), service()], "is a StatefulSet already"),
        ([SERVER, redis(replicas=2), service()], "has 2 replicas"),
        ([SERVER, redis({**UPSTREAM, "image": "haproxy:3"}), service()], "is no redis by itself; redis HA"),
        ([SERVER, redis({**UPSTREAM, "image": "bitnami/redis:7"}), service()], "is no redis by itself"),
        ([SERVER, redis({**UPSTREAM, "volumeMounts": [DATA]}), service()], "has a volume at /data already"),
        ([SERVER, redis({**UPSTREAM, "command": ["sh", "-c"]}), service()], "a command of its own (`sh`)"),
        ([SERVER, redis({**UPSTREAM, "args": ["/etc/redis.conf"]}), service()], "not written one by one"),
        ([SERVER, redis({**UPSTREAM, "args": ["--save '' --appendonly no"]}), service()], "not written one by one"),
        ([SERVER, redis({**UPSTREAM, "args": ["--dir", "/var/x"]}), service()], "keeps its data in /var/x"),
        ([workload("argocd-server", "--redis", "cache.example.com:6379"), redis(), service()], "is at `cache"),
        ([workload("argocd-server", "--sentinel", "a:26379"), redis(), service()], "asks Sentinels"),
        ([workload("argocd-dex", "rundex"), redis(), service()], "no program of Argo CD that asks for redis"),
        (
            [SERVER, workload("argocd-repo-server", "--redis", "other:6379"), redis(), service()],
            "different places of redis",
        ),
    ],
)
def test_what_it_could_not_keep_is_not_offered(told: list[str], why: str) -> None:
    assert why in str(refused(ITEM, directory(*told)))


async def test_a_base_that_moves_its_arguments_fails_the_build_in_place_of_writing_nothing(engine: Engine) -> None:
    files = repository(SERVER, redis(), service())
    plan, _, after = await added(engine, ITEM, files)
    moved = redis({**UPSTREAM, "args": ["--maxmemory", "1gb", *ARGS]})
    patched = after.tree.read(plan.path).decode()
    later = {**files, plan.path: patched, "argocd/all.yaml": documents(SERVER, moved, service())}
    assert "test" in failure_of(await evaluated(engine, later), "argocd").message


def test_whoever_reads_the_same_directory_gets_it_too() -> None:
    apps = documents(
        application("argocd", "argocd", namespace="argocd"),
        application("again", "argocd", namespace="argocd", server="", cluster="two"),
    )
    _, proof, _ = proven(ITEM, directory(SERVER, redis(), service(), apps=apps))
    assert proof.holds, proof.failure
    assert sum(row.statement.startswith("In `") for row in proof.rows) == 2
