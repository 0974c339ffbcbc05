"""Argo CD's own chart gets what is added by its values, wherever those are written; the chart is rendered before and
after."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from bot.rendering.driver import Engine
from checks.argocd import alerts_not_loaded
from checks.planning.additions.items import ITEMS
from checks.planning.additions.monitoring import ALERTS
from checks.planning.additions.plan import AdditionPlan, NotPossible
from checks.planning.additions.prometheus import rules_of
from checks.planning.proof import Proof
from checks.policy.file import Policy, parse_policy
from gitops.discovery.snapshot import Change, Snapshot
from gitops.files.editing import CannotEdit
from tests.checks.planning.additions.chart import PROGRAM, argo_cd
from tests.checks.planning.additions.stage import SELECTS, added, prometheus, rendered
from tests.checks.planning.additions.test_certificates import CONTROLLER as CERT_MANAGER
from tests.checks.planning.additions.test_certificates import SERVICE as CERT_MANAGER_SERVICE
from tests.checks.planning.additions.test_dns01 import CLOUDFLARE
from tests.checks.planning.additions.test_probes import EXPORTER, RUNNING, plain
from tests.outside.dictionary import Outside
from tests.scenarios import MATCHER, URL, Files, application, config_map, documents, tree

REPOSITORY = "https://argoproj.github.io/argo-helm"
SEES: Any = {
    **SELECTS,
    "ruleNamespaceSelector": {},
    "serviceMonitorNamespaceSelector": {},
    "probeSelector": {},
    "probeNamespaceSelector": {},
}
STACK = application("monitoring", "monitoring", namespace="monitoring")
SHOP = application("shop", "shop")
Shape = tuple[dict[str, str], str]


def app(source: str, key: str = "source") -> str:
    """An Application as people write it; `source` is YAML."""
    block = "".join(f"    {line}\n" for line in source.strip("\n").splitlines())
    head = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: argocd, namespace: argocd}\n"
    return (
        f"{head}spec:\n  project: default\n  {key}:\n{block}"
        "  destination: {server: https://kubernetes.default.svc, namespace: argocd}\n"
    )


def remote(helm: str) -> str:
    return f"repoURL: {REPOSITORY}\nchart: argo-cd\ntargetRevision: 9.1.0\nhelm:\n{helm}"


def local(path: str, helm: str = "") -> str:
    return f"repoURL: {URL}\ntargetRevision: main\npath: {path}\n" + (f"helm:\n{helm}" if helm else "")


UMBRELLA = {
    "cd/Chart.yaml": "apiVersion: v2\nname: cd\nversion: 0.0.0\ndependencies:\n- {name: argo-cd, version: 9.1.0}\n",
    "cd/values.yaml": "# ours\nargo-cd:\n  global:\n    domain: argocd.example.com\n",
    **argo_cd("cd/charts/argo-cd"),
}
INFLATED = "namespace: argocd\nhelmCharts:\n- name: argo-cd\n  releaseName: argocd\n"
SHAPES: dict[str, Shape] = {
    "an object": ({"argocd.yaml": app(remote("  valuesObject:\n    server:\n      replicas: 2"))}, "argocd.yaml"),
    "a text": ({"argocd.yaml": app(remote("  values: |\n    server:\n      replicas: 2"))}, "argocd.yaml"),
    "no values yet": ({"argocd.yaml": app(remote("  releaseName: cd"))}, "argocd.yaml"),
    "a file of another source": (
        {
            "argocd.yaml": app(
                f"- repoURL: {REPOSITORY}\n  chart: argo-cd\n  targetRevision: 9.1.0\n"
                "  helm: {valueFiles: [$values/values/base.yaml, $values/values/cd.yaml]}\n"
                f"- {{repoURL: {URL}, targetRevision: main, ref: values}}",
                "sources",
            ),
            "values/base.yaml": "server:\n  replicas: 3\n",
            "values/cd.yaml": "# ours\nserver:\n  replicas: 2\n",
        },
        "values/cd.yaml",
    ),
    "an umbrella": ({"argocd.yaml": app(local("cd")), **UMBRELLA}, "cd/values.yaml"),
    "the chart itself": ({"argocd.yaml": app(local("cd")), **argo_cd("cd")}, "cd/values.yaml"),
    "a kustomization": (
        {
            "argocd.yaml": app(local("cd")),
            "cd/kustomization.yaml": f"{INFLATED}  valuesInline:\n    server: {{replicas: 2}}\n",
            **argo_cd("cd/charts/argo-cd"),
        },
        "cd/kustomization.yaml",
    ),
    "a file of a kustomization": (
        {
            "argocd.yaml": app(local("cd")),
            "cd/kustomization.yaml": f"{INFLATED}  valuesFile: own.yaml\n",
            "cd/own.yaml": "server: {replicas: 2}\n",
            **argo_cd("cd/charts/argo-cd"),
        },
        "cd/own.yaml",
    ),
}


def repository(shape: Shape, *more: str) -> dict[str, str]:
    files, _ = shape
    watched = documents(*(more or (prometheus("monitoring", **SEES),)))
    return {
        **files,
        "apps.yaml": documents(STACK, SHOP),
        "monitoring/all.yaml": watched,
        "shop/a.yaml": config_map("a"),
    }


async def grown(
    engine: Engine, item: str, files: dict[str, str], policy: Policy | None = None
) -> tuple[AdditionPlan, Proof, Snapshot]:
    outside = Outside(charts={(REPOSITORY, "argo-cd", "9.1.0"): argo_cd()})
    plan, proof, after = await added(engine, item, files, policy, outside)
    assert proof.holds, proof.failure
    return plan, proof, after


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_its_monitors_and_rules_are_switched_on_where_its_values_are(engine: Engine, shape: Shape) -> None:
    plan, proof, after = await grown(engine, "monitoring", repository(shape))
    assert {edit.span.path for edit in plan.edits} == {shape[1]}
    assert proof.rows[0].detail.startswith("ServiceMonitor") or "Service argocd-server-metrics comes" in str(
        proof.rows[0]
    )
    assert proof.rows[-1].statement == "The rules find nothing new"
    # In a cluster that has no monitors yet there are only the Services.
    assert len([one for one in rendered(after, "Service") if one["metadata"]["name"].endswith("-metrics")]) == 2
    assert not rendered(after, "ServiceMonitor")
    assert plan.serves == ("monitoring.coreos.com/v1",)


async def test_what_it_brings_then_is_selected_and_says_what_was_promised(engine: Engine) -> None:
    files = repository(SHAPES["a text"])
    (values,) = (one.replacement for one in (await grown(engine, "monitoring", files))[0].edits[-1:])
    assert "{{ $labels.name }}" in values  # this list goes through no template
    # As the cluster has it once the API is there.
    told = {
        **files,
        "argocd.yaml": files["argocd.yaml"].replace("helm:", "helm:\n      apiVersions: [monitoring.coreos.com/v1]"),
    }
    _, _, after = await grown(engine, "monitoring", told)
    monitors = rendered(after, "ServiceMonitor")
    assert {one["metadata"]["name"] for one in monitors} == {"argocd-application-controller", "argocd-server"}
    (rules,) = rendered(after, "PrometheusRule")
    assert rules["spec"]["groups"][0]["rules"] == rules_of(ALERTS)
    assert {one["metadata"]["labels"]["release"] for one in (*monitors, rules)} == {"stack"}
    assert list(alerts_not_loaded.check(Change(None, after), Policy())) == []


async def test_where_nobody_tells_the_chart_of_monitors_none_are_switched_on(engine: Engine) -> None:
    files = repository(SHAPES["a kustomization"])
    old = {**files, "cd/charts/argo-cd/templates/_program.tpl": PROGRAM.replace("v3.2.2", "v2.12.0")}
    with pytest.raises(NotPossible, match=r"Argo CD v2\.12\.0 does not tell kustomize \(v2\.13\.0 does\)"):
        await grown(engine, "monitoring", old)


STACK_CHART = """\
{{- define "selector" }}
{{- if .given }}
  {{- toYaml .given | nindent 4 }}
{{- else if .helm }}
    matchLabels: {release: {{ .release }}}
{{- else }} {}
{{- end }}
{{- end }}
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: main, namespace: monitoring}
spec:
  serviceMonitorNamespaceSelector: {}
  ruleNamespaceSelector: {}
  {{- with .Values.prometheus.prometheusSpec }}
  serviceMonitorSelector: {{- include "selector" (dict "given" .serviceMonitorSelector "release" $.Release.Name
    "helm" .serviceMonitorSelectorNilUsesHelmValues) }}
  ruleSelector: {{- include "selector" (dict "given" .ruleSelector "release" $.Release.Name
    "helm" .ruleSelectorNilUsesHelmValues) }}
  {{- end }}
