"""Applications whose source is a chart of this repository, rendered by the engine itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitops.files.spans import Span
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed
from tests.rendered import ANALYSIS, EngineProcess, application, state_of
from tests.scenarios import URL

HERE = f"{{repoURL: {URL}, targetRevision: main"
CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "name: default\n",
    "charts/web/templates/cm.yaml": (
        "# a comment\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n"
        "  labels: {release: '{{ .Release.Name }}', ns: '{{ .Release.Namespace }}'}\n"
    ),
}


def source(helm: str = "", path: str = "charts/web") -> str:
    return f"  source: {HERE}, path: {path}{', helm: ' + helm if helm else ''}}}"


def names(rendering: object) -> list[str]:
    assert isinstance(rendering, Rendered), rendering
    return [resource.id.name for resource in rendering.resources]


def rendered(engine: EngineProcess, helm: str, **files: str) -> object:
    more = {path.replace("__", "/"): text for path, text in files.items()}
    return state_of(engine, {**CHART, **more, "apps/web.yaml": application("web", source(helm))}).rendering


def test_a_resource_of_a_chart_stands_at_its_line_of_its_template(engine: EngineProcess) -> None:
    state = state_of(engine, {**CHART, "apps/web.yaml": application("web", source())})
    rendering = state.rendering
    assert names(rendering) == ["default"]
    assert isinstance(rendering, Rendered)
    resource = rendering.resources[0]
    assert (resource.path, resource.line) == ("charts/web/templates/cm.yaml", 2)
    assert resource.template == "web/templates/cm.yaml"
    assert resource.manifest()["metadata"]["labels"] == {"release": "web", "ns": "shop"}


@pytest.mark.parametrize(
    ("helm", "files", "expected"),
    [
        ("{valueFiles: [prod.yaml]}", {"charts/web/prod.yaml": "name: beside"}, "beside"),
        ("{valueFiles: [../../envs/prod.yaml]}", {"envs/prod.yaml": "name: above"}, "above"),
        ("{valueFiles: [/envs/prod.yaml]}", {"envs/prod.yaml": "name: root"}, "root"),
        ("{valueFiles: ['/envs/*.yaml']}", {"envs/a.yaml": "name: a", "envs/b.yaml": "name: b"}, "b"),
        ("{valueFiles: ['/envs/**/v.yaml']}", {"envs/x/y/v.yaml": "name: deep", "envs/z.yaml": "name: z"}, "deep"),
        ("{valueFiles: ['/envs/[ab].yaml']}", {"envs/a.yaml": "name: a", "envs/c.yaml": "name: c"}, "a"),
        ("{valueFiles: [one.yaml], ignoreMissingValueFiles: true}", {}, "default"),
        ("{valueFiles: ['$ARGOCD_APP_NAME.yaml']}", {"charts/web/web.yaml": "name: by-variable"}, "by-variable"),
        ("{valueFiles: ['${ARGOCD_APP_PROJECT_NAME}.yaml']}", {"charts/web/default.yaml": "name: braces"}, "braces"),
        ("{parameters: [{name: name, value: given}]}", {}, "given"),
        ("{parameters: [{name: name, value: '$ARGOCD_APP_NAME-x'}]}", {}, "web-x"),
        ("{valuesObject: {name: object}, values: 'name: text'}", {}, "object"),
        ("{values: 'name: text', valueFiles: [f.yaml]}", {"charts/web/f.yaml": "name: file"}, "text"),
        ("{fileParameters: [{name: name, path: /name.txt}]}", {"name.txt": "from-text"}, "from-text"),
    ],
)
def test_values_come_from_where_argo_cd_takes_them(
    engine: EngineProcess, helm: str, files: dict[str, str], expected: str
) -> None:
    state = state_of(engine, {**CHART, **files, "apps/web.yaml": application("web", source(helm))})
    assert names(state.rendering) == [expected]


def test_parameters_beside_the_chart_override_the_application(engine: EngineProcess) -> None:
    beside = {"charts/web/.argocd-source-web.yaml": "helm: {parameters: [{name: name, value: overridden}]}\n"}
    assert names(state_of(engine, {**CHART, **beside, "apps/web.yaml": application("web", source())}).rendering) == [
        "overridden"
    ]


@pytest.mark.parametrize(
    ("ref", "files", "expected"),
    [
        (f"{HERE}, ref: cfg}}", {"envs/prod.yaml": "name: lent"}, ["lent"]),
        ("{repoURL: https://github.com/other/values, ref: cfg}", {}, "in another repository"),
        (f"{{repoURL: {URL}, targetRevision: v1.2.3, ref: cfg}}", {}, "in another revision, v1.2.3"),
    ],
)
def test_another_source_lends_its_values_files(
    engine: EngineProcess, ref: str, files: dict[str, str], expected: list[str] | str
) -> None:
    chart = f"{HERE}, path: charts/web, helm: {{valueFiles: [$cfg/envs/prod.yaml]}}}}"
    manifest = application("web", f"  sources:\n    - {ref}\n    - {chart}")
    state = state_of(engine, {**CHART, **files, "apps/web.yaml": manifest})
    part = state.parts[1].rendering
    if isinstance(part, NotAnalysed):
        assert isinstance(expected, str) and expected in part.reason
    else:
        assert names(part) == expected


@pytest.mark.parametrize(
    ("helm", "files", "words", "path", "line"),
    [
        ("{valueFiles: [gone.yaml]}", {}, "gone.yaml", "apps/web.yaml", 6),
        ("{valueFiles: ['/envs/*.yaml']}", {}, "matched no files", "apps/web.yaml", 6),
        ("{valueFiles: [../../../etc/passwd]}", {}, "outside repository root", "apps/web.yaml", 6),
        ("{parameters: [{name: 'a[x]', value: y}]}", {}, "failed parsing --set data", "apps/web.yaml", 6),
        (
            "",
            {"charts/web/templates/z.yaml": "\n\nname: {{ .Values.database.host }}\n"},
            "nil pointer",
            "charts/web/templates/z.yaml",
            3,
        ),
        (
            "",
            {"charts/web/templates/z.yaml": '\na: {{ required "set it" .Values.gone }}\n'},
            "set it",
            "charts/web/templates/z.yaml",
            2,
        ),
        ("", {"charts/web/values.yaml": "a: [\n"}, "", "charts/web/values.yaml", 1),
        ("", {"charts/web/Chart.yaml": "name: web\n"}, "version is required", "charts/web/Chart.yaml", 1),
    ],
)
def test_a_failure_stands_where_it_can_be_mended(
    engine: EngineProcess, helm: str, files: dict[str, str], words: str, path: str, line: int
) -> None:
    state = state_of(engine, {**CHART, **files, "apps/web.yaml": application("web", source(helm))})
    failed = state.rendering
    assert isinstance(failed, RenderFailed), failed
    assert words in failed.message
    assert (failed.span.path, failed.span.line) == (path, line)


def test_a_ref_that_no_source_has_is_named(engine: EngineProcess) -> None:
    chart = f"{HERE}, path: charts/web, helm: {{valueFiles: [$nope/a.yaml]}}}}"
    manifest = application("web", f"  sources:\n    - {HERE}, ref: cfg}}\n    - {chart}")
    failed = state_of(engine, {**CHART, "nope/a.yaml": "", "apps/web.yaml": manifest}).rendering
    assert isinstance(failed, RenderFailed), failed
    assert "$nope" in failed.message
    assert (failed.span.path, failed.span.line) == ("apps/web.yaml", 8)


def test_a_helm_block_without_a_chart_is_told_at_the_application(engine: EngineProcess) -> None:
    manifest = application("web", source("{releaseName: x}", "plain"))
    failed = state_of(engine, {"plain/a.yaml": "a: b", "apps/web.yaml": manifest}).rendering
    assert isinstance(failed, RenderFailed)
    assert "plain holds no Chart.yaml" in failed.message
    assert failed.span == Span("apps/web.yaml", 1, 7)


def test_a_dependency_that_is_not_there_is_no_fault(engine: EngineProcess) -> None:
    chart = (
        CHART["charts/web/Chart.yaml"] + "dependencies: [{name: cache, version: 4.5.6, repository: 'https://x.io'}]"
    )
    found = state_of(engine, {**CHART, "charts/web/Chart.yaml": chart, "a.yaml": application("web", source())})
    assert isinstance(found.rendering, NotAnalysed)
    assert "cache 4.5.6" in found.rendering.reason


def test_a_chart_beside_it_is_read_where_it_is_depended_on(engine: EngineProcess) -> None:
    files = {
        **CHART,
        "charts/web/Chart.yaml": CHART["charts/web/Chart.yaml"]
        + "dependencies: [{name: lib, version: 1.0.0, repository: file://../lib}]\n",
        "charts/lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n",
        "charts/lib/templates/_it.tpl": '{{ define "lib.name" }}from-lib{{ end }}',
        "charts/web/templates/cm.yaml": CHART["charts/web/templates/cm.yaml"].replace(
            ".Values.name", 'include "lib.name" .'
        ),
    }
    assert names(state_of(engine, {**files, "a.yaml": application("web", source())}).rendering) == ["from-lib"]


def test_without_the_engine_it_is_not_analysed_and_says_what_it_needs(engine: EngineProcess) -> None:
    files = {**CHART, "a.yaml": application("web", source())}
    found = state_of(engine, files, analysis=replace(ANALYSIS, engine="")).rendering
    assert found == NotAnalysed("charts/web is a Helm chart, which needs argofix-engine (`make setup` builds it)")


def test_the_fingerprint_covers_what_is_read_and_nothing_else(engine: EngineProcess) -> None:
    def fingerprint(files: dict[str, str], helm: str = "{valueFiles: ['/envs/*.yaml']}") -> str:
        state = state_of(engine, {**CHART, **files, "a.yaml": application("web", source(helm))})
        return state.parts[0].fingerprint

    base = {"envs/a.yaml": "name: a"}
    assert fingerprint(base) == fingerprint({**base, "other/b.yaml": "x: y", "envs/deep/b.yaml": "name: b"})
    different = [
        fingerprint({"envs/a.yaml": "name: b"}),
        fingerprint({**base, "envs/b.yaml": "name: b"}),
        fingerprint({**base, "charts/web/templates/x.yaml": ""}),
        fingerprint(base, "{valueFiles: ['/envs/*.yaml'], releaseName: other}"),
        fingerprint(base, "{valueFiles: ['/envs/*.yaml'], values: 'name: x'}"),
    ]
    assert len({fingerprint(base), *different}) == 6


def test_applications_of_a_chart_are_found_and_rendered(engine: EngineProcess) -> None:
    child = application("{{ .name }}", "  source: {repoURL: '{{ $.Values.repo }}', path: {{ .path }}}")
    files = {
        "charts/root/Chart.yaml": "apiVersion: v2\nname: root\nversion: 1.0.0\n",
        "charts/root/values.yaml": (
            f"repo: {URL}\napps:\n- {{name: web, path: charts/web}}\n- {{name: lost, path: no}}\n"
        ),
        "charts/root/templates/apps.yaml": "{{- range .Values.apps }}\n---\n" + child + "{{- end }}\n",
        **CHART,
        "apps/root.yaml": application("root", source(path="charts/root"), "argocd"),
    }
    assert names(state_of(engine, files).rendering) == ["default"]
    lost = state_of(engine, files, "lost").rendering
    assert isinstance(lost, RenderFailed)
    assert lost.span.path == "charts/root/templates/apps.yaml"
