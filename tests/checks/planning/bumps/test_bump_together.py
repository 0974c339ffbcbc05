"""All pins of a component move together or none, and what keeps them back is named with its line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.planning.bumps.plan import BumpPlan
from gitops.versions.components import ARGO_CD, Component
from tests.checks.planning.bumps.stage import NEW, OLD, STAGING, K, after, bump
from tests.checks.planning.bumps.test_pins_in_manifests import upstream
from tests.scenarios import Files, application, kustomization, manifest

IMAGES = f"images:\n- {{name: quay.io/argoproj/argocd, newTag: {OLD}}}\n"
COMMIT = "0f0c3ae6b0d2b2b8b4a4f1f0a1f2d3c4b5a69788"
REMOTE = "https://github.com/argoproj/argo-cd//manifests/ha?ref="
BASE = "argocd/base/kustomization.yaml"
PRODUCTION = "argocd/overlays/production/kustomization.yaml"
COMPONENT = "argocd/components/version/kustomization.yaml"


def server(image: str = f"quay.io/argoproj/argocd:{OLD}", name: str = "argocd-server") -> str:
    return manifest(
        "Deployment", name, "argocd", "apps/v1", spec={"template": {"spec": {"containers": [{"image": image}]}}}
    )


# What is left, and the place that has to be named: one pin each, beside an `images` entry that could move.
LEFT: list[tuple[str, Files, str]] = [
    ("a commit", {K: f"resources: ['{REMOTE}{COMMIT}']\n{IMAGES}"}, f"{K}:1 follows `{COMMIT}`"),
    ("a branch", {K: f"resources: ['{REMOTE}stable']\n{IMAGES}"}, f"{K}:1 follows `stable`"),
    ("no version", {K: f"resources: ['{REMOTE.removesuffix('?ref=')}']\n{IMAGES}"}, f"{K}:1 names no version"),
    (
        "a raw file of a branch",
        {
            K: f"resources: ['https://raw.githubusercontent.com/argoproj/argo-cd/HEAD/manifests/install.yaml']\n{IMAGES}"
        },
        f"{K}:1 follows `HEAD`",
    ),
    (
        "a copy of upstream's manifest",
        {K: f"resources: [install.yaml]\n{IMAGES}", f"{STAGING}/install.yaml": upstream("v3.2.0")},
        f"{STAGING}/install.yaml:",
    ),
    (
        "a base that production shares",
        {
            K: f"resources: [../../base]\n{IMAGES}",
            BASE: kustomization(f"{REMOTE}{OLD}"),
            PRODUCTION: kustomization("../../base"),
        },
        f"{BASE}:4 stands in a file that {PRODUCTION} uses too",
    ),
    (
        "an Application of a branch",
        {
            K: f"resources: [app.yaml]\n{IMAGES}",
            f"{STAGING}/app.yaml": application(
                "argocd", "", source={"repoURL": "https://github.com/argoproj/argo-cd", "targetRevision": "HEAD"}
            ),
        },
        f"{STAGING}/app.yaml:1 follows `HEAD`",
    ),
    (
        "a range of charts",
        {
            K: "helmCharts:\n- {name: argo-cd, repo: https://argoproj.github.io/argo-helm, version: 9.*}\n" + IMAGES,
        },
        f"{K}:2 pins version 9.* of the chart",
    ),
    ("a newer one", {K: f"resources: ['{REMOTE}v3.4.0']\n{IMAGES}"}, f"{K}:1 pins v3.4.0 already, which is newer"),
]


@pytest.mark.parametrize(("files", "words"), [case[1:] for case in LEFT], ids=[case[0] for case in LEFT])
def test_one_pin_that_is_left_keeps_the_others_back(files: Files, words: str) -> None:
    plan = bump(files)
    assert (plan.edits, plan.moves, plan.blocked) == ((), (), True)
    assert [report.message for report in plan.reported if report.message.startswith(words)]
    # What would have moved is named as well.
    assert [move.pin.subject for move in plan.held] == ["quay.io/argoproj/argocd"]


@pytest.mark.parametrize("revision", ["stable", COMMIT, "HEAD"])
def test_what_is_advised_for_a_base_lets_all_of_them_move(revision: str) -> None:
    files: Files = {K: f"resources: ['{REMOTE}{revision}']\n{IMAGES}"}
    (report,) = bump(files).reported
    assert f"write `?ref={NEW}` there, then all pins move together" in report.message
    advised = {K: str(files[K]).replace(f"?ref={revision}", f"?ref={NEW}")}
    plan = bump(advised)
    assert (plan.reported, [move.new for move in plan.moves]) == ((), [NEW])


SHARED: Files = {
    BASE: kustomization("server.yaml"),
    "argocd/base/server.yaml": server(),
    K: "resources: [../../base]\ncomponents: [../../components/version]\n",
    PRODUCTION: "resources: [../../base]\ncomponents: [../../components/version]\n",
    COMPONENT: f"apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n{IMAGES}",
}
ENTRY = f"images:\n  - name: quay.io/argoproj/argocd\n    newTag: {NEW}\n"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {COMPONENT: str(SHARED[COMPONENT]).replace("images:", "imageTags:")},
        # Through another component, and in one that does more.
        {
            COMPONENT: "kind: Component\ncomponents: [../inner]\n",
            "argocd/components/inner/kustomization.yaml": f"kind: Component\nnamePrefix: x-\n{IMAGES}",
        },
        # By a component's plugin.
        {
            COMPONENT: "kind: Component\ntransformers: [tag.yaml]\n",
            "argocd/components/version/tag.yaml": "apiVersion: builtin\nkind: ImageTagTransformer\n"
            f"metadata: {{name: t}}\nimageTag: {{name: quay.io/argoproj/argocd, newTag: {OLD}}}\n",
        },
        # The component stands in the shared base.
        {
            BASE: "resources: [server.yaml]\ncomponents: [../components/version]\n",
            K: "resources: [../../base]\n",
            PRODUCTION: "resources: [../../base]\n",
        },
    ],
    ids=["images", "imageTags", "a component's component", "a plugin", "below the base"],
)
def test_what_a_shared_component_pins_is_overridden_in_the_overlay(more: dict[str, str]) -> None:
    files: Files = {**SHARED, **more}
    plan = bump(files)
    assert plan.reported == ()
    changed = after(files, plan)
    assert changed.read(K).decode() == str(files[K]) + ENTRY
    assert {edit.span.path for edit in plan.edits} == {K}


def test_of_two_components_the_last_one_decides() -> None:
    """The first one's pin is overridden by the second's, which only staging has."""
    last = "argocd/components/staging/kustomization.yaml"
    files: Files = {
        **SHARED,
        K: "resources: [../../base]\ncomponents: [../../components/version, ../../components/staging]\n",
        last: f"kind: Component\n{IMAGES}",
    }
    plan = bump(files)
    assert [(move.span.path, move.override) for move in plan.moves] == [(last, False)]


@pytest.mark.parametrize(
    "text",
    [
        f"imageTags:\n- name: quay.io/argoproj/argocd\n  newTag: {OLD}\n",
        f"images:\n- name: quay.io/argoproj/argocd\n  newtag: {OLD}\n",
        f"images:\n- {{name: quay.io/argoproj/argocd, newName: argocd}}\n- {{name: argocd, newTag: {OLD}}}\n",
        "transformers:\n- |-\n  apiVersion: builtin\n  kind: ImageTagTransformer\n  metadata: {name: t}\n"
        f"  imageTag: {{name: quay.io/argoproj/argocd, newTag: {OLD}}}\n",
    ],
    ids=["imageTags", "another case", "renamed twice", "an inline transformer"],
)
def test_pins_are_seen_in_every_spelling(text: str) -> None:
    files: Files = {K: text}
    plan = bump(files, component=_with("argocd"))
    assert plan.reported == ()
    assert after(files, plan).read(K).decode() == text.replace(OLD, NEW)


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ("- {op: replace, path: /spec/sources/1/targetRevision, value: 9.0.0}", "9.2.0"),
        ("- {op: replace, path: /spec/sources/0/targetRevision, value: 9.0.0}", None),
    ],
)
def test_a_patch_of_one_of_several_sources(patch: str, expected: str | None) -> None:
    app = application(
        "argocd",
        "",
        sources=[
            {"repoURL": "https://x.example/y", "targetRevision": "main", "ref": "values"},
            {"repoURL": "https://argoproj.github.io/argo-helm", "chart": "argo-cd", "targetRevision": "9.2.0"},
        ],
    )
    files: Files = {
        BASE: kustomization("app.yaml"),
        "argocd/base/app.yaml": app,
        PRODUCTION: kustomization("../../base"),
        K: "resources: [../../base]\npatches:\n- target: {kind: Application, name: argocd}\n"
        f"  patch: |-\n    {patch}\n",
    }
    plan = bump(files, charts={ARGO_CD.charts[0]: {"9.2.0": NEW, "9.0.0": OLD}})
    assert [move.new for move in plan.moves] == ([expected] if expected else [])


def _with(*names: str) -> Component:
    return replace(ARGO_CD, images=(*ARGO_CD.images, *names))


def told(plan: BumpPlan) -> str:
    return "\n".join(report.message for report in plan.reported)


def test_applications_of_one_name_with_different_sources_are_not_guessed() -> None:
    charts = {"repoURL": "https://argoproj.github.io/argo-helm", "chart": "argo-cd", "targetRevision": "9.0.0"}
    other = {"repoURL": "https://charts.example", "chart": "redis", "targetRevision": "1.0.0"}
    patch = "- {op: replace, path: /spec/source/targetRevision, value: 9.0.0}"
    files: Files = {
        K: "resources: [a.yaml, b.yaml]\npatches:\n- target: {kind: Application, name: x}\n"
        f"  patch: |-\n    {patch}\n",
        f"{STAGING}/a.yaml": application("x", "", source=charts, namespace="one"),
        f"{STAGING}/b.yaml": application("x", "", source=other, namespace="two"),
    }
    plan = bump(files, charts={ARGO_CD.charts[0]: {"9.2.0": NEW}})
    assert f"{K}:5 is written in a way that argofix does not edit" in told(plan)


CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: NAME}\n"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("applications.argoproj.io", "application-crd"),
        ("applicationsets.argoproj.io", "applicationset-crd"),
        ("appprojects.argoproj.io", "appproject-crd"),
    ],
)
def test_a_copy_of_a_definition_is_left_for_a_person_with_its_address(name: str, file: str) -> None:
    files: Files = {K: kustomization("crd.yaml") + IMAGES, f"{STAGING}/crd.yaml": CRD.replace("NAME", name)}
    plan = bump(files)
    assert [move.new for move in plan.moves] == [NEW]
    assert plan.copies == (
        f"{STAGING}/crd.yaml:1 is a copy of the CRD {name}, which does not move with the version: take the one of "
        f"https://raw.githubusercontent.com/argoproj/argo-cd/{NEW}/manifests/crds/{file}.yaml",
    )
    other = {**files, f"{STAGING}/crd.yaml": CRD.replace("NAME", "rollouts.argoproj.io")}
    assert bump(other).copies == ()


def test_a_chart_whose_version_a_generator_gives_is_left() -> None:
    text = application(
        "{{.cluster}}",
        "",
        source={
            "repoURL": "https://argoproj.github.io/argo-helm",
            "chart": "argo-cd",
            "targetRevision": "{{.version}}",
        },
    )
    files: Files = {K: kustomization("app.yaml") + IMAGES, f"{STAGING}/app.yaml": text}
    plan = bump(files, charts={ARGO_CD.charts[0]: {"9.2.0": NEW}})
    assert plan.edits == ()
    assert "takes the chart's version from a generator (`{{.version}}`): set it to 9.2.0 there" in told(plan)
