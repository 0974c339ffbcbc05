"""Probes of the page and the API: of an exporter that can, at the host that leads there, read by what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.planning.additions.plan import NotPossible
from checks.planning.additions.probes import ALERT
from gitops.files.embedded import CannotEdit
from gitops.kustomize.adding import CannotAdd
from tests.checks.argocd.stage import params, workload
from tests.checks.planning.additions.stage import SELECTS, directory, planned, prometheus, proven, refused, rendered
from tests.promtool import needed, reads_configuration
from tests.scenarios import manifest

ITEM = "probes"
HOST = "argocd.example.com"
SERVER = workload("argocd-server", "--insecure")
SERVICE = manifest(
    "Service",
    "argocd-server",
    "argocd",
    spec={"selector": {"app.kubernetes.io/name": "argocd-server"}, "ports": [{"port": 80, "targetPort": 8080}]},
)
SEES: Any = {
    **SELECTS,
    "ruleNamespaceSelector": {},
    "probeSelector": {"matchLabels": {"probe": "yes"}},
    "probeNamespaceSelector": {},
}
TARGETS = [f"https://{HOST}/", f"https://{HOST}/api/version", f"https://{HOST}/healthz"]


def ingress(host: str = HOST, path: str = "/", tls: bool = True, **annotations: str) -> str:
    told = {f"nginx.ingress.kubernetes.io/{key}": value for key, value in annotations.items()}
    backend = {"service": {"name": "argocd-server", "port": {"number": 80}}}
    return manifest(
        "Ingress",
        "argocd",
        "argocd",
        "networking.k8s.io/v1",
        **({"metadata": {"annotations": told}} if told else {}),
        spec={
            "ingressClassName": "nginx",
            "rules": [{"host": host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}],
            **({"tls": [{"hosts": [host], "secretName": "argocd-tls"}]} if tls else {}),
        },
    )


def exporter(args: Any = None, mounts: Any = None, image: str = "prom/blackbox-exporter:v0.27.0") -> str:
    container = {"name": "blackbox", "image": image}
    container |= {"args": args} if args else {}
    container |= {"volumeMounts": mounts} if mounts else {}
    labels = {"app": "blackbox"}
    return manifest(
        "Deployment",
        "blackbox",
        "monitoring",
        "apps/v1",
        spec={
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    )


EXPORTER_SERVICE = manifest(
    "Service", "blackbox", "monitoring", spec={"selector": {"app": "blackbox"}, "ports": [{"port": 9115}]}
)
EXPORTER = (exporter(), EXPORTER_SERVICE)


def modules(**told: Any) -> str:
    return manifest("ConfigMap", "blackbox", "monitoring", data={"blackbox.yml": yaml.safe_dump({"modules": told})})


def probe_of(files: dict[str, str]) -> dict[str, Any]:
    _, proof, after = proven(ITEM, files)
    assert proof.holds, proof.failure
    (probe,) = rendered(after, "Probe")
    spec: dict[str, Any] = probe["spec"]
    return spec


def test_the_operators_prometheus_gets_a_probe_and_an_alert() -> None:
    told = directory(SERVER, SERVICE, ingress(), *EXPORTER, prometheus("monitoring", **SEES))
    plan, proof, after = proven(ITEM, told)
    assert proof.holds, proof.failure
    assert plan.title == f"Probe Argo CD's page and API at {HOST}"
    (probe,) = rendered(after, "Probe")
    assert probe["metadata"]["labels"] == {"probe": "yes"}
    assert probe["spec"] == {
        "jobName": "argocd-probes",
        "interval": "60s",
        "module": "http_2xx",
        "prober": {"url": "blackbox.monitoring.svc:9115"},
        "targets": {"staticConfig": {"static": TARGETS}},
    }
    (rules,) = rendered(after, "PrometheusRule")
    assert rules["spec"]["groups"][0]["rules"][0]["expr"] == 'probe_success{job="argocd-probes"} == 0'
    assert not plan.notes


@pytest.mark.parametrize(
    ("server", "edge", "targets"),
    [
        (SERVER, ingress(tls=False), [f"https://{HOST}/"]),  # maybe by a certificate of the controller's own
        (workload("argocd-server", "--insecure", "--rootpath", "/cd"), ingress(path="/cd"), [f"https://{HOST}/cd/"]),
    ],
)
def test_the_address_is_that_of_the_route(server: str, edge: str, targets: list[str]) -> None:
    spec = probe_of(directory(server, SERVICE, edge, *EXPORTER, prometheus(**SEES)))
    assert spec["targets"]["staticConfig"]["static"][:1] == targets


def test_what_is_not_certain_or_loops_is_said() -> None:
    told = directory(workload("argocd-server"), SERVICE, ingress(), *EXPORTER, prometheus(**SEES))
    assert any("loops at present" in note for note in planned(ITEM, told).notes)


@pytest.mark.parametrize(
    ("told", "module"),
    [
        (modules(page={"prober": "http"}, tcp={"prober": "tcp"}), "page"),
        (
            modules(login={"prober": "http", "http": {"valid_status_codes": [401]}}, http_2xx={"prober": "http"}),
            "http_2xx",
        ),
        (modules(page={"prober": "http", "http": {"fail_if_not_ssl": True, "valid_status_codes": [200]}}), "page"),
    ],
)
def test_the_module_is_one_that_wants_what_argo_cd_answers(told: str, module: str) -> None:
    mounted = exporter(["--config.file=/etc/x/blackbox.yml"], [{"name": "x", "mountPath": "/etc/x"}])
    files = directory(SERVER, SERVICE, ingress(), mounted, EXPORTER_SERVICE, told, prometheus(**SEES))
    assert probe_of(files)["module"] == module


CONFIGURATION = """\
# ours
global:
  scrape_interval: 30s

