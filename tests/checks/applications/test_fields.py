"""Fields that somebody else sets: autoscalers, `ignoreDifferences`, and what is proven to go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.files.spans import Applicability
from tests.checks.applications.applications import API, app, at, deployment, found
from tests.scenarios import URL, config_map, documents, manifest

# Autoscalers

HEALS = {"automated": {"selfHeal": True}}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
HPA = manifest(
    "HorizontalPodAutoscaler", "web", api="autoscaling/v2", spec={"scaleTargetRef": TARGET, "maxReplicas": 9}
)
SCALED = manifest("ScaledObject", "web", api="keda.sh/v1alpha1", spec={"scaleTargetRef": {"name": "web"}})
IGNORES = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}


async def fights(engine: Engine, scaler: str = HPA, workload: str = "", **spec: Any) -> int:
    made = app("a", policy=spec.pop("policy", HEALS), **spec)
    files = {"apps.yaml": made, "a/hpa.yaml": scaler, "a/web.yaml": workload or deployment()}
    return len(await found(engine, "autoscaler-against-replicas", files))


async def test_an_autoscaler_and_git_fight_over_replicas(engine: Engine) -> None:
    assert await fights(engine) == 1
    assert await fights(engine, SCALED) == 1
    assert await fights(engine, SCALED, deployment(0)) == 1
    for none in (
        fights(engine, workload=deployment(None)),
        fights(engine, workload=deployment(0)),
        fights(engine, workload=deployment(name="other")),
        fights(engine, policy={"automated": {}}),
        fights(engine, policy={"automated": {"selfHeal": True, "enabled": False}}),
        fights(engine, HPA.replace('"maxReplicas": 9', '"minReplicas": 3, "maxReplicas": 3')),
        fights(
            engine,
            SCALED.replace('"metadata": {', '"metadata": {"annotations": {"autoscaling.keda.sh/paused": "true"}, '),
        ),
        fights(engine, ignoreDifferences=[IGNORES]),
        fights(engine, ignoreDifferences=[{**IGNORES, "group": "*", "kind": "*", "name": "web"}]),
        fights(engine, ignoreDifferences=[{**IGNORES, "jsonPointers": [], "jqPathExpressions": [".spec.replicas"]}]),
        fights(
            engine,
            ignoreDifferences=[{**IGNORES, "jsonPointers": [], "managedFieldsManagers": ["kube-controller-manager"]}],
        ),
    ):
        assert await none == 0
    for other in ({**IGNORES, "name": "api"}, {**IGNORES, "jsonPointers": ["/spec/paused"]}):
        assert await fights(engine, ignoreDifferences=[other]) == 1


async def test_argo_cd_as_a_whole_may_be_told_to_leave_replicas_alone(engine: Engine) -> None:
    data = {"resource.customizations.ignoreDifferences.apps_Deployment": "jsonPointers: [/spec/replicas]"}
    settings = manifest("ConfigMap", "argocd-cm", "argocd", data=data)
    files = {"a/hpa.yaml": HPA, "a/web.yaml": deployment(), "a/cm.yaml": settings}
    apps = {"apps.yaml": app("a", policy=HEALS)}
    assert await found(engine, "autoscaler-against-replicas", {**files, **apps}) == []


# ignoreDifferences


@pytest.mark.parametrize(
    ("entry", "advice"),
    [
        ({"group": "apps/v1"}, "Write the group alone."),
        ({"group": "core", "kind": "Service"}, "Write `group: ''`."),
        ({"name": "we*"}, "Leave the name out, or write an entry for each."),
        ({"jsonPointers": ["spec/replicas"]}, "Write `/spec/replicas`."),
        ({"jsonPointers": [".spec.replicas"]}, "Write `/spec/replicas`."),
        (
            {"jsonPointers": []},
            "Add `jsonPointers`, `jqPathExpressions` or `managedFieldsManagers`.",
        ),
        ({"group": ""}, "Write `group: apps` and `kind: Deployment`."),
        ({"kind": "deployment"}, "Write `group: apps` and `kind: Deployment`."),
        ({"name": "api"}, "It brings `web`."),
        ({"namespace": "store"}, "Write the namespace `shop`."),
        ({"kind": "StatefulSet"}, "Take the entry out, unless what it is about comes again."),
        ({}, None),
        ({"group": "*", "kind": "*"}, None),
        ({"group": "app?", "kind": "{Deployment,StatefulSet}"}, None),
        ({"name": "web", "namespace": "shop"}, None),
        ({"jsonPointers": [], "managedFieldsManagers": ["kube-controller-manager"]}, None),
        ({"jsonPointers": ["/metadata/annotations/a~1b"]}, None),  # live only
    ],
)
async def test_an_entry_of_ignored_differences(engine: Engine, entry: dict[str, Any], advice: str | None) -> None:
    files = {"apps.yaml": app("a", ignoreDifferences=[{**IGNORES, **entry}]), "a/web.yaml": deployment()}
    said = [one.topic.advice for one in await found(engine, "ignore-difference-without-effect", files)]
    assert said == ([] if advice is None else [advice])


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        (".metadata.annotations.checksum-config", 'Write `.metadata.annotations["checksum-config"]`.'),
        (".metadata.labels.app.kubernetes.io/name", 'Write `.metadata.labels["app.kubernetes.io/name"]`.'),
        ("spec.replicas", "Write `.spec.replicas`."),
        (".metadata.annotations['a/b']", 'Write `.metadata.annotations["a/b"]`.'),
        ("/spec/replicas", "Put it into `jsonPointers`."),
        ('.spec.containers[] | select(.name == "web"', "Write a path of jq, such as `.spec.replicas`."),
        (".spec.containers[] | selct(.image)", "Write a path of jq, such as `.spec.replicas`."),
        (".metadata.annotations.{{ .Values.key }}", None),
        ('.spec.containers[] | select(.name == "web") | .image', None),
        (".webhooks[]?.clientConfig.caBundle", None),
    ],
)
async def test_an_expression_that_argo_cd_cannot_read(engine: Engine, expression: str, advice: str | None) -> None:
    entry = {"group": "apps", "kind": "Deployment", "jqPathExpressions": [expression]}
    files = {"apps.yaml": app("a", ignoreDifferences=[entry]), "a/web.yaml": deployment()}
    said = await found(engine, "ignore-difference-invalid", files)
    assert [one.topic.advice for one in said] == ([] if advice is None else [advice])


async def test_an_expression_of_argocd_cm_breaks_every_application(engine: Engine) -> None:
    def settings(expression: str) -> str:
        block = json.dumps({"jqPathExpressions": [expression]})
        data = {"resource.customizations.ignoreDifferences.apps_Deployment": block}
        return manifest("ConfigMap", "argocd-cm", "argocd", data=data)

    rule, files = "ignore-difference-invalid", {"apps.yaml": app("a"), "a/web.yaml": deployment()}
    [said] = await found(engine, rule, {**files, "a/cm.yaml": settings("spec.replicas")})
    assert "every Application" in said.topic.message and said.topic.advice == "Write `.spec.replicas`."
    assert await found(engine, rule, {**files, "a/cm.yaml": settings(".spec.replicas")}) == []


async def test_an_entry_of_a_template_has_to_fit_something_of_any_element(engine: Engine) -> None:
    spec = json.loads(app("a", "{{name}}", ignoreDifferences=[IGNORES]))["spec"]

    def made(*names: str) -> str:
        elements = [{"name": name} for name in names]
        template = {"metadata": {"name": "{{name}}"}, "spec": spec}
        whole = {"generators": [{"list": {"elements": elements}}], "template": template}
        return manifest("ApplicationSet", "all", "argocd", API, spec=whole)

    files = {"a/m.yaml": config_map("m"), "b/web.yaml": deployment()}
    rule = "ignore-difference-without-effect"
    assert await found(engine, rule, {**files, "apps.yaml": made("a", "b")}) == []
    [said] = await found(engine, rule, {**files, "apps.yaml": made("a")})
    assert said.severity is Severity.NOTICE and said.message.startswith("ApplicationSet `all`")


async def test_what_is_not_rendered_may_be_what_an_entry_is_about(engine: Engine) -> None:
    chart = {"repoURL": "https://charts.example.com", "chart": "web", "targetRevision": "1.0.0"}
    sources = [{"repoURL": URL, "targetRevision": "main", "path": "a"}, chart]
    made = json.loads(app("a", ignoreDifferences=[{**IGNORES, "kind": "StatefulSet"}]))
    del made["spec"]["source"]
    made["spec"]["sources"] = sources
    files = {"apps.yaml": json.dumps(made), "a/web.yaml": deployment()}
    assert await found(engine, "ignore-difference-without-effect", files) == []


# Taking `replicas` out


WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2  # enough
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: a, image: 'a:1'}]}
"""


