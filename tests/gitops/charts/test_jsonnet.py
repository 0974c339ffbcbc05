"""Directory sources that hold Jsonnet, evaluated by the engine itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitops.charts import jsonnet
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed
from tests.rendered import ANALYSIS, EngineProcess, application, state_of
from tests.scenarios import URL


def source(directory: str = "") -> str:
    return f"  source: {{repoURL: {URL}, path: app{', directory: ' + directory if directory else ''}}}"


def config_map(name: str) -> str:
    return f"{{apiVersion: 'v1', kind: 'ConfigMap', metadata: {{name: {name}}}}}"


@pytest.mark.parametrize(
    ("directory", "files", "expected"),
    [
        ("", {"app/a.jsonnet": config_map("'plain'")}, ["plain"]),
        (
            "",
            {"app/a.jsonnet": f"[{config_map(chr(39) + 'x' + chr(39))}, {config_map(chr(39) + 'y' + chr(39))}]"},
            ["x", "y"],
        ),
        (
            "{jsonnet: {tlas: [{name: who, value: $ARGOCD_APP_NAME}]}}",
            {"app/a.jsonnet": "function(who) " + config_map("who")},
            ["web"],
        ),
        (
            "{jsonnet: {extVars: [{name: who, value: \"'a' + 'b'\", code: true}]}}",
            {"app/a.jsonnet": config_map("std.extVar('who')")},
            ["ab"],
        ),
        (
            "{jsonnet: {libs: [one, two]}}",
            {
                "app/a.jsonnet": "(import 'lib.libsonnet')",
                "one/lib.libsonnet": config_map("'one'"),
                "two/lib.libsonnet": "import 'deeper/it.libsonnet'",
                "two/deeper/it.libsonnet": config_map("importstr 'name.txt'"),
                "two/deeper/name.txt": "deep",
            },
            ["deep"],
        ),
        (
            "{recurse: true}",
            {"app/x/a.jsonnet": config_map("(import '../n.libsonnet').n"), "app/n.libsonnet": "{n: 'up'}"},
            ["up"],
        ),
        (
            "",
            {
                "app/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\n",
                "app/b.jsonnet": config_map("'jsonnet'"),
            },
            ["yaml", "jsonnet"],
        ),
    ],
)
def test_jsonnet_is_evaluated_as_argo_cd_does(
    engine: EngineProcess, directory: str, files: dict[str, str], expected: list[str]
) -> None:
    rendering = state_of(engine, {**files, "argo.yaml": application("web", source(directory))}).rendering
    assert isinstance(rendering, Rendered), rendering
    assert [resource.id.name for resource in rendering.resources] == expected


def test_a_resource_of_jsonnet_is_made_by_it(engine: EngineProcess) -> None:
    files = {"app/a.jsonnet": config_map("'x'"), "argo.yaml": application("web", source())}
    rendering = state_of(engine, files).rendering
    assert isinstance(rendering, Rendered)
    assert [(one.path, one.template) for one in rendering.resources] == [("app/a.jsonnet", "app/a.jsonnet")]


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("local a = 1;\nimport 'gone.libsonnet'", "gone.libsonnet", 2),
        ("assert 1 > 2 : 'too few copies';\n{}", "too few copies", 1),
        ("{\n  a: b\n}", "Unknown variable: b", 2),
    ],
)
def test_a_failure_stands_at_its_line(engine: EngineProcess, text: str, words: str, line: int) -> None:
    failed = state_of(engine, {"app/a.jsonnet": text, "argo.yaml": application("web", source())}).rendering
    assert isinstance(failed, RenderFailed), failed
    assert words in failed.message
    assert (failed.span.path, failed.span.line) == ("app/a.jsonnet", line)


def test_an_assertion_does_not_tell_a_value(engine: EngineProcess) -> None:
    text = "function(secret) assert secret == 'x' : 'wrong: ' + secret; {}"
    options = "{jsonnet: {tlas: [{name: secret, value: hunter2}]}}"
    failed = state_of(engine, {"app/a.jsonnet": text, "argo.yaml": application("web", source(options))}).rendering
    assert isinstance(failed, RenderFailed)
    assert "hunter2" not in failed.message


def test_without_the_engine_it_is_not_analysed(engine: EngineProcess) -> None:
    files = {"app/a.jsonnet": "{}", "argo.yaml": application("web", source())}
    found = state_of(engine, files, analysis=replace(ANALYSIS, engine="")).rendering
    assert isinstance(found, NotAnalysed)
    assert found.reason.startswith("app/a.jsonnet is Jsonnet, which needs argofix-engine")


@pytest.mark.parametrize(("most", "names"), [(8, ["deep"]), (2, [])])
def test_a_bound_counts_what_is_imported_and_is_told(
    engine: EngineProcess, monkeypatch: pytest.MonkeyPatch, most: int, names: list[str]
) -> None:
    """Not the places where an import may lie. What is not followed is no fault of the file."""
    monkeypatch.setattr(jsonnet, "MAX_IMPORTS", most)
    chain = {f"two/{n}.libsonnet": f"import '{n + 1}.libsonnet'" for n in range(4)} | {
        "two/4.libsonnet": config_map("'deep'"),
        "app/a.jsonnet": "import '0.libsonnet'",
        "argo.yaml": application("web", source("{jsonnet: {libs: [one, two, three, four]}}")),
    }
    found = state_of(engine, {**chain, "one/x": "", "three/x": "", "four/x": ""}).rendering
    if names:
        assert isinstance(found, Rendered), found
        assert [resource.id.name for resource in found.resources] == names
    else:
        assert isinstance(found, NotAnalysed)
        assert found.reason == "app/a.jsonnet imports more than the 2 files that argofix follows"
