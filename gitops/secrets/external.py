"""Rows for kinds whose controllers fetch or decrypt what they put into a Secret.

Sources: sealed-secrets `SealedSecretSpec`; external-secrets.io guides "Lifecycle: ownership & deletion policy" and
"Templating"; secrets-store-csi-driver "Sync as Kubernetes Secret"; vault-secrets-operator `Destination`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitops.manifests import text_of
from gitops.secrets.pods import at, mapping, sequence
from gitops.secrets.provided import ANY_NAMESPACE, SECRET, Manifest, Provided


def sealed_secret(manifest: Manifest) -> Iterator[Provided]:
    spec = mapping(manifest.get("spec"))
    template = mapping(spec.get("template"))
    name = text_of(at(template, ("metadata", "name"))) or text_of(at(manifest, ("metadata", "name")))
    keys = {*mapping(spec.get("encryptedData")), *mapping(template.get("data"))}
    yield Provided(SECRET, name, None if isinstance(spec.get("data"), str) else frozenset(keys))


def external_secret(manifest: Manifest) -> Iterator[Provided]:
    yield from _external(mapping(manifest.get("spec")), text_of(at(manifest, ("metadata", "name"))), None)


def cluster_external_secret(manifest: Manifest) -> Iterator[Provided]:
    """It makes an ExternalSecret in each namespace that it selects; label selectors may select any."""
    spec = mapping(manifest.get("spec"))
    name = text_of(spec.get("externalSecretName")) or text_of(at(manifest, ("metadata", "name")))
    selects = spec.get("namespaceSelector") is not None or spec.get("namespaceSelectors") is not None
    listed = [text_of(namespace) for namespace in sequence(spec.get("namespaces"))]
    for namespace in [ANY_NAMESPACE] if selects or not listed else listed:
        yield from _external(mapping(spec.get("externalSecretSpec")), name, namespace)


def _external(spec: Manifest, default_name: str, namespace: str | None) -> Iterator[Provided]:
    target = mapping(spec.get("target"))
    policy = text_of(target.get("creationPolicy")) or "Owner"
    if policy == "None":  # the controller writes nothing
        return
    name = text_of(target.get("name")) or default_name
    manifest = mapping(target.get("manifest"))
    kind = text_of(manifest.get("kind")) or SECRET
    yield Provided(kind, name, _external_keys(spec, target), namespace, creates=policy != "Merge")


def _external_keys(spec: Manifest, target: Manifest) -> frozenset[str] | None:
    fetched: set[str] | None = {text_of(mapping(entry).get("secretKey")) for entry in sequence(spec.get("data"))}
    if sequence(spec.get("dataFrom")):
        fetched = None
    template = mapping(target.get("template"))
    written = set(mapping(template.get("data")))
    if sequence(template.get("templateFrom")):
        return None
    if not written:
        return None if fetched is None else frozenset(fetched)
    if text_of(template.get("mergePolicy")) == "Merge":
        return None if fetched is None else frozenset(fetched | written)
    return frozenset(written)  # a template with data replaces what was fetched


def legacy_external_secret(manifest: Manifest) -> Iterator[Provided]:
    """kubernetes-external-secrets: `spec` (formerly `secretDescriptor`) with `data[].name`."""
    spec = mapping(manifest.get("spec") or manifest.get("secretDescriptor"))
    listed: set[str] | None = {text_of(mapping(entry).get("name")) for entry in sequence(spec.get("data"))}
    if sequence(spec.get("dataFrom")) or sequence(spec.get("dataFromWithOptions")) or spec.get("template"):
        listed = None
    name = text_of(at(manifest, ("metadata", "name")))
    yield Provided(SECRET, name, None if listed is None else frozenset(listed))


def sops_secret(manifest: Manifest) -> Iterator[Provided]:
    """sops-secrets-operator: names and keys stay readable, values are encrypted."""
    for entry in sequence(at(manifest, ("spec", "secretTemplates"))):
        template = mapping(entry)
        keys = {*mapping(template.get("data")), *mapping(template.get("stringData"))}
        yield Provided(SECRET, text_of(template.get("name")), frozenset(keys))


def secret_provider_class(manifest: Manifest) -> Iterator[Provided]:
    """secrets-store CSI driver: `secretObjects` become Secrets once a pod mounts the class."""
    for entry in sequence(at(manifest, ("spec", "secretObjects"))):
        keys = {text_of(mapping(item).get("key")) for item in sequence(mapping(entry).get("data"))}
        yield Provided(SECRET, text_of(mapping(entry).get("secretName")), frozenset(keys))


def vault_secret(manifest: Manifest) -> Iterator[Provided]:
    """Vault Secrets Operator: `destination.create` is off by default, and then only an existing Secret is filled."""
    destination: Any = at(manifest, ("spec", "destination"))
    name = text_of(mapping(destination).get("name"))
    if name:
        yield Provided(SECRET, name, None, creates=mapping(destination).get("create") is True)
