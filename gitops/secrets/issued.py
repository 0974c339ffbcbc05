"""Rows for Secrets and ConfigMaps themselves, and for kinds whose controllers generate what they put into one.

Sources: Kubernetes "Secrets" (service account tokens); cert-manager `CertificateSpec` and "Annotated Ingress
resource"; trust-manager `BundleTarget`; kyverno "Generate rules"; OpenShift "service serving certificates";
emberstack reflector, mittwald replicator and kubed annotations; postgres-operator "Manifest parameters".
"""

from __future__ import annotations

from collections.abc import Iterator

from gitops.manifests import text_of
from gitops.secrets.pods import at, mapping, sequence
from gitops.secrets.provided import ANY_NAMESPACE, CONFIG_MAP, SECRET, Manifest, Provided

SERVING_CERTIFICATE = b"openshift.io/serving-cert-secret-name"

_REFLECTED_TO = (
    "reflector.v1.k8s.emberstack.com/reflection-auto-namespaces",
    "reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces",
    "replicator.v1.mittwald.de/replicate-to",
)
_REFLECTS_BY_ITSELF = (
    "reflector.v1.k8s.emberstack.com/reflection-auto-enabled",
    "replicator.v1.mittwald.de/replicate-to-matching",
    "kubed.appscode.com/sync",
)
# Something fills an object that carries one of these, so its keys are not those in git.
_FILLED = (
    "reflector.v1.k8s.emberstack.com/reflects",
    "replicator.v1.mittwald.de/replicate-from",
    "config.openshift.io/inject-trusted-cabundle",
    "service.beta.openshift.io/inject-cabundle",
    "secret-generator.v1.mittwald.de/autogenerate",
    "vault.security.banzaicloud.io/vault-addr",
    "avp.kubernetes.io/path",
)


def secret(manifest: Manifest) -> Iterator[Provided]:
    keys = {*mapping(manifest.get("data")), *mapping(manifest.get("stringData"))}
    if text_of(manifest.get("type")) == "kubernetes.io/service-account-token":
        keys |= {"token", "ca.crt", "namespace"}
    yield from _object(SECRET, manifest, keys)


def config_map(manifest: Manifest) -> Iterator[Provided]:
    yield from _object(CONFIG_MAP, manifest, {*mapping(manifest.get("data")), *mapping(manifest.get("binaryData"))})


def _object(kind: str, manifest: Manifest, keys: set[str]) -> Iterator[Provided]:
    name = text_of(at(manifest, ("metadata", "name")))
    marks = {**mapping(at(manifest, ("metadata", "labels"))), **mapping(at(manifest, ("metadata", "annotations")))}
    # An object without any data is there for something to fill at run time (webhook certificates, `argocd-secret`).
    known = frozenset(keys) if keys and not any(mark in marks for mark in _FILLED) else None
    yield Provided(kind, name, known)
    yield from _copies(kind, name, known, marks)


def _copies(kind: str, name: str, keys: frozenset[str] | None, marks: Manifest) -> Iterator[Provided]:
    listed: list[str] = []
    for mark in _REFLECTED_TO:
        listed.extend(part.strip() for part in text_of(marks.get(mark)).split(",") if part.strip())
    if not listed and any(text_of(marks.get(mark)) not in ("", "false") for mark in _REFLECTS_BY_ITSELF):
        listed = [ANY_NAMESPACE]
    for namespace in listed:
        # The tools take regular expressions; whatever is more than a name may be any namespace.
        plain = namespace.replace("-", "").isalnum()
        yield Provided(kind, name, keys, namespace if plain else ANY_NAMESPACE)


