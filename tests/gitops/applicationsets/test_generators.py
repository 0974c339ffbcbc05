"""List and git generators, with the outcomes of Argo CD's documentation and of generators/{list,git}_test.go."""

from __future__ import annotations

from typing import Any

import pytest

from gitops.applicationsets import Settings
from tests.gitops.applicationsets.sets import GO, HERE, git, names, params, run

# List: docs/operator-manual/applicationset/Generators-List.md


def test_list_elements_know_their_place() -> None:
    found = run("- list: {elements: [{name: a, url: u1}, {name: b, url: u2, values: {env: dev}}]}")
    assert params(found) == [{"name": "a", "url": "u1"}, {"name": "b", "url": "u2", "values.env": "dev"}]
    assert found.generated[1].generator == ("spec", "generators", 0, "list", "elements", 1)
    assert not found.unknown
    assert not found.truncated


def test_without_go_templates_elements_hold_text_only() -> None:
    """list.go: "error parsing value as string"."""
    found = run("- list: {elements: [{name: a, n: 3}]}")
    assert not found.generated
    assert found.unknown == (
        "generator 1 (list) has an element 0 whose 'n' is no text, which goTemplate: true would need",
    )


def test_with_go_templates_elements_keep_their_shape() -> None:
    found = run("- list: {elements: [{name: a, n: 3, deep: {x: [1, true]}}]}",
                name="{{.name}}-{{.n}}-{{index .deep.x 1}}", **GO)  # fmt: skip
    assert names(found) == ["a-3-true"]


def test_elements_yaml_is_filled_in_by_a_matrix() -> None:
    """Generators-List.md, "Dynamically generated elements"."""
    found = run(
        f"""
        - matrix:
            generators:
            - git: {{repoURL: {HERE}, revision: HEAD, files: [{{path: list-generator.yaml}}]}}
            - list: {{elementsYaml: "{{{{ .key.components | toJson }}}}"}}
        """,
        {"list-generator.yaml": "key:\n  components:\n  - {name: c1, size: 1}\n  - {name: c2, size: 2}\n"},
        name="{{.name}}-{{.size}}", **GO,
    )  # fmt: skip
    assert names(found) == ["c1-1", "c2-2"]
    assert found.generated[0].generator == ("spec", "generators", 0, "matrix")


# Git directories: docs/operator-manual/applicationset/Generators-Git.md

ADDONS = [
    "applicationset/examples/git-generator-directory/cluster-addons/argo-workflows/kustomization.yaml",
    "applicationset/examples/git-generator-directory/cluster-addons/prometheus-operator/Chart.yaml",
    "applicationset/examples/git-generator-directory/git-directories-example.yaml",
    "README.md",
]


def test_git_directories() -> None:
    found = run([git("directories", "applicationset/examples/git-generator-directory/cluster-addons/*")], ADDONS,
                name="{{path.basename}}")  # fmt: skip
    assert names(found) == ["argo-workflows", "prometheus-operator"]
    assert found.generated[0].generator == ("spec", "generators", 0, "git", "directories", 0)


def test_git_directory_parameters_in_both_dialects() -> None:
    """generateParamsFromApps; git_test.go "It flat a file"... and Generators-Git.md, "parameters"."""
    files = ["apps/My_App.v1/x.yaml"]
    plain = run([git("directories", "apps/*")], files, name="{{path.basenameNormalized}}")
    assert params(plain) == [{
        "path": "apps/My_App.v1", "path.basename": "My_App.v1", "path.basenameNormalized": "my-app.v1",
        "path[0]": "apps", "path[1]": "My_App.v1",
    }]  # fmt: skip
    go = run([git("directories", "apps/*")], files, name="{{.path.basenameNormalized}}", **GO)
    assert params(go) == [{"path": {
        "path": "apps/My_App.v1", "basename": "My_App.v1", "basenameNormalized": "my-app.v1",
        "segments": ["apps", "My_App.v1"],
    }}]  # fmt: skip


def test_path_param_prefix() -> None:
    plain = run([git("directories", "apps/*", pathParamPrefix="app")], ["apps/a/x"], name="{{app.path.basename}}")
    assert names(plain) == ["a"]
    assert params(plain)[0]["app.path[1]"] == "a"
    go = run([git("directories", "apps/*", pathParamPrefix="app")], ["apps/a/x"], name="{{.app.path.basename}}", **GO)
    assert names(go) == ["a"]


DIRECTORY_CASES: list[tuple[list[str | dict[str, Any]], list[str]]] = [
    # Generators-Git.md, "Exclude directories": exclude wins whatever the order
    ([{"path": "apps/*"}, {"path": "apps/b", "exclude": True}], ["apps/a", "apps/c"]),
    ([{"path": "apps/b", "exclude": True}, {"path": "apps/*"}], ["apps/a", "apps/c"]),
    ([{"path": "apps/*"}, {"path": "apps/*", "exclude": True}], []),
    # "Root Of Git Repo": all directories of the root, none that starts with a dot
    ([{"path": "*"}], ["apps", "team"]),
    ([{"path": "*/*"}], ["apps/a", "apps/b", "apps/c", "team/x"]),
    ([{"path": "apps/[ab]"}], ["apps/a", "apps/b"]),
    ([{"path": "apps/?"}], ["apps/a", "apps/b", "apps/c"]),
    ([{"path": "apps/**"}], ["apps/a", "apps/b", "apps/c"]),
    ([{"path": "apps"}], ["apps"]),
    ([{"path": "apps/"}], []),
    ([{"path": "./apps"}], []),
    ([{"path": "."}], []),
    ([{"path": ".github"}], []),
    ([{"path": "apps/[a"}, {"path": "team"}], ["team"]),
    ([{"path": "apps/a/deep"}, {"path": "apps/a"}], ["apps/a", "apps/a/deep"]),
]


