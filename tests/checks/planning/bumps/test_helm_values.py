"""Image tags in the values of the chart move with it, wherever they stand."""

from __future__ import annotations

import json

import pytest

from gitops.versions.components import ARGO_CD
from gitops.versions.pins.model import Style
from tests.checks.planning.bumps.stage import NEW, NEW_DIGEST, OLD, OLD_DIGEST, STAGING, K, after, bump
from tests.scenarios import Files, kustomization

HELM = "https://argoproj.github.io/argo-helm"
CHARTS = {ARGO_CD.charts[0]: {"9.1.0": OLD, "9.2.0": NEW}}
APP = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: argocd}\nspec:\n"
SOURCE = f"  source:\n    repoURL: {HELM}\n    chart: argo-cd\n    targetRevision: C\n"
FILE = f"{STAGING}/app.yaml"
VALUES = f"{STAGING}/values.yaml"
INFLATED = f"helmCharts:\n- {{name: argo-cd, repo: {HELM}, version: C, valuesFile: values.yaml}}\n"
CHARTED: Files = {K: kustomization("app.yaml")}

# (files with C for the chart's version, X for the image's, Y for its digest)
WRITTEN: list[tuple[str, Files]] = [
    ("a values file of helmCharts", {K: INFLATED, VALUES: "global:\n  image: {tag: X} # pinned\n"}),
    (
        "parts of the chart",
        {
            K: INFLATED,
            VALUES: "controller: {image: {tag: X}}\nserver:\n  image:\n    tag: 'X'\nrepoServer: {image: {tag: X}}\n"
            "applicationSet: {image: {tag: X}}\nnotifications: {image: {tag: X}}\ndex: {initImage: {tag: X}}\n",
        },
    ),
    (
        "further values files",
        {
            K: INFLATED.replace("valuesFile: values.yaml", "additionalValuesFiles: [more/values.yaml]"),
            f"{STAGING}/more/values.yaml": "global: {image: {tag: X}}\n",
        },
    ),
    (
        "valuesInline",
        {
            K: f"helmCharts:\n- name: argo-cd\n  repo: {HELM}\n  version: C\n"
            "  valuesInline: {global: {image: {tag: X}}}\n"
        },
    ),
    (
        "a generator",
        {
            K: "generators: [chart.yaml]\n",
            f"{STAGING}/chart.yaml": "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: c}\n"
            f"name: argo-cd\nrepo: {HELM}\nversion: C\nvaluesInline:\n  global:\n    image: {{tag: X}}\n",
        },
    ),
    ("valuesObject", {**CHARTED, FILE: APP + SOURCE + "    helm: {valuesObject: {global: {image: {tag: X}}}}\n"}),
    (
        "values",
        {
            **CHARTED,
            FILE: APP + SOURCE + "    helm:\n      values: |\n        global:\n          image: {tag: X}\n",
        },
    ),
    (
        "parameters",
        {
            **CHARTED,
            FILE: APP + SOURCE + "    helm:\n      parameters:\n      - {name: global.image.tag, value: X}\n",
        },
    ),
    (
        "a values file of another source",
        {
            **CHARTED,
            FILE: APP + "  sources:\n  - {repoURL: 'https://github.com/acme/x', targetRevision: main, ref: values}\n"
            f"  - {{repoURL: {HELM}, chart: argo-cd, targetRevision: C,\n"
            "     helm: {valueFiles: [$values/argocd/v.yaml]}}\n",
            "argocd/v.yaml": "global:\n  image:\n    tag: X\n",
        },
    ),
    (
        "an ApplicationSet",
        {
            **CHARTED,
            FILE: "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: a}\nspec:\n  template:\n"
            f"    spec:\n      source: {{repoURL: {HELM}, chart: argo-cd, targetRevision: C,\n"
            "        helm: {valuesObject: {server: {image: {tag: X}}}}}\n",
        },
    ),
    (
        "a patch",
        {
            K: kustomization("app.yaml")
            + "patches:\n- patch: |-\n    apiVersion: argoproj.io/v1alpha1\n    kind: Application\n"
            "    metadata: {name: argocd}\n    spec: {source: {helm: {valuesObject: {global: {image: {tag: X}}}}}}\n",
            FILE: APP + SOURCE,
        },
    ),
    (
        "a JSON patch",
        {
            K: kustomization("app.yaml") + "patches:\n- target: {kind: Application, name: argocd}\n  patch: |-\n"
            "    - {op: add, path: /spec/source/helm/valuesObject/global/image/tag, value: X}\n",
            FILE: APP + SOURCE,
        },
    ),
    ("a tag with a digest", {K: INFLATED, VALUES: "global: {image: {tag: X@Y}}\n"}),
    ("a repository", {K: INFLATED, VALUES: "global: {image: {repository: quay.io/argoproj/argocd, tag: X}}\n"}),
]  # fmt: skip


