"""References of custom resources and annotations: one row a kind, each with what it must not take for a reference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitops.facts.secrets.consumers import CONSUMERS, uses_of
from gitops.facts.secrets.references import Effect, Use
from gitops.resources.kinds import split_api_version
from gitops.resources.resource import Resource, ResourceId


def read(api: str, kind: str, **fields: Any) -> tuple[Use, ...]:
    metadata = {"name": "x", "namespace": "shop"} | fields.pop("metadata", {})
    body = {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}
    group, _ = split_api_version(api)
    return uses_of(Resource(ResourceId(group, kind, "shop", "x"), json.dumps(body).encode()))


def asked(found: tuple[Use, ...]) -> set[str]:
    """`Kind namespace/name#key`, without what is not there."""
    texts = set()
    for use in found:
        where = f"{use.namespace}/" if use.namespace else ""
        texts.add(f"{use.kind} {where}{use.name}{f'#{use.key}' if use.key else ''}")
    return texts


SELECTOR = {"name": "s", "key": "k"}
COREOS = "monitoring.coreos.com/v1"
TABLE: list[tuple[str, str, dict[str, Any], set[str]]] = [
    (COREOS, "Alertmanager", {"secrets": ["a"], "configMaps": ["c"]}, {"Secret a", "ConfigMap c"}),
    (COREOS, "Alertmanager", {"configSecret": "a"}, {"Secret a"}),
    (
        COREOS,
        "Prometheus",
        {
            "additionalScrapeConfigs": SELECTOR,
            "remoteWrite": [{"basicAuth": {"password": {"name": "p", "key": "q"}}}],
        },
        {"Secret s#k", "Secret p#q"},
    ),
    (
        COREOS,
        "ServiceMonitor",
        {
            "endpoints": [
                {"basicAuth": {"username": SELECTOR}, "tlsConfig": {"ca": {"configMap": {"name": "c", "key": "ca"}}}}
            ]
        },
        {"Secret s#k", "ConfigMap c#ca"},
    ),
    (COREOS, "PodMonitor", {"podMetricsEndpoints": [{"bearerTokenSecret": {"name": "", "key": ""}}]}, set()),
    (COREOS, "Probe", {"basicAuth": {"password": {**SELECTOR, "optional": True}}}, set()),
    (
        "monitoring.coreos.com/v1beta1",
        "AlertmanagerConfig",
        {"receivers": [{"name": "r", "slackConfigs": [{"apiURL": SELECTOR, "title": "t"}]}]},
        {"Secret s#k"},
    ),
    (
        "keda.sh/v1alpha1",
        "TriggerAuthentication",
        {
            "secretTargetRef": [{"parameter": "p", "name": "s", "key": "k"}],
            "configMapTargetRef": [{"parameter": "p", "name": "c", "key": "k"}],
        },
        {"Secret s#k", "ConfigMap c#k"},
    ),
    (
        "external-secrets.io/v1",
        "SecretStore",
        {
            "provider": {
                "vault": {
                    "server": "u",
                    "auth": {"tokenSecretRef": SELECTOR},
                    "caProvider": {"type": "ConfigMap", "name": "ca", "key": "c"},
                }
            }
        },
        {"Secret s#k", "ConfigMap ca#c"},
    ),
    (
        "external-secrets.io/v1",
        "ClusterSecretStore",
        {"provider": {"aws": {"auth": {"secretRef": {"a": {**SELECTOR, "namespace": "n"}, "b": SELECTOR}}}}},
        {"Secret n/s#k"},  # without a namespace it is that of each ExternalSecret
    ),
    (
        "cert-manager.io/v1",
        "Issuer",
        {
            "acme": {
                "privateKeySecretRef": SELECTOR,
                "solvers": [{"dns01": {"cloudflare": {"apiTokenSecretRef": {"name": "cf", "key": "t"}}}}],
            }
        },
        {"Secret cf#t"},  # the account's key is made by cert-manager
    ),
    ("cert-manager.io/v1", "Issuer", {"ca": {"secretName": "ca"}}, {"Secret ca"}),
    (
        "gateway.networking.k8s.io/v1",
        "Gateway",
        {
            "listeners": [
                {
                    "tls": {
                        "certificateRefs": [
                            {"name": "t"},
                            {"name": "u", "namespace": "n"},
                            {"kind": "Other", "name": "v"},
                        ]
                    }
                }
            ]
        },
        {"Secret t", "Secret n/u"},
    ),
    ("traefik.io/v1alpha1", "Middleware", {"basicAuth": {"secret": "s"}, "headers": {"name": "n"}}, {"Secret s"}),
    ("traefik.io/v1alpha1", "IngressRoute", {"tls": {"secretName": "s"}}, {"Secret s"}),
    ("projectcontour.io/v1", "HTTPProxy", {"virtualhost": {"tls": {"secretName": "n/s"}}}, {"Secret n/s"}),
    (
        "postgresql.cnpg.io/v1",
        "Cluster",
        {
            "bootstrap": {"initdb": {"secret": {"name": "mine"}}},
            "backup": {"barmanObjectStore": {"s3Credentials": {"accessKeyId": SELECTOR}}},
            "managed": {"roles": [{"name": "r", "passwordSecret": {"name": "role"}}]},
        },
        {"Secret mine", "Secret s#k", "Secret role"},
    ),
    (
        "mongodbcommunity.mongodb.com/v1",
        "MongoDBCommunity",
        {"users": [{"passwordSecretRef": {"name": "p"}}]},
        {"Secret p"},
    ),
    (
        "k8s.keycloak.org/v2alpha1",
        "Keycloak",
        {"db": {"passwordSecret": SELECTOR}, "http": {"tlsSecret": "t"}},
        {"Secret s#k", "Secret t"},
    ),
    (
        "argoproj.io/v1alpha1",
        "CronWorkflow",
        {
            "workflowSpec": {
                "templates": [
                    {
                        "container": {
                            "env": [{"name": "e", "valueFrom": {"secretKeyRef": SELECTOR}}],
                            "envFrom": [{"secretRef": {"name": "f"}}],
                        }
                    }
                ]
            }
        },
        {"Secret s#k", "Secret f"},
    ),
    (
        "argoproj.io/v1alpha1",
        "ApplicationSet",
        {
            "generators": [
                {
                    "matrix": {
                        "generators": [{"pullRequest": {"github": {"tokenRef": {"secretName": "t", "key": "k"}}}}]
                    }
                }
            ]
        },
        {"Secret t#k"},
    ),
    ("velero.io/v1", "BackupStorageLocation", {"credential": SELECTOR}, {"Secret s#k"}),
    ("acme.example/v1", "Database", {"password": SELECTOR}, set()),  # whose API nobody told us
    (COREOS, "PrometheusRule", {"groups": [{"name": "g", "rules": [{"name": "n", "key": "k"}]}]}, set()),
]


@pytest.mark.parametrize(("api", "kind", "spec", "expected"), TABLE)
def test_what_a_custom_resource_asks_for(api: str, kind: str, spec: dict[str, Any], expected: set[str]) -> None:
    assert asked(read(api, kind, spec=spec)) == expected


@pytest.mark.parametrize(("group", "kind"), sorted(CONSUMERS))
@pytest.mark.parametrize("junk", [None, "text", [], {"secrets": 1, "provider": [[]], "listeners": {"tls": "x"}}])
def test_junk_does_no_harm(group: str, kind: str, junk: Any) -> None:
    assert read(f"{group}/v1", kind, spec=junk) == ()


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"nginx.ingress.kubernetes.io/auth-secret": "s"}, {"Secret s"}),
        ({"nginx.ingress.kubernetes.io/auth-secret": "n/s"}, {"Secret n/s"}),
        ({"nginx.ingress.kubernetes.io/auth-tls-secret": "n/s"}, {"Secret n/s"}),
        ({"haproxy-ingress.github.io/auth-secret": "file:///etc/users"}, set()),
        ({"nginx.ingress.kubernetes.io/auth-realm": "s"}, set()),
    ],
)
def test_annotations_of_an_ingress(annotations: dict[str, str], expected: set[str]) -> None:
    found = read("networking.k8s.io/v1", "Ingress", metadata={"annotations": annotations}, spec={})
    assert asked(found) == expected
    assert all(use.effect is Effect.CONTROLLER for use in found)


def test_what_an_operator_mounts_stops_its_pods() -> None:
    effects = {use.name: use.effect for use in read(COREOS, "Alertmanager", spec={"secrets": ["a"], "x": SELECTOR})}
    assert effects == {"a": Effect.STOPS, "s": Effect.CONTROLLER}
