"""Who makes a Secret or a ConfigMap: one row of `PROVIDERS` per kind.

A row is a function from the manifest to what it provides; most are written with `named`. Sources: the CRDs and
documentation of the projects that the rows' groups name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from gitops.manifests import text_of
from gitops.resources import Resource
from gitops.secrets import external, issued
from gitops.secrets.pods import Route, at, read_manifest, sequence
from gitops.secrets.provided import CONFIG_MAP, SECRET, Provided

Row = Callable[[Mapping[str, Any]], Iterator[Provided]]
_NAME: Route = ("metadata", "name")


def named(
    name: Route = _NAME,
    *keys: str,
    pattern: str = "{}",
    namespace: Route | None = None,
    kinds: tuple[str, ...] = (SECRET,),
) -> Row:
    """A row for kinds that make one object named by the field at `name` (within `pattern`), in their own namespace or
    the one at `namespace`; with no `keys` its keys are not known."""

    def row(manifest: Mapping[str, Any]) -> Iterator[Provided]:
        value = text_of(at(manifest, name))
        if value:
            where = text_of(at(manifest, namespace)) if namespace is not None else ""
            for kind in kinds:
                yield Provided(kind, pattern.format(value), frozenset(keys) or None, where or None)

    return row


def every(*rows: Row) -> Row:
    """A row for kinds that make several objects."""

    def row(manifest: Mapping[str, Any]) -> Iterator[Provided]:
        for each in rows:
            yield from each(manifest)

    return row


def each(entries: Route, name: Route) -> Row:
    """A row for kinds that list what they make: one object per entry, named by the field at `name` within it."""

    def row(manifest: Mapping[str, Any]) -> Iterator[Provided]:
        for entry in sequence(at(manifest, entries)):
            if text_of(at(entry, name)):
                yield Provided(SECRET, text_of(at(entry, name)), None)

    return row


PROVIDERS: Mapping[tuple[str, str], Row] = {
    ("", "Secret"): issued.secret,
    ("", "ConfigMap"): issued.config_map,
    ("", "Service"): issued.serving_certificate,
    ("networking.k8s.io", "Ingress"): issued.ingress_shim,
    ("bitnami.com", "SealedSecret"): external.sealed_secret,
    ("external-secrets.io", "ExternalSecret"): external.external_secret,
    ("external-secrets.io", "ClusterExternalSecret"): external.cluster_external_secret,
    ("kubernetes-client.io", "ExternalSecret"): external.legacy_external_secret,
    ("isindir.github.com", "SopsSecret"): external.sops_secret,
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"): external.secret_provider_class,
    ("cert-manager.io", "Certificate"): issued.certificate,
    ("cert-manager.io", "Issuer"): named(("spec", "acme", "privateKeySecretRef", "name"), "tls.key"),
    ("trust.cert-manager.io", "Bundle"): issued.bundle,
    ("kyverno.io", "ClusterPolicy"): issued.kyverno_policy,
    ("kyverno.io", "Policy"): issued.kyverno_policy,
    ("secrets.hashicorp.com", "VaultStaticSecret"): external.vault_secret,
    ("secrets.hashicorp.com", "VaultDynamicSecret"): external.vault_secret,
    ("secrets.hashicorp.com", "VaultPKISecret"): external.vault_secret,
    ("secrets.hashicorp.com", "HCPVaultSecretsApp"): external.vault_secret,
    ("ricoberger.de", "VaultSecret"): named(),
    ("redhatcop.redhat.io", "VaultSecret"): named(("spec", "output", "name")),
    ("onepassword.com", "OnePasswordItem"): named(),
    ("k8s.bitwarden.com", "BitwardenSecret"): named(("spec", "secretName")),
    ("secrets.infisical.com", "InfisicalSecret"): every(
        named(
            ("spec", "managedSecretReference", "secretName"),
            namespace=("spec", "managedSecretReference", "secretNamespace"),
        ),
        each(("spec", "managedKubeSecretReferences"), ("secretName",)),
    ),
    ("secrets.doppler.com", "DopplerSecret"): named(
        ("spec", "managedSecret", "name"), namespace=("spec", "managedSecret", "namespace")
    ),
    ("spv.no", "AzureKeyVaultSecret"): named(("spec", "output", "secret", "name")),
    ("akv2k8s.io", "AzureKeyVaultSecret"): named(("spec", "output", "secret", "name")),
    ("secretgenerator.mittwald.de", "StringSecret"): named(),
    ("secretgenerator.mittwald.de", "BasicAuth"): named(),
    ("secretgenerator.mittwald.de", "SSHKeyPair"): named(),
    ("secretgen.k14s.io", "Password"): named(),
    ("secretgen.carvel.dev", "SecretImport"): named(),
    ("objectbucket.io", "ObjectBucketClaim"): every(
        named(_NAME, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        named(
            _NAME,
            *("BUCKET_HOST", "BUCKET_NAME", "BUCKET_PORT", "BUCKET_REGION", "BUCKET_SUBREGION"),
            kinds=(CONFIG_MAP,),
        ),
    ),
    ("postgresql.cnpg.io", "Cluster"): every(
        *(named(pattern="{}-" + suffix) for suffix in ("app", "superuser", "ca", "server", "replication"))
    ),
    ("acid.zalan.do", "postgresql"): issued.zalando_postgresql,
    ("moco.cybozu.com", "MySQLCluster"): every(
        named(pattern="moco-{}"), named(pattern="moco-my-cnf-{}"), named(pattern="moco-{}", kinds=(CONFIG_MAP,))
    ),
    ("ceph.rook.io", "CephCluster"): every(
        *(named(pattern=f"rook-ceph-{s}") for s in ("mon", "mons-keyring", "admin-keyring", "config")),
        named(_NAME, "data", "mapping", "maxMonId", pattern="rook-ceph-mon-endpoints", kinds=(CONFIG_MAP,)),
    ),
    ("ceph.rook.io", "CephObjectStoreUser"): issued.ceph_object_store_user,
    ("kafka.strimzi.io", "KafkaUser"): named(),
    ("kafka.strimzi.io", "Kafka"): every(
        *(
            named(_NAME, "ca.crt", "ca.p12", "ca.password", pattern="{}-" + suffix)
            for suffix in ("cluster-ca-cert", "clients-ca-cert")
        )
    ),
    ("rabbitmq.com", "RabbitmqCluster"): named(pattern="{}-default-user"),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): every(
        *(named(pattern="{}-es-" + s) for s in ("elastic-user", "http-certs-public", "http-certs-internal"))
    ),
    ("kibana.k8s.elastic.co", "Kibana"): named(pattern="{}-kb-http-certs-public"),
    ("hive.openshift.io", "ClusterDeployment"): named(pattern="{}-admin-kubeconfig"),
    ("cluster.x-k8s.io", "Cluster"): named(_NAME, "value", pattern="{}-kubeconfig"),
}


def provided_by(resource: Resource) -> tuple[Provided, ...]:
    """What a rendered resource provides, now or once its controller has seen it."""
    key = (resource.id.group, resource.id.kind)
    if key in PROVIDERS and (key[1] != "Service" or issued.SERVING_CERTIFICATE in resource.text):
        return _read(*key, resource.text)
    if b"writeConnectionSecretToRef" in resource.text:  # any Crossplane resource
        return _read("", "*", resource.text)
    return ()


@lru_cache(maxsize=8192)
def _read(group: str, kind: str, text: bytes) -> tuple[Provided, ...]:
    row = PROVIDERS.get((group, kind), issued.crossplane)
    return tuple(row(read_manifest(text)))