"""


@pytest.mark.parametrize(
    ("said", "monitors", "rules"),
    [
        ("", {"release": "monitoring"}, {"release": "monitoring"}),
        (
            "serviceMonitorSelectorNilUsesHelmValues: false, ruleSelectorNilUsesHelmValues: false",
            {},
            {},
        ),
        ("ruleSelector: {matchLabels: {team: a}}", {"release": "monitoring"}, {"team": "a"}),
    ],
    ids=["as it comes", "without the release", "with labels of its own"],
)
async def test_labels_are_those_that_the_stack_of_prometheus_selects(
    engine: Engine, said: str, monitors: dict[str, str], rules: dict[str, str]
) -> None:
    """kube-prometheus-stack: a selector that is not given is the release's, unless `NilUsesHelmValues` is off."""
    files = repository(SHAPES["an umbrella"])
    del files["monitoring/all.yaml"]
    given = "serviceMonitorSelectorNilUsesHelmValues: true\n    ruleSelectorNilUsesHelmValues: true\n"
    files |= {
        "monitoring/Chart.yaml": "apiVersion: v2\nname: kube-prometheus-stack\nversion: 80.0.0\n",
        "monitoring/values.yaml": f"prometheus:\n  prometheusSpec:\n    {given}",
        "monitoring/templates/prometheus.yaml": STACK_CHART,
    }
    told = {"valuesObject": yaml.safe_load(f"prometheus: {{prometheusSpec: {{{said}}}}}")}
    files["apps.yaml"] = documents(
        application("monitoring", "monitoring", namespace="monitoring", source={"helm": told}), SHOP
    )
    _, _, after = await grown(engine, "monitoring", files)
    metrics = yaml.safe_load(after.tree.read("cd/values.yaml"))["argo-cd"]["controller"]["metrics"]
    assert metrics["serviceMonitor"].get("additionalLabels", {}) == monitors
    assert metrics["rules"].get("additionalLabels", {}) == rules


