"""Argo CD as a dependency of a chart in the repository, with its lock, and copies of its chart."""

from __future__ import annotations

import pytest
import yaml

from gitops.charts.locked import lock_digest
from gitops.versions.components import ARGO_CD
from gitops.versions.pins.model import Style
from tests.checks.planning.bumps.stage import NEW, OLD, STAGING, K, after, bump, diff
from tests.scenarios import Files, application

HELM = "https://argoproj.github.io/argo-helm"
CHARTS = {ARGO_CD.charts[0]: {"9.1.0": OLD, "9.2.0": NEW}}
CHART = f"{STAGING}/Chart.yaml"
LOCK = f"{STAGING}/Chart.lock"
TEXT = (
    "apiVersion: v2\nname: platform\nversion: 0.1.0\ndependencies:\n"
    "- name: redis\n  version: '>=1.0.0'\n  repository: https://charts.example\n  tags: [cache]\n"
    f"- name: argo-cd\n  version: 9.1.0 # ours\n  repository: {HELM}\n  alias: cd\n  condition: cd.enabled\n"
)


def lock(chart: str, *, version: str = "9.1.0") -> str:
    locked = [
        {"name": "redis", "repository": "https://charts.example", "version": "1.4.2"},
        {"name": "argo-cd", "repository": HELM, "version": version},
    ]
    digest = lock_digest(yaml.safe_load(chart)["dependencies"], locked)
    text = yaml.safe_dump({"dependencies": locked, "digest": digest})
    return f'{text}generated: "2026-01-02T03:04:05.6+02:00"\n'


def test_the_digest_of_a_lock_is_helms() -> None:
    """As in argo-helm's charts/argo-cd/Chart.lock of chart 10.1.1."""
    url = "https://dandydeveloper.github.io/charts/"
    wanted = [{"name": "redis-ha", "version": "4.38.0", "repository": url, "condition": "redis-ha.enabled"}]
    locked = [{"name": "redis-ha", "repository": url, "version": "4.38.0"}]
    assert lock_digest(wanted, locked) == "sha256:0d8b0161248c5ab2c77d62fc77d5ca28393f73f7b7a8abd5474b78bc969cab39"


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_dependency_moves_with_its_lock(end: str) -> None:
    files: Files = {CHART: TEXT.replace("\n", end), LOCK: lock(TEXT).replace("\n", end)}
    plan = bump(files, charts=CHARTS)
    assert plan.reported == ()
    changed = after(files, plan)
    expected = TEXT.replace("version: 9.1.0", "version: 9.2.0")
    assert changed.read(CHART).decode() == expected.replace("\n", end)
    assert changed.read(LOCK).decode() == lock(expected, version="9.2.0").replace("\n", end)
    assert bump({CHART: expected, LOCK: lock(expected, version="9.2.0")}, charts=CHARTS).edits == ()
    # The lock is told.
    assert {move.span.path for move in plan.moves} == {CHART, LOCK}


def test_without_a_lock_there_is_none_to_keep() -> None:
    files: Files = {CHART: TEXT}
    assert diff(files, bump(files, charts=CHARTS)) == ["-  version: 9.1.0 # ours", "+  version: 9.2.0 # ours"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({LOCK: lock(TEXT).replace("1.4.2", "1.4.3")}, f"{LOCK} does not fit to {CHART} today"),
        ({LOCK: "digest: [\n"}, "is not valid YAML"),
        ({LOCK: ""}, f"{LOCK} is empty"),
        ({f"{STAGING}/charts/argo-cd-9.1.0.tgz": b"\x1f\x8b"}, f"{STAGING}/charts/argo-cd-9.1.0.tgz is a copy"),
        ({f"{STAGING}/charts/argo-cd/values.yaml": "x: 1\n"}, f"{STAGING}/charts/argo-cd/values.yaml is a copy"),
    ],
)
def test_what_helm_has_to_lock_again_is_left_with_the_command(more: Files, words: str) -> None:
    plan = bump({CHART: TEXT, **more}, charts=CHARTS)
    assert plan.edits == ()
    (report,) = plan.reported
    assert report.message.startswith(f"{CHART}:10 is locked: ")
    assert words in report.message
    assert report.command == f"helm dependency update {STAGING}"


