"""What one manifest refers to by name: one function per kind of reference.

Secrets and ConfigMaps are not here (`gitops.facts.secrets` reads those). Sources: Kubernetes API reference
(`PodSpec`, `PersistentVolumeClaimSpec`, `StatefulSetSpec`, `IngressSpec`); for what happens without the object the
admission plugins ServiceAccount, Priority and RuntimeClass, which refuse the Pod itself (a controller tries again);
cert-manager `CertificateSpec` and "Annotated Ingress resource"; external-secrets.io `SecretStoreRef`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from gitops.facts.order.model import Strength
from gitops.facts.secrets.pods import POD_SPECS, Route, at, mapping, read_manifest, sequence
from gitops.facts.secrets.providers.provided import Manifest
from gitops.facts.secrets.references import Use
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource, ResourceId

_MARKS = (
    *(b"serviceAccountName", b"priorityClassName", b"runtimeClassName", b"persistentVolumeClaim"),
    *(b"storageClassName", b"ingressClassName", b"kubernetes.io/ingress.class"),
    *(b"cert-manager.io/", b"issuerRef", b"ecretStoreRef"),
)


@dataclass(frozen=True, slots=True)
class Need:
    """`id.namespace` is '' for a cluster-scoped kind, else filled in by whoever knows where the manifest lands."""

    id: ResourceId
    namespaced: bool
    use: Use
    strength: Strength = Strength.SOFT


def needs_of(resource: Resource) -> tuple[Need, ...]:
    """The references of a rendered resource."""
    if not any(mark in resource.text for mark in _MARKS):
        return ()
    return _read(resource.id.group, resource.id.kind, resource.text)


@lru_cache(maxsize=8192)
def _read(group: str, kind: str, text: bytes) -> tuple[Need, ...]:
    found = _needs(group, kind, read_manifest(text))
    return tuple(need for need in found if need.use.resolved)


def _needs(group: str, kind: str, manifest: Manifest) -> Iterator[Need]:
    route = POD_SPECS.get((group, kind))
    if route is not None:
        strength = Strength.HARD if (group, kind) == ("", "Pod") else Strength.SOFT
        yield from _pod(manifest, route, strength)
    if (group, kind) == ("apps", "StatefulSet"):
        for index, _ in enumerate(sequence(at(manifest, ("spec", "volumeClaimTemplates")))):
            yield from _storage(manifest, ("spec", "volumeClaimTemplates", index, "spec"))
    elif (group, kind) == ("", "PersistentVolumeClaim"):
        yield from _storage(manifest, ("spec",))
    elif (group, kind) == ("networking.k8s.io", "Ingress"):
        yield from _ingress(manifest)
    elif (group, kind) == ("cert-manager.io", "Certificate"):
        yield from _certificate(manifest)
    elif (group, kind) == ("external-secrets.io", "ExternalSecret"):
        yield from _stores(manifest)


def _pod(manifest: Manifest, route: Route, strength: Strength) -> Iterator[Need]:
    account = text_of(at(manifest, (*route, "serviceAccountName")))
    if account != "default":  # every namespace has that one
        yield from _named(manifest, (*route, "serviceAccountName"), "", "ServiceAccount", True, strength)
    yield from _named(manifest, (*route, "priorityClassName"), "scheduling.k8s.io", "PriorityClass", False, strength)
    yield from _named(manifest, (*route, "runtimeClassName"), "node.k8s.io", "RuntimeClass", False, strength)
    for index, _ in enumerate(sequence(at(manifest, (*route, "volumes")))):
        claim = (*route, "volumes", index, "persistentVolumeClaim", "claimName")
        yield from _named(manifest, claim, "", "PersistentVolumeClaim", True)


def _storage(manifest: Manifest, route: Route) -> Iterator[Need]:
    yield from _named(manifest, (*route, "storageClassName"), "storage.k8s.io", "StorageClass", False)


def _ingress(manifest: Manifest) -> Iterator[Need]:
    annotations: Route = ("metadata", "annotations")
    for route in (("spec", "ingressClassName"), (*annotations, "kubernetes.io/ingress.class")):
        yield from _named(manifest, route, "networking.k8s.io", "IngressClass", False)
    issuer = (*annotations, "cert-manager.io/cluster-issuer")
    yield from _named(manifest, issuer, "cert-manager.io", "ClusterIssuer", False)
    other = at(manifest, (*annotations, "cert-manager.io/issuer-kind"))
    if other in (None, "Issuer"):
        yield from _named(manifest, (*annotations, "cert-manager.io/issuer"), "cert-manager.io", "Issuer", True)


def _certificate(manifest: Manifest) -> Iterator[Need]:
    issuer = mapping(at(manifest, ("spec", "issuerRef")))
    kind = text_of(issuer.get("kind")) or "Issuer"
    if text_of(issuer.get("group")) in ("", "cert-manager.io") and kind in ("Issuer", "ClusterIssuer"):
        route = ("spec", "issuerRef", "name")
        yield from _named(manifest, route, "cert-manager.io", kind, kind == "Issuer")


def _stores(manifest: Manifest) -> Iterator[Need]:
    kind = text_of(at(manifest, ("spec", "secretStoreRef", "kind"))) or "SecretStore"
    if kind in ("SecretStore", "ClusterSecretStore"):
        route = ("spec", "secretStoreRef", "name")
        yield from _named(manifest, route, "external-secrets.io", kind, kind == "SecretStore")


def _named(
    manifest: Manifest, route: Route, group: str, kind: str, namespaced: bool, strength: Strength = Strength.SOFT
) -> Iterator[Need]:
    name = text_of(at(manifest, route))
    if name:
        use = Use(kind, name, None, route, f"`{route[-1]}`")
        yield Need(ResourceId(group, kind, "", name), namespaced, use, strength)