async def test_what_the_values_say_already_is_not_offered_again(engine: Engine) -> None:
    files = repository(SHAPES["a file of another source"])
    _, _, after = await grown(engine, "monitoring", files)
    files["values/cd.yaml"] = after.tree.read("values/cd.yaml").decode()
    with pytest.raises(NotPossible, match="switch ServiceMonitors and alerts about Argo CD on already"):
        await grown(engine, "monitoring", files)


@pytest.mark.parametrize("name", ["an object", "an umbrella", "a kustomization"])
async def test_more_manifests_come_by_extra_objects_as_they_were_meant(engine: Engine, name: str) -> None:
    shape = SHAPES[name]
    files = repository(shape, prometheus("monitoring", **SEES), *EXPORTER)
    plan, _, after = await grown(engine, "probes", files)
    (probe,) = rendered(after, "Probe")
    assert probe["spec"]["targets"]["staticConfig"]["static"][0] == "https://argocd.example.com/"
    (rules,) = rendered(after, "PrometheusRule")
    # Helm's templates leave Prometheus' alone.
    summary = rules["spec"]["groups"][0]["rules"][0]["annotations"]["summary"]
    assert summary == "{{ $labels.instance }} does not answer as it should"
    inflated = name == "a kustomization"  # takes resources of its own
    assert (plan.edits[0].span.path == shape[1]) and ("cd/argocd-probes.yaml" in after.tree) == inflated


@pytest.mark.parametrize("name", ["a text", "the chart itself", "a kustomization"])
async def test_replicas_are_spread_by_the_chart_itself(engine: Engine, name: str) -> None:
    plan, _, after = await grown(engine, "spread", repository(SHAPES[name]))
    assert {edit.span.path for edit in plan.edits} == {SHAPES[name][1]}
    (server,) = (one for one in rendered(after, "Deployment") if one["metadata"]["name"] == "argocd-server")
    assert server["spec"]["template"]["spec"]["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "argocd-server"}},
        }
    ]


