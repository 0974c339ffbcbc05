"""Charts of the repository that kustomizations inflate (`helmCharts`)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitops.resources.rendering import BuildOptions, NotAnalysed, Rendered, RenderFailed
from tests.gitops.charts.test_charts import CHART
from tests.rendered import ANALYSIS, EngineProcess, application, state_of
from tests.scenarios import URL

ENABLED = replace(ANALYSIS, build_options=BuildOptions(enable_helm=True))
APP = {"apps.yaml": application("web", f"  source: {{repoURL: {URL}, path: app}}")}


def placed(home: str) -> dict[str, str]:
    return {path.replace("charts/web", home): text for path, text in CHART.items()}


@pytest.mark.parametrize(
    ("kustomization", "files", "expected"),
    [
        ("helmCharts: [{name: web, releaseName: x}]", placed("app/charts/web"), "default"),
        ("helmCharts: [{name: web, valuesInline: {name: in}}]", placed("app/charts/web"), "in"),
        (
            "helmCharts: [{name: web, valuesFile: v.yaml}]",
            {**placed("app/charts/web"), "app/v.yaml": "name: file"},
            "file",
        ),
        (
            "helmCharts: [{name: web, additionalValuesFiles: [v.yaml]}]",
            {**placed("app/charts/web"), "app/v.yaml": "name: more"},
            "more",
        ),
        ("helmGlobals: {chartHome: here}\nhelmCharts: [{name: web}]", placed("app/here/web"), "default"),
        (
            "helmCharts: [{name: web, version: 1.0.0, repo: 'https://x.io'}]",
            placed("app/charts/web-1.0.0/web"),
            "default",
        ),
        ("helmChartInflationGenerator: [{chartName: web, chartHome: old}]", placed("app/old/web"), "default"),
        (
            "resources: [base]\nnamePrefix: p-",
            {**placed("app/base/charts/web"), "app/base/kustomization.yaml": "helmCharts: [{name: web}]"},
            "p-default",
        ),
    ],
)
def test_a_chart_of_the_repository_is_inflated(
    engine: EngineProcess, kustomization: str, files: dict[str, str], expected: str
) -> None:
    state = state_of(engine, {**APP, **files, "app/kustomization.yaml": kustomization}, analysis=ENABLED)
    assert isinstance(state.rendering, Rendered), state.rendering
    assert [resource.id.name for resource in state.rendering.resources] == [expected]


@pytest.mark.parametrize(
    "kustomization",
    [
        "helmCharts: [{name: web, version: 2.0.0, repo: 'https://x.io'}]",
        "helmCharts: [{name: web}, {name: other, repo: 'https://x.io', version: 1.0.0}]",
    ],
)
def test_a_chart_that_is_not_here_is_not_analysed(engine: EngineProcess, kustomization: str) -> None:
    files = {**APP, **placed("app/charts/web"), "app/kustomization.yaml": kustomization}
    rendering = state_of(engine, files, analysis=ENABLED).rendering
    assert isinstance(rendering, NotAnalysed), rendering
    assert "inflates the chart" in rendering.reason


@pytest.mark.parametrize("analysis", [ANALYSIS, replace(ENABLED, engine="")])
def test_without_the_flag_or_the_engine_no_chart_is_inflated(engine: EngineProcess, analysis: object) -> None:
    files = {**APP, **placed("app/charts/web"), "app/kustomization.yaml": "helmCharts: [{name: web}]"}
    assert isinstance(state_of(engine, files, analysis=analysis).rendering, NotAnalysed)


def test_what_an_inflated_chart_says_holds_no_value(engine: EngineProcess) -> None:
    chart = {**placed("app/charts/web"), "app/charts/web/templates/z.yaml": "{{ range .Values.p }}{{ end }}"}
    kustomization = "helmCharts: [{name: web, valuesInline: {p: hunter2xyz}}]"
    failed = state_of(engine, {**APP, **chart, "app/kustomization.yaml": kustomization}, analysis=ENABLED).rendering
    assert isinstance(failed, RenderFailed), failed
    assert "hunter2xyz" not in repr(failed)
