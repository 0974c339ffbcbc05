"""DNS-01 issuers: for hosts that nobody issues for, by what the configuration says, with what is to be brought."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from checks.policy.file import Policy, parse_policy
from tests.checks.argocd.stage import workload
from tests.checks.planning.additions.stage import directory, planned, proven, refused, rendered
from tests.checks.planning.additions.test_certificates import CONTROLLER
from tests.scenarios import application, documents, manifest

ITEM = "dns01-issuers"
ANNOTATION = "cert-manager.io/cluster-issuer"
SERVER = workload("argocd-server")
CLOUDFLARE = "certificates:\n  email: ops@example.com\n  dns01:\n  - zones: [example.com]\n    cloudflare: {}\n"
CLIENT = "{subscriptionID: S, resourceGroupName: dns, tenantID: T, clientID: C}"
AZURE = f"certificates:\n  dns01:\n  - zones: [example.com]\n    azureDNS: {CLIENT}\n"
APPS = documents(
    application("argocd", "argocd", namespace="argocd"),
    application("cert-manager", "cm", namespace="cert-manager"),
    application("shop", "shop"),
)


def policy(text: str) -> Policy:
    read = parse_policy(text.encode())
    assert not read.problems, read.problems
    return read


def ingress(*hosts: str, name: str = "shop", secret: str = "shop-tls", **metadata: Any) -> str:
    one = manifest(
        "Ingress",
        name,
        "shop",
        "networking.k8s.io/v1",
        metadata=metadata,
        spec={"tls": [{"hosts": list(hosts), "secretName": secret}], "rules": [{"host": host} for host in hosts]},
    )
    return yaml.safe_dump(json.loads(one), sort_keys=False)


def issuer(name: str = "own", dns01: Any = None, **selector: Any) -> str:
    solver = {"selector": selector, "dns01": dns01} if dns01 else {"http01": {"ingress": {}}}
    return manifest("ClusterIssuer", name, "", "cert-manager.io/v1", spec={"acme": {"solvers": [solver]}})


def repository(*shop: str, more: str = "") -> dict[str, str]:
    files = directory(SERVER, apps=APPS)
    return {**files, "cm/all.yaml": documents(CONTROLLER, *([more] if more else [])), "shop/a.yaml": documents(*shop)}


def test_an_ingress_without_issuer_gets_one_of_cloudflare() -> None:
    files = repository(f"# the shop\n{ingress('shop.example.com', '*.shop.example.com')}")
    plan, proof, after = proven(ITEM, files, policy(CLOUDFLARE))
    assert proof.holds, proof.failure
    assert {edit.span.path for edit in plan.edits} == {"cm/dns01-issuer.yaml", "shop/a.yaml"}
    (made,) = rendered(after, "ClusterIssuer")
    assert made["spec"]["acme"] == {
        "server": "https://acme-v02.api.letsencrypt.org/directory",
        "email": "ops@example.com",
        "privateKeySecretRef": {"name": "letsencrypt-dns01-account"},
        "solvers": [
            {
                "selector": {"dnsZones": ["example.com"]},
                "dns01": {"cloudflare": {"apiTokenSecretRef": {"name": "cloudflare-api-token", "key": "api-token"}}},
            }
        ],
    }
    (shop,) = rendered(after, "Ingress")
    assert shop["metadata"]["annotations"] == {ANNOTATION: "letsencrypt-dns01"}
    kept, brought = plan.first
    assert kept[1] == "kubectl --namespace shop get secret shop-tls --output yaml > shop-tls.yaml"
    # Where cert-manager looks, and with nobody's value in it.
    create = "kubectl --namespace cert-manager create secret generic cloudflare-api-token"
    assert brought[1] == f"{create} --from-literal='api-token=<value>'"
    assert "made one of the Secrets by hand" in plan.unsafe
    assert {row.statement for row in proof.rows} >= {
        "In `cert-manager` only what was asked for changes",
        "In `shop` only what was asked for changes",
        "No other Application changes",
    }


def test_the_secret_is_made_where_cert_manager_is_told_to_look() -> None:
    told = json.loads(CONTROLLER)
    told["spec"]["template"]["spec"]["containers"][0]["args"] = ["--cluster-resource-namespace=pki"]
    files = {**repository(ingress("shop.example.com")), "cm/all.yaml": json.dumps(told)}
    _, (_, command) = planned(ITEM, files, policy(CLOUDFLARE)).first
    assert command.startswith("kubectl --namespace pki create secret generic ")


def test_the_secret_is_made_where_a_chart_goes_that_is_not_rendered() -> None:
    chart = {"repoURL": "https://charts.jetstack.io", "chart": "cert-manager", "targetRevision": "v1.19.1"}
    files = repository(ingress("shop.example.com"), issuer())
    del files["cm/all.yaml"]
    files["apps.yaml"] = documents(
        application("argocd", "argocd", namespace="argocd"),
        application("cert-manager", "", namespace="pki", source=chart),
        application("shop", "shop"),
    )
    _, (_, command) = planned(ITEM, files, policy(CLOUDFLARE)).first
    assert command.startswith("kubectl --namespace pki create secret generic ")


@pytest.mark.parametrize(
    ("settings", "solver", "secret"),
    [
        (
            CLIENT,
            {
                "tenantID": "T",
                "clientID": "C",
                "clientSecretSecretRef": {"name": "azuredns-client-secret", "key": "client-secret"},
            },
            True,
        ),
        ("{subscriptionID: S, resourceGroupName: dns}", {}, False),
        (
            "{subscriptionID: S, resourceGroupName: dns, managedIdentity: {clientID: M}}",
            {"managedIdentity": {"clientID": "M"}},
            False,
        ),
    ],
)
def test_azure_is_told_its_zone_and_who_asks(settings: str, solver: dict[str, Any], secret: bool) -> None:
    told = policy(f"certificates:\n  dns01:\n  - zones: [example.com, a.example.com]\n    azureDNS: {settings}\n")
    plan, proof, after = proven(ITEM, repository(ingress("x.a.example.com")), told)
    assert proof.holds, proof.failure
    (made,) = rendered(after, "ClusterIssuer")
    (found,) = made["spec"]["acme"]["solvers"]
    common = {"subscriptionID": "S", "resourceGroupName": "dns", "hostedZoneName": "a.example.com"}
    assert found == {"selector": {"dnsZones": ["a.example.com"]}, "dns01": {"azureDNS": {**common, **solver}}}
    assert any("azuredns-client-secret" in commands for _, commands in plan.first) == secret
    assert "email" not in made["spec"]["acme"]


@pytest.mark.parametrize(
    "selector", [{}, {"dnsZones": ["example.com"]}, {"dnsNames": ["shop.example.com"]}], ids=["all", "zone", "name"]
)
def test_an_issuer_of_git_that_proves_the_zone_is_taken(selector: dict[str, Any]) -> None:
    own = issuer(dns01={"route53": {"region": "eu-central-1"}}, **selector)
    plan, proof, after = proven(ITEM, repository(ingress("shop.example.com"), more=own))
    assert proof.holds, proof.failure
    assert [edit.span.path for edit in plan.edits] == ["shop/a.yaml"]
    (shop,) = rendered(after, "Ingress")
    assert shop["metadata"]["annotations"] == {ANNOTATION: "own"}
    assert len(plan.first) == 1 and not plan.comes


def test_what_nobody_can_prove_is_refused_with_the_lines_that_would_say_it() -> None:
    files = repository(ingress("shop.example.com"), ingress("a.example.org", name="b"), more=issuer("http"))
    error = refused(ITEM, files)
    assert "which DNS provider has `shop.example.com` and `a.example.org`" in str(error)
    # The lines as they are told are a configuration, with which it goes on.
    _, proof, after = proven(ITEM, files, policy(error.lines))
    assert proof.holds, proof.failure
    assert {one["metadata"]["annotations"][ANNOTATION] for one in rendered(after, "Ingress")} == {"letsencrypt-dns01"}


def test_hosts_of_other_zones_are_left_out_and_named() -> None:
    files = repository(ingress("shop.example.com"), ingress("a.example.org", name="b"))
    plan, proof, after = proven(ITEM, files, policy(CLOUDFLARE))
    assert proof.holds, proof.failure
    assert any("`a.example.org`" in note and "Left out" in note for note in plan.notes)
    assert [ANNOTATION in one["metadata"].get("annotations", {}) for one in rendered(after, "Ingress")] == [
        True,
        False,
    ]


GATEWAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: shop
  annotations:
    a: b
spec:
  listeners:
  - {name: a, protocol: HTTPS, hostname: shop.example.com, tls: {certificateRefs: [{name: edge-tls}]}}
  - {name: b, protocol: TLS, hostname: raw.example.com, tls: {mode: Passthrough}}
"""


