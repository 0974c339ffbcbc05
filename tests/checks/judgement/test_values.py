"""A finding about what a chart renders stands where a person would edit it: on the value that decides."""

from __future__ import annotations

import pytest

from checks.judgement.findings import findings_of
from checks.judgement.values import at_values
from checks.model import Finding
from checks.policy.file import Policy
from checks.registry import rules
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Change
from gitops.files.tree import Tree
from gitops.resources.requests import HelmRequest
from tests.outside.dictionary import Outside, chart
from tests.rendered import ANALYSIS, EngineProcess, application, running
from tests.scenarios import URL

HERE = f"repoURL: {URL}, path: charts/web"
CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "# of the chart\nname: default\nsecret: {name: gone, key: k}\n",
    "charts/web/templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n",
    # Another Application that has what the chart is to collide with.
    "plain.yaml": application("plain", f"  source: {{repoURL: {URL}, path: plain}}"),
    "plain/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-cm}\n",
}
TEMPLATE = "charts/web/templates/cm.yaml"


engine = pytest.fixture(scope="module", name="engine")(running)


def found(engine: EngineProcess, files: dict[str, str], rule: str, outside: Outside | None = None) -> list[Finding]:
    fetch = (outside or Outside()).fetch
    tree = Tree.of({path: text.encode() for path, text in files.items()})
    snapshot = engine.run(discover(tree, ANALYSIS), fetch)
    chosen = [each for each in rules() if each.id == rule]
    findings = findings_of(chosen, Change(None, snapshot), Policy(), lambda _: None)
    engine.asked.clear()
    return engine.run(at_values(snapshot, ANALYSIS, findings), fetch)


SET = """apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec:
  generators: [{list: {elements: [{app: web, type: cm}, {app: other, type: cm}]}}]
  template:
    metadata: {name: '{{app}}'}
    spec:
      project: default
      source:
        repoURL: HERE
        path: charts/web
        helm:
          parameters:
          - {name: name, value: 'web-{{type}}'}
      destination: {server: https://kubernetes.default.svc, namespace: shop}
""".replace("HERE", URL)


@pytest.mark.parametrize(
    ("manifest", "more", "place"),
    [
        (
            f"source: {{{HERE}, helm: {{parameters: [{{name: x, value: y}}, {{name: name, value: web-cm}}]}}}}",
            {},
            "a.yaml:6",
        ),
        (
            f"source:\n    repoURL: {URL}\n    path: charts/web\n    helm:\n      parameters:\n"
            "      - {name: other, value: x}\n      - name: name\n        value: web-cm",
            {},
            "a.yaml:12",
        ),
        (
            f"source:\n    repoURL: {URL}\n    path: charts/web\n    helm:\n      values: |\n"
            "        # first\n        name: web-cm",
            {},
            "a.yaml:12",
        ),
        (
            f"source:\n    repoURL: {URL}\n    path: charts/web\n    helm:\n      valuesObject:\n"
            "        other: x\n        name: web-cm",
            {},
            "a.yaml:12",
        ),
        (
            f"source: {{{HERE}, helm: {{valueFiles: [/envs/p.yaml]}}}}",
            {"envs/p.yaml": "a: b\nname: web-cm\n"},
            "envs/p.yaml:2",
        ),
        (
            f"sources: [{{repoURL: {URL}, ref: v}}, {{{HERE}, helm: {{valueFiles: [$v/envs/p.yaml]}}}}]",
            {"envs/p.yaml": "\n\nname: web-cm\n"},
            "envs/p.yaml:3",
        ),
        (
            f"sources:\n  - {{repoURL: {URL}, path: plain/none}}\n  - {{{HERE},\n      helm: {{parameters: "
            "[{name: name,\n        value: web-cm}]}}",
            {"plain/none/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: none}\n"},
            "a.yaml:9",
        ),
        (
            f"source: {{{HERE}}}",
            {"charts/web/values.yaml": "x: y\nname: web-cm\n"},
            "charts/web/values.yaml:2",
        ),
        (f"source: {{{HERE}}}", {TEMPLATE: CHART[TEMPLATE].replace("{{ .Values.name }}", "web-cm")}, TEMPLATE),
        (
            f"source: {{{HERE}}}",
            {TEMPLATE: CHART[TEMPLATE].replace("Values.name }}", "Release.Name }}-cm")},
            TEMPLATE,
        ),
        ("", {"a.yaml": SET}, "a.yaml:15"),
    ],
)
def test_a_name_that_a_value_decides_is_told_at_that_value(
    engine: EngineProcess, manifest: str, more: dict[str, str], place: str
) -> None:
    files = {**CHART, "a.yaml": application("web", f"  {manifest}"), **more}
    (finding,) = (each for each in found(engine, files, "duplicate-owner") if each.severity == "error")
    assert str(finding.span).startswith(place)
    if place != TEMPLATE:
        assert finding.related[0].span.path == TEMPLATE


