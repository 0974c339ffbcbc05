"""A bump of Argo CD is held against the version that it goes to, before anything is called proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.rendering.driver import Engine
from checks.judgement.target import judge, notes_of
from checks.planning.bumps.plan import BumpPlan
from checks.planning.bumps.proof import BumpProof
from checks.planning.bumps.together import settle_bump
from checks.planning.proof import Row
from gitops.versions.components import ARGO_CD
from tests.checks.argocd.stage import params, workload
from tests.checks.planning.bumps.stage import STAGING, K, bump, diff, proven
from tests.scenarios import MATCHER, Files, application, documents, kustomization, manifest, tree

APP = application("argocd", STAGING, namespace="argocd")
HANDED = {"ARGOCD_REPO_SERVER_DISABLE_TLS": {"key": "reposerver.disable.tls"}}


def overlay(*manifests: str, version: str = "v3.4.7", apps: str = APP) -> dict[str, str]:
    """An overlay that pins the version by `images`, over manifests of another one."""
    pinned = f"images: [{{name: quay.io/argoproj/argocd, newTag: {version}}}]\n"
    return {
        "apps.yaml": apps,
        K: kustomization("base.yaml", extra=pinned),
        f"{STAGING}/base.yaml": documents(*manifests),
    }


async def proof_of(engine: Engine, files: Mapping[str, str], to: str) -> BumpProof:
    return await proven(engine, files, bump(files, to), judge=judge)


def row_of(proof: BumpProof) -> Row | None:
    return next((row for row in proof.rows if row.statement.endswith("takes what it is told")), None)


async def test_a_version_that_would_not_start_holds_the_bump_back_and_says_what_would(engine: Engine) -> None:
    server = workload("argocd-repo-server", env=HANDED, version="v3.4.0")
    files = overlay(server, params(reposerver__disable__tls="true"))
    proof = await proof_of(engine, files, "v3.5.1")
    row = row_of(proof)
    assert row is not None and not row.holds and not proof.holds
    assert "TLS is switched off" in row.detail and "argo-cd issue 29661" in row.detail
    assert row.detail.endswith("`- --client-ca-path=`; the argument has to be merged together with the version")
    assert "argocd/overlays/staging/base.yaml:" in row.detail
    # As it says, to the letter.
    mended = overlay(
        workload("argocd-repo-server", "--client-ca-path=", env=HANDED), params(reposerver__disable__tls="true")
    )
    again = await proof_of(engine, mended, "v3.5.1")
    assert row_of(again) == Row("Argo CD v3.5.1 takes what it is told", "1 program", True) and again.holds
    # Below 3.5 there is nothing to hold back.
    assert (await proof_of(engine, files, "v3.4.8")).holds


async def settled(engine: Engine, files: Files, to: str) -> tuple[BumpPlan, BumpProof]:
    analysis = engine.analysis(MATCHER)
    before = await engine.snapshot(tree(files), analysis)
    return await engine.drive(settle_bump(before, analysis, bump(files, to), {}, judge))


async def test_the_argument_without_which_the_version_would_not_start_moves_along_with_it(engine: Engine) -> None:
    server = workload("argocd-repo-server", env=HANDED, version="v3.4.0")
    files = overlay(server, params(reposerver__disable__tls="true"))
    plan, proof = await settled(engine, files, "v3.5.1")
    assert proof.holds, proof.failure
    assert row_of(proof) == Row("Argo CD v3.5.1 takes what it is told", "1 program", True)
    assert [row.detail for row in proof.rows if row.statement.startswith("Only the version and what it needs")] == [
        "1 image in 1 of 2 resources; and `--client-ca-path=` for Deployment argocd/argocd-repo-server"
    ]
    assert [line for line in diff(files, plan) if "argoproj/argocd" not in line] == [
        "+patches:",
        "+  - target:",
        "+      kind: Deployment",
        "+      name: argocd-repo-server",
        "+    patch: |-",
        "+      - op: add",
        "+        path: /spec/template/spec/containers/0/args/-",
        "+        value: --client-ca-path=",
    ]
    assert any("is given to container `main`" in note for note in plan.notes)
    # Nothing is added for a version that does not need it, nor where TLS is on.
    assert (await settled(engine, files, "v3.4.8"))[0].escapes == ()
    assert (await settled(engine, overlay(workload("argocd-repo-server")), "v3.5.1"))[0].escapes == ()


async def test_the_argument_follows_those_of_a_command_and_the_patches_that_are_there(engine: Engine) -> None:
    server = workload("argocd-repo-server", command=["argocd-repo-server", "--disable-tls"], container={"args": []})
    files = overlay(server)
    files[K] += "patches:\n  - {path: none.yaml}\n"
    files[f"{STAGING}/none.yaml"] = manifest("Deployment", "argocd-repo-server", "argocd", "apps/v1", spec={})
    plan, proof = await settled(engine, files, "v3.5.1")
    assert proof.holds and "+        path: /spec/template/spec/containers/0/command/-" in "\n".join(diff(files, plan))
    assert "+  - target:" in diff(files, plan)


async def test_where_no_line_can_be_added_it_is_held_back(engine: Engine) -> None:
    files = overlay(workload("argocd-repo-server", "--disable-tls"))
    files[K] += "patches: [{path: none.yaml}]\n"
    files[f"{STAGING}/none.yaml"] = manifest("Deployment", "argocd-repo-server", "argocd", "apps/v1", spec={})
    plan, proof = await settled(engine, files, "v3.5.1")
    assert not proof.holds and plan.escapes == () and "together with the version" in proof.failure


async def test_a_setting_that_the_version_no_longer_reads_is_told_with_its_line_and_holds_nothing_back(
    engine: Engine,
) -> None:
    env = {"ARGOCD_SERVER_LOGIN_ATTEMPTS_EXPIRATION": {"key": "server.login.attempts.expiration"}}
    rules = manifest(
        "PrometheusRule",
        "argocd",
        "argocd",
        "monitoring.coreos.com/v1",
        spec={"groups": [{"name": "a", "rules": [{"alert": "A", "expr": "argocd_app_health_status > 0"}]}]},
    )
    settings = params(server__login__attempts__expiration="1h", server__insecur="true")
    files = overlay(workload("argocd-server", env=env), settings, rules, version="v2.14.0")
    proof = await proof_of(engine, files, "v3.2.2")
    assert proof.holds
    said = [one.partition(": ")[2] for one in proof.cautions]
    assert any("`server.login.attempts.expiration` has no effect" in one for one in said)
    assert any("does not have the metric `argocd_app_health_status` any more" in one for one in said)
    # What is wrong today as well does not come with the version.
    assert not any("insecur`" in one for one in said)


async def test_what_does_not_start_today_is_not_the_bump_s_fault(engine: Engine) -> None:
    files = overlay(workload("argocd-server", "--no-such-flag"))
    proof = await proof_of(engine, files, "v3.5.1")
    assert proof.holds


async def test_an_overlay_that_no_application_renders_is_judged_by_itself(engine: Engine) -> None:
    elsewhere = application("shop", "shop")
    files: Files = overlay(workload("argocd-repo-server", "--disable-tls"), apps=elsewhere)
    proof = await proof_of(engine, {**files, "shop/a.yaml": params(a="b")}, "v3.5.1")  # type: ignore[dict-item]
    row = row_of(proof)
    assert row is not None and not row.holds


async def test_without_a_program_that_was_looked_at_there_is_no_row(engine: Engine) -> None:
    files = overlay(workload("argocd-server", image="quay.io/argoproj/argocd", program=False))
    assert row_of(await proof_of(engine, files, "v3.5.1")) is None


async def test_other_components_are_not_judged_by_argo_cd_s_rules(engine: Engine) -> None:
    files = overlay(workload("argocd-repo-server", "--disable-tls"))
    plan = replace(bump(files, "v3.5.1"), component=replace(ARGO_CD, name="other"))
    assert row_of(await proven(engine, files, plan, judge=judge)) is None


async def test_what_the_upgrade_guides_say_of_these_manifests_is_told_once_with_the_line_to_add(
    engine: Engine,
) -> None:
    files = overlay(workload("argocd-server"), version="v2.14.0")
    files[f"{STAGING}/base.yaml"] += """---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-rbac-cm, namespace: argocd}