def test_a_gateway_is_told_the_same_where_cert_manager_looks_at_gateways() -> None:
    files = repository(GATEWAY)
    assert "without `--enable-gateway-api`" in str(refused(ITEM, files, policy(CLOUDFLARE)))
    looking = json.loads(CONTROLLER)
    looking["spec"]["template"]["spec"]["containers"][0]["args"] = ["--enable-gateway-api"]
    files["cm/all.yaml"] = json.dumps(looking)
    plan, proof, after = proven(ITEM, files, policy(CLOUDFLARE))
    assert proof.holds, proof.failure
    (gateway,) = rendered(after, "Gateway")
    assert gateway["metadata"]["annotations"] == {"a": "b", ANNOTATION: "letsencrypt-dns01"}
    assert plan.title == "Have certificates issued by DNS-01 for 1 host"


TLS_SECRET = manifest("Secret", "shop-tls", "shop", data={"tls.crt": "", "tls.key": ""})
CERTIFICATE = manifest("Certificate", "shop", "shop", "cert-manager.io/v1", spec={"secretName": "shop-tls"})


def traefik(host: str, kind: str = "IngressRoute", **tls: str) -> str:
    match = f"Host{'SNI' if kind.endswith('TCP') else ''}(`{host}`)"
    spec = {"routes": [{"match": match, "services": [{"name": "shop"}]}], "tls": tls}
    return manifest(kind, "routed", "shop", "traefik.io/v1alpha1", spec=spec)


