"""What `helm template` is told in the place of the engine, and how what it prints is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitops.charts.command import NotFound, arguments, failure, read_printed, with_unstable
from gitops.files.tree import Tree
from gitops.resources.requests import HelmRequest, Parameter

FILES = ["charts/web/Chart.yaml", "charts/web/v.yaml", "envs/a.yaml", "envs/b.yaml", "envs/x/c.yaml", "envs/t.txt"]
TREE = Tree.of(dict.fromkeys(FILES, b""))
ASKS = HelmRequest("charts/web", "web", "shop")
BARE = ["template", "/repo/charts/web", "--name-template", "web", "--namespace", "shop"]


def said(**fields: object) -> list[str]:
    """What comes behind the words that are always there."""
    words = arguments(TREE, replace(ASKS, **fields), "/repo", "/values.yaml")  # type: ignore[arg-type]
    assert words[: len(BARE)] == BARE
    return words[len(BARE) :]


def files(*listed: str, **fields: object) -> list[str]:
    words = said(value_files=listed, skip_crds=True, **fields)
    return [word.removeprefix("/repo/") for word in words if word != "--values"]


def test_what_an_application_says_becomes_flags() -> None:
    assert said() == ["--include-crds"]
    assert said(skip_crds=True, skip_tests=True, skip_schema=True) == ["--skip-schema-validation", "--skip-tests"]
    assert said(kube_version="1.30", api_versions=("a/v1",), skip_crds=True) == [
        *("--kube-version", "1.30", "--api-versions", "a/v1"),
    ]
    assert said(values="a: b", skip_crds=True) == ["--values", "/values.yaml"]
    parameters = (Parameter("a", "x,y"), Parameter("b", "{x,y}"), Parameter("c", "1", True), Parameter("d", "$N\\,"))
    assert said(parameters=parameters, environment=(("N", "web"),), skip_crds=True) == [
        *("--set", "a=x\\,y", "--set", "b={x,y}", "--set-string", "c=1", "--set", "d=web\\,"),
    ]
    assert said(file_parameters=(("f", "/envs/t.txt"),), skip_crds=True) == ["--set-file", "f=/repo/envs/t.txt"]


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        (("v.yaml", "/envs/b.yaml"), ["charts/web/v.yaml", "envs/b.yaml"]),
        (("../../envs/a.yaml",), ["envs/a.yaml"]),
        (("/envs/*.yaml",), ["envs/a.yaml", "envs/b.yaml"]),
        (("/envs/**/*.yaml",), ["envs/a.yaml", "envs/b.yaml", "envs/x/c.yaml"]),
        (("/envs/{b,x/c}.yaml",), ["envs/b.yaml", "envs/x/c.yaml"]),
        (("/envs/[!a].yaml",), ["envs/b.yaml"]),
        (("/envs/a.yaml", "/envs/*.yaml"), ["envs/a.yaml", "envs/b.yaml"]),
        (("/envs/*.yaml", "/envs/a.yaml"), ["envs/b.yaml", "envs/a.yaml"]),
        (("/envs/b.yaml", "v.yaml", "/envs/b.yaml"), ["envs/b.yaml", "charts/web/v.yaml"]),
        (("/envs/$E.yaml",), ["envs/a.yaml"]),
    ],
)
def test_values_files_come_in_argo_cds_order(listed: tuple[str, ...], found: list[str]) -> None:
    assert files(*listed, environment=(("E", "a"),)) == found


def test_values_files_of_another_source() -> None:
    assert files("$v/envs/b.yaml", refs=(("$v", ""),), several=True) == ["envs/b.yaml"]


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        ("gone.yaml", "not-found"),
        ("/envs/*.json", "not-found"),
        ("../../../a.yaml", "escapes"),
        ("https://example.com/v.yaml", "needs-url"),
        ("$none/envs/a.yaml", "failed"),
    ],
)
def test_what_is_not_there_is_told_at_its_entry(listed: str, code: str) -> None:
    with pytest.raises(NotFound) as caught:
        files("v.yaml", listed, several=True)
    assert (caught.value.error["code"], caught.value.error["entry"]) == (code, "valueFiles[1]")
    if code == "not-found":
        assert files("v.yaml", listed, ignore_missing=True) == ["charts/web/v.yaml"]


def test_what_helm_prints_is_read_document_by_document() -> None:
    printed = (
        "---\n# Source: web/templates/a.yaml\nkind: A\n---\n# Source: web/charts/db/templates/b.yaml\nkind: List\n"
        "items: [{kind: B, n: 1}, {kind: C}]\n---\n# Source: web/crds/crd.yaml\nkind: D\n---\nkind: E\n"
        "---\n# Source: web/templates/empty.yaml\n# nothing\n"
    )
    tree = Tree.of({"charts/web/templates/a.yaml": b"", "charts/web/crds/crd.yaml": b""})
    found = read_printed(tree, ASKS, printed)["resources"]
    assert [(each["object"]["kind"], each["origin"]["path"]) for each in found] == [
        ("A", "charts/web/templates/a.yaml"),
        *(("B", None), ("C", None)),  # a packaged chart
        *(("D", "charts/web/crds/crd.yaml"), ("E", "charts/web/crds/crd.yaml")),
    ]


def test_two_renderings_that_differ_are_told_field_by_field() -> None:
    def rendering(*objects: object) -> dict[str, object]:
        return {"resources": [{"object": each} for each in objects]}

    first = rendering({"data": {"a/b": "1", "c": ["x", "y"]}}, {"kind": "B"})
    second = rendering({"data": {"a/b": "2", "c": ["x", "z"]}}, {"kind": "B"})
    assert with_unstable(first, first)["unstable"] == []
    found = with_unstable(first, second)["unstable"]
    assert [(each["resource"], each["path"]) for each in found] == [(0, "/data/a~1b"), (0, "/data/c/1")]
    assert with_unstable(first, rendering({}))["unstable"] == [{"resource": -1}]


def test_what_helm_says_is_told_like_the_engine() -> None:
    tree = Tree.of({"charts/web/Chart.yaml": b"dependencies: [{name: db, version: 1.2.3}]"})
    said = (
        "Error: An error occurred while checking for chart dependencies. found in Chart.yaml, but missing in charts/ "
    )
    error = failure(tree, ASKS, f"{said}directory: db, cache\n", "/repo")["error"]
    assert error["charts"] == [{"name": "db", "version": "1.2.3"}, {"name": "cache", "version": ""}]
    assert error["code"] == "needs-chart"
    error = failure(TREE, ASKS, "Error: open /repo/charts/web/x: no such file\n\nUse --debug flag to see\n", "/repo")[
        "error"
    ]
    assert error == {"code": "failed", "message": "open charts/web/x: no such file"}
