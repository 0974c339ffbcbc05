"""Who makes a Secret or a ConfigMap: one row of `PROVIDERS` per kind.

A row is a function from the manifest to what it provides; most are written with `named`. Each was held against the
controller's code. Sources: bitnami-labs/sealed-secrets, external-secrets/external-secrets and kubernetes-external-
secrets, isindir/sops-secrets-operator, kubernetes-sigs/secrets-store-csi-driver, cert-manager, trust-manager, kyverno
and hashicorp/vault-secrets-operator as told in `external` and `issued`; ricoberger/vault-secrets-operator
api/v1alpha1 and redhat-cop/vault-config-operator api/v1alpha1/vaultsecret_types.go (`output.name`); 1Password/
onepassword-operator pkg/kubernetessecrets; bitwarden/sm-kubernetes api/v1 (`secretName`); Infisical/
kubernetes-operator api/v1alpha1/common.go; DopplerHQ/kubernetes-operator api/v1alpha1/dopplersecret_types.go;
SparebankenVest/azure-key-vault-to-kubernetes pkg/k8s/apis/azurekeyvault/v2beta1/types.go (`output`); mittwald/
kubernetes-secret-generator api/v1alpha1; carvel-dev/secretgen-controller pkg/apis; kube-object-storage/
lib-bucket-provisioner pkg/provisioner/resourcehandlers.go (both objects have the claim's name).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from gitops.facts.secrets.pods import read_manifest
from gitops.facts.secrets.providers import external, issued
from gitops.facts.secrets.providers.operators import OPERATORS
from gitops.facts.secrets.providers.provided import CONFIG_MAP, Provided
from gitops.facts.secrets.providers.rows import NAME, Row, each, every, named
from gitops.resources.resource import Resource

_AZURE = every(
    named(("spec", "output", "secret", "name")), named(("spec", "output", "configMap", "name"), kinds=(CONFIG_MAP,))
)

PROVIDERS: Mapping[tuple[str, str], Row] = {
    ("", "Secret"): issued.secret,
    ("", "ConfigMap"): issued.config_map,
    ("", "Service"): issued.serving_certificate,
    ("networking.k8s.io", "Ingress"): issued.ingress_shim,
    ("gateway.networking.k8s.io", "Gateway"): issued.gateway_shim,
    ("gateway.networking.k8s.io", "ListenerSet"): issued.gateway_shim,
    ("gateway.networking.x-k8s.io", "XListenerSet"): issued.gateway_shim,
    ("projectcontour.io", "HTTPProxy"): issued.contour_plus,
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
    ("clustersecret.io", "ClusterSecret"): external.cluster_secret,
    ("secrets.hashicorp.com", "VaultStaticSecret"): external.vault_secret,
    ("secrets.hashicorp.com", "VaultDynamicSecret"): external.vault_secret,
    ("secrets.hashicorp.com", "VaultPKISecret"): external.vault_secret,
    ("secrets.hashicorp.com", "HCPVaultSecretsApp"): external.vault_secret,
    ("ricoberger.de", "VaultSecret"): named(),
    ("redhatcop.redhat.io", "VaultSecret"): external.templated_secret,
    ("onepassword.com", "OnePasswordItem"): named(),
    ("k8s.bitwarden.com", "BitwardenSecret"): named(("spec", "secretName")),
    ("secrets.infisical.com", "InfisicalSecret"): every(
        named(
            ("spec", "managedSecretReference", "secretName"),
            namespace=("spec", "managedSecretReference", "secretNamespace"),
        ),
        each(("spec", "managedKubeSecretReferences"), ("secretName",), ("secretNamespace",)),
        each(("spec", "managedKubeConfigMapReferences"), ("configMapName",), ("configMapNamespace",), CONFIG_MAP),
    ),
    ("secrets.infisical.com", "InfisicalDynamicSecret"): named(
        ("spec", "managedSecretReference", "secretName"),
        namespace=("spec", "managedSecretReference", "secretNamespace"),
    ),
    ("secrets.doppler.com", "DopplerSecret"): named(
        ("spec", "managedSecret", "name"), namespace=("spec", "managedSecret", "namespace")
    ),
    ("spv.no", "AzureKeyVaultSecret"): _AZURE,
    ("akv2k8s.io", "AzureKeyVaultSecret"): _AZURE,
    ("secretgenerator.mittwald.de", "StringSecret"): named(),
    ("secretgenerator.mittwald.de", "BasicAuth"): named(),
    ("secretgenerator.mittwald.de", "SSHKeyPair"): named(),
    **{("secretgen.k14s.io", kind): named() for kind in ("Password", "Certificate", "RSAKey", "SSHKey")},
    ("secretgen.carvel.dev", "SecretImport"): named(),
    ("secretgen.carvel.dev", "SecretTemplate"): named(),
    ("objectbucket.io", "ObjectBucketClaim"): every(
        named(NAME, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        named(
            NAME,
            *("BUCKET_HOST", "BUCKET_NAME", "BUCKET_PORT", "BUCKET_REGION", "BUCKET_SUBREGION"),
            kinds=(CONFIG_MAP,),
        ),
    ),
    **OPERATORS,
}


# What any kind may carry, and the row for it.
_BY_MARK = {
    b"writeConnectionSecretToRef": "*crossplane",
    b"publishConnectionDetailsTo": "*crossplane",
    b"operator.1password.io/item-name": "*onepassword",
}
_ROWS_BY_MARK: Mapping[str, Row] = {"*crossplane": issued.crossplane, "*onepassword": external.annotated_item}


def provided_by(resource: Resource) -> tuple[Provided, ...]:
    """What a rendered resource provides, now or once its controller has seen it."""
    key = (resource.id.group, resource.id.kind)
    if key in PROVIDERS and (key[1] != "Service" or issued.SERVING_CERTIFICATE in resource.text):
        return _read(*key, resource.text)
    for mark, row in _BY_MARK.items():
        if mark in resource.text:
            return _read("", row, resource.text)
    return ()


@lru_cache(maxsize=8192)
def _read(group: str, kind: str, text: bytes) -> tuple[Provided, ...]:
    row = _ROWS_BY_MARK[kind] if kind in _ROWS_BY_MARK else PROVIDERS[group, kind]
    return tuple(row(read_manifest(text)))