async def test_taking_replicas_out_is_offered_where_rendering_proves_that_only_they_go(engine: Engine) -> None:
    files = {"apps.yaml": app("a", policy=HEALS), "a/hpa.yaml": HPA, "a/web.yaml": WORKLOAD}
    [said] = await found(engine, "autoscaler-against-replicas", files)
    assert said.fix is not None and said.fix.applicability is Applicability.UNSAFE
    [edit] = said.fix.edits
    assert (str(edit.span), edit.replacement) == ("a/web.yaml:5", "")
    # A patch of another overlay needs the line, so that Application would not render any more.
    patch = '\'[{"op": "remove", "path": "/spec/replicas"}]\''
    needs = f"resources: [../a]\npatches:\n  - target: {{kind: Deployment}}\n    patch: {patch}\n"
    own = {"a/kustomization.yaml": "resources: [hpa.yaml, web.yaml]\n", "b/kustomization.yaml": needs}
    both = documents(app("a", policy=HEALS), app("b", destination=at("other")))
    [kept] = await found(engine, "autoscaler-against-replicas", {**files, **own, "apps.yaml": both})
    assert kept.fix is None
    # In one line with something else it is not a line to take out.
    flow = WORKLOAD.replace("  replicas: 2  # enough\n  selector:", "  ? replicas\n  : 2\n  selector:")
    [shown] = await found(engine, "autoscaler-against-replicas", {**files, "a/web.yaml": flow})
    assert shown.fix is None
