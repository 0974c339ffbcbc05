"""Credentials of issuers: which ones are asked for, and where they have to be."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from tests.checks.samples.dns_solver_secret_missing import CONTROLLER
from tests.checks.secret_keys.stage import APP, application, cluster, documents, judged, only_finding, said, secret
from tests.scenarios import manifest

RULE = "dns-solver-secret-missing"
TOKEN = {"name": "dns", "key": "token"}


def solved(kind: str = "ClusterIssuer", **provider: Any) -> str:
    provider = provider or {"cloudflare": {"apiTokenSecretRef": TOKEN}}
    spec = {"acme": {"privateKeySecretRef": {"name": "account"}, "solvers": [{"dns01": provider}]}}
    return manifest(kind, "le", "shop" if kind == "Issuer" else "", "cert-manager.io/v1", spec=spec)


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ({"cloudflare": {"apiTokenSecretRef": TOKEN}}, True),
        ({"cloudflare": {"email": "a@b", "apiKeySecretRef": TOKEN}}, True),
        ({"route53": {"region": "a", "secretAccessKeySecretRef": TOKEN}}, True),
        ({"azureDNS": {"clientID": "a", "clientSecretSecretRef": TOKEN}}, True),
        ({"cloudDNS": {"project": "a", "serviceAccountSecretRef": TOKEN}}, True),
        ({"digitalocean": {"tokenSecretRef": TOKEN}}, True),
        ({"rfc2136": {"nameserver": "a", "tsigSecretSecretRef": TOKEN}}, True),
        ({"acmeDNS": {"host": "a", "accountSecretRef": TOKEN}}, True),
        ({"route53": {"region": "a"}}, False),  # whatever the pod may
        ({"azureDNS": {"managedIdentity": {"clientID": "a"}}}, False),
        ({"webhook": {"config": {"apiKeyRef": {"name": "dns", "key": "token"}}}}, False),
    ],
)
async def test_credentials_that_a_solver_names_are_asked_for(
    engine: Engine, provider: dict[str, Any], told: bool
) -> None:
    found = await judged(engine, APP | {"a/i.yaml": solved("Issuer", **provider)})
    assert said(found) == ([(RULE, Severity.WARNING, "Secret shop/dns")] if told else [])


@pytest.mark.parametrize(
    ("told", "namespace", "fine"),
    [
        ("$(POD_NAMESPACE)", "cert-manager", True),
        ("$(POD_NAMESPACE)", "shop", False),
        ("shop", "shop", True),
        ("shop", "cert-manager", False),
    ],
)
async def test_a_cluster_issuer_reads_where_the_controller_is_told(
    engine: Engine, told: str, namespace: str, fine: bool
) -> None:
    files = APP | {
        "a/i.yaml": solved(),
        "a/c.yaml": CONTROLLER.replace("$(POD_NAMESPACE)", told),
        "a/s.yaml": secret("dns", "token", namespace=namespace),
    }
    found = await judged(engine, files)
    assert (said(found) == []) is fine
    if not fine:
        right = "cert-manager" if told.startswith("$") else told
        assert f"Bring it into the namespace `{right}`" in only_finding(found).topic.advice


async def test_where_cert_manager_is_not_in_git_any_namespace_will_do(engine: Engine) -> None:
    somewhere = {"a/s.yaml": secret("dns", "token", namespace="shop")}
    assert said(await judged(engine, APP | {"a/i.yaml": solved()} | somewhere)) == []
    found = only_finding(await judged(engine, APP | {"a/i.yaml": solved()}))
    assert "in cert-manager's namespace" in found.message


async def test_the_chart_tells_the_namespace_where_it_is_not_rendered(engine: Engine) -> None:
    chart = {"chart": "cert-manager", "path": "", "repoURL": "https://charts.example.org"}
    apps = documents(application("a", "a"), application("cm", "", namespace="tls", source=chart))
    files = {"apps.yaml": apps, "a/i.yaml": solved(), "a/s.yaml": secret("dns", "token", namespace="shop")}
    assert "in the namespace `tls`" in only_finding(await judged(engine, files)).message


async def test_a_key_that_is_not_there_and_full_knowledge_are_errors(engine: Engine) -> None:
    issuer = APP | {"a/i.yaml": solved("Issuer")}
    wrong = await judged(engine, issuer | {"a/s.yaml": secret("dns", "api-token")})
    assert said(wrong) == [(RULE, Severity.ERROR, "Secret shop/dns")]
    assert said(await judged(engine, issuer, live=cluster())) == [(RULE, Severity.ERROR, "Secret shop/dns")]


async def test_an_external_account_and_vault_are_asked_for_too(engine: Engine) -> None:
    account = {"acme": {"externalAccountBinding": {"keyID": "a", "keySecretRef": TOKEN}, "solvers": []}}
    vault = {"vault": {"server": "a", "path": "b", "auth": {"tokenSecretRef": TOKEN}}}
    for spec in (account, vault):
        issuer = manifest("Issuer", "le", "shop", "cert-manager.io/v1", spec=spec)
        assert said(await judged(engine, APP | {"a/i.yaml": issuer})) == [(RULE, Severity.WARNING, "Secret shop/dns")]