scrape_configs:
  - job_name: web  # the shop
    static_configs:
      - targets: [shop:80]
rule_files: []
"""


def plain(text: str = CONFIGURATION) -> str:
    indented = "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: prometheus\n  namespace: monitoring\ndata:\n"
    return f"{head}  prometheus.yml: |\n{indented}  other: kept\n"


RUNNING = manifest(
    "Deployment",
    "prometheus",
    "monitoring",
    "apps/v1",
    spec={
        "selector": {"matchLabels": {"app": "prometheus"}},
        "template": {
            "metadata": {"labels": {"app": "prometheus"}},
            "spec": {
                "containers": [
                    {
                        "name": "prometheus",
                        "image": "prom/prometheus:v3.7.0",
                        "volumeMounts": [{"name": "config", "mountPath": "/etc/prometheus"}],
                    }
                ],
                "volumes": [{"name": "config", "configMap": {"name": "prometheus"}}],
            },
        },
    },
)


@needed
def test_a_prometheus_without_the_operator_gets_a_job_that_it_reads(tmp_path: Path) -> None:
    files = directory(SERVER, SERVICE, ingress(), *EXPORTER, RUNNING)
    files["argocd/prometheus.yaml"] = plain()
    plan, proof, after = proven(ITEM, files)
    assert proof.holds, proof.failure
    (config,) = (one for one in rendered(after, "ConfigMap") if one["metadata"]["name"] == "prometheus")
    text = config["data"]["prometheus.yml"]
    assert text.startswith(CONFIGURATION.partition("rule_files")[0])
    assert text.endswith("rule_files: [/etc/prometheus/argocd-probes.yml]\n")
    job = yaml.safe_load(text)["scrape_configs"][1]
    assert job["static_configs"] == [{"targets": TARGETS}] and job["params"] == {"module": ["http_2xx"]}
    assert config["data"]["other"] == "kept"
    (rule,) = yaml.safe_load(config["data"]["argocd-probes.yml"])["groups"][0]["rules"]
    assert rule["alert"] == ALERT.name
    assert plan.path == "argocd/prometheus.yaml" and any("/-/reload" in note for note in plan.notes)
    reads_configuration(tmp_path, config["data"], "/etc/prometheus")
    # Asked once more it is there.
    files["argocd/prometheus.yaml"] = after.tree.read("argocd/prometheus.yaml").decode()
    assert "is probed already" in str(refused(ITEM, files))


def test_where_no_file_of_rules_can_stand_the_alert_is_told() -> None:
    single = RUNNING.replace(
        '"mountPath": "/etc/prometheus"', '"mountPath": "/etc/prometheus/prometheus.yml", "subPath": "prometheus.yml"'
    )
    files = {**directory(SERVER, SERVICE, ingress(), *EXPORTER, single), "argocd/prometheus.yaml": plain()}
    assert any("There is no alert with it" in note for note in planned(ITEM, files).notes)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (manifest("ConfigMap", "prometheus", "monitoring", data={"prometheus.yml": CONFIGURATION}), CannotEdit),
        (plain("scrape_configs: [{job_name: a}]\n"), CannotAdd),
        (plain("global: {}\n"), NotPossible),
        (plain("scrape_configs:\n- job_name: argocd-probes\n"), NotPossible),
    ],
)
def test_a_configuration_in_another_shape_is_left_alone(config: str, why: type[Exception]) -> None:
    files = directory(SERVER, SERVICE, ingress(), *EXPORTER, RUNNING)
    files["argocd/prometheus.yaml"] = config
    with pytest.raises(why):
        proven(ITEM, files)


OWN = manifest(
    "Probe",
    "own",
    "argocd",
    "monitoring.coreos.com/v1",
    spec={"targets": {"staticConfig": {"static": [f"https://{HOST}"]}}},
)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([SERVER, SERVICE, *EXPORTER, prometheus(**SEES)], "no route to argocd-server with a public host"),
        ([SERVER, SERVICE, ingress("*.example.com"), *EXPORTER, prometheus(**SEES)], "no route to argocd-server"),
        ([SERVER, SERVICE, ingress("cd.local"), *EXPORTER, prometheus(**SEES)], "no route to argocd-server"),
        ([SERVER, SERVICE, ingress(path="/api/webhook"), *EXPORTER, prometheus(**SEES)], "no route to argocd-server"),
        ([SERVER, SERVICE, ingress(), prometheus(**SEES)], "no blackbox exporter is rendered"),
        ([SERVER, SERVICE, ingress(), exporter(), prometheus(**SEES)], "no Service of Deployment"),
        ([SERVER, SERVICE, ingress(), *EXPORTER], "no Prometheus of the Prometheus Operator"),
        ([SERVER, SERVICE, ingress(), *EXPORTER, prometheus(**SELECTS)], "`probeSelector` is not set"),
        ([SERVER, SERVICE, ingress(), *EXPORTER, OWN, prometheus(**SEES)], f"{HOST} is probed already"),
        (
            [SERVER, SERVICE, ingress(), exporter(["--config.file=/x"]), EXPORTER_SERVICE, prometheus(**SEES)],
            "modules Deployment monitoring/blackbox has is not in git",
        ),
        (
            [SERVER, SERVICE, ingress(), *EXPORTER, modules(tcp={"prober": "tcp"}), prometheus(**SEES)],
            "no module that asks by HTTP",
        ),
    ],
)
def test_what_could_not_probe_is_not_offered(told: list[str], why: str) -> None:
    assert why in str(refused(ITEM, directory(*told, params(a__b="c"))))
