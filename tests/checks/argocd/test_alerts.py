"""Alerts that can fire and reach a Prometheus, and those that cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.model import Severity
from gitops.installation.promql import jobs_in, metrics_in, problem_of
from tests.checks.argocd.stage import judged, messages, workload
from tests.scenarios import Files, documents, manifest

FIRES, LOADED = "alert-cannot-fire", "alerts-not-loaded"
GROUP = "monitoring.coreos.com/v1"


def groups(*expressions: str, record: str = "") -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = [{"alert": f"Alert{n}", "expr": one} for n, one in enumerate(expressions)]
    return [{"name": "argocd", "rules": rules + ([{"record": record, "expr": "1"}] if record else [])}]


def rules(*expressions: str, record: str = "", kind: str = "PrometheusRule", **metadata: Any) -> str:
    spec = {"groups": groups(*expressions, record=record)}
    api = GROUP if kind == "PrometheusRule" else "operator.victoriametrics.com/v1beta1"
    return manifest(kind, "argocd", "argocd", api, spec=spec, metadata=metadata)


@pytest.mark.parametrize(
    ("version", "metric", "missing"),
    [
        ("v3.2.2", "argocd_app_info", False),
        ("v3.2.2", "argocd_app_health_status", True),
        ("v2.14.0", "argocd_app_health_status", False),
        ("v3.2.2", "argocd_server_request_duration_seconds_bucket", True),
        ("v3.2.2", "argocd_git_request_duration_seconds_bucket", False),
        ("v3.2.2", "argocd_image_updater_images_updated_total", False),
        ("v3.2.2", "argocd_notifications_deliveries_total", False),
        ("v3.2.2", "redis_connected_clients", False),
        ("latest", "argocd_app_health_status", False),
        ("latest", "argocd_invented_total", True),
    ],
)
def test_a_metric_is_looked_up_in_the_version_that_is_installed(version: str, metric: str, missing: bool) -> None:
    made = rules(f'sum by (name) (rate({metric}{{a="argocd_not_this"}}[5m])) > 0')
    found = judged(FIRES, workload("argocd-server", version=version), made)
    assert len(found) == int(missing)
    assert all(one.severity is Severity.WARNING for one in found)


def test_what_took_its_place_or_what_is_called_alike_is_named() -> None:
    gone, alike = judged(FIRES, workload("argocd-server"), rules("argocd_app_sync_status", "argocd_app_inf"))
    assert "In its place there is `argocd_app_info{sync_status" in gone.topic.advice
    assert alike.topic.advice == "`argocd_app_info` may have been meant."
    # Those of another program are not what was meant, however alike the rest is.
    (other,) = judged(FIRES, workload("argocd-server"), rules("argocd_server_request_duration_seconds"))
    assert "may have been meant" not in other.topic.advice


def test_a_name_that_a_recording_rule_makes_is_there() -> None:
    assert judged(FIRES, rules("argocd_mine > 0", record="argocd_mine")) == []
    assert len(judged(FIRES, rules("argocd_mine > 0", record="argocd_other"))) == 1


@pytest.mark.parametrize("kind", ["PrometheusRule", "VMRule", "ConfigMap", "file"])
def test_rules_are_found_wherever_they_are_written(kind: str) -> None:
    text = (
        json.dumps({"groups": groups("argocd_invented > 0")}, indent=1)
        .replace('"groups"', "groups")
        .replace('"expr"', "expr")
    )
    files: Files = {}
    made = [rules("argocd_invented > 0", kind=kind)] if kind in ("PrometheusRule", "VMRule") else []
    if kind == "ConfigMap":
        made = [manifest("ConfigMap", "rules", "monitoring", data={"argocd.yml": text})]
    if kind == "file":
        files = {"prometheus/argocd.yml": text}
    (found,) = judged(FIRES, *made, files=files)
    assert "`argocd_invented`" in found.message
    assert found.severity is (Severity.NOTICE if kind == "file" else Severity.WARNING)


def test_alert_rules_of_grafana_are_none_of_prometheus() -> None:
    rule = {"uid": "x", "title": "argocd", "condition": "C", "data": [{"model": {"expr": "argocd_invented > 0"}}]}
    text = json.dumps({"apiVersion": 1, "groups": [{"orgId": 1, "name": "g", "rules": [rule]}]})
    assert judged(FIRES, manifest("ConfigMap", "alerting", "monitoring", data={"rules.yaml": text})) == []


def test_an_expression_that_prometheus_refuses_is_an_error() -> None:
    (found,) = judged(FIRES, rules('argocd_app_info{status="Synced", sync_time > 600} > 0'))
    assert found.severity is Severity.ERROR and "`sync_time` in braces" in found.message


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        ('up{job="a"} == 0', True),
        ("up{job=~'a|b',}", True),
        ('{__name__="up"}', True),
        ('{"a.b", job!~"x"}', True),
        ("sum by (a) (rate(up[5m] offset 1h)) > bool 1 # }", True),
        ("up{}", True),
        ('label_replace(up, "a", "$1", "b", "(.*)")', True),
        ("up{job=a}", False),
        ('up{job="a" and x="b"}', False),
        ("sum(up", False),
        ("up)", False),
        ("", False),
    ],
)
def test_what_is_promql_and_what_is_not(expression: str, right: bool) -> None:
    assert (problem_of(expression) is None) is right


def test_names_in_strings_labels_and_groupings_are_no_metrics() -> None:
    told = metrics_in('sum by (argocd_a) (x{argocd_b="argocd_c"}) / on (argocd_d) group_left (argocd_e) y')
    assert not any(name.startswith("argocd_") for name in told) and {"x", "y"} <= told
    assert jobs_in('up{a="b", job="argocd-server"} == 0 or up{job=~"x"}') == {"argocd-server"}


def prometheus(rule_files: str = "/etc/prometheus/a.yml", script: str | None = None, **data: str) -> str:
    """A Prometheus without the operator: its configuration in a ConfigMap, mounted as it is or copied by a script."""
    text = f"rule_files: [{rule_files}]\nscrape_configs: [{{job_name: argocd-repo-server}}]\n"
    mounts = [{"name": "config", "mountPath": "/etc/prometheus"}]
    server = {"name": "prometheus", "image": "prom/prometheus:v3", "volumeMounts": mounts}
    raw = {"name": "raw", "configMap": {"name": "prometheus"}}
    pod: dict[str, Any] = {"containers": [server], "volumes": [{**raw, "name": "config"}]}
    if script is not None:
        init = {"name": "prep", "image": "alpine", "command": ["sh", "-c", script], "volumeMounts": mounts}
        pod |= {"initContainers": [init], "volumes": [raw, {"name": "config", "emptyDir": {}}]}
    return documents(
        manifest("ConfigMap", "prometheus", "monitoring", data={"prometheus.yml": text, **data}),
        manifest("Deployment", "prometheus", "monitoring", "apps/v1", spec={"template": {"spec": pod}}),
    )


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (prometheus(), "the ConfigMap `prometheus` that is mounted there has no such key"),
        (prometheus("/other/a.yml"), "no volume is mounted there"),
        (prometheus(script="cat /raw/prometheus.yml > /etc/prometheus/prometheus.yml"), "until `prep` fills it"),
        (prometheus("rules/*.yml"), "has no such key"),
        (prometheus(**{"a.yml": "groups: []"}), ""),
        (prometheus("/etc/prometheus/*.yml"), ""),
        (prometheus("a.yml", **{"a.yml": "groups: []"}), ""),
        (prometheus(script="cp -r /raw/. /etc/prometheus"), ""),
        (prometheus(script="cat /raw/a.yml > /etc/prometheus/a.yml"), ""),
    ],
)
def test_a_rule_file_has_to_be_where_the_configuration_says(made: str, why: str) -> None:
    found = messages(judged(LOADED, made))
    assert [why in one for one in found] == [True] if why else found == []


def test_a_job_has_to_be_scraped_by_the_plain_prometheus_in_git() -> None:
    asking = manifest("ConfigMap", "rules", "monitoring", data={"a.yml": f"groups: {json.dumps(groups(UP))}"})
    assert len(judged(FIRES, asking, prometheus())) == 1
    assert judged(FIRES, asking.replace("argocd-server", "argocd-repo-server"), prometheus()) == []
    assert judged(FIRES, asking) == []
    monitor = manifest("ServiceMonitor", "x", "argocd", GROUP, spec={})
    assert judged(FIRES, asking, prometheus(), monitor) == []


UP = 'up{job="argocd-server"} == 0'


def operated(**spec: Any) -> str:
    return manifest("Prometheus", "main", "argocd", GROUP, spec=spec)


@pytest.mark.parametrize(
    ("spec", "labels", "passed_over"),
    [
        ({"ruleSelector": {"matchLabels": {"release": "main"}}}, {"release": "main"}, False),
        ({"ruleSelector": {"matchLabels": {"release": "main"}}}, {"release": "other"}, True),
        ({"ruleSelector": {}}, {}, False),
        ({}, {"release": "main"}, True),
        ({"ruleSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}, {}, False),
    ],
)
def test_the_operator_s_prometheus_takes_what_it_selects(
    spec: dict[str, Any], labels: dict[str, str], passed_over: bool
) -> None:
    found = judged(LOADED, operated(**spec), rules("argocd_app_info > 0", labels=labels))
    assert len(found) == int(passed_over)


def test_a_selector_of_its_own_namespace_leaves_others_out() -> None:
    far = manifest("Prometheus", "main", "monitoring", GROUP, spec={"ruleSelector": {}})
    (found,) = judged(LOADED, far, rules("argocd_app_info > 0"))
    assert "its own namespace, since `ruleNamespaceSelector` is not set" in found.message
    every = manifest(
        "Prometheus", "main", "monitoring", GROUP, spec={"ruleSelector": {}, "ruleNamespaceSelector": {}}
    )
    assert judged(LOADED, every, rules("argocd_app_info > 0")) == []


def test_a_plain_prometheus_knows_no_such_kinds() -> None:
    (found,) = judged(LOADED, prometheus(**{"a.yml": "x"}), rules("argocd_app_info > 0"))
    assert "is for the Prometheus Operator, and the only Prometheus in git" in found.message


@pytest.mark.parametrize(
    "api", ["route.openshift.io/v1", "operators.coreos.com/v1alpha1", "machineconfiguration.openshift.io/v1"]
)
def test_openshift_brings_an_operator_of_its_own(api: str) -> None:
    other = manifest("Any", "any", "shop", api)
    assert judged(LOADED, prometheus(**{"a.yml": "x"}), rules("argocd_app_info > 0"), other) == []


def test_rules_that_nobody_deploys_reach_nobody_unless_a_script_applies_them() -> None:
    files = {"ops/rules.yaml": rules("argocd_app_info > 0")}
    (alone,) = judged(LOADED, files=files)
    assert alone.severity is Severity.NOTICE
    (beside,) = judged(LOADED, prometheus(**{"a.yml": "x"}), files=files)
    assert beside.severity is Severity.WARNING and "does not know the kind" in beside.topic.message
    assert judged(LOADED, files={**files, "up.sh": "kubectl apply -f ops/rules.yaml # argocd\n"}) == []
    assert judged(LOADED, files={**files, "ops/kustomization.yaml": "resources: [rules.yaml]\n"}) == []
    # What such an ApplicationSet makes may deploy anything.
    generators = [{"scmProvider": {"github": {"organization": "acme"}}}]
    template = {"metadata": {"name": "{{repository}}"}, "spec": {"project": "default"}}
    spec = {"generators": generators, "template": template}
    unknown = manifest("ApplicationSet", "all", "argocd", "argoproj.io/v1alpha1", spec=spec)
    assert judged(LOADED, files={**files, "sets.yaml": unknown}) == []
