"""API versions that the cluster's Kubernetes no longer serves.

Source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/ (up to 1.32). The cluster's version is that
of the policy, `kubernetes.version`; without it nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from checks.changes.block import Block
from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.resources.manifests import text_of

_VERSION = re.compile(r"v?1\.(\d+)")
# By apiVersion and kind (`*` for all of them): the minor version that serves it no longer, and what to write.
_GONE: Mapping[tuple[str, str], tuple[int, str]] = {
    ("extensions/v1beta1", "DaemonSet"): (16, "apps/v1"),
    ("extensions/v1beta1", "Deployment"): (16, "apps/v1"),
    ("extensions/v1beta1", "ReplicaSet"): (16, "apps/v1"),
    ("extensions/v1beta1", "NetworkPolicy"): (16, "networking.k8s.io/v1"),
    ("extensions/v1beta1", "PodSecurityPolicy"): (16, "policy/v1beta1"),
    ("extensions/v1beta1", "Ingress"): (22, "networking.k8s.io/v1"),
    ("apps/v1beta1", "*"): (16, "apps/v1"),
    ("apps/v1beta2", "*"): (16, "apps/v1"),
    ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"): (22, "admissionregistration.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"): (
        22,
        "admissionregistration.k8s.io/v1",
    ),
    ("apiextensions.k8s.io/v1beta1", "*"): (22, "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", "*"): (22, "apiregistration.k8s.io/v1"),
    ("authentication.k8s.io/v1beta1", "TokenReview"): (22, "authentication.k8s.io/v1"),
    ("authorization.k8s.io/v1beta1", "*"): (22, "authorization.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest"): (22, "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", "Lease"): (22, "coordination.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "Ingress"): (22, "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "IngressClass"): (22, "networking.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "*"): (22, "rbac.authorization.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "PriorityClass"): (22, "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIDriver"): (22, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSINode"): (22, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "StorageClass"): (22, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "VolumeAttachment"): (22, "storage.k8s.io/v1"),
    ("batch/v1beta1", "CronJob"): (25, "batch/v1"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): (25, "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", "Event"): (25, "events.k8s.io/v1"),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): (25, "autoscaling/v2"),
    ("policy/v1beta1", "PodDisruptionBudget"): (25, "policy/v1"),
    ("policy/v1beta1", "PodSecurityPolicy"): (25, ""),
    ("node.k8s.io/v1beta1", "RuntimeClass"): (25, "node.k8s.io/v1"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): (26, "autoscaling/v2"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "*"): (26, "flowcontrol.apiserver.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity"): (27, "storage.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "*"): (29, "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "*"): (32, "flowcontrol.apiserver.k8s.io/v1"),
}


def _gone(subject: Subject) -> Iterator[str]:
    minor = minor_of(subject.policy.kubernetes)
    written, kind = text_of(subject.after.get("apiVersion")), subject.id.kind
    found = _GONE.get((written, kind)) or _GONE.get((written, "*"))
    if minor is None or found is None or minor < found[0]:
        return
    since, instead = found
    more = f"; `{instead}` is" if instead else ""
    yield f"`{written}` of {kind} is not served since Kubernetes 1.{since}, and the cluster has 1.{minor}{more}"


def minor_of(version: str) -> int | None:
    """33 of `1.33` or `v1.33.2`."""
    found = _VERSION.match(version)
    return int(found[1]) if found is not None else None


ROWS = (
    Danger(
        "api-version-not-served",
        "A manifest is written in an API version that the cluster's Kubernetes (`kubernetes.version` of the policy) "
        "no longer serves.",
        "the API server refuses it, and the sync fails",
        "https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
        _gone,
        Block.ASK,
        Block.ASK,
    ),
)
