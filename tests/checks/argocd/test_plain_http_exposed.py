"""Log-ins that cross the network in clear."""

from __future__ import annotations

import pytest

from checks.model import Finding, Severity
from tests.checks.argocd.stage import APP, judged, messages, of_files, workload
from tests.checks.argocd.test_exposure import (
    HOST,
    INSECURE,
    ingress,
    istio_gateway,
    istio_route,
    middleware,
    service,
    traefik,
)
from tests.scenarios import application, documents

PLAIN = "argocd-plain-http-exposed"


def plain(found: list[Finding]) -> list[str]:
    assert {one.severity for one in found} <= {Severity.WARNING}
    return messages(found)


def test_an_insecure_server_behind_an_open_service_or_a_route_without_tls_is_told() -> None:
    assert plain(judged(PLAIN, INSECURE, service(type="LoadBalancer"))) == [
        "Service argocd/argocd-server of type LoadBalancer leads to an `argocd-server` that is insecure"
    ]
    assert plain(judged(PLAIN, INSECURE, service(), ingress(cls="traefik", tls=False))) == [
        f"`http://{HOST}` serves `argocd-server` without TLS"
    ]
    for edge in (
        [traefik(tls=False, first="first"), middleware(headers={})],
        [ingress(cls="traefik", tls=False, middlewares="argocd-first@kubernetescrd"), middleware(compress={})],
        [istio_route(), istio_gateway(mode="")],
    ):
        assert plain(judged(PLAIN, INSECURE, service(), *edge)) == [
            f"`http://{HOST}` serves `argocd-server` without TLS"
        ]


@pytest.mark.parametrize(
    "made",
    [
        [workload("argocd-server"), service(type="LoadBalancer")],
        [INSECURE, service()],
        [INSECURE, service(type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/8"])],
        [INSECURE, service(type="LoadBalancer", loadBalancerIP="192.168.1.7")],
        [
            INSECURE,
            service(
                type="LoadBalancer",
                metadata={"annotations": {"service.beta.kubernetes.io/aws-load-balancer-ssl-cert": "arn:x"}},
            ),
        ],
        [
            INSECURE,
            service(
                type="LoadBalancer",
                metadata={"annotations": {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}},
            ),
        ],
        [INSECURE, service(), ingress()],
        # Nobody logs in by such paths.
        [INSECURE, service(), ingress(cls="traefik", tls=False, path="/.well-known/acme-challenge/")],
        [INSECURE, service(), ingress(cls="traefik", tls=False, path="/api/webhook")],
        # What comes by HTTP is sent to https, or turned away, or git does not tell.
        [INSECURE, service(), traefik(tls=False, first="first"), middleware(redirectScheme={"scheme": "https"})],
        [INSECURE, service(), traefik(tls=False, first="first"), middleware(ipAllowList={"sourceRange": []})],
        [INSECURE, service(), traefik(tls=False, first="elsewhere")],
        [INSECURE, service(), ingress(cls="traefik", tls=False, middlewares="traefik-https@kubernetescrd")],
        [INSECURE, service(), istio_route(), istio_gateway(mode="", httpsRedirect=True)],
    ],
)
def test_what_is_not_open_to_the_network_is_left_alone(made: list[str]) -> None:
    assert messages(judged(PLAIN, *made)) == []


def test_a_cluster_on_one_machine_is_left_alone() -> None:
    files = {
        **APP,
        "apps.yaml": application("argocd", "clusters/kind/argocd", namespace="argocd"),
        "clusters/kind/argocd/a.yaml": documents(INSECURE, service(type="NodePort")),
    }
    assert of_files(PLAIN, files) == []
