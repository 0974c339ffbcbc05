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
            "`data.password` of Secret pass is something else at each rendering (`randAlphaNum` in ",
        ),
        (
            "templates/z.yaml",
            SECRET % "{{ now | quote | b64enc }}",
            "`data.password` of Secret pass is something else at each rendering (`now` in ",
        ),
        (
            "templates/z.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'x-{{ uuidv4 }}'}\n",
            " is something else at each rendering (`uuidv4` in ",
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
