"""Rows for Secrets and ConfigMaps themselves, and for kinds whose controllers generate what they put into one.

Sources: Kubernetes "Secrets" (service account tokens); cert-manager pkg/apis/certmanager/v1/types_certificate.go and
pkg/controller/certificate-shim/sync.go; trust-manager pkg/apis/trust/v1alpha1/types_bundle.go; kyverno
api/kyverno/v1/common_types.go (`Generation`, `CloneFrom`, `CloneList`); OpenShift service-ca-operator
pkg/controller/api/api.go; crossplane-runtime `SecretReference`.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitops.facts.secrets.pods import at, mapping, sequence
from gitops.facts.secrets.providers.copies import copies, selected
from gitops.facts.secrets.providers.provided import ANY_NAMESPACE, CONFIG_MAP, SECRET, Manifest, Provided
from gitops.resources.manifests import text_of

_TLS = frozenset({"tls.crt", "tls.key", "ca.crt"})
SERVING_CERTIFICATE = b"openshift.io/serving-cert-secret-name"

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
    yield from copies(kind, name, known, at(manifest, ("metadata", "annotations")))


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
        yield from copies(SECRET, name, frozenset(keys), at(spec, ("secretTemplate", "annotations")))


def ingress_shim(manifest: Manifest) -> Iterator[Provided]:
    """cert-manager makes a Certificate for each `tls` entry of an Ingress that asks for it."""
    annotations = mapping(at(manifest, ("metadata", "annotations")))
    older = any(name.startswith(("certmanager.k8s.io/", "cert.gardener.cloud/")) for name in annotations)
    for entry in sequence(at(manifest, ("spec", "tls"))) if _asks(annotations) or older else ():
        name = text_of(mapping(entry).get("secretName"))
        if name and (older or sequence(mapping(entry).get("hosts"))):  # a block without hosts is skipped
            yield Provided(SECRET, name, _TLS)


def gateway_shim(manifest: Manifest) -> Iterator[Provided]:
    """It does the same for each listener of a Gateway that terminates TLS for a host name."""
    asks = _asks(mapping(at(manifest, ("metadata", "annotations"))))
    own = text_of(at(manifest, ("metadata", "namespace")))
    for entry in sequence(at(manifest, ("spec", "listeners"))) if asks else ():
        tls = mapping(mapping(entry).get("tls"))
        if not text_of(mapping(entry).get("hostname")) or text_of(tls.get("mode")) not in ("", "Terminate"):
            continue
        for reference in map(mapping, sequence(tls.get("certificateRefs"))):
            name, namespace = text_of(reference.get("name")), text_of(reference.get("namespace"))
            if name and text_of(reference.get("kind")) in ("", SECRET) and (not own or namespace in ("", own)):
                yield Provided(SECRET, name, _TLS)


def contour_plus(manifest: Manifest) -> Iterator[Provided]:
    """contour-plus does the same for an HTTPProxy (controllers/httpproxy_controller.go, `reconcileCertificate`)."""
    annotations = mapping(at(manifest, ("metadata", "annotations")))
    asks = text_of(annotations.get("kubernetes.io/tls-acme")) == "true"
    host = mapping(at(manifest, ("spec", "virtualhost")))
    name = text_of(at(host, ("tls", "secretName")))
    if asks and text_of(annotations.get("contour-plus.cybozu.com/exclude")) != "true" and host.get("fqdn") and name:
        yield Provided(SECRET, name, _TLS)


def _asks(annotations: Manifest) -> bool:
    """Whether cert-manager is asked for certificates (certificate-shim/sync.go, `hasShimAnnotation`)."""
    named = any(name in annotations for name in ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer"))
    return named or text_of(annotations.get("kubernetes.io/tls-acme")).lower() in ("true", "1", "t")


def serving_certificate(manifest: Manifest) -> Iterator[Provided]:
    annotations = mapping(at(manifest, ("metadata", "annotations")))
    for prefix in ("service.beta", "service.alpha"):
        name = text_of(annotations.get(f"{prefix}.openshift.io/serving-cert-secret-name"))
        if name:
            yield Provided(SECRET, name, frozenset({"tls.crt", "tls.key"}))


def bundle(manifest: Manifest) -> Iterator[Provided]:
    """trust-manager writes a Bundle into every namespace that it selects."""
    name = text_of(at(manifest, ("metadata", "name")))
    selector = at(manifest, ("spec", "target", "namespaceSelector"))
    namespaces = selected(selector) if selector is not None else [ANY_NAMESPACE]
    for field, kind in (("configMap", CONFIG_MAP), ("secret", SECRET)):
        if isinstance(at(manifest, ("spec", "target", field)), dict):
            key = text_of(at(manifest, ("spec", "target", field, "key")))
            formats = at(manifest, ("spec", "target", "additionalFormats"))
            for namespace in namespaces:
                yield Provided(kind, name, frozenset({key}) if key and not formats else None, namespace)


def kyverno_policy(manifest: Manifest) -> Iterator[Provided]:
    """`generate` rules write objects into a namespace that they name, mostly the one that triggers them. What is in
    `data` has those keys; `clone` copies one object, `cloneList` whatever its selector finds."""
    for rule in map(mapping, sequence(at(manifest, ("spec", "rules")))):
        generate = mapping(rule.get("generate"))
        for made in (generate, *(mapping(entry) for entry in sequence(generate.get("foreach")))):
            kind, name = text_of(made.get("kind")), text_of(made.get("name"))
            namespaces = _kyverno_namespaces(text_of(made.get("namespace")), rule)
            plain = "{{" not in name
            if kind in (SECRET, CONFIG_MAP) and name:
                for namespace in namespaces:
                    yield Provided(kind, name if plain else "*", None, namespace, sure=plain)
            for listed in sequence(at(made, ("cloneList", "kinds"))):
                if text_of(listed).rpartition("/")[2] in (SECRET, CONFIG_MAP):
                    for namespace in namespaces:
                        yield Provided(text_of(listed).rpartition("/")[2], "*", None, namespace, sure=False)


def _kyverno_namespaces(written: str, rule: Manifest) -> list[str]:
    """A name, or the Namespaces that trigger the rule (`match`), by the patterns of their names."""
    if written and "{{" not in written:
        return [written]
    match = mapping(rule.get("match"))
    triggers = [match, *map(mapping, sequence(match.get("any")))]
    names: list[str] = []
    for trigger in triggers:
        resources = mapping(trigger.get("resources"))
        if not resources:
            continue
        patterns = [text_of(name) for name in sequence(resources.get("names"))]
        kinds = [text_of(kind).rpartition("/")[2] for kind in sequence(resources.get("kinds"))]
        if kinds != ["Namespace"] or not patterns:
            return [ANY_NAMESPACE]
        names += patterns
    return names or [ANY_NAMESPACE]


def crossplane(manifest: Manifest) -> Iterator[Provided]:
    """Any managed resource or claim; `publishConnectionDetailsTo` goes to a store that may be elsewhere."""
    reference = mapping(at(manifest, ("spec", "writeConnectionSecretToRef")))
    name = text_of(reference.get("name"))
    if name:
        yield Provided(SECRET, name, None, text_of(reference.get("namespace")) or None)
    published = text_of(at(manifest, ("spec", "publishConnectionDetailsTo", "name")))
    if published:
        yield Provided(SECRET, published, None, ANY_NAMESPACE, sure=False)
