"""From parameter sets to Applications: both dialects, template overrides, templatePatch, limits, malformed sets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.applicationsets.parameters import Dialect
from gitops.applicationsets.problems import CannotExpand
from tests.gitops.applicationsets.sets import GO, elements, names, run


def one(**options: Any) -> dict[str, Any]:
    found = run([elements({"name": "a", "ns": "team", "flag": True, "n": 3})], **{**GO, **options})
    assert not found.unknown
    return found.generated[0].manifest


def template(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "{{.name}}"}, "spec": {"project": "default", **spec}}


def test_a_whole_application() -> None:
    """GetTempApplication and RenderTemplateParams: five fields of metadata, a finalizer, the set's namespace."""
    manifest = one(template={
        "metadata": {
            "name": "{{.name}}-app",
            "namespace": "elsewhere",
            "labels": {"app-{{.name}}": "{{.ns}}"},
            "annotations": {"n": "{{.n}}"},
            "generateName": "x",
        },
        "spec": {"project": "p-{{.name}}", "destination": {"namespace": "{{.ns}}"}, "revisionHistoryLimit": 2,
                 "source": {"helm": {"valuesObject": {"{{.name}}": ["{{.flag}}", 1, None], "gone": None}}}},
    })  # fmt: skip
    assert manifest == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": "a-app",
            "namespace": "argocd",
            "labels": {"app-a": "team"},
            "annotations": {"n": "3"},
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "p-a",
            "destination": {"namespace": "team"},
            "revisionHistoryLimit": 2,
            "source": {"helm": {"valuesObject": {"a": ["true", 1, None]}}},
        },
    }


def test_finalizers() -> None:
    """TestRenderTemplateParamsFinalizers in utils_test.go."""
    own = {"metadata": {"name": "{{.name}}", "finalizers": ["mine"]}, "spec": {}}
    assert one(template=own)["metadata"]["finalizers"] == ["mine"]
    kept = one(template=template(), syncPolicy={"preserveResourcesOnDeletion": True})
    assert "finalizers" not in kept["metadata"]
    assert one(template=template(), syncPolicy={})["metadata"]["finalizers"]


FAST: list[tuple[str, str]] = [
    # TestRenderTemplateParams and TestRenderTemplateKeys in utils_test.go
    ("{{one}}", "two"),
    ("{{ one }}", "two"),
    ("{{      one}}", "two"),
    ("a {{one}} b {{one}}", "a two b two"),
    ("{{does-not-exist}}", "{{does-not-exist}}"),
    ("{{ does-not-exist }}", "{{ does-not-exist }}"),
    ("{{}}", "{{}}"),
    ("{{ }}", "{{ }}"),
    ("{{{one}}}", "{{{one}}}"),
    ("{{path[0]}} {{path.basename}}", "apps apps"),
    ("}}{{", "}}{{"),
    ("{{number}}", "{{number}}"),
    ("a\n{{one}}\n", "a\ntwo\n"),
    ("{{\none\n}}", "{{\none\n}}"),
    ("no tags", "no tags"),
]


@pytest.mark.parametrize(("text", "expected"), FAST)
def test_fasttemplate(text: str, expected: str) -> None:
    params = {"one": "two", "path[0]": "apps", "path.basename": "apps", "number": 3}
    assert Dialect(go=False).fill(text, params) == expected


def test_fasttemplate_unclosed() -> None:
    """fasttemplate.NewTemplate: "Cannot find end tag"."""
    with pytest.raises(CannotExpand):
        Dialect(go=False).fill("{{one}} {{", {"one": "two"})


@given(st.text("{} ab", max_size=12))
def test_fasttemplate_without_parameters_changes_nothing(text: str) -> None:
    try:
        assert Dialect(go=False).fill(text, {}) == text
    except CannotExpand:
        assert text.rfind("{{") > text.rfind("}}")


def test_generator_template_overrides() -> None:
    """docs/operator-manual/applicationset/Template.md, "Generator templates"."""
    own = {"metadata": {"labels": {"a": "1"}}, "spec": {"project": "other", "source": {"path": "{{name}}-override"}}}
    base = {"metadata": {"name": "{{name}}", "labels": {"a": "0", "b": "2"}},
            "spec": {"project": "default", "source": {"path": "x", "targetRevision": "HEAD"}}}  # fmt: skip
    generator = {"list": {"elements": [{"name": "a"}], "template": own}}
    manifest = run([generator], template=base).generated[0].manifest
    assert manifest["metadata"]["labels"] == {"a": "1", "b": "2"}
    assert manifest["spec"] == {"project": "other", "source": {"path": "a-override", "targetRevision": "HEAD"}}


