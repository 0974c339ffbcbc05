"""Matrix, merge, post-selectors, and what git does not tell (generators/{matrix,merge}_test.go, selector_test.go)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gitops.applicationsets.sets import GO, LIST, elements, git, matrix, merge, names, params, run

# Matrix: docs/operator-manual/applicationset/Generators-Matrix.md


def test_matrix_combines_in_order() -> None:
    found = run([matrix(git("directories", "apps/*"), LIST)], ["apps/a/x", "apps/b/x"],
                name="{{path.basename}}-{{cluster}}")  # fmt: skip
    assert names(found) == ["a-dev", "a-prod", "b-dev", "b-prod"]


def test_matrix_second_child_uses_the_first() -> None:
    """Generators-Matrix.md, "Using Parameters from one child generator in another child generator"."""
    files = ["apps/dev/a/x", "apps/dev/b/x", "apps/prod/c/x"]
    plain = run([matrix(LIST, git("directories", "apps/{{cluster}}/*"))], files, name="{{cluster}}-{{path.basename}}")
    assert names(plain) == ["dev-a", "dev-b", "prod-c"]
    go = run([matrix(LIST, git("directories", "apps/{{.cluster}}/*"))], files, name="{{.cluster}}-{{.path.basename}}",
             **GO)  # fmt: skip
    assert names(go) == ["dev-a", "dev-b", "prod-c"]


def test_matrix_of_two_gits_needs_prefixes_without_go_templates() -> None:
    """CombineStringMaps: "found duplicate key path with different value"; with Go templates the first wins."""
    pair = matrix(git("directories", "a/*"), git("directories", "b/*"))
    found = run([pair], ["a/x/f", "b/y/f"], name="{{path.basename}}")
    assert not found.generated
    assert found.unknown == ("generator 1 (matrix) has two children that give 'path' different values",)
    assert names(run([pair], ["a/x/f", "b/y/f"], name="{{.path.basename}}", **GO)) == ["x"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_matrix_takes_exactly_two(count: int) -> None:
    found = run([matrix(*[LIST] * count)])
    assert "exactly two" in found.unknown[0]


def test_nesting() -> None:
    inner = matrix(LIST, git("directories", "apps/*"))
    found = run(
        [matrix({"list": {"elements": [{"x": "1"}]}}, inner)], ["apps/a/f"], name="{{x}}{{cluster}}{{path[1]}}"
    )
    assert names(found) == ["1deva", "1proda"]
    deep = run([matrix(LIST, matrix(LIST, matrix(LIST, LIST)))])
    assert "deeper than Argo CD allows" in deep.unknown[0]


# Merge: docs/operator-manual/applicationset/Generators-Merge.md


def test_merge_overrides_by_key_and_keeps_the_base() -> None:
    base = elements({"server": "a", "redis": "false", "kafka": "true"}, {"server": "b", "redis": "false"})
    over = elements({"server": "a", "kafka": "false"}, {"server": "z", "redis": "true"})
    last = elements({"server": "b", "redis": "true"})
    found = run([merge(["server"], base, over, last)], name="{{server}}")
    assert params(found) == [
        {"server": "a", "redis": "false", "kafka": "false"},
        {"server": "b", "redis": "true"},
    ]
    assert found.generated[1].generator[2:] == (0, "merge", "generators", 0, "list", "elements", 1)


def test_merge_with_go_templates_merges_maps() -> None:
    found = run([merge(["k"], elements({"k": "a", "m": {"x": 1, "y": 1}}), elements({"k": "a", "m": {"y": 2}}))],
                name="{{.k}}-{{.m.x}}-{{.m.y}}", **GO)  # fmt: skip
    assert names(found) == ["a-1-2"]


@pytest.mark.parametrize(
    ("generator", "reason"),
    [
        (merge([], elements({"k": "a"}), elements({"k": "a"})), "no mergeKeys"),
        (merge(["k"], elements({"k": "a"})), "fewer than two"),
        (merge(["k"], elements({"k": "a"}, {"k": "a"}), elements()), "two elements of the same merge keys"),
        (merge(["k"], elements({"x": "a"}, {"x": "b"}), elements()), "two elements of the same merge keys"),
    ],
)
def test_merges_that_argo_cd_refuses(generator: dict[str, Any], reason: str) -> None:
    found = run([generator])
    assert not found.generated
    assert reason in found.unknown[0]


# Post-selectors: docs/operator-manual/applicationset/Generators-Post-Selector.md

SELECTORS: list[tuple[dict[str, Any], list[str]]] = [
    ({"matchLabels": {"env": "d"}}, ["dev"]),
    ({"matchLabels": {}}, ["dev", "prod"]),
    ({}, ["dev", "prod"]),
    ({"matchExpressions": [{"key": "env", "operator": "In", "values": ["d", "p"]}]}, ["dev", "prod"]),
    ({"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["d"]}]}, ["prod"]),
    ({"matchExpressions": [{"key": "none", "operator": "NotIn", "values": ["d"]}]}, ["dev", "prod"]),
    ({"matchExpressions": [{"key": "none", "operator": "Exists"}]}, []),
    ({"matchExpressions": [{"key": "none", "operator": "DoesNotExist"}]}, ["dev", "prod"]),
    ({"matchLabels": {"env": "d"}, "matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["d"]}]}, []),
]


@pytest.mark.parametrize(("selector", "expected"), SELECTORS)
def test_selectors(selector: dict[str, Any], expected: list[str]) -> None:
    assert names(run([{**LIST, "selector": selector}], name="{{cluster}}")) == expected
    nested = matrix({**LIST, "selector": selector}, elements({"x": "1"}))
    assert names(run([nested], name="{{cluster}}")) == expected


def test_selectors_see_flattened_parameters() -> None:
    chosen = {**elements({"n": "a", "m": {"x": 1}}, {"n": "b"}), "selector": {"matchLabels": {"m.x": "1"}}}
    assert names(run([chosen], name="{{.n}}", **GO)) == ["a"]


@pytest.mark.parametrize(
    "selector",
    [
        {"matchExpressions": [{"key": "a", "operator": "In"}]},
        {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]},
        {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]},
        {"matchExpressions": [{"operator": "Exists"}]},
        {"matchLabels": {"path[0]": "x"}},
        {"matchLabels": ["a"]},
        "text",
    ],
)
def test_selectors_that_argo_cd_refuses(selector: Any) -> None:
    found = run([{**LIST, "selector": selector}], name="{{cluster}}")
    assert not found.generated
    assert "selector" in found.unknown[0]


# What git does not tell


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("clusters", "generator 1 (clusters) needs the clusters that Argo CD knows"),
        ("clusterDecisionResource", "generator 1 (clusterDecisionResource) needs a resource of the cluster"),
        ("scmProvider", "generator 1 (scmProvider) needs the SCM's API"),
        ("pullRequest", "generator 1 (pullRequest) needs the SCM's pull requests"),
        ("plugin", "generator 1 (plugin) needs its plugin"),
    ],
)
def test_generators_of_the_outside_leave_the_others_alone(kind: str, reason: str) -> None:
    found = run([{kind: {}}, LIST], name="{{cluster}}")
    assert names(found) == ["dev", "prod"]
    assert found.unknown == (reason,)


@pytest.mark.parametrize("revision", ["refs/tags/x", "v1.2.3", "a" * 40])
def test_a_fixed_revision_is_not_this_tree(revision: str) -> None:
    found = run([git("directories", "*", revision=revision)], ["a/x"])
    assert found.unknown == (f"generator 1 (git) reads the fixed revision {revision!r} of this repository",)
    assert not run([git("directories", "*", revision="release-1")], ["a/x"], name="{{path}}").unknown


def test_another_repository() -> None:
    other = git("directories", "*", repoURL="https://example.com/other.git")
    assert run([other]).unknown == ("generator 1 (git) reads another repository (https://example.com/other.git)",)
    nested = run([matrix(LIST, other)])
    assert nested.unknown == (
        "generator 1 (matrix) has a child (git) that reads another repository (https://example.com/other.git)",
    )


def test_several_generators_of_one_entry_come_in_argo_cds_order() -> None:
    """The first one keeps a name that two of them give (GetRelevantGenerators)."""
    both = {**git("directories", "*"), "list": {"elements": [{"path": "a", "of": "list"}]}}
    (only,) = run([both], ["a/x"], name="{{path}}").generated
    assert only.params["of"] == "list"


def test_when_a_generator_is_asked_again_changes_nothing() -> None:
    again = git("directories", "*", requeueAfterSeconds=30)
    assert names(run([again], ["a/x"], name="{{path}}")) == ["a"]
