"""Which kinds carry a pod specification, and where in them.

Source: Kubernetes API reference (workload resources), argo-rollouts `RolloutSpec`, knative `RevisionTemplateSpec`,
openkruise `CloneSetSpec`, OpenShift `DeploymentConfigSpec`, KEDA `ScaledJobSpec`. A new pod-bearing
kind is one more row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gitops.files.documents import read_documents
from gitops.resources.resource import Resource

Route = tuple[str | int, ...]

_TEMPLATE: Route = ("spec", "template", "spec")

POD_SPECS: Mapping[tuple[str, str], Route] = {
    ("", "Pod"): ("spec",),
    ("", "PodTemplate"): ("template", "spec"),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("batch", "Job"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
    ("argoproj.io", "Rollout"): _TEMPLATE,
    ("serving.knative.dev", "Service"): _TEMPLATE,
    ("apps.kruise.io", "CloneSet"): _TEMPLATE,
    ("apps.kruise.io", "StatefulSet"): _TEMPLATE,
    ("apps.kruise.io", "DaemonSet"): _TEMPLATE,
    ("apps.openshift.io", "DeploymentConfig"): _TEMPLATE,
    ("keda.sh", "ScaledJob"): ("spec", "jobTargetRef", "template", "spec"),
}

_MOUNTS = re.compile(rb"^[ -]*secretProviderClass: [\"']?([^\s\"']+)", re.MULTILINE)


def mounts_of(resource: Resource) -> frozenset[str]:
    """Names of the SecretProviderClasses that a manifest mounts, in pods of its own or in those that it has made."""
    if b"secretProviderClass" not in resource.text:
        return frozenset()
    return frozenset(name.decode("utf-8", "replace") for name in _MOUNTS.findall(resource.text))


def at(value: Any, route: Route) -> Any:
    """What stands at a route of keys and indices; None when there is nothing."""
    here = value
    for step in route:
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and step < len(here) else None
        else:
            here = here.get(step) if isinstance(here, dict) else None
    return here


def read_manifest(text: bytes) -> dict[str, Any]:
    """The manifest in a rendered resource's text; it is data of the renderer, so it parses."""
    documents = read_documents("rendered", text)
    value = documents[0].value() if documents else {}
    return value if isinstance(value, dict) else {}


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` when it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """`value` when it is a list, else an empty one."""
    return value if isinstance(value, list) else []
