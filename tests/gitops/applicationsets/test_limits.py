"""Sets that are huge, hostile or malformed: bounded, said so, and never an exception."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.applicationsets import expand
from gitops.files.tree import Tree
from tests.gitops.applicationsets.sets import GO, appset, elements, matrix, run

EMPTY = Tree.of({})


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


KEYS = ["spec", "metadata", "generators", "template", "list", "git", "matrix", "merge", "elements", "directories",
        "name", "files", "path", "selector", "matchLabels", "values", "templatePatch", "goTemplate", "mergeKeys",
        "repoURL", "elementsYaml", "pathParamPrefix", "goTemplateOptions", "exclude", "finalizers"]  # fmt: skip
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
