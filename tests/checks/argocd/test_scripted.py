"""Installations that scripts apply, and no Application: judged like others, as they are rendered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.rendering.driver import Engine
from checks.argocd.argocd_crd_needs_server_side_apply import MOST
from checks.judgement.checklist import checklist_of
from checks.judgement.upgrade import paths_of
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.discovery.rediscovery import rediscover
from gitops.discovery.rounds import discover
from tests.checks.argocd.stage import ANALYSIS, APP, params, workload
from tests.checks.argocd.test_components import crd
from tests.checks.argocd.test_exposure import HOST, ingress, service
from tests.driven import driven
from tests.scenarios import URL, Files, application, documents, evaluated, kustomization, of_rule, tree

FLAG, LOOP, LOST = "argocd-unknown-flag", "argocd-redirect-loop", "argocd-not-deployed"
CRD = "argocd-crd-needs-server-side-apply"
NOW = datetime(2026, 11, 27, tzinfo=UTC)
BASE: Files = {
    "argocd/base/kustomization.yaml": kustomization("server.yaml"),
    "argocd/base/server.yaml": workload("argocd-server", "--nonsense", version="v2.8.0"),
    "argocd/overlays/prod/kustomization.yaml": kustomization(
        "../../base", extra="images: [{name: quay.io/argoproj/argocd, newTag: v3.2.2}]\n"
    ),
}


async def found(engine: Engine, files: Files, rule: str = FLAG) -> list[Finding]:
    return of_rule(await evaluated(engine, {**BASE, **files}, only=rule), rule)


@pytest.mark.parametrize(
    "script",
    [
        {"up.sh": "kubectl apply -k argocd/overlays/prod\n"},
        {"Makefile": "up:\n\tkustomize build argocd/overlays/$(ENV) | kubectl apply -f -\n"},
        {".github/workflows/up.yaml": "run: kubectl apply --server-side -k argocd/overlays/${{ inputs.env }}\n"},
        {"README.md": "    kubectl apply -k argocd/overlays/prod\n"},
        {"argocd/Taskfile.yml": "cmds: ['kubectl apply -k overlays/prod']\n"},
        {"up.sh": f"kubectl apply -k {URL}//argocd/overlays/prod?ref=main\n"},
        {"README.md": f"    kubectl apply -k {URL.partition('://')[2]}/argocd/overlays/prod\n"},
        {"ops/up.sh": 'kubectl apply -k "$(dirname "$0")/../argocd/overlays/prod"\n'},
    ],
)
async def test_what_a_script_applies_is_judged_as_it_is_rendered(engine: Engine, script: Files) -> None:
    (one,) = await found(engine, script)
    assert one.severity is Severity.ERROR and "v3.2.2" in one.message and one.span.path == "argocd/base/server.yaml"
    assert one.applications == () and one.owners == () and one.repair is None


@pytest.mark.parametrize(
    "script",
    [
        {},
        {"up.sh": "kubectl apply --dry-run=client -k argocd/overlays/prod\n"},
        {"tests/e2e/up.sh": "kubectl apply -k argocd/overlays/prod\n"},
        {"up.sh": "kubectl apply -k argocd/overlays/none\n"},
        {"up.sh": "kubectl apply -k ../argocd/overlays/prod\n"},
        {"up.sh": "kubectl apply -k https://github.com/other/one//argocd/overlays/prod?ref=main\n"},
    ],
)
async def test_what_none_applies_is_not(engine: Engine, script: Files) -> None:
    assert await found(engine, script) == []


async def test_what_goes_on_by_an_application_is_judged_there_alone(engine: Engine) -> None:
    script = {"up.sh": "kubectl apply -k argocd/overlays/prod\n"}
    own = {**script, "apps.yaml": application("argocd", "argocd/overlays/prod", namespace="argocd")}
    (one,) = await found(engine, own)
    assert one.applications == ("argocd",)
    # The script's overlay is how it begins, and another one is what stays.
    stays = {
        "argocd/live/kustomization.yaml": kustomization("server.yaml"),
        "argocd/live/server.yaml": workload("argocd-server"),
    }
    live = {**script, **stays, "apps.yaml": application("argocd", "argocd/live", namespace="argocd")}
    assert await found(engine, live) == []


async def test_single_files_of_one_script_are_one_installation(engine: Engine) -> None:
    files: Files = {
        "ops/server.yaml": workload("argocd-server", env={"ARGOCD_SERVER_INSECURE": {"key": "server.insecure"}}),
        "ops/cm.yaml": params(server__insecure="false"),
        "ops/edge/edge.yaml": documents(service(), ingress()),
        "ops/up.sh": "kubectl apply -n argocd -f cm.yaml -f server.yaml\nkubectl apply -n argocd -f edge/\n",
    }
    (one,) = await found(engine, files, LOOP)
    assert one.severity is Severity.ERROR and HOST in one.message
    assert await found(engine, {**files, "ops/cm.yaml": params(server__insecure="true")}, LOOP) == []
    assert await found(engine, {**files, **APP}, LOST) == []


async def test_the_checklist_knows_what_a_script_applies(engine: Engine) -> None:
    files = {**BASE, "up.sh": "kubectl apply -k argocd/overlays/prod\n"}
    evaluation = await evaluated(engine, files)
    entries = {one.key: one for one in checklist_of(evaluation, Policy())}
    assert "No program of Argo CD is rendered" not in entries["components"].why
    assert [str(one.current) for one in paths_of(evaluation, Policy(), None, NOW)] == ["3.2.2"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("kustomize build argocd/overlays/prod | kubectl apply -f -", True),
        ("kubectl apply --server-side=false -k argocd/overlays/prod", True),
        ("kustomize build argocd/overlays/prod | kubectl apply --server-side -f -", False),
        ("kubectl create -k argocd/overlays/prod", False),
    ],
)
async def test_a_crd_that_is_too_long_takes_server_side_apply(engine: Engine, command: str, told: bool) -> None:
    made = documents(workload("argocd-server"), crd(MOST + 9))
    said = await found(engine, {"argocd/base/server.yaml": made, "up.sh": f"{command}\n"}, CRD)
    assert [(one.span.path, one.span.line, one.severity) for one in said] == [("up.sh", 1, Severity.NOTICE)] * told


async def test_a_route_of_an_application_leads_to_what_a_script_applies(engine: Engine) -> None:
    files: Files = {
        "argocd/base/server.yaml": documents(workload("argocd-server"), service()),
        "edge/ingress.yaml": ingress(),
        "apps.yaml": application("edge", "edge", namespace="argocd"),
        "up.sh": "kubectl apply -k argocd/overlays/prod\n",
    }
    (one,) = await found(engine, files, LOOP)
    assert one.applications == ("edge",)


def test_a_change_of_the_script_and_of_what_it_applies_is_seen() -> None:
    """As a fresh look at the tree would."""
    files: Files = {"ops/server.yaml": workload("argocd-server"), "up.sh": "kubectl apply -f ops\n", "apps.yaml": ""}
    files = {**files, "README.md": "kubectl apply -f docs\n", "docs/cm.yaml": params(a="b")}
    before = driven(discover(tree(files), ANALYSIS), lambda _: pytest.fail("nothing is to be rendered"))
    assert [state.application.root for state in before.applied] == ["up.sh ops", "README.md docs"]
    for change in (
        {"up.sh": "kubectl delete -f ops\n"},
        {"up.sh": "", "more.sh": "kubectl apply -f ops\n"},
        {"ops/server.yaml": workload("argocd-server", version="v3.0.0")},
        {"ops/more.yaml": params(a="b")},
        {"ops/server.yaml": "a: 1\n"},
        {"ops/server.yaml": "a: 1\n", "docs/cm.yaml": "a: 1\n"},  # and READMEs are no longer read
        {"README.md": "kubectl apply -f ops\n"},
    ):
        head = tree({**files, **change})
        again = driven(rediscover(before, head, ANALYSIS, remember=True), lambda _: pytest.fail("nothing"))
        anew = driven(discover(head, ANALYSIS), lambda _: pytest.fail("nothing"))
        assert again.applied == anew.applied
        assert [one.resources for state in again.applied for one in state.parts] == [
            one.resources for state in anew.applied for one in state.parts
        ]
