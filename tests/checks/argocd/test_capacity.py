"""What pods ask for, against nodes that the configuration tells of."""

from __future__ import annotations

from typing import Any

import pytest

from checks.model import Severity
from checks.policy.file import parse_policy
from tests.checks.argocd.stage import of_files
from tests.scenarios import application, documents, manifest

CAPACITY, APART = "requests-over-capacity", "anti-affinity-unschedulable"
TWO = b"argocd: {nodes: [{cpu: 2, memory: 4Gi}, {cpu: 1500m, memory: 4Gi}]}"


def pods(
    cpu: str = "", *, memory: str = "", kind: str = "Deployment", name: str = "web", pod: Any = None, **spec: Any
) -> str:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    one = {"name": "web", "image": "web", "resources": {"requests": requests}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [one], **(pod or {})}}
    return manifest(kind, name, "shop", "apps/v1", spec={"template": template, **spec})


def found(rule: str, *manifests: str, policy: bytes = TWO, app: str = "") -> list[Severity]:
    files = {"apps.yaml": app or application("shop", "shop"), "shop/a.yaml": documents(*manifests)}
    return [one.severity for one in of_files(rule, files, parse_policy(policy))]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ([pods("2500m")], [Severity.ERROR]),
        ([pods("2")], []),
        ([pods(memory="5Gi")], [Severity.ERROR]),
        ([pods("2500m", replicas=0)], []),
        # The largest of the init containers counts where it is more, and they do not add up.
        ([pods("1", pod={"initContainers": [{"resources": {"requests": {"cpu": "3"}}}]})], [Severity.ERROR]),
        ([pods("1", pod={"initContainers": [{"resources": {"requests": {"cpu": "1500m"}}}] * 2})], []),
        ([pods("1", replicas=4)], [Severity.WARNING]),
        ([pods("1", replicas=3)], []),
        ([pods("1"), pods("2", name="other"), pods("1", name="third")], [Severity.WARNING]),
        ([pods("1200m", kind="DaemonSet"), pods("1200m", name="other")], [Severity.WARNING]),
        ([pods("1200m", kind="DaemonSet"), pods("1100m", name="other")], []),
        ([pods()], []),
    ],
)
def test_requests_are_held_against_the_largest_node_and_against_all(
    made: list[str], expected: list[Severity]
) -> None:
    # A pod that fits no node may also be more than all have; the first is what matters.
    assert found(CAPACITY, *made)[: max(len(expected), 1)] == expected


def test_what_an_autoscaler_scales_counts_once_at_most() -> None:
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    scaler = manifest("HorizontalPodAutoscaler", "web", "shop", "autoscaling/v2", spec=target)
    assert found(CAPACITY, pods("1", replicas=9), scaler) == []


def test_without_nodes_and_for_other_clusters_nothing_is_said() -> None:
    assert found(CAPACITY, pods("99"), policy=b"") == []
    assert found(CAPACITY, pods("99"), app=application("shop", "shop", server="https://far.example.com")) == []


def spread(replicas: int, kind: str = "Deployment", required: bool = True, key: str = "hostname", **spec: Any) -> str:
    term = {"topologyKey": f"kubernetes.io/{key}", "labelSelector": {"matchLabels": {"app": "web"}}}
    when = "requiredDuringSchedulingIgnoredDuringExecution"
    rules = {when: [term]} if required else {when.replace("required", "preferred"): [{"podAffinityTerm": term}]}
    return pods(kind=kind, pod={"affinity": {"podAntiAffinity": rules}}, replicas=replicas, **spec)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (spread(3), [Severity.ERROR]),
        (spread(3, "StatefulSet"), [Severity.ERROR]),
        (spread(2), [Severity.WARNING]),
        (spread(2, "StatefulSet"), []),
        (spread(2, strategy={"type": "Recreate"}), []),
        (spread(2, strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}), []),
        (spread(2, strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}), []),
        (spread(1), []),
        (spread(3, required=False), []),
        (spread(3, key="zone"), []),
        (spread(9, "DaemonSet"), []),
    ],
)
def test_pods_that_are_kept_apart_need_as_many_nodes(made: str, expected: list[Severity]) -> None:
    assert found(APART, made) == expected
    assert found(APART, made, policy=b"") == []


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("[{cpu: 4, memory: 16Gi}]", True),
        ("[{cpu: 500m, memory: 1e9}]", True),
        ("[]", True),
        ("3", False),
        ("[{cpu: 4}]", False),
        ("[{cpu: 4, memory: lots}]", False),
        ("[{cpu: 0, memory: 1Gi}]", False),
        ("[{cpu: 4, memory: 1Gi, disk: 1}]", False),
        ("[4]", False),
    ],
)
def test_a_mistake_in_the_nodes_is_told_and_none_is_taken(text: str, fine: bool) -> None:
    policy = parse_policy(f"argocd: {{nodes: {text}}}".encode())
    assert (policy.problems == ()) is fine
    assert bool(policy.nodes) is (fine and text != "[]")
