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


GENERATOR = "{apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, name: web%s}\n"
# Each of the ways in which a kustomization asks for a chart of the repository.
ASKING = {
    "a field": {"app/kustomization.yaml": "namePrefix: ''\nhelmCharts: [{name: web}]"},
    "an older field": {"app/kustomization.yaml": "namePrefix: ''\nhelmChartInflationGenerator: [{chartName: web}]"},
    "a file": {"app/kustomization.yaml": "namePrefix: ''\ngenerators: [g.yaml]", "app/g.yaml": GENERATOR % ""},
    "inline": {"app/kustomization.yaml": f"namePrefix: ''\ngenerators:\n- |-\n  {GENERATOR % ''}"},
    "a listing": {
        "app/kustomization.yaml": "namePrefix: ''\ngenerators: [gen]",
        "app/gen/kustomization.yaml": "resources: [g.yaml]",
        "app/gen/g.yaml": GENERATOR % "",
    },
}


@pytest.mark.parametrize("asking", ASKING)
def test_however_a_chart_is_asked_for_the_flag_decides(engine: EngineProcess, asking: str) -> None:
    files = {**APP, **placed("app/charts/web"), **ASKING[asking]}
    made = state_of(engine, files, analysis=ENABLED).rendering
    assert isinstance(made, Rendered)
    assert not made.notes
    assert [resource.id.name for resource in made.resources] == ["default"]

    refused = state_of(engine, files, analysis=replace(ANALYSIS, build_options=BuildOptions())).rendering
    assert isinstance(refused, RenderFailed)
    assert "without `--enable-helm`" in refused.message
    assert str(refused.span) in ("app/kustomization.yaml:2", "app/kustomization.yaml:3")

    unknown = state_of(engine, files).rendering
    assert isinstance(unknown, Rendered)
    assert [(note.is_notice, note.span) for note in unknown.notes] == [(True, refused.span)]
    assert [resource.id for resource in unknown.resources] == [resource.id for resource in made.resources]

    without = state_of(engine, files, analysis=replace(ENABLED, engine="")).rendering
    assert isinstance(without, NotAnalysed)
    assert "needs argofix-engine" in without.reason


@pytest.mark.parametrize(
    ("more", "files", "expected"),
    [
        (", valuesFile: v.yaml", {"app/v.yaml": "name: file"}, "file"),
        (", additionalValuesFiles: [v.yaml]", {"app/v.yaml": "name: more"}, "more"),
        (", valuesInline: {name: in}", {}, "in"),
        (", chartHome: here", {**placed("app/here/web"), "app/here/web/values.yaml": "name: home"}, "home"),
        (", repo: 'https://x.io', version: 1.0.0", placed("app/charts/web-1.0.0/web"), "default"),
    ],
)
def test_a_generator_reads_what_the_field_reads(
    engine: EngineProcess, more: str, files: dict[str, str], expected: str
) -> None:
    own = {"app/kustomization.yaml": "generators: [sub/g.yaml]", "app/sub/g.yaml": GENERATOR % more}
    state = state_of(engine, {**APP, **placed("app/charts/web"), **own, **files}, analysis=ENABLED)
    assert isinstance(state.rendering, Rendered), state.rendering
    assert [resource.id.name for resource in state.rendering.resources] == [expected]


def test_a_generator_that_is_a_program_or_has_no_chart_here_is_not_analysed(engine: EngineProcess) -> None:
    for text, reason in (
        ((GENERATOR % "").replace("builtin", "x.io/v1"), "runs the plugin HelmChartInflationGenerator"),
        (GENERATOR % ", version: 2.0.0, repo: 'https://x.io'", "inflates the chart web"),
    ):
        files = {
            **APP,
            **placed("app/charts/web"),
            "app/kustomization.yaml": "generators: [g.yaml]",
            "app/g.yaml": text,
        }
        rendering = state_of(engine, files, analysis=ENABLED).rendering
        assert isinstance(rendering, NotAnalysed)
        assert reason in rendering.reason


def test_an_application_that_chooses_its_kustomize_may_have_the_flag(engine: EngineProcess) -> None:
    apps = {"apps.yaml": APP["apps.yaml"].replace("path: app", "path: app, kustomize: {version: v5.4.0}")}
    files = {**apps, **placed("app/charts/web"), "app/kustomization.yaml": "helmCharts: [{name: web}]"}
    told = replace(ANALYSIS, build_options=BuildOptions())
    assert isinstance(state_of(engine, files, analysis=told).rendering, NotAnalysed)


def test_a_chart_sees_the_kubernetes_that_argo_cd_passes(engine: EngineProcess) -> None:
    chart = placed("app/charts/web")
    chart["app/charts/web/templates/z.yaml"] = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'z{{ .Capabilities.KubeVersion.Minor }}"
        '{{ .Capabilities.APIVersions.Has "x.io/v1" }}\'}\n'
    )
    asked = {**chart, "app/kustomization.yaml": "helmCharts: [{name: web}]"}
    own = APP["apps.yaml"].replace("path: app", "path: app, kustomize: {kubeVersion: 1.29.0, apiVersions: [x.io/v1]}")
    for apps, expected in ((own, "z29true"), (APP["apps.yaml"], "z27false")):
        analysis = replace(ENABLED, kubernetes="1.27")
        made = state_of(engine, {**asked, "apps.yaml": apps}, analysis=analysis).rendering
        assert isinstance(made, Rendered), made
        assert expected in [resource.id.name for resource in made.resources]


def test_what_an_inflated_chart_says_holds_no_value(engine: EngineProcess) -> None:
    chart = {**placed("app/charts/web"), "app/charts/web/templates/z.yaml": "{{ range .Values.p }}{{ end }}"}
    kustomization = "helmCharts: [{name: web, valuesInline: {p: hunter2xyz}}]"
    failed = state_of(engine, {**APP, **chart, "app/kustomization.yaml": kustomization}, analysis=ENABLED).rendering
    assert isinstance(failed, RenderFailed), failed
    assert "hunter2xyz" not in repr(failed)
