"""Rows for kinds whose controllers fetch or decrypt what they put into a Secret.

Sources: sealed-secrets pkg/apis/sealedsecrets/v1alpha1/sealedsecret_expansion.go (`Unseal`); external-secrets
apis/externalsecrets/v1/externalsecret_types.go (`CreatePolicy...`, `MergePolicy...`) and pkg/controllers/
clusterexternalsecret (namespaces that are listed *and* those that are selected); secrets-store-csi-driver
controllers/secretproviderclasspodstatus_controller.go (driven by the status of pods that mount a class);
vault-secrets-operator api/v1beta1/common.go (`Destination`); sops-secrets-operator api/v1alpha3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitops.facts.secrets.pods import at, mapping, sequence
from gitops.facts.secrets.providers.copies import copies, selected
from gitops.facts.secrets.providers.provided import SECRET, Manifest, Provided
from gitops.resources.manifests import text_of


def sealed_secret(manifest: Manifest) -> Iterator[Provided]:
    """`Unseal` gives the Secret the SealedSecret's own name and namespace, whatever the template says; the template's
    annotations (those of reflector and the like among them) become the Secret's."""
    spec = mapping(manifest.get("spec"))
    template = mapping(spec.get("template"))
    name = text_of(at(manifest, ("metadata", "name")))
    keys = {*mapping(spec.get("encryptedData")), *mapping(template.get("data"))}
    known = None if isinstance(spec.get("data"), str) else frozenset(keys)
    yield Provided(SECRET, name, known)
    yield from copies(SECRET, name, known, at(template, ("metadata", "annotations")))


def external_secret(manifest: Manifest) -> Iterator[Provided]:
    yield from _external(mapping(manifest.get("spec")), text_of(at(manifest, ("metadata", "name"))), None)


def cluster_external_secret(manifest: Manifest) -> Iterator[Provided]:
    """It makes an ExternalSecret in each namespace that it lists or selects."""
    spec = mapping(manifest.get("spec"))
    name = text_of(spec.get("externalSecretName")) or text_of(at(manifest, ("metadata", "name")))
    namespaces = [text_of(namespace) for namespace in sequence(spec.get("namespaces"))]
    for selector in (spec.get("namespaceSelector"), *sequence(spec.get("namespaceSelectors"))):
        namespaces += selected(selector) if selector is not None else []
    for namespace in dict.fromkeys(namespaces):
        yield from _external(mapping(spec.get("externalSecretSpec")), name, namespace)


def _external(spec: Manifest, default_name: str, namespace: str | None) -> Iterator[Provided]:
    target = mapping(spec.get("target"))
    policy = text_of(target.get("creationPolicy")) or "Owner"
    if policy == "None":  # the controller writes nothing
        return
    name = text_of(target.get("name")) or default_name
    manifest = mapping(target.get("manifest"))
    kind = text_of(manifest.get("kind")) or SECRET
    keys = _external_keys(spec, target)
    yield Provided(kind, name, keys, namespace, creates=policy != "Merge")
    if policy != "Merge":
        yield from copies(kind, name, keys, at(target, ("template", "metadata", "annotations")))


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
    """sops-secrets-operator: names and keys stay readable, values are encrypted. Suspended, it makes nothing new."""
    suspended = at(manifest, ("spec", "suspend")) is True
    for entry in sequence(at(manifest, ("spec", "secretTemplates"))):
        template = mapping(entry)
        keys = {*mapping(template.get("data")), *mapping(template.get("stringData"))}
        name = text_of(template.get("name"))
        yield Provided(SECRET, name, frozenset(keys), sure=not suspended)
        if not suspended:
            yield from copies(SECRET, name, frozenset(keys), template.get("annotations"))


def secret_provider_class(manifest: Manifest) -> Iterator[Provided]:
    """secrets-store CSI driver: `secretObjects` become Secrets while a pod mounts the class."""
    mount = text_of(at(manifest, ("metadata", "name")))
    for entry in sequence(at(manifest, ("spec", "secretObjects"))):
        keys = frozenset(text_of(mapping(item).get("key")) for item in sequence(mapping(entry).get("data")))
        name = text_of(mapping(entry).get("secretName"))
        yield Provided(SECRET, name, keys, mount=mount)
        yield from copies(SECRET, name, keys, mapping(entry).get("annotations"))


def vault_secret(manifest: Manifest) -> Iterator[Provided]:
    """Vault Secrets Operator: `destination.create` is off by default, and then only an existing Secret is filled."""
    destination: Any = at(manifest, ("spec", "destination"))
    name = text_of(mapping(destination).get("name"))
    if name:
        creates = mapping(destination).get("create") is True
        yield Provided(SECRET, name, None, creates=creates)
        if creates:
            yield from copies(SECRET, name, None, mapping(destination).get("annotations"))


def cluster_secret(manifest: Manifest) -> Iterator[Provided]:
    """zakkg3/ClusterSecret src/kubernetes_utils.py: copies into the namespaces whose names begin as `matchNamespace`
    says (all, without it) and not as `avoidNamespaces` does."""
    data = mapping(manifest.get("data"))
    keys = None if "valueFrom" in data or not data else frozenset(data)
    avoided = "".join(f"(?!{text_of(each)})" for each in sequence(manifest.get("avoidNamespaces")))
    matched = [text_of(each) for each in sequence(manifest.get("matchNamespace"))]
    for pattern in matched or [".*"]:
        yield Provided(SECRET, text_of(at(manifest, ("metadata", "name"))), keys, f"^{avoided}(?:{pattern}).*")


def templated_secret(manifest: Manifest) -> Iterator[Provided]:
    """redhat-cop/vault-config-operator: the keys are those of `output.stringData`."""
    output = mapping(at(manifest, ("spec", "output")))
    if text_of(output.get("name")):
        yield Provided(SECRET, text_of(output.get("name")), frozenset(mapping(output.get("stringData"))) or None)


def annotated_item(manifest: Manifest) -> Iterator[Provided]:
    """1Password's operator makes a Secret for a workload with both annotations."""
    for metadata in (manifest.get("metadata"), at(manifest, ("spec", "template", "metadata"))):
        annotations = mapping(mapping(metadata).get("annotations"))
        name = text_of(annotations.get("operator.1password.io/item-name"))
        if name and annotations.get("operator.1password.io/item-path"):
            yield Provided(SECRET, name, None)
