"""Which sync policy the controller of ApplicationSets goes by, as far as git tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitops.discovery.snapshot import Snapshot
from gitops.installation.set_policies import followed
from tests.checks.argocd.stage import ANALYSIS, params, workload
from tests.gitops.facts.deletions.stage import appset
from tests.scenarios import Files, application, discovered, documents, tree

CONTROLLER = "argocd-applicationset-controller"
POLICY = "ARGOCD_APPLICATIONSET_CONTROLLER_POLICY"
OVERRIDE = "ARGOCD_APPLICATIONSET_CONTROLLER_ENABLE_POLICY_OVERRIDE"
WIRED = {
    POLICY: {"key": "applicationsetcontroller.policy"},
    OVERRIDE: {"key": "applicationsetcontroller.enable.policy.override"},
}


def snapshot(*installed: str, own: str = "create-only", **more: str) -> Snapshot:
    """One root brings Argo CD and a set whose own policy is `own`."""
    files: Files = {
        "root.yaml": application("root", "all", namespace="argocd"),
        "all/sets.yaml": appset("shop", policy={"applicationsSync": own} if own else None),
        **{f"all/{number}.yaml": text for number, text in enumerate(installed)},
        **more,
    }
    return discovered(tree(files), ANALYSIS)


def policies(*sides: Snapshot) -> set[str]:
    (declared,) = sides[-1].sets
    return set(followed(sides[0], sides[-1])(declared).policies)


def controller(*args: str, **env: object) -> str:
    return workload(CONTROLLER, *args, version="v3.4.0", env=env)


def by_map(**data: str) -> tuple[str, str]:
    return controller(**WIRED), params(**{f"applicationsetcontroller__{key}": value for key, value in data.items()})


@pytest.mark.parametrize(
    ("installed", "own", "wanted"),
    [
        (by_map(), "create-only", {"create-only"}),
        (by_map(policy="sync"), "create-only", {"sync"}),  # a policy from the environment overrules
        (by_map(policy=""), "create-only", {"create-only"}),
        (by_map(policy="sync", enable__policy__override="True"), "create-only", {"create-only"}),
        (by_map(policy="sync", enable__policy__override="1"), "create-only", {"sync"}),  # read by another parser
        (by_map(policy="create-only"), "sync", {"create-only"}),
        (by_map(policy="create-only", enable__policy__override="true"), "", {"create-only"}),
        (by_map(enable__policy__override="false"), "create-only", {""}),
        # Among the arguments a policy does not switch the sets' own off.
        ((controller("--policy=sync"),), "create-only", {"create-only"}),
        ((controller("--policy", "create-only"),), "", {"create-only"}),
        ((controller("--policy=sync", "--enable-policy-override=f"),), "create-only", {"sync"}),
        ((controller("--policy=create-update", **{POLICY: "sync"}),), "create-only", {"create-update"}),
        # What git does not tell.
        ((controller(**WIRED),), "create-only", {"create-only", ""}),
        ((controller(**{POLICY: "$(ELSEWHERE)"}),), "create-only", {"create-only", ""}),
        ((workload("argocd-server"),), "create-only", {"create-only"}),
        ((), "create-only", {"create-only"}),
    ],
)
def test_what_a_controller_goes_by(installed: tuple[str, ...], own: str, wanted: set[str]) -> None:
    one = snapshot(*installed, own=own)
    assert policies(one) == wanted


def test_a_controller_goes_by_either_side_of_a_change_to_it() -> None:
    assert policies(snapshot(*by_map(policy="sync")), snapshot(*by_map())) == {"create-only", "sync"}
    assert policies(snapshot(*by_map()), snapshot(*by_map(policy="sync"))) == {"create-only", "sync"}
    assert policies(snapshot(), snapshot(*by_map(policy="create-only"), own="sync")) == {"create-only", "sync"}


def test_of_another_argo_cd_it_only_may_be() -> None:
    other = {
        "other.yaml": application("other", "other", namespace="argocd"),
        "other/all.yaml": documents(*by_map(policy="sync")),
    }
    assert policies(snapshot(**other)) == {"create-only", "sync"}
    other["other/all.yaml"] = documents(*by_map(policy="create-only"))
    assert policies(snapshot(own="sync", **other)) == {"create-only", "sync"}
    assert policies(snapshot(*by_map(), **other)) == {"create-only"}  # its own tells


def test_files_that_nobody_deploys_count_with_what_they_say() -> None:
    assert policies(snapshot(**{"boot/params.yaml": by_map(policy="sync")[1]})) == {"create-only", "sync"}
    assert policies(snapshot(**{"boot/all.yaml": documents(*by_map())})) == {"create-only"}
    assert policies(snapshot(**{"boot/controller.yaml": controller(**WIRED)})) == {"create-only"}


@pytest.mark.parametrize(
    ("chart", "values", "wanted"),
    [
        ("8.6.4", "", {"create-only", "sync"}),
        ("8.*", "", {"create-only", "sync"}),
        ("9.0.0", "", {"create-only"}),
        (">=8", "", {"create-only", ""}),
        ("8.6.4", '{configs: {params: {applicationsetcontroller.policy: ""}}}', {"create-only"}),
        ("9.5.0", "{configs: {params: {applicationsetcontroller.policy: sync}}}", {"create-only", "sync"}),
    ],
)
def test_charts_before_9_overrule_by_default(chart: str, values: str, wanted: set[str]) -> None:
    source = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: argocd, namespace: argocd}\nspec:\n"
        "  project: default\n  destination: {server: https://kubernetes.default.svc, namespace: argocd}\n"
        f"  source: {{repoURL: https://argoproj.github.io/argo-helm, chart: argo-cd, targetRevision: '{chart}'"
        + (f", helm: {{valuesObject: {values}}}" if values else "")
        + "}\n"
    )
    assert policies(snapshot(**{"argocd.yaml": source})) == wanted


def test_a_controller_that_keeps_keeps_the_sets_of_its_own_root_alone() -> None:
    one = snapshot(*by_map(policy="create-only"), own="sync")
    (declared,) = one.sets
    kept = followed(one, one)(declared)
    assert not kept.deletes and kept.updates and kept.certain
    free = followed(one, one)(replace(declared, root="another"))
    assert free.deletes and not free.certain and not free.overruled