async def test_values_in_an_application_that_another_one_brings_change_that_one_alone(engine: Engine) -> None:
    files = repository(SHAPES["an object"])
    files["cd/argocd.yaml"] = files.pop("argocd.yaml")
    files["apps.yaml"] = documents(STACK, SHOP, application("root", "cd", namespace="argocd"))
    plan, proof, _ = await grown(engine, "spread", files)
    assert {edit.span.path for edit in plan.edits} == {"cd/argocd.yaml"}
    said = {row.statement: row.detail for row in proof.rows}
    root = said["In `root` only what was asked for changes"]
    assert root == "`spec.source` of Application argocd; 0 other resources are the same"
    assert "Deployment argocd-server" in said["In `argocd` only what was asked for changes"]


@pytest.mark.parametrize("name", ["an umbrella", "a file of a kustomization"])
async def test_its_ingress_is_told_the_issuer(engine: Engine, name: str) -> None:
    policy = parse_policy(CLOUDFLARE.encode())
    files = repository(SHAPES[name], prometheus("monitoring", **SEES), CERT_MANAGER, CERT_MANAGER_SERVICE)
    _, _, after = await grown(engine, "dns01-issuers", files, policy)
    (ingress,) = rendered(after, "Ingress")
    (issuer,) = rendered(after, "ClusterIssuer")
    assert ingress["metadata"]["annotations"] == {"cert-manager.io/cluster-issuer": issuer["metadata"]["name"]}


async def test_a_prometheus_without_the_operator_reads_services_that_come_along(engine: Engine) -> None:
    files = repository(SHAPES["an umbrella"], RUNNING)
    files["monitoring/prometheus.yaml"] = plain()
    plan, proof, after = await grown(engine, "monitoring", files)
    assert {edit.span.path for edit in plan.edits} == {"cd/values.yaml", "monitoring/prometheus.yaml"}
    assert [row.statement for row in proof.rows][:2] == [
        "In `monitoring` only what was asked for changes",
        "In `argocd` only what was asked for changes",
    ] or len(proof.rows) == 4
    (config,) = (one for one in rendered(after, "ConfigMap") if one["metadata"]["name"] == "prometheus")
    jobs = yaml.safe_load(config["data"]["prometheus.yml"])["scrape_configs"]
    targets = [one["static_configs"][0]["targets"][0] for one in jobs if one["job_name"].startswith("argocd")]
    assert sorted(targets) == [
        "argocd-application-controller-metrics.argocd.svc:8082",
        "argocd-server-metrics.argocd.svc:8083",
    ]


async def refusal(engine: Engine, item: str, files: Files, policy: Policy | None = None) -> str:
    snapshot = await engine.snapshot(tree(files), engine.analysis(MATCHER))
    with pytest.raises((NotPossible, CannotEdit)) as error:
        ITEMS[item].plan(snapshot, policy or Policy())
    return str(error.value)


async def test_what_its_values_cannot_say_is_refused_with_the_reason(engine: Engine) -> None:
    umbrella = repository(SHAPES["an umbrella"])
    assert "no values that give it a volume of its own" in await refusal(engine, "redis-persistence", umbrella)
    policy = parse_policy(b"argocd: {overlay: cd, smokeTest: {script: cd/test.sh}}")
    script = {**umbrella, "cd/test.sh": "#!/bin/sh\ntrue\n"}
    assert "would hold a copy of the script" in await refusal(engine, "smoke-test", script, policy)
    # An alias is several places at once, so nothing is written through it.
    aliased = {**umbrella, "cd/values.yaml": "x: &m {enabled: false}\nargo-cd:\n  controller: {metrics: *m}\n"}
    assert "is an alias of something else" in await refusal(engine, "monitoring", aliased)
    # Values that two Applications read are left alone.
    second = app(local("cd")).replace("name: argocd,", "name: cd,")
    second = second.replace("namespace: argocd}\n", "namespace: cd}\n")
    shared = {**umbrella, "other.yaml": second}
    plan, _, _ = await grown(engine, "spread", {**shared})
    assert {edit.span.path for edit in plan.edits} == {"argocd.yaml"}


async def test_a_chart_that_is_not_at_hand_is_one_clear_reason(engine: Engine) -> None:
    why = await refusal(engine, "spread", repository(SHAPES["an object"]))
    assert why.startswith("Argo CD is installed by its chart (Application `argocd`), which is not rendered here: ")
    other = {"argocd.yaml": app(local("cd")), **argo_cd("cd", "our-cd")}
    assert "which is not argo-helm's `argo-cd`" in await refusal(engine, "spread", repository((other, "")))
