"""Which Namespaces something in git makes, in which cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitops.discovery.snapshot import ApplicationKey, Snapshot
from gitops.facts.owners import owners_having
from gitops.resources.resource import Resource

# Kubernetes makes these itself (k8s.io/api, core/v1: NamespaceDefault, NamespaceNodeLease; kube-apiserver).
BUILT_IN = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
Namespace = tuple[str, str]  # cluster, name


@dataclass(frozen=True, slots=True)
class Made:
    """`brought` are Namespaces that Applications render, `created` those that a sync makes by itself
    (`CreateNamespace=true`), each with who does it."""

    brought: Mapping[Namespace, tuple[ApplicationKey, ...]]
    created: Mapping[Namespace, tuple[ApplicationKey, ...]]


def made_in(snapshot: Snapshot) -> Made:
    """Of all Applications. Ask with `snapshot.once`."""
    brought: dict[Namespace, tuple[ApplicationKey, ...]] = {}
    for owned, copies in owners_having(snapshot, makes_namespace):
        key = (owned.cluster, owned.id.name)
        brought[key] = (*brought.get(key, ()), *(copy.application.key for copy in copies))
    created: dict[Namespace, tuple[ApplicationKey, ...]] = {}
    for state in snapshot.states:
        application = state.application
        key = (application.destination.cluster, application.destination.namespace)
        if application.destination.namespace and "CreateNamespace=true" in application.sync_policy.options:
            created[key] = (*created.get(key, ()), application.key)
    return Made(brought, created)


def makes_namespace(resource: Resource) -> bool:
    """Whether it is a Namespace, or becomes one."""
    # An OpenShift Project is a Namespace, and so is what hangs below one as its anchor.
    return resource.id.kind in _MAKERS.get(resource.id.group, ())


_MAKERS: Mapping[str, tuple[str, ...]] = {
    "": ("Namespace",),
    "project.openshift.io": ("Project", "ProjectRequest"),
    "hnc.x-k8s.io": ("SubnamespaceAnchor",),
}