def certificate(manifest: Manifest) -> Iterator[Provided]:
    spec = mapping(manifest.get("spec"))
    keys = {"tls.crt", "tls.key", "ca.crt"}
    for store, names in (("jks", ("keystore.jks", "truststore.jks")), ("pkcs12", ("keystore.p12", "truststore.p12"))):
        if at(spec, ("keystores", store, "create")) is True:
            keys.update(names)
    for output in sequence(spec.get("additionalOutputFormats")):
        kind = text_of(mapping(output).get("type"))
        keys.update({"CombinedPEM": {"tls-combined.pem"}, "DER": {"key.der"}}.get(kind, set()))
    name = text_of(spec.get("secretName"))
    if name:
        yield Provided(SECRET, name, frozenset(keys))
        annotations = mapping(at(spec, ("secretTemplate", "annotations")))
        yield from _copies(SECRET, name, frozenset(keys), annotations)


def ingress_shim(manifest: Manifest) -> Iterator[Provided]:
    """cert-manager makes a Certificate for each `tls` entry of an Ingress that asks for it."""
    annotations = mapping(at(manifest, ("metadata", "annotations")))
    asks = any(
        name in annotations
        for name in ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme")
    ) or any(name.startswith(("certmanager.k8s.io/", "cert.gardener.cloud/")) for name in annotations)
    for entry in sequence(at(manifest, ("spec", "tls"))) if asks else ():
        name = text_of(mapping(entry).get("secretName"))
        if name:
            yield Provided(SECRET, name, frozenset({"tls.crt", "tls.key", "ca.crt"}))


def serving_certificate(manifest: Manifest) -> Iterator[Provided]:
    annotations = mapping(at(manifest, ("metadata", "annotations")))
    for prefix in ("service.beta", "service.alpha"):
        name = text_of(annotations.get(f"{prefix}.openshift.io/serving-cert-secret-name"))
        if name:
            yield Provided(SECRET, name, frozenset({"tls.crt", "tls.key"}))


def bundle(manifest: Manifest) -> Iterator[Provided]:
    """trust-manager writes a Bundle into every namespace that it selects."""
    name = text_of(at(manifest, ("metadata", "name")))
    for field, kind in (("configMap", CONFIG_MAP), ("secret", SECRET)):
        if isinstance(at(manifest, ("spec", "target", field)), dict):
            key = text_of(at(manifest, ("spec", "target", field, "key")))
            formats = at(manifest, ("spec", "target", "additionalFormats"))
            yield Provided(kind, name, frozenset({key}) if key and not formats else None, ANY_NAMESPACE)


def kyverno_policy(manifest: Manifest) -> Iterator[Provided]:
    """`generate` rules write objects into the namespaces that they match."""
    for rule in sequence(at(manifest, ("spec", "rules"))):
        generate = mapping(mapping(rule).get("generate"))
        for made in (generate, *(mapping(entry) for entry in sequence(generate.get("foreach")))):
            kind, name = text_of(made.get("kind")), text_of(made.get("name"))
            if kind in (SECRET, CONFIG_MAP) and name:
                yield Provided(kind, name, None, ANY_NAMESPACE)


def zalando_postgresql(manifest: Manifest) -> Iterator[Provided]:
    name = text_of(at(manifest, ("metadata", "name")))
    users = {"postgres", "standby", *mapping(at(manifest, ("spec", "users")))}
    for user in sorted(users):
        secret_name = f"{user.replace('_', '-')}.{name}.credentials.postgresql.acid.zalan.do"
        yield Provided(SECRET, secret_name, frozenset({"username", "password"}))


def crossplane(manifest: Manifest) -> Iterator[Provided]:
    reference = mapping(at(manifest, ("spec", "writeConnectionSecretToRef")))
    name = text_of(reference.get("name"))
    if name:
        yield Provided(SECRET, name, None, text_of(reference.get("namespace")) or None)


def ceph_object_store_user(manifest: Manifest) -> Iterator[Provided]:
    store, user = text_of(at(manifest, ("spec", "store"))), text_of(at(manifest, ("metadata", "name")))
    yield Provided(SECRET, f"rook-ceph-object-user-{store}-{user}", frozenset({"AccessKey", "SecretKey", "Endpoint"}))
