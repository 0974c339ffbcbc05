"""Charts whose output is another one each time, and what the rules make of what a chart renders."""

from __future__ import annotations

import pytest

from checks.ownership import duplicate_owner
from checks.policy.file import Policy
from checks.render import unstable_render
from gitops.discovery.snapshot import Change
from tests.gitops.charts.test_charts import CHART, source
from tests.rendered import EngineProcess, application, snapshot_of

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: pass}\ndata:\n  password: %s\n"


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (
            "templates/z.yaml",
            SECRET % "{{ randAlphaNum 8 | b64enc }}",
            "`data.password` of Secret pass is something else at each rendering (`randAlphaNum` at ",
        ),
        (
            "templates/z.yaml",
            SECRET % "{{ now | quote | b64enc }}",
            "`data.password` of Secret pass is something else at each rendering (`now` at ",
        ),
        (
            "templates/z.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'x-{{ uuidv4 }}'}\n",
            " is something else at each rendering (`uuidv4` at ",
        ),
    ],
)
def test_what_is_random_is_told_with_its_field_and_function(
    engine: EngineProcess, path: str, text: str, message: str
) -> None:
    files = {**CHART, f"charts/web/{path}": text, "a.yaml": application("web", source())}
    found = list(unstable_render.check(Change(None, snapshot_of(engine, files)), Policy()))
    assert [one.applications for one in found] == [("web",)]
    assert message in found[0].message
    assert found[0].span.path == f"charts/web/{path}"


HELPERS = (
    '{{- define "web.a" }}{{ uuidv4 }}{{ end }}\n{{- define "web.b" -}}\n{{ randAlpha 9 | b64enc }}\n{{- end }}\n'
)


def test_a_helper_that_calls_it_is_named_with_its_line(engine: EngineProcess) -> None:
    files = {
        **CHART,
        "charts/web/templates/_helpers.tpl": HELPERS,
        "charts/web/templates/z.yaml": SECRET % '{{ include "web.b" . }} # randNumeric',
        "a.yaml": application("web", source()),
    }
    (found,) = unstable_render.check(Change(None, snapshot_of(engine, files)), Policy())
    assert "(`randAlpha` at charts/web/templates/_helpers.tpl:3)" in found.message
    assert str(found.span) == "charts/web/templates/z.yaml:1"
    assert [str(one.span) for one in found.related] == ["charts/web/templates/_helpers.tpl:3"]


POINTERS = "{kind: Secret, jsonPointers: [%s]}"
JQ = "{kind: Secret, jqPathExpressions: ['%s']}"


@pytest.mark.parametrize(
    ("ignored", "told"),
    [
        ("", "warning: `web` does not stay in sync"),
        (POINTERS % "/data", "notice: `web` writes another value at each sync"),
        (POINTERS % "/data/password", "notice: `web` writes another value at each sync"),
        ("{group: '*', kind: 'Sec*', namespace: shop, jsonPointers: [/data]}", "notice: `web` writes another value"),
        (POINTERS % "/data/pass", "warning: `web` does not stay in sync"),
        (POINTERS % "data/password", "warning: `web` does not stay in sync"),
        ("{kind: Secret, name: other, jsonPointers: [/data]}", "warning: `web` does not stay in sync"),
        ("{kind: Secret, namespace: other, jsonPointers: [/data]}", "warning: `web` does not stay in sync"),
        ("{group: apps, kind: Secret, jsonPointers: [/data]}", "warning: `web` does not stay in sync"),
        ("{kind: ConfigMap, jsonPointers: [/data]}", "warning: `web` does not stay in sync"),
        (JQ % ".data[]?", "notice: `web` writes another value at each sync"),
        (JQ % '. | select(.metadata.name == "pass") | .data["password"]', "notice: `web` writes another value"),
        (JQ % '.data | select(.other == "x")', "warning: `web` does not stay in sync"),
        (JQ % ".metadata.labels", "warning: `web` does not stay in sync"),
        (JQ % ".. | .password?", "warning: `web` may not stay in sync"),
        ("{kind: Secret, managedFieldsManagers: [vault]}", "warning: `web` may not stay in sync"),
    ],
)
def test_a_field_that_is_not_compared_is_not_out_of_sync(engine: EngineProcess, ignored: str, told: str) -> None:
    files = {**CHART, "charts/web/templates/z.yaml": SECRET % "{{ randAlpha 8 | b64enc }}"}
    manifest = application("web", source()) + f"  ignoreDifferences: [{ignored}]\n"
    (found,) = unstable_render.check(Change(None, snapshot_of(engine, {**files, "a.yaml": manifest})), Policy())
    assert f"{found.severity}: {found.topic.title}".startswith(told)
    respected = manifest + "  syncPolicy: {syncOptions: [RespectIgnoreDifferences=true]}\n"  # as it advises
    after = snapshot_of(engine, {**files, "a.yaml": respected})
    assert ("RespectIgnoreDifferences" in found.topic.advice) == told.startswith("notice")
    assert bool(list(unstable_render.check(Change(None, after), Policy()))) == told.startswith("warning")


