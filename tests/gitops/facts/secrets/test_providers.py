"""One line a provider: the manifest, and what it provides."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gitops.facts.secrets.providers.provided import Provided, union
from gitops.facts.secrets.providers.registry import PROVIDERS, provided_by
from gitops.resources.kinds import split_api_version
from gitops.resources.resource import Resource, ResourceId


def given(api: str, kind: str, **fields: Any) -> list[Provided]:
    metadata = {"name": "x", "namespace": "shop"} | fields.pop("metadata", {})
    body = {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}
    group, _ = split_api_version(api)
    return list(provided_by(Resource(ResourceId(group, kind, "shop", "x"), json.dumps(body).encode())))


def secret(name: str, *keys: str, namespace: str | None = None, creates: bool = True, known: bool = True) -> Provided:
    return Provided("Secret", name, frozenset(keys) if known else None, namespace, creates)


def unknown(name: str, **fields: Any) -> Provided:
    return secret(name, known=False, **fields)


ES = "external-secrets.io/v1"
DATA = [{"secretKey": "a", "remoteRef": {"key": "r"}}]
TLS = ("tls.crt", "tls.key", "ca.crt")


def gateway(annotations: dict[str, str], hostname: str = "h", mode: str = "Terminate") -> list[Provided]:
    listener = {"hostname": hostname, "tls": {"mode": mode, "certificateRefs": [{"name": "y"}]}}
    return given(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        metadata={"annotations": annotations},
        spec={"listeners": [listener, {"hostname": "plain"}]},
    )


def proxy(annotations: dict[str, str]) -> list[Provided]:
    host = {"fqdn": "h", "tls": {"secretName": "y"}}
    return given(
        "projectcontour.io/v1", "HTTPProxy", metadata={"annotations": annotations}, spec={"virtualhost": host}
    )


def kyverno(generate: dict[str, Any], names: list[str] | None = None) -> list[Provided]:
    resources: dict[str, Any] = {"kinds": ["Namespace"]} | ({"names": names} if names else {})
    rule = {"match": {"any": [{"resources": resources}]}, "generate": generate}
    return given("kyverno.io/v1", "ClusterPolicy", spec={"rules": [rule]})


CASES: list[tuple[str, list[Provided], list[Provided]]] = [
    ("Secret", given("v1", "Secret", data={"a": "hmac:1"}, stringData={"b": "hmac:2"}), [secret("x", "a", "b")]),
    ("an empty Secret is filled at run time", given("v1", "Secret"), [unknown("x")]),
    (
        "a service account token",
        given("v1", "Secret", type="kubernetes.io/service-account-token"),
        [secret("x", "token", "ca.crt", "namespace")],
    ),
    ("SOPS", given("v1", "Secret", data={"a": "hmac:1"}, sops={"version": "3"}), [secret("x", "a")]),
    (
        "ConfigMap",
        given("v1", "ConfigMap", data={"a": "1"}, binaryData={"b": ""}),
        [Provided("ConfigMap", "x", frozenset({"a", "b"}))],
    ),
    (
        "a copy from elsewhere",
        given(
            "v1",
            "Secret",
            data={"a": "x"},
            metadata={"annotations": {"replicator.v1.mittwald.de/replicate-from": "a/b"}},
        ),
        [unknown("x")],
    ),
    (
        "copies into other namespaces",
        given(
            "v1",
            "Secret",
            data={"a": "x"},
            metadata={"annotations": {"replicator.v1.mittwald.de/replicate-to": "web, team-.*"}},
        ),
        [secret("x", "a"), secret("x", "a", namespace="web"), secret("x", "a", namespace="^(?:team-.*)")],
    ),
    (
        "SealedSecret",
        given(
            "bitnami.com/v1alpha1",
            "SealedSecret",
            spec={"encryptedData": {"a": "Ag"}, "template": {"data": {"b": "{{ .a }}"}, "metadata": {"name": "y"}}},
        ),
        [secret("x", "a", "b")],  # the controller overwrites the template's name
    ),
    ("ExternalSecret", given(ES, "ExternalSecret", spec={"data": DATA}), [secret("x", "a")]),
    (
        "ExternalSecret with a target",
        given(ES, "ExternalSecret", spec={"data": DATA, "target": {"name": "y"}}),
        [secret("y", "a")],
    ),
    ("dataFrom", given(ES, "ExternalSecret", spec={"data": DATA, "dataFrom": [{"extract": {}}]}), [unknown("x")]),
    (
        "a template replaces what was fetched",
        given(
            ES,
            "ExternalSecret",
            spec={"dataFrom": [{"find": {}}], "target": {"template": {"data": {"t": "{{ .a }}"}}}},
        ),
        [secret("x", "t")],
    ),
    (
        "a template that merges",
        given(
            ES,
            "ExternalSecret",
            spec={"data": DATA, "target": {"template": {"mergePolicy": "Merge", "data": {"t": ""}}}},
        ),
        [secret("x", "a", "t")],
    ),
    (
        "a template from elsewhere",
        given(ES, "ExternalSecret", spec={"data": DATA, "target": {"template": {"templateFrom": [{}]}}}),
        [unknown("x")],
    ),
    (
        "creationPolicy Merge",
        given(ES, "ExternalSecret", spec={"data": DATA, "target": {"creationPolicy": "Merge"}}),
        [secret("x", "a", creates=False)],
    ),
    ("creationPolicy None", given(ES, "ExternalSecret", spec={"target": {"creationPolicy": "None"}}), []),
    (
        "ClusterExternalSecret by labels",
        given(
            ES,
            "ClusterExternalSecret",
            spec={"externalSecretName": "y", "namespaceSelector": {}, "externalSecretSpec": {"data": DATA}},
        ),
        [secret("y", "a", namespace="*")],
    ),
    (
        "ClusterExternalSecret by names",
        given(ES, "ClusterExternalSecret", spec={"namespaces": ["n", "m"], "externalSecretSpec": {"data": DATA}}),
        [secret("x", "a", namespace="n"), secret("x", "a", namespace="m")],
    ),
    ("Certificate", given("cert-manager.io/v1", "Certificate", spec={"secretName": "y"}), [secret("y", *TLS)]),
    (
        "Certificate with keystores",
        given(
            "cert-manager.io/v1",
            "Certificate",
            spec={
                "secretName": "y",
                "keystores": {"pkcs12": {"create": True}, "jks": {"create": False}},
                "additionalOutputFormats": [{"type": "CombinedPEM"}],
            },
        ),
        [secret("y", *TLS, "keystore.p12", "truststore.p12", "tls-combined.pem")],
    ),
    (
        "ingress-shim",
        given(
            "networking.k8s.io/v1",
            "Ingress",
            metadata={"annotations": {"cert-manager.io/cluster-issuer": "le"}},
            spec={"tls": [{"secretName": "y", "hosts": ["h"]}, {"secretName": "no hosts"}]},
        ),
        [secret("y", *TLS)],
    ),
    (
        "ingress-shim by tls-acme",
        given(
            "networking.k8s.io/v1",
            "Ingress",
            metadata={"annotations": {"kubernetes.io/tls-acme": "true"}},
            spec={"tls": [{"secretName": "y", "hosts": ["h"]}]},
        ),
        [secret("y", *TLS)],
    ),
    (
        "ingress-shim switched off",
        given(
            "networking.k8s.io/v1",
            "Ingress",
            metadata={"annotations": {"kubernetes.io/tls-acme": "false"}},
            spec={"tls": [{"secretName": "y", "hosts": ["h"]}]},
        ),
        [],
    ),
    ("gateway-shim", gateway({"cert-manager.io/issuer": "le"}), [secret("y", *TLS)]),
    ("a Gateway alone", gateway({}), []),
    ("gateway-shim without a host", gateway({"cert-manager.io/issuer": "le"}, hostname=""), []),
    ("gateway-shim that passes TLS through", gateway({"cert-manager.io/issuer": "le"}, mode="Passthrough"), []),
    ("contour-plus", proxy({"kubernetes.io/tls-acme": "true"}), [secret("y", *TLS)]),
    (
        "contour-plus, excluded",
        proxy({"kubernetes.io/tls-acme": "true", "contour-plus.cybozu.com/exclude": "true"}),
        [],
    ),
    ("an HTTPProxy alone", proxy({"cert-manager.io/issuer": "le"}), []),
    (
        "a bucket claim",
        given("objectbucket.io/v1alpha1", "ObjectBucketClaim", spec={"generateBucketName": "b"}),
        [
            secret("x", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            Provided(
                "ConfigMap",
                "x",
                frozenset({"BUCKET_HOST", "BUCKET_NAME", "BUCKET_PORT", "BUCKET_REGION", "BUCKET_SUBREGION"}),
            ),
        ],
    ),
    ("an Ingress alone", given("networking.k8s.io/v1", "Ingress", spec={"tls": [{"secretName": "y"}]}), []),
    (
        "OpenShift serving certificate",
        given("v1", "Service", metadata={"annotations": {"service.beta.openshift.io/serving-cert-secret-name": "y"}}),
        [secret("y", "tls.crt", "tls.key")],
    ),
    ("a Service", given("v1", "Service"), []),
    (
        "Vault, filling only",
        given("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", spec={"destination": {"name": "y"}}),
        [unknown("y", creates=False)],
    ),
    (
        "Vault, creating",
        given(
            "secrets.hashicorp.com/v1beta1", "VaultStaticSecret", spec={"destination": {"name": "y", "create": True}}
        ),
        [unknown("y")],
    ),
    ("1Password", given("onepassword.com/v1", "OnePasswordItem", spec={}), [unknown("x")]),
    ("Bitwarden", given("k8s.bitwarden.com/v1", "BitwardenSecret", spec={"secretName": "y"}), [unknown("y")]),
    (
        "secrets-store",
        given(
            "secrets-store.csi.x-k8s.io/v1",
            "SecretProviderClass",
            spec={"secretObjects": [{"secretName": "y", "data": [{"key": "a"}]}]},
        ),
        [replace(secret("y", "a"), mount="x")],
    ),
    (
        "Doppler in another namespace",
        given(
            "secrets.doppler.com/v1alpha1", "DopplerSecret", spec={"managedSecret": {"name": "y", "namespace": "n"}}
        ),
        [unknown("y", namespace="n")],
    ),
    (
        "any Crossplane resource",
        given(
            "rds.aws.crossplane.io/v1",
            "Instance",
            spec={"writeConnectionSecretToRef": {"name": "y", "namespace": "n"}},
        ),
        [unknown("y", namespace="n")],
    ),
    (
        "1Password by annotation",
        given(
            "apps/v1",
            "Deployment",
            metadata={
                "annotations": {"operator.1password.io/item-name": "y", "operator.1password.io/item-path": "vaults/a"}
            },
        ),
        [unknown("y")],
    ),
    (
        "1Password without a path",
        given("apps/v1", "Deployment", metadata={"annotations": {"operator.1password.io/item-name": "y"}}),
        [],
    ),
    (
        "Infisical into another namespace",
        given(
            "secrets.infisical.com/v1alpha1",
            "InfisicalSecret",
            spec={"managedKubeSecretReferences": [{"secretName": "y", "secretNamespace": "n"}]},
        ),
        [unknown("y", namespace="n")],
    ),
    (
        "sops-secrets-operator",
        given(
            "isindir.github.com/v1alpha3",
            "SopsSecret",
            spec={"secretTemplates": [{"name": "y", "data": {"a": "ENC"}, "stringData": {"b": "ENC"}}]},
        ),
        [secret("y", "a", "b")],
    ),
    (
        "sops-secrets-operator, suspended",
        given(
            "isindir.github.com/v1alpha3",
            "SopsSecret",
            spec={"suspend": True, "secretTemplates": [{"name": "y", "data": {"a": "ENC"}}]},
        ),
        [replace(secret("y", "a"), sure=False)],
    ),
    (
        "kyverno, cloning into each new namespace",
        kyverno({"kind": "Secret", "name": "y", "namespace": "{{request.object.metadata.name}}", "clone": {}}),
        [unknown("y", namespace="*")],
    ),
    (
        "kyverno, for some namespaces",
        kyverno(
            {"kind": "Secret", "name": "y", "namespace": "{{request.object.metadata.name}}"}, names=["team-*", "web"]
        ),
        [unknown("y", namespace="team-*"), unknown("y", namespace="web")],
    ),
    (
        "kyverno, into one namespace",
        kyverno({"kind": "Secret", "name": "y", "namespace": "n"}),
        [unknown("y", namespace="n")],
    ),
    (
        "kyverno, whatever is labelled",
        kyverno({"namespace": "n", "cloneList": {"kinds": ["v1/Secret", "v1/Service"], "namespace": "m"}}),
        [replace(unknown("*", namespace="n"), sure=False)],
    ),
    ("kyverno, something else", kyverno({"kind": "NetworkPolicy", "name": "y", "namespace": "n"}), []),
    (
        "trust-manager for one namespace",
        given(
            "trust.cert-manager.io/v1alpha1",
            "Bundle",
            spec={
                "target": {
                    "secret": {"key": "ca.pem"},
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "n"}},
                }
            },
        ),
        [secret("x", "ca.pem", namespace="n")],
    ),
    (
        "trust-manager",
        given("trust.cert-manager.io/v1alpha1", "Bundle", spec={"target": {"configMap": {"key": "ca.pem"}}}),
        [Provided("ConfigMap", "x", frozenset({"ca.pem"}), "*")],
    ),
]


@pytest.mark.parametrize(("found", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_provides(found: list[Provided], expected: list[Provided]) -> None:
    assert found == expected


@pytest.mark.parametrize(("group", "kind"), sorted(PROVIDERS))
@pytest.mark.parametrize(
    "junk", [None, "text", [], {"data": 1, "dataFrom": "x", "target": [], "tls": {}, "users": 1}]
)
def test_junk_does_no_harm(group: str, kind: str, junk: Any) -> None:
    given(f"{group}/v1" if group else "v1", kind, spec=junk, data=junk)


def test_union_knows_when_it_does_not_know() -> None:
    assert union([frozenset("a"), frozenset("b")]) == frozenset("ab")
    assert union([frozenset("a"), None]) is None
    assert union([]) == frozenset()
