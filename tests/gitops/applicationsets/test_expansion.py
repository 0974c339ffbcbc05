"""From parameter sets to Applications: both dialects, template overrides, templatePatch, limits, malformed sets."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.applicationsets import expand
from gitops.applicationsets.parameters import Dialect
from gitops.applicationsets.problems import CannotExpand
from gitops.tree import Tree
from tests.gitops.applicationsets.sets import GO, appset, elements, matrix, names, run

EMPTY = Tree.of({})


def one(**options: Any) -> dict[str, Any]:
    found = run([elements({"name": "a", "ns": "team", "flag": True, "n": 3})], **{**GO, **options})
    assert not found.unknown
    return found.generated[0].manifest


def template(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "{{.name}}"}, "spec": {"project": "default", **spec}}


def test_a_whole_application() -> None:
    """GetTempApplication and RenderTemplateParams: metadata's five fields, finalizer by default, the set's namespace."""
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
        ("spec: {source: {$patch: replace, path: y}}", "source", {"path": "y"}),
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


def test_the_limit() -> None:
    many = elements(*({"name": f"a{i}"} for i in range(50)))
    found = run([many], limit=10)
    assert len(found.generated) == 10
    assert found.truncated
    assert not run([many], limit=50).truncated


def test_a_hundred_thousand_end_quickly() -> None:
    thousand = elements(*({"name": f"a{i}"} for i in range(1000)))
    other = elements(*({"x": f"b{i}"} for i in range(1000)))
    start = time.process_time()
    found = run([matrix(thousand, other)], name="{{name}}-{{x}}")
    assert len(found.generated) == 5000
    assert found.truncated
    assert time.process_time() - start < 10


def test_a_hostile_set_ends_quickly() -> None:
    many = elements(*({"name": f"a{i}"} for i in range(1000)))
    start = time.process_time()
    found = run([many], name="{{.name}}{{range until 1000}}{{range until 150}}{{end}}{{end}}", **GO)
    assert len(found.generated) < 1000
    assert found.unknown
    assert time.process_time() - start < 20


BROKEN: list[Any] = [
    {},
    {"spec": None},
    {"spec": []},
    {"spec": {"generators": {}}},
    {"spec": {"generators": []}},
    {"spec": {"generators": [None, 3, "x", {}, {"list": []}, {"list": {"elements": {}}}, {"git": {}}]}},
    {"spec": {"generators": [{"list": {"elements": [{"name": "a"}], "template": 3}}]}},
    {"spec": {"generators": [{"unheardOf": {}}]}},
    {"spec": {"generators": [{"git": {"repoURL": "x", "directories": [3]}}]}},
    {"spec": {"generators": [{"git": {"repoURL": "x", "files": [{}]}}]}},
    {"spec": {"generators": [{"matrix": {"generators": [3, 4]}}]}},
    {"spec": {"generators": [{"matrix": {"generators": [{"list": {}, "git": {}}, {}]}}]}},
    {"spec": {"generators": [{"list": {"elementsYaml": "{"}}]}},
    {"spec": {"goTemplate": True, "goTemplateOptions": ["x"], "generators": [{"list": {}}]}},
    {"spec": {"goTemplate": True, "goTemplateOptions": 3, "generators": [{"list": {}}]}},
    {"metadata": 3},
    3,
    None,
]


@pytest.mark.parametrize("manifest", BROKEN)
def test_malformed_sets_become_reasons(manifest: Any) -> None:
    found = expand(manifest, EMPTY, lambda _: True)
    assert not found.generated
    assert found.unknown
    assert all(reason.startswith(("generator ", "the ApplicationSet ")) for reason in found.unknown)


def test_a_set_that_contains_itself() -> None:
    loop: dict[str, Any] = {"spec": {}}
    loop["spec"]["generators"] = [loop]
    assert expand(loop, EMPTY, lambda _: True).unknown


KEYS = ["spec", "metadata", "generators", "template", "list", "git", "matrix", "merge", "elements", "directories", "name",
        "files", "path", "selector", "matchLabels", "values", "templatePatch", "goTemplate", "mergeKeys", "repoURL",
        "elementsYaml", "pathParamPrefix", "goTemplateOptions", "exclude", "finalizers"]  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(
    ["", "a", "*", "[", "{{.a}}", "{{a}}", "{{", "missingkey=error", "x/*"]
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(VALUES, VALUES, st.booleans())
def test_expand_never_raises(generators: Any, rest: Any, go: bool) -> None:
    tree = Tree.of({"a/x.yaml": b"a: 1", "x/b/c": b"[", "x/bad.json": b"\xff"})
    expand({"spec": generators}, tree, lambda _: True)
    expand(appset(generators if isinstance(generators, list) else [generators], goTemplate=go, templatePatch=rest),
           tree, lambda _: True)  # fmt: skip
    expand(appset([elements({"name": "a", "x": rest})], name="a", goTemplate=go, templatePatch=rest, template=rest),
           tree, lambda _: True)  # fmt: skip
    expand(appset([{"git": rest}, {"matrix": {"generators": rest}}, {"list": rest}], goTemplate=go),
           tree, lambda _: True)  # fmt: skip