def test_a_reference_that_a_value_decides_is_told_at_that_value(engine: EngineProcess) -> None:
    deployment = """apiVersion: apps/v1
kind: Deployment
metadata: {name: x}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
      - name: c
        image: c
        env:
        - {name: P, valueFrom: {secretKeyRef: {name: '{{ .Values.secret.name }}', key: '{{ .Values.secret.key }}'}}}
"""
    manifest = application("web", f"  source: {{{HERE}, helm: {{valuesObject: {{secret: {{name: own-gone}}}}}}}}")
    files = {**CHART, "charts/web/templates/d.yaml": deployment, "a.yaml": manifest}
    finding = next(each for each in found(engine, files, "secret-missing") if each.span.path != "plain.yaml")
    assert (str(finding.span), finding.related[0].span.path) == ("a.yaml:6", "charts/web/templates/d.yaml")


def test_only_what_findings_are_about_is_asked_for(engine: EngineProcess) -> None:
    apps = {f"{name}.yaml": application(name, f"  source: {{{HERE}}}").replace("shop", name) for name in "xy"}
    files = {**CHART, **apps, "a.yaml": application("web", f"  source: {{{HERE}, helm: {{values: 'name: web-cm'}}}}")}
    assert len(found(engine, files, "duplicate-owner")) == 1
    asked = [request.asks for request in engine.asked]
    assert [each.explain for each in asked if isinstance(each, HelmRequest)] == [
        ((0, "/metadata/name"), (0, "/metadata/namespace"))
    ]


REGISTRY = "https://charts.example.com"
FETCHED = chart(
    "web",
    "1.0.0",
    {"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n"},
    values="name: web-cm\n",
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("helm: {parameters: [{name: name, value: web-cm}]}", "apps.yaml:8"),
        ("helm: {valuesObject: {name: web-cm}}", "apps.yaml:8"),
        ("helm: {valueFiles: [$here/env/web.yaml]}", "env/web.yaml:2"),
        # By the chart's own values, which nobody edits here.
        ("helm: {releaseName: web}", "apps.yaml:1"),
    ],
)
def test_of_a_fetched_chart_the_values_that_stand_here_count(
    engine: EngineProcess, given: str, expected: str
) -> None:
    sources = f"""  sources:
  - {{repoURL: {URL}, ref: here}}
  - {{repoURL: {REGISTRY}, chart: web, targetRevision: 1.0.0, {given}}}"""
    files = {
        "apps.yaml": application("web", sources),
        "env/web.yaml": "# here\nname: web-cm\n",
        "plain.yaml": CHART["plain.yaml"],
        "plain/cm.yaml": CHART["plain/cm.yaml"],
    }
    outside = Outside(charts={(REGISTRY, "web", "1.0.0"): FETCHED})
    (finding,) = found(engine, files, "duplicate-owner", outside)
    assert str(finding.span).startswith(expected)
    assert {finding.span.path, *(one.span.path for one in finding.related)} <= files.keys()
    assert f"`templates/cm.yaml` of chart web 1.0.0 of {REGISTRY}" in " ".join(one.message for one in finding.related)
