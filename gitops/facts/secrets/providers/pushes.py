"""PushSecrets whose store is Kubernetes itself write Secrets into the namespace that the store names.

Sources: external-secrets, apis/externalsecrets/v1alpha1/pushsecret_types.go and providers/v1/kubernetes/client.go
(`PushSecret`: the Secret of `remoteKey` is made in the store's `remoteNamespace`, "default" when there is none; a
ClusterSecretStore lets `metadata.spec.remoteNamespace` choose another; `property` is the key, without it the whole
Secret is copied).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitops.discovery.snapshot import Owned, Scopes
from gitops.facts.secrets.pods import at, mapping, read_manifest, sequence
from gitops.facts.secrets.providers.provided import ANY_NAMESPACE, SECRET, Manifest, Provided, union
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

_GROUP = "external-secrets.io"
_PUSHES = {"PushSecret": ("spec",), "ClusterPushSecret": ("spec", "pushSecretSpec")}
_STORES = frozenset({"SecretStore", "ClusterSecretStore"})
_THIS_CLUSTER = ("kubernetes.default",)

StoreKey = tuple[str, str, str, str]  # cluster, kind, namespace ('' for a cluster's), name


def may_push(resource: Resource) -> bool:
    """Whether a manifest is a PushSecret, or tells where some write to."""
    return resource.id.group == _GROUP and (resource.id.kind in _STORES or resource.id.kind in _PUSHES)


def pushes(owners: Sequence[Owned], scopes: Scopes) -> Iterator[tuple[Provided, Owned]]:
    """What the PushSecrets among these manifests write, with their manifests."""
    stores: dict[StoreKey, Mapping[str, Any]] = {}
    found: list[tuple[Owned, str]] = []
    for owner in owners:
        if not may_push(owner.resource):
            continue
        rid = owner.resource.id
        destination = owner.application.destination
        namespace = rid.placed(destination.namespace, scopes).namespace
        if rid.kind in _PUSHES:
            found.append((owner, namespace))
        else:
            where = namespace if rid.kind == "SecretStore" else ""
            provider = mapping(at(read_manifest(owner.resource.text), ("spec", "provider")))
            stores[destination.cluster, rid.kind, where, rid.name] = provider
    for owner, namespace in found:
        manifest = read_manifest(owner.resource.text)
        spec = mapping(at(manifest, _PUSHES[owner.resource.id.kind]))
        for reference in sequence(spec.get("secretStoreRefs")):
            for provided in _written(spec, mapping(reference), stores, owner, namespace):
                yield provided, owner


def _written(
    spec: Manifest, reference: Manifest, stores: Mapping[StoreKey, Manifest], owner: Owned, namespace: str
) -> Iterator[Provided]:
    kind = text_of(reference.get("kind")) or "SecretStore"
    where = namespace if kind == "SecretStore" else ""
    store = stores.get((owner.application.destination.cluster, kind, where, text_of(reference.get("name"))))
    sure = store is not None
    into = ANY_NAMESPACE
    if store is not None:
        if "kubernetes" not in store:
            return  # it writes into a vault
        server = text_of(at(store, ("kubernetes", "server", "url")))
        if server and not any(word in server for word in _THIS_CLUSTER):
            return
        into = text_of(at(store, ("kubernetes", "remoteNamespace"))) or "default"
    keys: dict[tuple[str, str], list[frozenset[str] | None]] = {}
    for entry in sequence(spec.get("data")):
        remote = mapping(at(entry, ("match", "remoteRef")))
        chosen = text_of(at(entry, ("metadata", "spec", "remoteNamespace"))) if kind == "ClusterSecretStore" else ""
        name, key = text_of(remote.get("remoteKey")), text_of(remote.get("property"))
        if name:
            keys.setdefault((chosen or into, name), []).append(frozenset({key}) if key else None)
    for (place, name), known in keys.items():
        yield Provided(SECRET, name, union(known), place, sure=sure)
    for entry in sequence(spec.get("dataTo")):
        name = text_of(mapping(entry).get("remoteKey"))
        yield Provided(SECRET, name or "*", None, into, sure=sure and bool(name))