data:
  policy.csv: |
    p, role:dev, applications, get, */*, allow
    p, role:dev, applications, delete, */*, allow
"""
    plan = bump(files, "v3.0.1")
    proof = await proven(engine, files, plan, judge=judge)
    assert proof.holds
    (logs,) = [one for one in proof.cautions if "logs are enforced" in one]
    assert logs.startswith("argocd/overlays/staging/base.yaml:")
    assert logs.endswith("; add `p, role:dev, logs, get, */*, allow`")
    # The text of the file tells this one already.
    assert any("no longer reaches the sub-resources" in note for note in plan.notes)
    assert not any("no longer cover its resources" in one for one in proof.cautions)
    # Within the minor nothing changes.
    assert not any("logs are enforced" in one for one in (await proof_of(engine, files, "v2.14.2")).cautions)


POLICY = "data:\n  policy.csv: |\n    p, role:dev, applications, get, */*, allow\n"
LEFT = {
    "a build of one's own": (APP, "v2.14.3-acme.1"),
    "a build without Applications": ("", "v2.14.3-acme.1"),
}


@pytest.mark.parametrize(("apps", "version"), LEFT.values(), ids=LEFT)
async def test_upgrade_notes_are_told_of_what_a_person_has_to_move(engine: Engine, apps: str, version: str) -> None:
    files = overlay(workload("argocd-server"), version=version, apps=apps or "a: b\n")
    files[f"{STAGING}/base.yaml"] += (
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: argocd-rbac-cm, namespace: argocd}}\n{POLICY}"
    )

    async def notes(to: str) -> list[str]:
        plan = bump(files, to)
        assert plan.blocked and not plan.edits
        analysis = engine.analysis(MATCHER)
        before = await engine.snapshot(tree(files), analysis)
        return [note for note in await engine.drive(notes_of(before, analysis, plan)) if "logs are enforced" in note]

    (logs,) = await notes("v3.0.1")
    assert logs.startswith("argocd/overlays/staging/base.yaml:")
    assert logs.endswith("; add `p, role:dev, logs, get, */*, allow`")
    assert await notes("v2.14.9") == []