@pytest.mark.parametrize(
    "values",
    ["cd:\n  global:\n    image: {tag: X}\n", "global: {image: {tag: X}}\n", "cd: {repoServer: {image: {tag: X}}}\n"],
)
def test_tags_in_the_values_of_the_chart_around_move_too(values: str) -> None:
    files: Files = {CHART: TEXT, f"{STAGING}/values.yaml": values.replace("X", OLD)}
    plan = bump(files, charts=CHARTS)
    assert plan.reported == ()
    assert after(files, plan).read(f"{STAGING}/values.yaml").decode() == values.replace("X", NEW)


def test_values_of_its_other_dependencies_stay() -> None:
    files: Files = {CHART: TEXT, f"{STAGING}/values.yaml": "redis: {image: {tag: v1.0.0}}\nimage: {tag: v1.0.0}\n"}
    assert {move.span.path for move in bump(files, charts=CHARTS).moves} == {CHART}


def test_the_requirements_of_an_old_chart() -> None:
    path = f"{STAGING}/requirements.yaml"
    files: Files = {path: f"dependencies:\n- {{name: argo-cd, version: 9.1.0, repository: {HELM}}}\n"}
    assert [move.span.path for move in bump(files, charts=CHARTS).moves] == [path]


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({CHART: f"name: argo-cd\nversion: 9.1.0\nappVersion: {OLD}\n"}, CHART),
        (
            {
                K: "helmCharts:\n- {name: argo-cd}\n",
                f"{STAGING}/charts/argo-cd/Chart.yaml": f"name: argo-cd\nversion: 9.1.0\nappVersion: {OLD}\n",
            },
            f"{STAGING}/charts/argo-cd/Chart.yaml",
        ),
        (
            {
                K: "helmGlobals: {chartHome: ../../charts}\nhelmCharts:\n- {name: argo-cd}\n",
                "argocd/charts/argo-cd/Chart.yaml": f"name: argo-cd\nversion: 9.1.0\nappVersion: {OLD}\n",
            },
            "argocd/charts/argo-cd/Chart.yaml",
        ),
    ],
    ids=["the overlay itself", "charts", "chartHome"],
)
def test_a_copy_of_the_chart_is_left(files: dict[str, str], where: str) -> None:
    plan = bump(files, charts=CHARTS)
    assert [pin.style for pin in plan.pins.pins] == [Style.VENDORED]
    assert plan.edits == ()
    assert plan.reported[0].message == (
        f"{where}:3 is a copy of the chart argo-cd that installs {OLD}; put the one in its place that installs {NEW} "
        f"(version 9.2.0), from {HELM}"
    )
    renewed = {path: str(text).replace(OLD, NEW) for path, text in files.items()}
    assert bump(renewed, charts=CHARTS).reported == ()


@pytest.mark.parametrize(
    "helm",
    [
        {"parameters": [{"name": "cd.global.image.tag", "value": OLD}]},
        {"valuesObject": {"cd": {"server": {"image": {"tag": OLD}}}}},
    ],
    ids=["parameters", "valuesObject"],
)
def test_values_that_the_application_of_the_chart_gives_it_move_too(helm: dict[str, object]) -> None:
    app = application("argocd", STAGING, source={"helm": helm})
    other = application("other", "elsewhere", source={"helm": helm})
    files: Files = {CHART: TEXT, "bootstrap.yaml": app, "other.yaml": other}
    plan = bump(files, charts=CHARTS)
    assert plan.reported == ()
    changed = after(files, plan)
    assert changed.read("bootstrap.yaml").decode() == app.replace(OLD, NEW)
    assert changed.read("other.yaml").decode() == other