NEEDS = "takes no annotation: a Certificate has to make its Secret `shop-tls`"
NONE_OPEN = "each host with TLS in git has an issuer"
HOST = "shop.example.com"


@pytest.mark.parametrize(
    ("shop", "why"),
    [
        ([ingress(HOST, annotations={ANNOTATION: "x"})], NONE_OPEN),
        ([ingress(HOST, annotations={"cert-manager.io/issuer": "x"})], NONE_OPEN),
        ([ingress(HOST), TLS_SECRET], NONE_OPEN),
        ([ingress(HOST), CERTIFICATE], NONE_OPEN),
        ([ingress(HOST, secret="")], NONE_OPEN),  # by a certificate of the controller's own
        ([ingress("shop.cluster.local")], NONE_OPEN),
        ([manifest("Ingress", "a", "shop", "networking.k8s.io/v1", spec={"rules": [{"host": HOST}]})], NONE_OPEN),
        ([json.dumps(yaml.safe_load(ingress(HOST)))], "is not written in this repository as lines"),
        ([traefik(HOST, secretName="shop-tls")], f"IngressRoute shop/routed {NEEDS}"),
        ([traefik(HOST, "IngressRouteTCP", secretName="shop-tls")], f"IngressRouteTCP shop/routed {NEEDS}"),
        ([traefik(HOST, secretName="shop-tls"), CERTIFICATE], NONE_OPEN),
        ([traefik(HOST, certResolver="le")], NONE_OPEN),  # by Traefik's own
        ([traefik("shop.cluster.local", secretName="shop-tls")], NONE_OPEN),
    ],
)
def test_what_has_a_certificate_or_cannot_have_one_is_left_alone(shop: list[str], why: str) -> None:
    assert why in str(refused(ITEM, repository(*shop), policy(CLOUDFLARE)))


def test_a_route_of_traefik_s_is_named_beside_what_gets_an_issuer() -> None:
    files = repository(ingress(HOST, secret="other-tls"), traefik("www.example.com", secretName="shop-tls"))
    plan, _, _ = proven(ITEM, files, policy(CLOUDFLARE))
    assert any(NEEDS in note for note in plan.notes) and "`shop.example.com`" in plan.why


def test_what_another_cluster_has_as_well_is_not_told_an_issuer_of_this_one() -> None:
    other = application("shop-two", "shop", server="", cluster="two")
    files = {**repository(ingress(HOST)), "apps.yaml": documents(APPS, other)}
    assert "shop/a.yaml:1 is also for another cluster" in str(refused(ITEM, files, policy(CLOUDFLARE)))


def test_without_cert_manager_nobody_issues() -> None:
    files = {**repository(ingress(HOST)), "cm/all.yaml": manifest("ConfigMap", "a", "cert-manager")}
    assert "cert-manager is not rendered" in str(refused(ITEM, files, policy(CLOUDFLARE)))


def test_a_secret_that_is_there_or_declared_is_not_asked_for() -> None:
    secret = manifest("Secret", "cloudflare-api-token", "cert-manager", data={"api-token": ""})
    plan = planned(ITEM, repository(ingress(HOST), more=secret), policy(CLOUDFLARE))
    assert len(plan.first) == 1
    declared = f"{CLOUDFLARE}secrets:\n  provided: [cert-manager/cloudflare-api-token]\n"
    plan = planned(ITEM, repository(ingress(HOST)), policy(declared))
    assert len(plan.first) == 1


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("certificates: []\n", 1, "must be a mapping"),
        ("certificates:\n  mail: a\n", 2, "unknown key `mail`"),
        ("certificates:\n  email: 1\n", 2, "`certificates.email` must be a text"),
        ("certificates:\n  dns01: {}\n", 2, "`certificates.dns01` must be a list"),
        ("certificates:\n  dns01:\n  - zones: [a.b]\n", 3, "must have `zones`, and"),
        ("certificates:\n  dns01:\n  - {zones: [], cloudflare: {}}\n", 3, "a list of DNS zones"),
        ("certificates:\n  dns01:\n  - {zones: [a.b], cloudflare: {apiToken: x}}\n", 3, "no settings"),
        (
            "certificates:\n  dns01:\n  - {zones: [a.b], azureDNS: {subscriptionID: s}}\n",
            3,
            "lacks `resourceGroupName`",
        ),
        (AZURE.replace("clientID", "client"), 3, "has an unknown `client`"),
        (AZURE.replace(", clientID: C", ""), 3, "takes `tenantID` and `clientID`"),
    ],
)
def test_mistakes_of_the_configuration_are_told_with_their_line(text: str, line: int, why: str) -> None:
    (problem,) = parse_policy(text.encode()).problems
    assert why in problem.message and problem.line == line