def test_what_argo_cd_ignores_in_all_applications_counts(engine: EngineProcess) -> None:
    data = "  resource.customizations.ignoreDifferences.Secret: |\n    jsonPointers: [/data/password]\n"
    files = {
        **CHART,
        "charts/web/templates/z.yaml": SECRET.replace("\ndata", "\nstringData") % "{{ randAlpha 8 }}",
        "a.yaml": application("web", source()),
        "b.yaml": application("argocd", source().replace("charts/web", "argocd")),
        "argocd/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n" + data,
    }
    (found,) = unstable_render.check(Change(None, snapshot_of(engine, files)), Policy())
    assert found.severity == "notice"
    assert "`stringData.password` of Secret pass" in found.message


@pytest.mark.parametrize(
    ("kind", "hook", "severities"),
    [
        ("Secret", "argocd.argoproj.io/hook: PreSync", ["notice"]),
        ("Secret", "helm.sh/hook: pre-install", ["notice"]),
        ("Secret", "argocd.argoproj.io/hook: Skip", []),
        ("Job", "argocd.argoproj.io/hook: Sync", []),
    ],
)
def test_a_hook_is_never_compared(engine: EngineProcess, kind: str, hook: str, severities: list[str]) -> None:
    text = (
        f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: x, annotations: {{{hook}}}}}\n"
        "data: {a: '{{ uuidv4 }}'}\n"
    )
    files = {**CHART, "charts/web/templates/z.yaml": text, "a.yaml": application("web", source())}
    found = unstable_render.check(Change(None, snapshot_of(engine, files)), Policy())
    assert [one.severity for one in found] == severities


@pytest.mark.parametrize("text", [SECRET % "aGk=", SECRET % "{{ .Values.given | default (randAlpha 3) | b64enc }}"])
def test_what_is_given_is_not_random(engine: EngineProcess, text: str) -> None:
    manifest = application("web", source("{values: 'given: x'}"))
    files = {**CHART, "charts/web/templates/z.yaml": text, "a.yaml": manifest}
    assert not list(unstable_render.check(Change(None, snapshot_of(engine, files)), Policy()))


def test_two_names_made_by_chance_are_never_one(engine: EngineProcess) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'x-{{ randAlpha 5 | lower }}'}\n"
    files = {
        **CHART,
        "charts/web/templates/cm.yaml": text,
        "a.yaml": application("one", source()),
        "b.yaml": application("two", source()),
    }
    snapshot = snapshot_of(engine, files)
    assert all(state.rendering.resources for state in snapshot.states)  # type: ignore[union-attr]
    assert not list(duplicate_owner.check(Change(None, snapshot), Policy()))


def test_no_edit_is_proposed_of_what_a_template_renders(engine: EngineProcess) -> None:
    other = application("zz", source())  # both bring the chart's ConfigMap, and the second one more
    plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"
    files = {
        **CHART,
        "charts/web/templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Values.name }}'}\n",
        "charts/web/templates/more.yaml": '{{- if eq .Release.Name "zz" }}\n' + plain + "{{- end }}\n",
        "a.yaml": application("web", source()),
        "b.yaml": other,
    }
    found = list(duplicate_owner.check(Change(None, snapshot_of(engine, files)), Policy()))
    assert [str(one.resource) for one in found] == ["ConfigMap shop/default"]
    assert found[0].span.path == "charts/web/templates/cm.yaml"
    edits = [way for removal in found[0].removals if removal.loser[2] == "zz" for way in removal.ways]
    assert edits == []
    assert "both Applications render charts/web/templates/cm.yaml" in found[0].removals[0].cause
