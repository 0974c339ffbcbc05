"""The proof of a bump: what the real kustomize renders before and after."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.rendering.driver import Engine
from checks.planning.bumps.proof import BumpProof
from gitops.files.spans import Edit, Span
from gitops.versions.components import ARGO_CD
from tests.checks.planning.bumps.stage import NEW, NEW_DIGEST, OLD, OLD_DIGEST, STAGING, K, bump, diff, proven
from tests.scenarios import Files, application, config_map, documents, kustomization, manifest

PRODUCTION = "argocd/overlays/production"


def workload(name: str, image: str, kind: str = "Deployment") -> str:
    containers = [{"name": name, "image": image, "command": [name]}]
    return manifest(kind, name, "argocd", "apps/v1", spec={"template": {"spec": {"containers": containers}}})


# Both overlays over one base; staging pins by `images`, production has what the base says.
SHARED: Files = {
    "apps.yaml": documents(application("argocd-staging", STAGING), application("argocd", PRODUCTION, cluster="prod")),
    "argocd/base/kustomization.yaml": kustomization("workloads.yaml", "settings.yaml"),
    "argocd/base/workloads.yaml": documents(
        workload("argocd-server", f"quay.io/argoproj/argocd:{OLD}"),
        workload("argocd-application-controller", f"quay.io/argoproj/argocd:{OLD}", "StatefulSet"),
    ),
    "argocd/base/settings.yaml": config_map("argocd-cm", "argocd"),
    K: kustomization("../../base") + "# production follows later\n",
    f"{PRODUCTION}/kustomization.yaml": kustomization("../../base"),
}


async def test_a_pin_in_a_shared_base_moves_in_staging_alone(engine: Engine) -> None:
    plan = bump(SHARED)
    assert diff(SHARED, plan) == ["+images:", "+  - name: quay.io/argoproj/argocd", f"+    newTag: {NEW}"]
    proof = await proven(engine, SHARED, plan)
    assert [(row.statement, row.detail) for row in proof.rows] == [
        (f"Every pin of the overlay is {NEW}", "1 of 1"),
        ("Only the version changes in what it renders", "2 images in 2 of 3 resources"),
        (f"Every rendered image of argo-cd is {NEW}", "2 of 2"),
        ("No Application comes or goes", "2 before, 2 after"),
        ("No other Application changes", "1 compared, byte for byte the same"),
        (f"The Applications that deploy it run {NEW}", "argocd-staging"),
    ]
    assert proof.holds
    assert proof.unproven == ""
    assert [(str(i.resource), i.old, i.new) for i in proof.images] == [
        (name, f"quay.io/argoproj/argocd:{OLD}", f"quay.io/argoproj/argocd:{NEW}")
        for name in ("Deployment argocd/argocd-server", "StatefulSet argocd/argocd-application-controller")
    ]


async def test_an_edit_that_reaches_production_is_no_proof(engine: Engine) -> None:
    plan = bump(SHARED)
    line = str(SHARED["argocd/base/workloads.yaml"]).split("\n")[0].replace(OLD, NEW) + "\n"
    wrong = replace(plan, edits=(Edit(Span("argocd/base/workloads.yaml", 1, 1), line),))
    proof = await proven(engine, SHARED, wrong)
    (row,) = [row for row in proof.rows if row.statement == "No other Application changes"]
    assert not row.holds
    assert row.detail.startswith("argocd would change")


async def test_an_edit_that_changes_more_is_no_proof(engine: Engine) -> None:
    plan = bump(SHARED)
    (edit,) = plan.edits
    more = replace(plan, edits=(replace(edit, replacement=edit.replacement + "namePrefix: x-\n"),))
    proof = await proven(engine, SHARED, more)
    failed = [row.statement for row in proof.rows if not row.holds]
    assert "Only the version changes in what it renders" in failed


async def test_an_overlay_that_does_not_render_is_no_proof(engine: Engine) -> None:
    files = {**SHARED, K: kustomization("../../base", "missing.yaml")}
    proof = await proven(engine, files, bump(files))
    assert "does not exist" in proof.failure


REMOTE: Files = {
    "apps.yaml": documents(application("argocd-staging", STAGING), application("web", "web")),
    "web/kustomization.yaml": kustomization("map.yaml"),
    "web/map.yaml": config_map("settings"),
    K: kustomization(f"https://github.com/argoproj/argo-cd//manifests/cluster-install?ref={OLD}")
    + f"images:\n- name: quay.io/argoproj/argocd\n  newTag: {OLD}\n",
}


async def test_a_remote_base_cannot_be_rendered_here_and_that_is_said(engine: Engine) -> None:
    plan = bump(REMOTE)
    assert len(plan.moves) == 2
    proof = await proven(engine, REMOTE, plan)
    assert proof.holds
    assert proof.images == ()
    assert proof.unproven.startswith("The overlay cannot be rendered here: ")
    assert "which needs the network" in proof.unproven
    assert [row.detail for row in proof.rows] == [
        "2 of 2",
        "2 before, 2 after",
        "1 compared, byte for byte the same",
    ]
    assert proof.cautions == (
        "apps.yaml:1: `argocd-staging` syncs this without `ServerSideApply=true`, and as of 3.3 the ApplicationSet "
        "CRD is too large for client-side apply: the sync would fail",
    )


async def test_a_sync_with_server_side_apply_needs_no_caution(engine: Engine) -> None:
    app = application("argocd-staging", STAGING, sync={"syncOptions": ["ServerSideApply=true"]})
    files = {**REMOTE, "apps.yaml": app}
    assert (await proven(engine, files, bump(files))).cautions == ()
    assert (await proven(engine, REMOTE, bump(REMOTE, "v3.2.9"))).cautions == ()


async def test_an_overlay_of_plain_applications(engine: Engine) -> None:
    source = {"repoURL": "https://github.com/argoproj/argo-cd", "targetRevision": OLD, "path": "manifests/ha"}
    files: Files = {
        "bootstrap.yaml": application("bootstrap", "clusters/staging"),
        "clusters/staging/argocd.yaml": application("argocd", "", sources=[source]),
    }
    plan = bump(files, overlay="clusters/staging")
    proof = await proven(engine, files, plan)
    assert [move.new for move in plan.moves] == [NEW]
    assert proof.holds, proof.failure
    assert proof.images == ()
    # The CRDs come with `argocd`; `bootstrap` only brings that Application.
    (caution,) = proof.cautions
    assert caution.startswith("clusters/staging/argocd.yaml:1: `argocd` syncs this without `ServerSideApply=true`")


async def test_an_edit_without_effect_is_no_proof(engine: Engine) -> None:
    patch = workload("argocd-server", "registry.example/cd:1")
    files = {
        **SHARED,
        "argocd/base/kustomization.yaml": kustomization("server.yaml", extra="patches: [{path: patch.yaml}]\n"),
        "argocd/base/server.yaml": workload("argocd-server", f"quay.io/argoproj/argocd:{OLD}"),
        "argocd/base/patch.yaml": patch,
    }
    proof = await proven(engine, files, bump(files))
    assert "no image changes, so these pins do not decide what runs" in proof.failure


async def test_an_application_with_an_image_of_its_own_undoes_the_bump(engine: Engine) -> None:
    own = {"kustomize": {"images": [f"quay.io/argoproj/argocd:{OLD}"]}}
    files = {**SHARED, "apps.yaml": application("argocd-staging", STAGING, source=own)}
    proof = await proven(engine, files, bump(files))
    assert proof.failure == (
        f"The Applications that deploy it run {NEW}: in argocd-staging Deployment argocd/argocd-server runs "
        f"quay.io/argoproj/argocd:{OLD}"
    )


@pytest.mark.parametrize(
    ("pinned", "old", "new"),
    [
        (f"newTag: {OLD}\n  digest: {OLD_DIGEST}", f":{OLD}@{OLD_DIGEST}", f":{NEW}@{NEW_DIGEST}"),
        (f"newTag: {OLD}@{OLD_DIGEST}", f":{OLD}@{OLD_DIGEST}", f":{NEW}@{NEW_DIGEST}"),
        (f"digest: {OLD_DIGEST}", f"@{OLD_DIGEST}", f"@{NEW_DIGEST}"),
    ],
)
@pytest.mark.parametrize("where", [K, "argocd/base/kustomization.yaml"], ids=["overlay", "shared base"])
async def test_digests_move_with_their_tags(engine: Engine, pinned: str, old: str, new: str, where: str) -> None:
    text = str(SHARED[where]) + f"images:\n- name: quay.io/argoproj/argocd\n  {pinned}\n"
    files = {**SHARED, where: text}
    proof = await proven(engine, files, bump(files))
    assert proof.holds, proof.failure
    name = "quay.io/argoproj/argocd"
    expected = new if ":" in old.split("@")[0] or where == K else f":{NEW}@{NEW_DIGEST}"
    assert {(change.old, change.new) for change in proof.images} == {(name + old, name + expected)}


def counted(proof: BumpProof) -> None:
    """Every row looked at something."""
    for row in proof.rows:
        assert re.match(r"[1-9]|[a-z]", row.detail), row
        assert not row.detail.startswith("no "), row
        assert " of 0" not in row.detail, row


def plain(*applications: str) -> Files:
    return {f"clusters/staging/{index}.yaml": text for index, text in enumerate(applications)}


RUNNING = workload("a", f"quay.io/argoproj/argocd:{OLD}")
CHARTED = {"repoURL": "oci://ghcr.io/argoproj/argo-helm/argo-cd", "path": ".", "targetRevision": "9.1.0"}


@pytest.mark.parametrize(
    ("files", "overlay"),
    [
        (plain(application("argocd", "", sources=[CHARTED])), "clusters/staging"),
        # Without any Application around it.
        ({K: kustomization(f"https://github.com/argoproj/argo-cd?ref={OLD}")}, STAGING),
        ({K: kustomization("pod.yaml"), f"{STAGING}/pod.yaml": RUNNING}, STAGING),
        # Nothing but itself to look at.
        (
            {
                "apps.yaml": application("a", STAGING),
                K: kustomization("pod.yaml"),
                f"{STAGING}/pod.yaml": RUNNING,
            },
            STAGING,
        ),
        # A chart of one's own, which only Helm renders.
        (
            {
                "apps.yaml": application("a", STAGING),
                f"{STAGING}/Chart.yaml": "name: x\nversion: 0.1.0\ndependencies:\n"
                "- {name: argo-cd, version: 9.1.0, repository: https://argoproj.github.io/argo-helm}\n",
            },
            STAGING,
        ),
        (
            {
                "apps.yaml": application("a", STAGING),
                K: "helmCharts:\n- {name: argo-cd, repo: https://argoproj.github.io/argo-helm, version: 9.1.0}\n",
            },
            STAGING,
        ),
    ],
    ids=[
        "a chart in OCI",
        "no Application",
        "no Application, rendered",
        "one Application",
        "own chart",
        "helmCharts",
    ],
)
async def test_a_row_that_looked_at_nothing_is_not_there(engine: Engine, files: Files, overlay: str) -> None:
    charts = {chart: {"9.2.0": NEW} for chart in ARGO_CD.charts}
    plan = bump(files, overlay=overlay, charts=charts)
    assert plan.edits
    proof = await proven(engine, files, plan, charts)
    assert proof.holds, proof.failure
    assert proof.rows
    counted(proof)


async def test_without_a_pin_nothing_is_proven(engine: Engine) -> None:
    plan = bump(SHARED)
    nothing = replace(plan, component=replace(plan.component, images=("quay.io/acme/other",), quay="acme/other"))
    proof = await proven(engine, SHARED, nothing)
    assert "0 of 0" in proof.failure


async def test_a_renamed_image_of_a_shared_base_is_looked_at_by_its_new_name(engine: Engine) -> None:
    component = replace(ARGO_CD, images=(*ARGO_CD.images, "mirror.example/cd"))
    renamed = f"images:\n- {{name: quay.io/argoproj/argocd, newName: mirror.example/cd, newTag: {OLD}}}\n"
    base = "argocd/base/kustomization.yaml"
    files = {**SHARED, base: str(SHARED[base]) + renamed}
    plan = bump(files, component=component)
    proof = await proven(engine, files, plan)
    assert proof.holds, proof.failure
    counted(proof)
    assert {change.new for change in proof.images} == {f"mirror.example/cd:{NEW}"}
    assert (f"Every rendered image of argo-cd is {NEW}", "2 of 2") in [(r.statement, r.detail) for r in proof.rows]


async def test_two_applications_of_one_name_are_compared_each_with_itself(engine: Engine) -> None:
    source = {"repoURL": "https://argoproj.github.io/argo-helm", "chart": "argo-cd", "targetRevision": "9.1.0"}
    one, two = (application("argocd", "", namespace=where, sources=[source]) for where in ("blue", "green"))
    files = plain(one, two)
    charts = {ARGO_CD.charts[0]: {"9.2.0": NEW}}
    plan = bump(files, overlay="clusters/staging", charts=charts)
    assert len(plan.moves) == 2
    proof = await proven(engine, files, plan, charts)
    assert proof.holds, proof.failure
    rows = {row.statement: row.detail for row in proof.rows}
    assert rows["Only the version changes in what it renders"] == "2 values in 1 of 2 resources"
    assert rows["No Application comes or goes"] == "2 before, 2 after"


async def test_an_application_that_reads_an_edited_file_unseen_is_no_bystander(engine: Engine) -> None:
    """Helm renders it, so no walk tells which files it reads: those below its path."""
    chart = "name: x\nversion: 0.1.0\ndependencies:\n- {name: argo-cd, version: 9.1.0, repository: R}\n"
    files: Files = {
        "apps.yaml": documents(application("staging", STAGING), application("all", "argocd")),
        f"{STAGING}/Chart.yaml": chart.replace("R", "https://argoproj.github.io/argo-helm"),
        "argocd/Chart.yaml": "name: whole\nversion: 0.1.0\n",
    }
    charts = {ARGO_CD.charts[0]: {"9.2.0": NEW}}
    proof = await proven(engine, files, bump(files, charts=charts), charts)
    assert proof.failure == "No other Application changes: all would change"


@pytest.mark.parametrize("tag", ["latest", "v3.2.2-acme", "v3.9.9"])
async def test_an_image_of_any_other_version_is_no_proof(engine: Engine, tag: str) -> None:
    plan = bump(SHARED)
    files = {**SHARED, K: str(SHARED[K]) + "patches: [{path: other.yaml}]\n"}
    files[f"{STAGING}/other.yaml"] = workload("argocd-server", "x").replace(
        '"image": "x"', f'"image": "x", "env": [{{"name": "IMAGE", "value": "quay.io/argoproj/argocd:{tag}"}}]'
    )
    proof = await proven(engine, files, plan)
    assert f"Every rendered image of argo-cd is {NEW}" in [row.statement for row in proof.rows if not row.holds]
