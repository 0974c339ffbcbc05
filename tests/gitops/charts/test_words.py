"""What Helm says may quote a value. What is printed, logged and kept does not."""

from __future__ import annotations

import pytest

from gitops.resources.rendering import RenderFailed
from tests.gitops.charts.test_charts import CHART, source
from tests.rendered import EngineProcess, application, state_of

SECRET = "hunter2xyz"


@pytest.mark.parametrize(
    ("template", "kept"),
    [
        ('{{ fail (printf "bad: %s" .Values.p) }}', "execution error at (web/templates/z.yaml:1:3)"),
        ("{{ required .Values.p .Values.gone }}", "execution error"),
        ("{{ .Values.p.deeper }}", "can't evaluate field deeper"),
        ("{{ range .Values.p }}{{ end }}", "executing"),
        ("{{ index .Values .Values.p 1 }}", "index"),
        ("{{ mustFromJson .Values.p }}", "error calling mustFromJson"),
        ('{{ mustRegexMatch (printf "%s(" .Values.p) .Values.p }}', "error calling mustRegexMatch"),
        ('{{ tpl (printf "{{ %s }}" .Values.p) . }}', "error calling tpl"),
        ('{{ tpl (printf "{{ .Values.gone.%s }}" .Values.p) . }}', "error calling tpl"),
        ("{{ include .Values.p . }}", "error calling include"),
        ("{{ semver .Values.p }}", "error calling semver"),
        ("{{ eq .Values.p 1 }}", "incompatible types for comparison"),
        ("a: [{{ .Values.p }}", "YAML parse error on web/templates/z.yaml: "),
        ("{{ .Values.p }}: b: c: d", "mapping values are not allowed in this context"),
        ("kind: *{{ .Values.p }}", ""),
    ],
)
def test_no_message_holds_a_value(engine: EngineProcess, template: str, kept: str) -> None:
    files = {**CHART, "charts/web/templates/z.yaml": template + "\n"}
    manifest = application("web", source(f"{{valuesObject: {{p: {SECRET}}}}}"))
    failed = state_of(engine, {**files, "a.yaml": manifest}).rendering
    assert isinstance(failed, RenderFailed), failed
    assert SECRET not in repr(failed)
    assert kept in failed.message


@pytest.mark.parametrize(
    "helm",
    [
        f"{{values: '{SECRET}'}}",
        f"{{values: '{SECRET}: {{'}}",
        f"{{parameters: [{{name: 'a[x]', value: {SECRET}}}]}}",
        f"{{parameters: [{{name: name, value: '{{{SECRET},{{'}}, {{name: 'name[0', value: {SECRET}}}]}}",
    ],
)
def test_no_message_holds_what_was_given(engine: EngineProcess, helm: str) -> None:
    failed = state_of(engine, {**CHART, "a.yaml": application("web", source(helm))}).rendering
    assert isinstance(failed, RenderFailed), failed
    assert SECRET not in repr(failed)


def test_a_schema_names_the_place_and_not_the_value(engine: EngineProcess) -> None:
    schema = '{"properties": {"p": {"type": "integer"}, "q": {"type": "string", "pattern": "^a$"}}}'
    manifest = application("web", source(f"{{valuesObject: {{p: {SECRET}, q: {SECRET}}}}}"))
    files = {**CHART, "charts/web/values.schema.json": schema, "a.yaml": manifest}
    failed = state_of(engine, files).rendering
    assert isinstance(failed, RenderFailed), failed
    assert SECRET not in repr(failed)
    assert "at '/p': got string, want integer" in failed.message
    assert "at '/q': does not fit the schema" in failed.message


def test_the_words_of_the_chart_itself_are_kept(engine: EngineProcess) -> None:
    helper = '{{ define "web.check" }}{{ fail "choose one of a and b" }}{{ end }}'
    files = {
        **CHART,
        "charts/web/templates/_helpers.tpl": helper,
        "charts/web/templates/z.yaml": '{{ include "web.check" . }}',
    }
    failed = state_of(engine, {**files, "a.yaml": application("web", source())}).rendering
    assert isinstance(failed, RenderFailed)
    assert "choose one of a and b" in failed.message
