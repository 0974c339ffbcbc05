"""Bumps of what brings manifests of its own: a release changes more than images, and that is told and no fault."""

from __future__ import annotations

import pytest

from checks.planning.bumps.proof import BumpProof, prove_bump
from gitops.discovery.rounds import discover
from gitops.outside.found import Found, RepositoryFound
from gitops.outside.wanted import RepositoryWanted, Wanted
from gitops.versions.components import ARGO_CD
from tests.checks.planning.bumps.stage import NEW, OLD, STAGING, K, bump
from tests.checks.planning.bumps.test_bump_proof import workload
from tests.outside.dictionary import Outside, chart, commit_of, tree_of
from tests.rendered import ANALYSIS, EngineProcess, running
from tests.scenarios import Files, application, config_map, documents, kustomization, manifest, tree

REPOSITORY = "https://github.com/argoproj/argo-cd"
BASE = f"{REPOSITORY}//manifests/cluster-install?ref={OLD}"
RAW = f"https://raw.githubusercontent.com/argoproj/argo-cd/{OLD}/manifests/install.yaml"
HELM = "https://argoproj.github.io/argo-helm"
CHARTS = {ARGO_CD.charts[0]: {"9.1.0": OLD, "9.2.0": NEW}}
OTHER = "https://git.example.com/acme/base"

process = pytest.fixture(scope="module", name="process")(running)


def release(version: str) -> str:
    """A server, a cache with another image in each release, a CRD, and a resource that each release has alone."""
    text = {"plural": "applications", "served": "more" if version == NEW else "less"}
    crd = manifest("CustomResourceDefinition", "applications.argoproj.io", "", "apiextensions.k8s.io/v1", spec=text)
    settings = config_map("argocd-cm", "argocd").replace('"a"', f'"{text["served"]}"')
    return documents(
        workload("argocd-server", f"quay.io/argoproj/argocd:{version}"),
        workload("argocd-redis", "redis:8.2" if version == NEW else "redis:7.2"),
        crd,
        settings,
        manifest("ServiceAccount", "new" if version == NEW else "old", "argocd"),
    )


def outside() -> Outside:
    where = "manifests/cluster-install"
    return Outside(
        {
            (REPOSITORY, version): {
                f"{where}/kustomization.yaml": "resources: [all.yaml]\n",
                f"{where}/all.yaml": release(version),
            }
            for version in (OLD, NEW)
        },
        {
            (HELM, "argo-cd", number): chart("argo-cd", number, {"all.yaml": release(version)}, values="a: b\n")
            for number, version in (("9.1.0", OLD), ("9.2.0", NEW))
        },
        {RAW.replace(OLD, version): release(version) for version in (OLD, NEW)},
    )


def prove(process: EngineProcess, files: Files, overlay: str = STAGING, there: Outside | None = None) -> BumpProof:
    fetch = (there or outside()).fetch
    plan = bump(files, overlay=overlay, charts=CHARTS)
    assert plan.edits
    before = process.run(discover(tree(files), ANALYSIS), fetch)
    return process.run(prove_bump(before, ANALYSIS, plan, CHARTS), fetch)


def changes(proof: BumpProof) -> tuple[str, str, bool]:
    (row,) = [row for row in proof.rows if "in what it renders" in row.statement]
    return row.statement, row.detail, row.holds


def overlay(entries: str, *own: str) -> Files:
    return {
        "apps.yaml": documents(application("argocd-staging", STAGING), application("web", "web")),
        "web/map.yaml": config_map("settings"),
        f"{STAGING}/own.yaml": config_map("own", "argocd"),
        K: entries + "".join(own),
    }


INFLATED = f"resources: [own.yaml]\nhelmCharts:\n- {{name: argo-cd, repo: {HELM}, version: 9.1.0}}\n"
MERGED = "configMapGenerator: [{name: argocd-cm, namespace: argocd, behavior: merge, literals: [url=x]}]\n"


@pytest.mark.parametrize(
    "entries",
    [
        kustomization(BASE, "own.yaml"),
        kustomization(RAW, "own.yaml"),
        INFLATED,
        kustomization(BASE, "own.yaml") + f"images:\n- {{name: quay.io/argoproj/argocd, newTag: {OLD}}}\n",
        kustomization(BASE, "own.yaml") + MERGED + "generatorOptions: {disableNameSuffixHash: true}\n",
    ],
    ids=["base", "file", "chart", "base with a pinned image", "base with settings of one's own"],
)
def test_what_a_release_brings_is_told_and_holds(process: EngineProcess, entries: str) -> None:
    proof = prove(process, overlay(entries))
    assert proof.holds, proof.failure
    assert changes(proof) == (
        "Only the release changes in what it renders",
        "2 images in 2 of 6 resources; 2 other resources of the release change (ConfigMap argocd/argocd-cm and "
        "CustomResourceDefinition applications.argoproj.io); 1 comes with it (ServiceAccount argocd/new); "
        "1 goes with it (ServiceAccount argocd/old)",
        True,
    )
    # The cache's image is among those that a person sees.
    assert {(image.old, image.new) for image in proof.images} == {
        ("redis:7.2", "redis:8.2"),
        (f"quay.io/argoproj/argocd:{OLD}", f"quay.io/argoproj/argocd:{NEW}"),
    }
    assert ("No other Application changes", "1 compared, byte for byte the same") in [
        (row.statement, row.detail) for row in proof.rows
    ]


COPIED = """replacements:
- source: {kind: Deployment, name: argocd-redis, fieldPath: spec.template.spec.containers.0.image}
  targets: [{select: {kind: ConfigMap, name: own}, fieldPaths: [data.cache], options: {create: true}}]
"""


def test_what_the_repository_itself_says_has_to_stay(process: EngineProcess) -> None:
    proof = prove(process, overlay(kustomization(BASE, "own.yaml"), COPIED))
    _, detail, holds = changes(proof)
    assert not holds and detail.endswith("; also ConfigMap argocd/own data.cache")
    assert "argocd-staging would change" in [row.detail for row in proof.rows if not row.holds]


def test_another_base_that_changes_meanwhile_is_not_of_the_release(process: EngineProcess) -> None:
    there = outside()
    asked: list[Wanted] = []

    def fetch(wanted: Wanted) -> Found:
        if isinstance(wanted, RepositoryWanted) and wanted.url == OTHER:
            asked.append(wanted)
            files = {"kustomization.yaml": "resources: [cm.yaml]", "cm.yaml": config_map(f"far-{len(asked)}")}
            return RepositoryFound(tree_of(files), commit_of(files))
        return there.fetch(wanted)

    files = overlay(kustomization(BASE, f"{OTHER}?ref=main", "own.yaml"))
    before = process.run(discover(tree(files), ANALYSIS), fetch)
    proof = process.run(prove_bump(before, ANALYSIS, bump(files)), fetch)
    _, detail, holds = changes(proof)
    assert not holds and "also ConfigMap shop/far-" in detail


def test_what_a_kustomization_makes_itself_is_not_of_the_chart_that_it_inflates(process: EngineProcess) -> None:
    """The version stands in what the ConfigMap is made of, too."""
    own = "configMapGenerator: [{name: mine, files: [kustomization.yaml]}]\n"
    proof = prove(process, overlay(INFLATED, own))
    _, detail, holds = changes(proof)
    assert not holds and "also ConfigMap mine-" in detail
