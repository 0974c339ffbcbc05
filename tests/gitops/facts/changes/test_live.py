"""Live objects beside a change: which fields differ already, and what is no difference at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitops.applications.options import TRACKING
from gitops.facts.changes.compare import difference
from gitops.facts.changes.live import Question, differing, questions_of
from tests.gitops.facts.changes.stage import deployment, one_app, snapshot
from tests.gitops.facts.deletions.stage import app, obj
from tests.scenarios import Files

CONTAINER = {"name": "web", "image": "example.com/web:1"}


def questions(before: Files, after: Files) -> list[Question]:
    base, head = snapshot(before), snapshot(after)
    return list(questions_of(difference(base, head), base, head))


def held(text: str, *, by: str = "a", **metadata: Any) -> dict[str, Any]:
    """A live object as the API server has it, tracked by an Application."""
    manifest: dict[str, Any] = json.loads(text)
    own = manifest["metadata"]
    own |= {
        "namespace": "a",
        "uid": "1",
        "resourceVersion": "2",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        **metadata,
    }
    own["annotations"] = {**own.get("annotations", {}), TRACKING: f"{by}:group/Kind:a/web"}
    return manifest


def told(before: str, after: str, live: str, **given: Any) -> tuple[str, ...] | None:
    """What is said of a live object whose manifest changes."""
    asked = questions(one_app(before, **given), one_app(after, **given))
    assert len(asked) == 1
    return differing(asked[0], held(live))


def pod(**fields: Any) -> str:
    return deployment(containers=[{**CONTAINER, **fields}])


def config(**data: Any) -> str:
    return obj("ConfigMap", "web", data=data)


def widget(**spec: Any) -> str:
    return obj("Widget", "web", "example.com/v1", spec=spec)


def claim(size: str) -> str:
    return obj("PersistentVolumeClaim", "web", spec={"resources": {"requests": {"storage": size}}})


def role(*verbs: str, more: tuple[str, ...] = ()) -> str:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}]
    rules += [{"apiGroups": [""], "resources": [each], "verbs": ["get"]} for each in more]
    return obj("Role", "web", "rbac.authorization.k8s.io/v1", rules=rules)


IMAGE = "spec.template.spec.containers[web].image"

DIFFERS = {
    "a number that somebody set": (
        deployment(replicas=2),
        deployment(replicas=3),
        deployment(replicas=7),
        "spec.replicas",
    ),
    "an image": (pod(), pod(image="example.com/web:2"), pod(image="example.com/web:hot"), IMAGE),
    "a container that is gone": (
        pod(),
        pod(image="example.com/web:2"),
        deployment(containers=[{"name": "other", "image": "x"}]),
        IMAGE,
    ),
    "a value of a ConfigMap to the letter": (config(a="1"), config(a="2"), config(a="1.0"), "data.a"),
    "a key of a ConfigMap that somebody added": (config(a="1"), config(a="1", b="2"), config(a="1", b="3"), "data.b"),
    "a label that somebody added": (
        deployment(labels={"x": "y"}),
        deployment(labels={"x": "y", "team": "one"}),
        deployment(labels={"x": "y", "team": "two"}),
        "metadata.labels.team",
    ),
    "a limit": (
        pod(resources={"limits": {"memory": "1Gi"}}),
        pod(resources={"limits": {"memory": "2Gi"}}),
        pod(resources={"limits": {"memory": "4Gi"}}),
        "spec.template.spec.containers[web].resources.limits.memory",
    ),
    "arguments": (
        pod(args=["a", "b"]),
        pod(args=["a", "c"]),
        pod(args=["a", "d"]),
        "spec.template.spec.containers[web].args[1]",
    ),
    "rules of a role that somebody added to": (
        role("get"),
        role("get", "list"),
        role("get", more=("secrets",)),
        "rules",
    ),
    "a claim that was grown by hand": (claim("1Gi"), claim("2Gi"), claim("3Gi"), "spec.resources.requests.storage"),
    "a field that goes": (widget(a="1", b="2"), widget(a="1"), widget(a="1", b="3"), "spec.b"),
    "a field below one that goes": (widget(a="1", b={"c": 1}), widget(a="1"), widget(a="1", b={"c": 2}), "spec.b.c"),
    "a custom resource's": (widget(size=1), widget(size=2), widget(size=3), "spec.size"),
}

ALIKE = {
    "as git has it": (deployment(replicas=2), deployment(replicas=3), deployment(replicas=2)),
    "as the merge makes it": (deployment(replicas=2), deployment(replicas=3), deployment(replicas=3)),
    "a default that git does not say": (deployment(replicas=None), deployment(replicas=3), deployment(replicas=1)),
    "another field": (
        deployment(replicas=2),
        deployment(replicas=3),
        pod(image="x").replace('"replicas": 1', '"replicas": 2'),
    ),
    "an amount in another spelling": (claim("1Gi"), claim("2Gi"), claim("1024Mi")),
    "processors as a number": (
        pod(resources={"requests": {"cpu": 1}}),
        pod(resources={"requests": {"cpu": 2}}),
        pod(resources={"requests": {"cpu": "1000m"}}),
    ),
    "an amount of a custom resource": (widget(cpu="1000m"), widget(cpu="2"), widget(cpu="1")),
    "a number as text": (widget(port=80), widget(port=81), widget(port="80")),
    "a float": (widget(ratio=1.0), widget(ratio=0.5), widget(ratio=1)),
    "a duration": (widget(renew="2160h"), widget(renew="1h"), widget(renew="2160h0m0s")),
    "a duration below zero": (widget(skew="-1.5h"), widget(skew="1h"), widget(skew="-1h30m0s")),
    "false is left out": (
        deployment(hostNetwork=False, containers=[CONTAINER]),
        deployment(hostNetwork=True, containers=[CONTAINER]),
        pod(),
    ),
    "items are filled in": (
        pod(ports=[{"containerPort": 80}]),
        pod(ports=[{"containerPort": 80, "name": "http"}]),
        pod(ports=[{"containerPort": 80, "protocol": "TCP"}]),
    ),
    "items stand in another order, and more of them": (
        pod(env=[{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]),
        pod(env=[{"name": "a", "value": "1"}, {"name": "b", "value": "3"}]),
        pod(env=[{"name": "injected", "value": "x"}, {"name": "b", "value": "2"}, {"name": "a", "value": "1"}]),
    ),
    "a whole container is filled in": (
        deployment(containers=[CONTAINER, {"name": "side", "image": "x"}]),
        deployment(containers=[CONTAINER]),
        deployment(
            containers=[
                CONTAINER,
                {"name": "side", "image": "x", "imagePullPolicy": "Always", "terminationMessagePath": "/x"},
            ]
        ),
    ),
    "it was taken out already": (widget(a="1", b="2"), widget(a="1"), widget(a="1")),
    "what a definition does not know": (widget(a="1", unknown="2"), widget(a="1", unknown="3"), widget(a="1")),
    "the label that Argo CD writes itself": (
        deployment(replicas=2, labels={"app.kubernetes.io/instance": "release"}),
        deployment(replicas=3, labels={"app.kubernetes.io/instance": "other"}),
        deployment(replicas=2, labels={"app.kubernetes.io/instance": "a"}),
    ),
}


@pytest.mark.parametrize(("before", "after", "live", "field"), DIFFERS.values(), ids=list(DIFFERS))
def test_what_a_merge_writes_over(before: str, after: str, live: str, field: str) -> None:
    assert told(before, after, live) == (field,)


@pytest.mark.parametrize(("before", "after", "live"), ALIKE.values(), ids=list(ALIKE))
def test_what_is_no_difference(before: str, after: str, live: str) -> None:
    assert told(before, after, live) == ()


def test_what_another_application_holds_is_not_compared() -> None:
    (asked,) = questions(one_app(deployment(replicas=2)), one_app(deployment(replicas=3)))
    live = deployment(replicas=7)
    assert differing(asked, held(live, by="b")) is None
    assert differing(asked, held(live, by="argocd_a")) == ("spec.replicas",)
    bare = json.loads(live)
    assert differing(asked, bare) is None
    bare["metadata"]["labels"] = {"app.kubernetes.io/instance": "a"}
    assert differing(asked, bare) == ("spec.replicas",)


SECRET = obj("Secret", "web", stringData={"a": "1"})
HOOK = obj("Job", "web", "batch/v1", metadata={"annotations": {"argocd.argoproj.io/hook": "PreSync"}}, spec={"a": 1})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (one_app(SECRET), one_app(SECRET.replace('"1"', '"2"'))),
        (one_app(HOOK), one_app(HOOK.replace("1}", "2}"))),
        (one_app(), one_app(pod())),
        (one_app(pod()), one_app()),
        (one_app(pod(), namespace="x"), one_app(pod(image="b"), namespace="y")),
    ],
    ids=["a Secret", "a hook", "it comes", "it goes", "it moves"],
)
def test_what_is_not_asked_for(before: Files, after: Files) -> None:
    assert questions(before, after) == []


def test_a_field_that_syncs_leave_alone_is_not_asked_for() -> None:
    ignored = [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]
    sync = {"syncOptions": ["RespectIgnoreDifferences=true"]}
    before, after = deployment(replicas=2), deployment(replicas=3)
    assert (
        questions(
            one_app(before, sync=sync, ignoreDifferences=ignored),
            one_app(after, sync=sync, ignoreDifferences=ignored),
        )
        == []
    )
    (asked,) = questions(one_app(before, ignoreDifferences=ignored), one_app(after, ignoreDifferences=ignored))
    assert [str(each.path[-1]) for each in asked.fields] == ["replicas"]


def test_of_applications_of_one_name_below_two_roots_nothing_is_asked() -> None:
    """Which of the two is live nobody knows."""
    before = {"prod/a.yaml": app("a"), "apps/a/0.yaml": pod(), "staging/a.yaml": app("a", "apps/b")}
    before |= {"apps/b/0.yaml": pod()}
    after = {**before, "apps/a/0.yaml": pod(image="b"), "apps/b/0.yaml": pod(image="b")}
    assert questions(before, after) == []
    alone = [{path: text for path, text in side.items() if "staging" not in path} for side in (before, after)]
    assert len(questions(*alone)) == 1