# templatePatch: docs/operator-manual/applicationset/Template.md, patch_test.go

PATCH = """
metadata:
  annotations:
    annotation-some-key: annotation-some-value
  {{- if .flag }}
  labels: {flagged: "yes"}
  {{- end }}
spec:
  project: stolen
  source:
    helm:
      valueFiles:
      - values.{{ .name }}.yaml
  syncPolicy:
    automated:
      prune: {{ .flag }}
"""


def test_template_patch() -> None:
    source = {"repoURL": "r", "helm": {"valueFiles": ["default.yaml"], "releaseName": "x"}}
    manifest = one(
        template=template(source=source, syncPolicy={"automated": {"selfHeal": True}}), templatePatch=PATCH
    )
    assert manifest["metadata"]["annotations"] == {"annotation-some-key": "annotation-some-value"}
    assert manifest["metadata"]["labels"] == {"flagged": "yes"}
    assert manifest["spec"] == {
        "project": "default",
        "source": {"repoURL": "r", "helm": {"valueFiles": ["values.a.yaml"], "releaseName": "x"}},
        "syncPolicy": {"automated": {"selfHeal": True, "prune": True}},
    }


@pytest.mark.parametrize(
    ("patch", "field", "expected"),
    [
        ('{"spec": {"source": null}}', "source", None),
        ("spec: {source: {$patch: replace, path: z}}", "source", {"path": "z"}),
        ("spec: {source: {$patch: delete}}", "source", {}),
        ("spec: {sources: [{path: z}]}", "sources", [{"path": "z"}]),
        ("spec: {source: {$retainKeys: [path], path: q}}", "source", {"path": "q"}),
        ("", "source", {"path": "x", "chart": "c"}),
    ],
)
def test_patch_directives(patch: str, field: str, expected: Any) -> None:
    manifest = one(template=template(source={"path": "x", "chart": "c"}), templatePatch=patch)
    assert manifest["spec"].get(field) == expected


def test_patch_adds_finalizers_and_cannot_move_the_application() -> None:
    manifest = one(template=template(), templatePatch="metadata: {namespace: kube-system, finalizers: [mine]}")
    assert manifest["metadata"]["namespace"] == "argocd"
    assert manifest["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io", "mine"]


@pytest.mark.parametrize("patch", ["[1]", "text", "a: [", "spec: text", "spec: {source: {$patch: wrong}}", "{{.no}}"])
def test_patches_that_argo_cd_refuses(patch: str) -> None:
    found = run([elements({"name": "a"})], template=template(source={}), templatePatch=patch, **GO)
    assert not found.generated
    assert len(found.unknown) == 1


# Names, limits, malformed sets


def test_a_second_application_of_one_name() -> None:
    """validateGeneratedApplications: "contains applications with duplicate name"."""
    found = run([elements({"name": "a", "x": "1"}, {"name": "a", "x": "2"})])
    assert [g.params["x"] for g in found.generated] == ["1"]
    assert found.unknown == ("generator 1 (list) gives a second Application the name 'a', which Argo CD refuses",)


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a" * 254, "{{nothing}}", "a/b"])
def test_names_that_kubernetes_refuses(name: str) -> None:
    found = run([elements({"name": name})])
    assert not found.generated
    assert "invalid name" in found.unknown[0]


def test_an_element_that_fails_leaves_the_others() -> None:
    found = run([elements({"name": "a", "x": "1"}, {"name": "b"}, {"name": "c"})], name="{{.name}}{{.x}}", **GO)
    assert names(found) == ["a1"]
    assert found.unknown == (
        'generator 1 (list) cannot be evaluated: map has no entry for key "x" (2 elements)',
    )  # fmt: skip


def test_unknown_functions_are_named() -> None:
    found = run([elements({"name": "a"})], name="{{.name}}-{{now}}", **GO)
    assert found.unknown == (
        "generator 1 (list) cannot be evaluated: "
        "the template function 'now' depends on the clock, so git alone does not tell its result",
    )
