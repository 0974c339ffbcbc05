"""The smoke test of staging: what comes, where it comes to, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.judgement.added import prove_addition
from checks.planning.additions.plan import NotPossible
from checks.planning.additions.smoke_test import ITEM, plan
from checks.policy.file import Policy
from checks.policy.smoke_test import SmokeTest
from gitops.discovery.snapshot import Snapshot
from gitops.facts.scopes import id_of
from tests.checks.argocd.stage import workload
from tests.checks.planning.additions.stage import added
from tests.scenarios import MATCHER, application, documents, kustomization, manifest, tree

SCRIPT = "argocd/overlays/staging/test.sh"
NAMES = Policy(smoke_test=SmokeTest(SCRIPT))
STAGING = "argocd/overlays/staging"


def repository(*, script: str = "#!/bin/sh\nargocd version\n", extra: str = "namespace: argocd\n") -> dict[str, str]:
    """Argo CD on staging and in production, out of one base."""
    return {
        "apps.yaml": documents(
            application("argocd-staging", STAGING, cluster="staging", namespace="argocd"),
            application("argocd", "argocd/overlays/production", namespace="argocd"),
        ),
        "argocd/base/kustomization.yaml": kustomization("all.yaml"),
        "argocd/base/all.yaml": workload("argocd-server"),
        f"{STAGING}/kustomization.yaml": kustomization("../../base", extra=extra),
        "argocd/overlays/production/kustomization.yaml": kustomization("../../base", extra="namespace: argocd\n"),
        SCRIPT: script,
    }


async def refused(engine: Engine, files: dict[str, str], policy: Policy) -> NotPossible:
    snapshot = await engine.snapshot(tree(files), engine.analysis(MATCHER))
    with pytest.raises(NotPossible) as error:
        plan(snapshot, policy)
    return error.value


def coming(after: Snapshot) -> dict[str, tuple[str, dict[str, Any]]]:
    """What comes with the test, by its kind: its namespace in the cluster, and it."""
    return {
        copy.resource.id.kind: (id_of(after, copy).id.namespace, copy.resource.manifest())
        for copy in after.copies()
        if copy.resource.id.name == "argocd-smoke-test"
    }


@pytest.mark.parametrize("extra", ["namespace: argocd\n", "", "namespace: argocd\ncommonLabels: {team: a}\n"])
async def test_it_runs_the_script_in_a_namespace_of_its_own_with_rights_to_read(engine: Engine, extra: str) -> None:
    _, proof, after = await added(engine, ITEM, repository(extra=extra), NAMES)
    assert proof.holds, proof.failure
    found = coming(after)
    own = "argocd-smoke-test"
    assert {kind: where for kind, (where, _) in found.items()} == {
        "Namespace": "",
        "ServiceAccount": own,
        "ConfigMap": own,
        "Job": own,
        "Role": "argocd",
        "RoleBinding": "argocd",
    }
    assert found["RoleBinding"][1]["subjects"] == [{"kind": "ServiceAccount", "name": own, "namespace": own}]
    assert found["ConfigMap"][1]["data"] == {"test.sh": "#!/bin/sh\nargocd version\n"}
    assert {verb for rule in found["Role"][1]["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    annotations = {kind: one["metadata"]["annotations"] for kind, (_, one) in found.items()}
    assert {one["argocd.argoproj.io/hook"] for one in annotations.values()} == {"PostSync"}
    waves = {kind: int(one["argocd.argoproj.io/sync-wave"]) for kind, one in annotations.items()}
    assert waves["Namespace"] < waves["ServiceAccount"] <= waves["ConfigMap"] < waves["Job"]
    (container,) = found["Job"][1]["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["command"]) == ("quay.io/argoproj/argocd:v3.2.2", ["/test/test.sh"])
    # Production has none of it.
    assert not [
        copy for copy in after.copies() if copy.application.name == "argocd" and "smoke" in copy.resource.id.name
    ]


@pytest.mark.parametrize(
    ("files", "policy", "why"),
    [
        (repository(), Policy(), "`argocd.smokeTest` names no script"),
        (repository(), Policy(smoke_test=SmokeTest("no.sh")), "no.sh, which `argocd.smokeTest` names, is not there"),
        (
            repository(),
            Policy(smoke_test=SmokeTest("apps.yaml")),
            "apps.yaml lies outside of argocd/overlays/staging",
        ),
        (
            repository(script="set -e\nkubectl create ns $NAMESPACE\nkubectl delete ns argocd\n"),
            NAMES,
            f"{SCRIPT}:3 (`kubectl delete ns argocd`) deletes the namespace `argocd`, in which Argo CD runs",
        ),
        (
            repository()
            | {"argocd/base/all.yaml": documents(workload("argocd-server"), manifest("Namespace", "argocd"))},
            NAMES,
            "sets `namespace` and brings a Namespace",
        ),
    ],
)
async def test_what_could_not_work_or_takes_argo_cd_away_is_refused(
    engine: Engine, files: dict[str, str], policy: Policy, why: str
) -> None:
    assert why in str(await refused(engine, files, policy))


async def test_without_staging_the_overlay_is_asked_for(engine: Engine) -> None:
    files = {
        path.replace("/staging/", "/try/"): text.replace("/staging", "/try") for path, text in repository().items()
    }
    error = await refused(engine, files, NAMES)
    assert "no kustomization below a directory `staging`" in str(error) and "argocd:\n  overlay: " in error.lines
    _, proof, _ = await added(
        engine,
        ITEM,
        files,
        Policy(smoke_test=SmokeTest(SCRIPT.replace("staging", "try")), argocd_overlay="argocd/overlays/try"),
    )
    assert proof.holds, proof.failure


async def test_what_comes_into_another_namespace_is_not_proven(engine: Engine) -> None:
    analysis = engine.analysis(MATCHER)
    before = await engine.snapshot(tree(repository()), analysis)
    made = plan(before, NAMES)
    elsewhere = replace(made, homes={**made.homes, ("batch", "Job", "argocd-smoke-test"): "argocd"})
    proof = await engine.drive(prove_addition(before, analysis, elsewhere, NAMES))
    assert "Job argocd-smoke-test comes into the namespace `argocd-smoke-test`" in proof.failure
