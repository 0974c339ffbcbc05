"""Which overlay is bumped when the configuration does not say."""

from __future__ import annotations

import re

import pytest

from gitops.discovery.scan import scan
from gitops.versions.components import ARGO_CD, Component
from gitops.versions.overlay import NoOverlay, find_overlay
from tests.scenarios import Files, application, kustomization, tree

PIN = "images: [{name: quay.io/argoproj/argocd, newTag: v3.2.2}]\n"
REDIS = "images: [{name: redis, newTag: 7.0.0}]\n"


def overlay(files: Files, configured: str | None = None, component: Component = ARGO_CD) -> str:
    found = tree(files)
    return find_overlay(found, component, scan(found, {}, {}), {}, configured).overlay


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"argocd/overlays/staging/kustomization.yaml": PIN, "argocd/overlays/production/kustomization.yaml": PIN},
            "argocd/overlays/staging",
        ),
        ({"clusters/Staging/argocd/kustomization.yml": PIN}, "clusters/Staging/argocd"),
        ({"staging/a/kustomization.yaml": PIN, "staging/b/kustomization.yaml": REDIS}, "staging/a"),
        # The outer one decides over the files of the inner one too.
        (
            {
                "staging/kustomization.yaml": "resources: [argocd, web]\n",
                "staging/argocd/kustomization.yaml": PIN,
                "staging/web/kustomization.yaml": REDIS,
            },
            "staging",
        ),
        # A component is no overlay by itself.
        (
            {
                "staging/argocd/kustomization.yaml": "components: [../version]\n",
                "staging/version/kustomization.yaml": "kind: Component\n" + PIN,
            },
            "staging/argocd",
        ),
        # The pin may stand in the base alone.
        (
            {"base/kustomization.yaml": PIN, "staging/kustomization.yaml": kustomization("../base")},
            "staging",
        ),
        # Applications in a directory without a kustomization.
        (
            {
                "clusters/staging/argocd.yaml": application(
                    "argocd", "", source={"repoURL": "https://argoproj.github.io/argo-helm", "chart": "argo-cd"}
                )
            },
            "clusters/staging",
        ),
    ],
)
def test_the_one_below_staging_that_pins_argo_cd(files: Files, expected: str) -> None:
    assert overlay(files) == expected


SERVER = "kind: Deployment\nspec: {template: {spec: {containers: [{image: 'quay.io/argoproj/argocd:v3.2.0'}]}}}\n"


def test_plain_manifests_that_an_application_deploys_are_seen() -> None:
    """Only where nothing else is: a directory of plain manifests may hold overlays too."""
    deployed = {"apps.yaml": application("argocd", "argocd/staging")}
    assert overlay({**deployed, "argocd/staging/server.yaml": SERVER}) == "argocd/staging"
    below = {**deployed, "argocd/staging/server.yaml": SERVER, "argocd/staging/x/kustomization.yaml": PIN}
    assert overlay(below) == "argocd/staging/x"
    elsewhere = {"apps/cd.yaml": application("argocd", "cd"), "cd/server.yaml": SERVER}
    with pytest.raises(NoOverlay, match=re.escape("cd does: write `argocd: {overlay: cd}` into")):
        overlay(elsewhere)
    with pytest.raises(NoOverlay, match="nothing in this repository pins argo-cd"):
        overlay({"apps/o.yaml": application("argocd", "other"), "cd/server.yaml": SERVER, "other/m.yaml": "a: b\n"})


def test_the_configuration_decides() -> None:
    files = {"a/staging/kustomization.yaml": PIN, "b/staging/kustomization.yaml": PIN, "c/kustomization.yaml": PIN}
    assert overlay(files, "c") == "c"


@pytest.mark.parametrize(
    ("files", "configured", "words"),
    [
        ({"argocd/kustomization.yaml": PIN}, None, "no kustomization below a directory `staging` pins argo-cd"),
        (
            {"argocd-staging/kustomization.yaml": PIN},
            None,
            "argocd-staging does: write `argocd: {overlay: argocd-staging}` into .github/argofix.yaml",
        ),
        ({"staging/kustomization.yaml": REDIS}, None, "nothing in this repository pins argo-cd"),
        (
            {"a/staging/kustomization.yaml": PIN, "b/staging/kustomization.yaml": PIN},
            None,
            "a/staging, b/staging pin argo-cd: say which is meant in .github/argofix.yaml, for example "
            "`argocd: {overlay: a/staging}`",
        ),
        ({"x": ""}, "argocd", "the overlay argocd of argo-cd does not exist"),
        ({"staging/kustomization.yaml": REDIS}, "staging", "nothing in staging or its bases pins argo-cd"),
        ({"staging/kustomization.yaml": "resources: [\n"}, "staging", "nothing in staging or its bases pins argo-cd"),
    ],
)
def test_without_a_clear_answer_nothing_is_guessed(files: Files, configured: str | None, words: str) -> None:
    with pytest.raises(NoOverlay, match=re.escape(words)):
        overlay(files, configured)


def test_other_components_are_named_by_their_own_key() -> None:
    rollouts = Component("argo-rollouts", ("quay.io/argoproj/argo-rollouts",), "argoproj/argo-rollouts", "a/b")
    pin = "images: [{name: quay.io/argoproj/argo-rollouts, newTag: v1.8.0}]\n"
    with pytest.raises(NoOverlay, match=r"write `versions: \{argo-rollouts: \{overlay: rollouts\}\}` into"):
        overlay({"rollouts/kustomization.yaml": pin}, component=rollouts)
