"""What the blackbox exporter is asked, and what it can answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.model import Severity
from tests.checks.argocd.stage import APP, judged, messages, of_files, workload
from tests.checks.argocd.test_alerts import prometheus
from tests.checks.argocd.test_exposure import HOST, INSECURE, ingress, openshift, proxy, service, traefik, tunnel
from tests.scenarios import application, config_map, documents, manifest

RULE = "blackbox-target"
ARGO_CD = config_map("argocd-cm", "argocd")
MONITORING = "monitoring.coreos.com"


def exporter(*modules: str, name: str = "blackbox", prober: str = "http", **http: Any) -> str:
    told = {module: {"prober": prober, **({"http": http} if http else {})} for module in modules}
    return manifest("ConfigMap", name, "monitoring", data={"blackbox.yml": f"modules: {json.dumps(told)}"})


def probe(module: str, *targets: str, **static: Any) -> str:
    spec: dict[str, Any] = {"module": module} if module else {}
    spec |= {"targets": {"staticConfig": {"static": list(targets), **static}}} if targets else {}
    return manifest("Probe", "argocd", "monitoring", f"{MONITORING}/v1", spec=spec)


def scraping(module: str, path: str = "/probe", *targets: str, more: str = "") -> str:
    """A plain Prometheus with a job of that module."""
    params = f"params: {{module: [{module}]}}, " if module else ""
    job = (
        f"{{job_name: blackbox, metrics_path: {path}, {params}{more}static_configs: [{{targets: {list(targets)}}}]}}"
    )
    return prometheus("/etc/prometheus/*.yml").replace("{job_name: argocd-repo-server}", job)


def scrape_config(module: str) -> str:
    spec = {"metricsPath": "/probe", "params": {"module": [module]}, "staticConfigs": [{"targets": ["https://a.b"]}]}
    return manifest("ScrapeConfig", "argocd", "monitoring", f"{MONITORING}/v1alpha1", spec=spec)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([exporter("http_2xx"), probe("http_argocd")], "asks the blackbox exporter for the module `http_argocd`"),
        ([exporter("http_2xx"), scraping("icmp")], "job `blackbox` asks the blackbox exporter for the module `icmp`"),
        ([exporter("http_2xx"), scrape_config("icmp")], "ScrapeConfig monitoring/argocd asks"),
        ([exporter("http_argocd"), probe("", "https://a.b")], "`http_2xx`, since it names none"),
        ([exporter("http_argocd"), scraping("", "/probe", "https://a.b")], "`http_2xx`, since it names none"),
        ([exporter("http_2xx"), probe("http_2xx"), scraping("http_2xx"), scrape_config("http_2xx")], ""),
        ([exporter("http_2xx"), scraping("other", "/metrics")], ""),
        ([probe("http_argocd")], ""),
        ([exporter("a"), scraping("b", more="relabel_configs: [{target_label: __param_module}], ")], ""),
        # Which of two is asked, nobody can tell.
        ([exporter("a"), exporter("b", name="other"), probe("c")], ""),
        ([exporter("a"), exporter("a", name="other"), probe("a")], ""),
    ],
)
def test_a_module_has_to_be_one_of_the_exporter_s(made: list[str], said: str) -> None:
    found = messages(judged(RULE, ARGO_CD, *made))
    assert [said in one for one in found] == ([True] if said else [])


TLS = workload("argocd-server")
STAYS = exporter("http_2xx", follow_redirects=False)
SERVER = "http://argocd-server.argocd.svc.cluster.local"
ISTIO = documents(
    manifest(
        "Gateway",
        "edge",
        "argocd",
        "networking.istio.io/v1",
        spec={"servers": [{"hosts": [HOST], "tls": {"httpsRedirect": True}}]},
    ),
    manifest(
        "VirtualService",
        "argocd",
        "argocd",
        "networking.istio.io/v1",
        spec={
            "hosts": [HOST],
            "gateways": ["argocd/edge"],
            "http": [{"route": [{"destination": {"host": "argocd-server"}}]}],
        },
    ),
)
SENT_ON = manifest(
    "HTTPRoute",
    "sent-on",
    "argocd",
    "gateway.networking.k8s.io/v1",
    spec={"hostnames": [HOST], "rules": [{"filters": [{"requestRedirect": {"scheme": "https", "statusCode": 301}}]}]},
)
REDIRECTS = '"edge", "insecureEdgeTerminationPolicy": "Redirect"'
NOT_SENT_ON = ingress().replace(
    '"annotations": {', '"annotations": {"nginx.ingress.kubernetes.io/ssl-redirect": "false"'
)
# A Service of a load balancer, whose name external-dns brings.
NAMED = manifest(
    "Service",
    "lb",
    "edge",
    metadata={"annotations": {"external-dns.alpha.kubernetes.io/hostname": "argo.example.com"}},
)


@pytest.mark.parametrize(
    ("module", "made", "target", "status"),
    [
        (STAYS, [TLS, service()], SERVER, 307),
        (STAYS, [TLS, service()], f"{SERVER}:80/healthz", 307),
        (STAYS, [TLS, service()], "argocd-server.argocd.svc", 307),  # the exporter puts http:// before it
        (exporter("http_2xx", no_follow_redirects=True), [TLS, service()], SERVER, 307),
        (exporter("http_2xx", valid_status_codes=[307, 308]), [TLS, service()], SERVER, 307),  # in the end it is 200
        (exporter("http_2xx", follow_redirects=False, valid_status_codes=[200, 302]), [TLS, service()], SERVER, 307),
        (STAYS, [INSECURE, service(), ingress()], f"http://{HOST}/", 308),
        (STAYS, [INSECURE, service(), openshift("edge").replace('"edge"', REDIRECTS)], f"http://{HOST}", 302),
        (STAYS, [INSECURE, service(), proxy()], f"http://{HOST}", 301),
        (STAYS, [INSECURE, service(), ISTIO], f"http://{HOST}", 301),
        (STAYS, [INSECURE, service(), SENT_ON], f"http://{HOST}", 301),
        (STAYS, [TLS, service(), traefik(tls=False)], f"http://{HOST}", 307),  # by the server itself
        (exporter("http_2xx"), [TLS, service()], SERVER, 0),
        (exporter("http_2xx", valid_status_codes=[200, 307]), [TLS, service()], SERVER, 0),
        (exporter("http_2xx", follow_redirects=False, valid_status_codes=[307]), [TLS, service()], SERVER, 0),
        (STAYS, [INSECURE, service()], SERVER, 0),
        (STAYS, [TLS], SERVER, 0),
        (STAYS, [TLS, service()], SERVER.replace("http:", "https:"), 0),
        (STAYS, [INSECURE, service(), ingress()], f"https://{HOST}/", 0),
        (STAYS, [INSECURE, service(), NOT_SENT_ON], f"http://{HOST}/", 0),
        (STAYS, [INSECURE, service(), openshift("edge")], f"http://{HOST}", 0),
        (STAYS, [TLS, service()], "http://example.org", 0),
        (exporter("http_2xx", prober="tcp"), [TLS, service()], SERVER, 0),
    ],
)
def test_a_redirect_that_the_module_does_not_take_fails_the_probe(
    module: str, made: list[str], target: str, status: int
) -> None:
    found = judged(RULE, *made, module, probe("http_2xx", target))
    assert [f"with {status} to https" in one.message for one in found] == ([True] if status else [])
    assert {one.severity for one in found} <= {Severity.WARNING}


def test_a_target_that_relabelling_makes_is_not_judged() -> None:
    rewritten = probe("http_2xx", SERVER, relabelingConfigs=[{"targetLabel": "__param_target", "replacement": "x"}])
    assert judged(RULE, TLS, service(), STAYS, rewritten) == []


def pinging(security: dict[str, Any] | None = None, **pod: Any) -> str:
    container: dict[str, Any] = {"name": "main", "image": "quay.io/prometheus/blackbox-exporter:v0.27.0"}
    container |= {"securityContext": security} if security is not None else {}
    spec = {"template": {"spec": {"containers": [container], **pod}}}
    return manifest("Deployment", "blackbox", "monitoring", "apps/v1", spec=spec)


PING = exporter("icmp", prober="icmp")
SYSCTL = {"sysctls": [{"name": "net.ipv4.ping_group_range", "value": "0 2147483647"}]}


@pytest.mark.parametrize(
    ("made", "severity"),
    [
        (pinging({"capabilities": {"drop": ["ALL"]}}), Severity.WARNING),
        (pinging({"capabilities": {"drop": ["NET_RAW"]}, "runAsUser": 0}), Severity.WARNING),
        (pinging({"runAsNonRoot": True}), Severity.WARNING),
        (pinging(securityContext={"runAsUser": 1000}), Severity.WARNING),
        (pinging(), Severity.NOTICE),
        (pinging({"capabilities": {"drop": ["ALL"], "add": ["NET_RAW"]}}), None),
        (pinging({"capabilities": {"drop": ["ALL"]}}, securityContext=SYSCTL), None),
        (pinging({"runAsUser": 0}), None),
        (pinging({"privileged": True}), None),
        (pinging({"runAsUser": 0}, securityContext={"runAsUser": 1000}), None),
        (pinging({"runAsNonRoot": True}).replace("blackbox-exporter", "other"), None),
    ],
)
def test_pings_take_a_right_that_the_pod_has_to_have(made: str, severity: Severity | None) -> None:
    found = judged(RULE, ARGO_CD, PING, made, probe("icmp", "10.0.0.1"))
    assert [one.severity for one in found] == ([severity] if severity else [])
    # A module that nobody asks for pings nobody.
    assert judged(RULE, ARGO_CD, PING, made) == []


@pytest.mark.parametrize(
    ("made", "target", "told"),
    [
        ([ingress()], "https://argo.example.com/healthz", True),
        ([ingress(cls="traefik")], "https://argo-cd.example.com", True),
        ([traefik()], "https://argocd-ui.example.com:443/api/version", True),
        ([tunnel()], "argo-cd.example.com:443", True),
        ([ingress()], "https://argocd.exmaple.com", True),  # letters in the wrong order
        ([ingress()], f"https://{HOST}/healthz", False),
        ([ingress()], "https://github.com", False),
        ([ingress()], "https://www.example.com", False),
        ([ingress()], "https://argocd-staging.example.com", False),  # another cluster's
        ([ingress()], "https://argocd2.example.com", False),
        ([ingress()], "https://argo.other.org", False),
        ([ingress(), ingress().replace(HOST, "*.example.com")], "https://argo.example.com", False),
        ([ingress(), ingress().replace(f'"host": "{HOST}", ', "")], "https://argo.example.com", False),
        ([ingress(), traefik().replace(f"Host(`{HOST}`)", "HostRegexp(`.+`)")], "https://argo.example.com", False),
        ([tunnel(token=True)], "https://argo.example.com", False),
        ([ingress(), NAMED], "https://argo.example.com", False),
        ([ingress(), config_map("notes", url="https://argo.example.com")], "https://argo.example.com", True),
    ],
)
def test_a_host_for_argo_cd_that_no_route_serves(made: list[str], target: str, told: bool) -> None:
    found = messages(judged(RULE, INSECURE, service(), *made, probe("http_2xx", target)))
    assert [f"probes `{target}`, and no route in git serves" in one for one in found] == [True] * told


def test_where_something_is_not_rendered_a_route_may_be_there() -> None:
    made = documents(INSECURE, service(), ingress(), probe("http_2xx", "https://argo.example.com"))
    files = {**APP, "argocd/all.yaml": made}
    assert len(of_files(RULE, files)) == 1
    more = documents(APP["apps.yaml"], application("more", "more", url="https://example.org/x"))
    assert of_files(RULE, {**files, "apps.yaml": more}) == []
    assert of_files(RULE, {**files, "argocd/all.yaml": made.replace("argo.ex", "argocd.ex")}) == []
