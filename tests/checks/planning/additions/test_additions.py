"""What is added to Argo CD: what comes is what was promised, and can do what it says."""

from __future__ import annotations

import json

import pytest
import yaml

from bot.rendering.driver import Engine
from checks.argocd import alert_cannot_fire, alerts_not_loaded
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from tests.checks.argocd.stage import workload
from tests.checks.planning.additions.stage import (
    APPS,
    CONTROLLER,
    SELECTS,
    TWO,
    WATCHED,
    added,
    directory,
    prometheus,
    proven,
    refused,
    rendered,
    repository,
    service,
)
from tests.scenarios import application, config_map, documents, manifest


async def test_replicas_are_asked_to_different_nodes_and_never_made_to(engine: Engine) -> None:
    decided = {"topologySpreadConstraints": [{"maxSkew": 1}]}
    files = repository(
        workload("argocd-server", spec=TWO),
        workload("argocd-repo-server", spec=TWO, pod={"affinity": {"podAntiAffinity": {"preferred": []}}}),
        workload("argocd-dex", "rundex"),
        workload("argocd-notifications", spec=TWO, pod=decided),
    )
    plan, proof, after = await added(engine, "spread", files)
    assert proof.holds, proof.failure
    assert plan.title == "Spread 1 workload of Argo CD over nodes"
    (server,) = [one for one in rendered(after, "Deployment") if one["metadata"]["name"] == "argocd-server"]
    assert server["spec"]["template"]["spec"]["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": server["spec"]["selector"]["matchLabels"]},
        }
    ]
    assert [row.statement for row in proof.rows] == [
        "In `argocd` only what was asked for changes",
        "No other Application changes",
        "The rules find nothing new",
    ]
    # Asked once more there is nothing left.
    assert "or has only one" in str(refused("spread", directory(workload("argocd-dex", "rundex"))))


async def test_labels_that_the_kustomization_adds_are_in_the_selector(engine: Engine) -> None:
    labels = "labels:\n- pairs: {team: a}\n  includeSelectors: true\n"
    _, proof, after = await added(engine, "spread", repository(workload("argocd-server", spec=TWO), extra=labels))
    assert proof.holds, proof.failure
    (server,) = rendered(after, "Deployment")
    constraint = server["spec"]["template"]["spec"]["topologySpreadConstraints"][0]
    assert constraint["labelSelector"]["matchLabels"] == server["spec"]["selector"]["matchLabels"]


async def test_monitors_and_alerts_are_selected_and_can_fire(engine: Engine) -> None:
    files = repository(*WATCHED, prometheus(**SELECTS))
    plan, proof, after = await added(engine, "monitoring", files)
    assert proof.holds, proof.failure
    assert plan.title == "Add a ServiceMonitor and 3 alerts for Argo CD"
    assert plan.edits[-1].span.path == "argocd/argocd-monitoring.yaml"
    (monitor,) = rendered(after, "ServiceMonitor")
    assert monitor["metadata"]["labels"] == {"release": "stack"}
    assert monitor["spec"] == {
        "selector": {"matchLabels": {"app.kubernetes.io/name": "argocd-metrics"}},
        "endpoints": [{"port": "metrics"}],
    }
    (rules,) = rendered(after, "PrometheusRule")
    assert len(rules["spec"]["groups"][0]["rules"]) == 3
    # Our own rules see nothing wrong with it.
    change = Change(None, after)
    assert list(alerts_not_loaded.check(change, Policy())) == list(alert_cannot_fire.check(change, Policy())) == []
    taken = {**directory(*WATCHED, prometheus(**SELECTS)), "argocd/argocd-monitoring.yaml": config_map("x")}
    assert "there already" in str(refused("monitoring", taken))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([*WATCHED], "no Prometheus of the Prometheus Operator"),
        ([*WATCHED, prometheus()], "selects nothing, since `serviceMonitorSelector` is not set"),
        (
            [*WATCHED, prometheus(serviceMonitorSelector={"matchExpressions": [{"key": "a", "operator": "Exists"}]})],
            "has expressions",
        ),
        ([WATCHED[0], prometheus(**SELECTS)], "no Service of Argo CD in git leads to a metrics port"),
        (
            [workload(CONTROLLER, kind="StatefulSet", version="latest"), WATCHED[1], prometheus(**SELECTS)],
            "is not known",
        ),
        ([service("argocd-metrics", CONTROLLER, 8083), WATCHED[0], prometheus(**SELECTS)], "no Service of Argo CD"),
    ],
)
def test_what_could_not_work_is_not_offered(told: list[str], why: str) -> None:
    assert why in str(refused("monitoring", directory(*told)))


def test_what_a_directory_has_is_written_into_its_own_file() -> None:
    one = yaml.safe_dump(json.loads(workload("argocd-server", spec=TWO)))
    files = {"apps.yaml": APPS, "argocd/server.yaml": f"# ours\n{one}", "shop/a.yaml": config_map("a")}
    plan, proof, after = proven("spread", files)
    assert proof.holds, proof.failure
    assert [edit.span.path for edit in plan.edits] == ["argocd/server.yaml"]
    (server,) = rendered(after, "Deployment")
    assert server["spec"]["template"]["spec"]["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "ScheduleAnyway"


def test_a_new_file_in_a_directory_is_enough_unless_the_directory_leaves_it_out() -> None:
    files = directory(*WATCHED, prometheus(**SELECTS))
    plan, proof, after = proven("monitoring", files)
    assert proof.holds, proof.failure
    assert plan.path == "argocd" and rendered(after, "PrometheusRule")
    only = application("argocd", "argocd", namespace="argocd", source={"directory": {"include": "all.yaml"}})
    _, proof, _ = proven("monitoring", {**files, "apps.yaml": only})
    assert "PrometheusRule argocd-alerts does not come" in proof.failure


def test_where_nothing_of_argo_cd_is_rendered_nothing_is_added() -> None:
    assert "no Application renders Argo CD" in str(refused("spread", {"apps.yaml": APPS}))


def test_what_a_rule_would_find_at_once_is_not_offered() -> None:
    allowed = [{"group": group, "kind": "*"} for group in ("", "apps")]
    project = manifest(
        "AppProject",
        "infra",
        "argocd",
        "argoproj.io/v1alpha1",
        spec={
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "namespaceResourceWhitelist": [*allowed, {"group": "monitoring.coreos.com", "kind": "Prometheus"}],
        },
    )
    apps = documents(
        application("argocd", "argocd", namespace="argocd").replace('"project": "default"', '"project": "infra"'),
        application("projects", "projects", namespace="argocd"),
    )
    files = {**directory(*WATCHED, prometheus(**SELECTS), apps=apps), "projects/infra.yaml": project}
    _, proof, _ = proven("monitoring", files)
    assert proof.failure.startswith("The rules find nothing new: argocd/argocd-monitoring.yaml:")
    wider = {**files, "projects/infra.yaml": project.replace('"Prometheus"', '"*"')}
    _, proof, _ = proven("monitoring", wider)
    assert proof.holds, proof.failure
