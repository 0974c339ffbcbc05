"""Alerts about certificates: whose metrics they read is in git, and read by the Prometheus that loads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.planning.additions.certificates import OF_CERT_MANAGER, OF_PROBES
from tests.checks.argocd.stage import workload
from tests.checks.planning.additions.stage import SELECTS, directory, prometheus, proven, refused, rendered
from tests.checks.planning.additions.test_probes import CONFIGURATION, RUNNING, plain
from tests.promtool import needed, reads_configuration
from tests.scenarios import manifest

ITEM = "certificate-expiry"
SERVER = workload("argocd-server")
LABELS = {"app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller"}
CONTROLLER = manifest(
    "Deployment",
    "cert-manager",
    "cert-manager",
    "apps/v1",
    spec={
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": {**LABELS, "app.kubernetes.io/version": "v1.19.1"}},
            "spec": {"containers": [{"name": "main", "image": "quay.io/jetstack/cert-manager-controller:v1.19.1"}]},
        },
    },
)
SERVICE = manifest(
    "Service",
    "cert-manager",
    "cert-manager",
    metadata={"labels": {**LABELS, "app.kubernetes.io/version": "v1.19.1"}},
    spec={"selector": LABELS, "ports": [{"name": "tcp-prometheus-servicemonitor", "port": 9402}]},
)
SEES: Any = {**SELECTS, "ruleNamespaceSelector": {}, "serviceMonitorNamespaceSelector": {}}


def monitor(kind: str, name: str = "own", namespace: str = "cert-manager", **spec: Any) -> str:
    spec = {"selector": {"matchLabels": {"app.kubernetes.io/name": "cert-manager"}}, **spec}
    return manifest(kind, name, namespace, "monitoring.coreos.com/v1", spec=spec)


def probe(*targets: str) -> str:
    spec = {"module": "http_2xx", "targets": {"staticConfig": {"static": list(targets)}}}
    return manifest("Probe", "shop", "argocd", "monitoring.coreos.com/v1", spec=spec)


def alerts_of(rules: dict[str, Any]) -> list[str]:
    return [one["alert"] for group in rules["spec"]["groups"] for one in group["rules"]]


def test_what_cert_manager_knows_is_scraped_and_alerted_on() -> None:
    plan, proof, after = proven(ITEM, directory(SERVER, CONTROLLER, SERVICE, prometheus("monitoring", **SEES)))
    assert proof.holds, proof.failure
    (made,) = rendered(after, "ServiceMonitor")
    assert made["metadata"] == {"name": "cert-manager", "namespace": "argocd", "labels": {"release": "stack"}}
    assert made["spec"] == {
        "namespaceSelector": {"matchNames": ["cert-manager"]},
        "selector": {"matchLabels": LABELS},  # not the version, which changes
        "endpoints": [{"port": "tcp-prometheus-servicemonitor"}],
    }
    (rules,) = rendered(after, "PrometheusRule")
    assert rules["metadata"]["labels"] == {"release": "stack"}
    assert alerts_of(rules) == [one.name for one in OF_CERT_MANAGER]
    assert not plan.unsafe and "which a ServiceMonitor now reads" in plan.why


@pytest.mark.parametrize(
    "own",
    [
        monitor("ServiceMonitor"),
        monitor("PodMonitor"),
        monitor("ServiceMonitor", namespace="argocd", namespaceSelector={"matchNames": ["cert-manager"]}),
        monitor("ServiceMonitor", namespace="argocd", namespaceSelector={"any": True}),
    ],
)
def test_what_is_scraped_already_is_not_scraped_twice(own: str) -> None:
    _, proof, after = proven(ITEM, directory(SERVER, CONTROLLER, SERVICE, own, prometheus(**SEES)))
    assert proof.holds, proof.failure
    assert len(rendered(after, "ServiceMonitor") + rendered(after, "PodMonitor")) == 1


def test_a_monitor_of_another_namespace_or_of_other_labels_does_not_count() -> None:
    others = (
        monitor("ServiceMonitor", "elsewhere", "argocd"),
        monitor("PodMonitor", "web", selector={"matchLabels": {"app.kubernetes.io/name": "web"}}),
    )
    _, proof, after = proven(ITEM, directory(SERVER, CONTROLLER, SERVICE, *others, prometheus(**SEES)))
    assert proof.holds, proof.failure
    assert "cert-manager" in {one["metadata"]["name"] for one in rendered(after, "ServiceMonitor")}


def test_what_is_probed_by_https_is_alerted_on() -> None:
    probes = probe("https://shop.example.com", "http://plain.example.com")
    plan, proof, after = proven(ITEM, directory(SERVER, probes, prometheus(**SEES)))
    assert proof.holds, proof.failure
    (rules,) = rendered(after, "PrometheusRule")
    assert alerts_of(rules) == [one.name for one in OF_PROBES]
    assert "1 https target" in plan.why and "lower threshold" in plan.notes[0]


ALERTED = manifest(
    "PrometheusRule",
    "own",
    "argocd",
    "monitoring.coreos.com/v1",
    metadata={"labels": {"release": "stack"}},
    spec={"groups": [{"name": "a", "rules": [{"alert": "A", "expr": f"{OF_CERT_MANAGER[0].metric} < 1"}]}]},
)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([SERVER, prometheus(**SEES)], "cert-manager is not rendered for Argo CD's cluster; no https target"),
        ([SERVER, CONTROLLER, SERVICE], "no Prometheus of the Prometheus Operator"),
        ([SERVER, CONTROLLER, prometheus(**SEES)], "no Service of it has its metrics port 9402"),
        ([SERVER, CONTROLLER, SERVICE, ALERTED, prometheus(**SEES)], "are there already"),
        (
            [SERVER, CONTROLLER, SERVICE, prometheus(**SEES, enforcedNamespaceLabel="namespace")],
            "keeps rules from reading other namespaces",
        ),
        ([SERVER, probe("http://plain.example.com"), prometheus(**SEES)], "no https target"),
        ([SERVER, CONTROLLER, SERVICE, prometheus("monitoring", **SELECTS)], "looks only into its own namespace"),
    ],
)
def test_what_could_not_fire_is_not_offered(told: list[str], why: str) -> None:
    assert why in str(refused(ITEM, directory(*told)))


def plainly(*told: str, text: str = CONFIGURATION) -> dict[str, str]:
    return {**directory(SERVER, CONTROLLER, *told, RUNNING), "argocd/prometheus.yaml": plain(text)}


@needed
def test_a_prometheus_without_the_operator_gets_a_file_of_rules_and_a_job(tmp_path: Path) -> None:
    plan, proof, after = proven(ITEM, plainly(SERVICE))
    assert proof.holds, proof.failure
    (config,) = (one for one in rendered(after, "ConfigMap") if one["metadata"]["name"] == "prometheus")
    rules = yaml.safe_load(config["data"]["certificate-expiry.yml"])
    assert [one["alert"] for one in rules["groups"][0]["rules"]] == [one.name for one in OF_CERT_MANAGER]
    read = yaml.safe_load(config["data"]["prometheus.yml"])
    assert read["rule_files"] == ["/etc/prometheus/certificate-expiry.yml"]
    assert read["scrape_configs"][1]["static_configs"] == [{"targets": ["cert-manager.cert-manager.svc:9402"]}]
    assert plan.path == "argocd/prometheus.yaml" and "which a job now reads" in plan.why
    reads_configuration(tmp_path, config["data"], "/etc/prometheus")
    assert [row.statement for row in proof.rows][-1] == "The rules find nothing new"


@pytest.mark.parametrize(
    "job",
    [
        "- job_name: cert-manager\n  static_configs: [{targets: [x]}]\n",
        "- job_name: a\n  static_configs: [{targets: ['cm.x.svc:9402']}]\n",
    ],
)
def test_what_a_job_reads_already_gets_no_other(job: str) -> None:
    _, proof, after = proven(ITEM, plainly(text=f"scrape_configs:\n{job}"))
    assert proof.holds, proof.failure
    (config,) = (one for one in rendered(after, "ConfigMap") if one["metadata"]["name"] == "prometheus")
    assert len(yaml.safe_load(config["data"]["prometheus.yml"])["scrape_configs"]) == 1


def test_rules_that_no_pod_could_read_are_not_offered() -> None:
    single = RUNNING.replace('"mountPath": "/etc/prometheus"', '"mountPath": "/p.yml", "subPath": "prometheus.yml"')
    files = {**directory(SERVER, CONTROLLER, SERVICE, single), "argocd/prometheus.yaml": plain()}
    assert "no other file of it can be read" in str(refused(ITEM, files))
