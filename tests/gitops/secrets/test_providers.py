"""One line a provider: the manifest, and what it provides."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitops.kinds import split_api_version
from gitops.resources import Resource, ResourceId
from gitops.secrets.provided import Provided, union
from gitops.secrets.providers import PROVIDERS, provided_by


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
            metadata={"annotations": {"reflector.v1.k8s.emberstack.com/reflection-auto-namespaces": "web, team-.*"}},
        ),
        [secret("x", "a"), secret("x", "a", namespace="web"), secret("x", "a", namespace="*")],
    ),
    (
        "SealedSecret",
        given(
            "bitnami.com/v1alpha1",
            "SealedSecret",
            spec={"encryptedData": {"a": "Ag"}, "template": {"data": {"b": "{{ .a }}"}, "metadata": {"name": "y"}}},
        ),
        [secret("y", "a", "b")],
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
            spec={"tls": [{"secretName": "y"}]},
        ),
        [secret("y", *TLS)],
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
        [secret("y", "a")],
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
        "postgres-operator",
        given("acid.zalan.do/v1", "postgresql", spec={"users": {"my_app": []}}),
        [
            secret(f"{user}.x.credentials.postgresql.acid.zalan.do", "username", "password")
            for user in ("my-app", "postgres", "standby")
        ],
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