def filled(files: Files, chart: str, version: str, digest: str) -> Files:
    return {
        path: str(text).replace(": C", f": {chart}").replace("X", version).replace("Y", digest)
        for path, text in files.items()
    }


@pytest.mark.parametrize("files", [case[1] for case in WRITTEN], ids=[case[0] for case in WRITTEN])
def test_the_tag_moves_with_the_chart(files: Files) -> None:
    before = filled(files, "9.1.0", OLD, OLD_DIGEST)
    plan = bump(before, charts=CHARTS)
    assert plan.reported == ()
    assert {pin.style for pin in plan.pins.pins} == {Style.CHART, Style.VALUES}
    expected = filled(files, "9.2.0", NEW, NEW_DIGEST)
    changed = after(before, plan)
    assert {path: changed.read(path).decode() for path in changed.paths()} == expected
    assert bump(expected, charts=CHARTS).edits == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("global: {image: {tag: latest}}\n", "follows `latest`, which is no version"),
        ("global: {image: {tag: v3.2.2-acme.1}}\n", "a build of your own of v3.2.2"),
        (
            "global: {image: {repository: ghcr.io/acme/argocd, tag: v3.2.2}}\n",
            "runs ghcr.io/acme/argocd, and whether",
        ),
        ("global: {image: {repository: ghcr.io/acme/argocd}}\n", "runs ghcr.io/acme/argocd, and whether"),
        ("global: {image: {repository: m.example/cd}}\nserver: {image: {tag: v3.2.2}}\n", "runs m.example/cd"),
        ("global: {image: {tag: &t v3.2.2}}\nserver: {image: {tag: *t}}\n", "does not edit"),
        ("global: {image: {tag: v3.9.9}}\n", "already, which is newer"),
    ],
)
def test_a_tag_that_cannot_move_keeps_the_chart_back(text: str, words: str) -> None:
    files = {K: INFLATED.replace(": C", ": 9.1.0"), VALUES: text}
    plan = bump(files, charts=CHARTS)
    assert plan.edits == ()
    assert any(r.message.startswith(f"{VALUES}:1 ") and words in r.message for r in plan.reported)
    assert [move.pin.style for move in plan.held][:1] == [Style.CHART]


@pytest.mark.parametrize(
    "text",
    [
        "redis: {image: {tag: 8.2.3-alpine}}\ndex: {image: {tag: v2.45.1}}\nredis-ha: {image: {tag: 8.2.3}}\n",
        "server: {extensions: {image: {tag: v0.0.8}}}\n",
        "redis: {exporter: {image: {repository: ghcr.io/oliver006/redis_exporter, tag: v1.75.0}}}\n",
        "global: {image: {tag: ''}}\n",
    ],
)
def test_other_images_of_the_chart_stay(text: str) -> None:
    files = {K: INFLATED.replace(": C", ": 9.1.0"), VALUES: text}
    plan = bump(files, charts=CHARTS)
    assert [move.pin.style for move in plan.moves] == [Style.CHART]
    assert plan.reported == ()


@pytest.mark.parametrize(
    "other",
    [
        {"argocd/production/kustomization.yaml": INFLATED.replace("values.yaml", "../overlays/staging/values.yaml")},
        {"prod.yaml": APP + SOURCE + f"    helm: {{valueFiles: [$values/{VALUES}]}}\n"},
    ],
    ids=["a kustomization", "an Application"],
)
def test_a_values_file_that_others_use_is_not_edited(other: Files) -> None:
    files: Files = {K: INFLATED.replace(": C", ": 9.1.0"), VALUES: f"global: {{image: {{tag: {OLD}}}}}\n", **other}
    plan = bump(files, charts=CHARTS)
    assert plan.edits == ()
    (user,) = other
    assert plan.reported[0].message == (
        f"{VALUES}:1 stands in a file that {user} uses too, so it stays at {OLD}; "
        f"give {STAGING} a values file of its own"
    )


def test_a_release_of_the_chart_alone_moves_the_chart_and_keeps_the_tag() -> None:
    files = {K: INFLATED.replace(": C", ": 9.2.0"), VALUES: f"global: {{image: {{tag: {NEW}}}}}\n"}
    plan = bump(files, charts={ARGO_CD.charts[0]: {"9.2.1": NEW}})
    assert [(move.pin.style, move.new) for move in plan.moves] == [(Style.CHART, "9.2.1")]
    assert plan.reported == ()


def test_values_of_another_chart_are_not_ours() -> None:
    values = json.dumps({"global": {"image": {"tag": "v1.0.0"}}})
    files = {
        K: f"helmCharts:\n- {{name: argo-cd, repo: {HELM}, version: 9.1.0}}\n"
        "- {name: redis, repo: 'https://charts.example', version: 1.0.0, valuesFile: values.yaml}\n",
        VALUES: values,
    }
    assert [move.pin.style for move in bump(files, charts=CHARTS).moves] == [Style.CHART]