@pytest.mark.parametrize(("entries", "expected"), DIRECTORY_CASES)
def test_directory_rules(entries: list[str | dict[str, Any]], expected: list[str]) -> None:
    files = ["apps/a/deep/x", "apps/b/x", "apps/c/x", "apps/.git/x", "team/x/.y/z", ".github/workflows/ci", "root"]
    found = run([git("directories", *entries)], files, name='{{.path.segments | join "-"}}', **GO)
    assert [g.params["path"]["path"] for g in found.generated] == expected


def test_hidden_directories_when_the_operator_includes_them() -> None:
    found = run([git("directories", "*")], [".hidden/x"], name="{{path.basenameNormalized}}",
                settings=Settings(include_hidden_directories=True))  # fmt: skip
    assert names(found) == ["hidden"]


# Git files

CLUSTER = '{"aws_account": "123456", "asset_id": "11223344", "cluster": {"owner": "a@b.c", "name": "%s", "n": 3}}'
FILES = {
    "cluster-config/engineering/dev/config.json": CLUSTER % "engineering-dev",
    "cluster-config/engineering/prod/config.json": CLUSTER % "engineering-prod",
    "cluster-config/other.txt": "x",
}


def test_git_files_are_flattened_without_go_templates() -> None:
    """Generators-Git.md, "Git Generator: Files"."""
    found = run([git("files", "cluster-config/**/config.json")], FILES, name="{{cluster.name}}")
    assert names(found) == ["engineering-dev", "engineering-prod"]
    assert params(found)[0] == {
        "aws_account": "123456", "asset_id": "11223344", "cluster.owner": "a@b.c", "cluster.name": "engineering-dev",
        "cluster.n": "3",
        "path": "cluster-config/engineering/dev", "path.basename": "dev", "path.basenameNormalized": "dev",
        "path.filename": "config.json", "path.filenameNormalized": "config.json",
        "path[0]": "cluster-config", "path[1]": "engineering", "path[2]": "dev",
    }  # fmt: skip
    assert found.generated[1].generator == ("spec", "generators", 0, "git", "files", 0)


def test_git_files_keep_their_shape_with_go_templates() -> None:
    found = run([git("files", "cluster-config/**/config.json", {"path": "*/prod/*", "exclude": True})], FILES,
                name="{{.cluster.name}}-{{.path.filenameNormalized}}-{{index .path.segments 1}}", **GO)  # fmt: skip
    assert names(found) == ["engineering-dev-config.json-engineering"]


def test_git_files_hold_arrays_yaml_and_nothing() -> None:
    """git_test.go: arrays give several sets; an empty file one without content; lists flatten with their index."""
    files = {"c/array.yaml": "- name: a\n  l: [x, z]\n- name: b\n", "c/empty.yaml": "", "c/one.json": '{"name": "d"}'}
    found = run([git("files", "c/*")], files, name="{{name}}-{{path.filename}}")
    assert names(found) == ["a-array.yaml", "b-array.yaml", "d-one.json"]
    assert params(found)[0]["l.1"] == "z"
    assert found.unknown == (
        "generator 1 (git) gives an Application the invalid name '{{name}}-empty.yaml'",
    )  # fmt: skip


@pytest.mark.parametrize("content", ["just text", "- 1\n- 2\n", "a: [", "\tx: 1", "a: &a [*a]"])
def test_git_files_that_are_no_objects(content: str) -> None:
    found = run([git("files", "c.yaml")], {"c.yaml": content})
    assert not found.generated
    assert len(found.unknown) == 1
    assert "c.yaml" in found.unknown[0]


def test_default_file_globbing_is_greedy_and_the_new_one_is_not() -> None:
    """Generators-Git-File-Globbing.md's own example."""
    files = dict.fromkeys(
        ["cc/c1/mychart/charts/mysubchart/values.yaml", "cc/c1/mychart/values.yaml", "cc/c1/myother/values.yaml"],
        "a: b",
    )
    generator = [git("files", "cc/*/*/values.yaml")]
    name = '{{.path.segments | join "."}}'
    assert len(names(run(generator, files, name=name, **GO))) == 3
    new = run(generator, files, name=name, settings=Settings(new_git_file_globbing=True), **GO)
    assert names(new) == ["cc.c1.mychart", "cc.c1.myother"]


def test_values_are_filled_in_but_not_with_each_other() -> None:
    """Generators-Git.md, "Pass additional key-value pairs"; value_interpolation_test.go."""
    values = {"cluster": "{{path.basename}}", "other": "{{values.cluster}}", "extra": "{{no}}"}
    plain = run([git("directories", "apps/*", values=values)], ["apps/a/x"], name="{{values.cluster}}")
    assert params(plain)[0]["values.cluster"] == "a"
    assert params(plain)[0]["values.other"] == "{{values.cluster}}"
    assert params(plain)[0]["values.extra"] == "{{no}}"
    go = run([git("directories", "apps/*", values={"c": "{{.path.basename}}-x"})], ["apps/a/x"], name="{{.values.c}}",
             **GO)  # fmt: skip
    assert names(go) == ["a-x"]
