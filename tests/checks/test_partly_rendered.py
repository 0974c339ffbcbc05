"""A kustomization that cannot be rendered whole is still looked at: what kustomize refuses anyway is an error."""

from __future__ import annotations

import dataclasses

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.files.tree import MODE_SUBMODULE, Entry, Tree
from gitops.resources.rendering import NotAnalysed, RenderFailed
from tests.scenarios import MATCHER, application, config_map, evaluated, kustomization, of_rule, state_of, tree

MAP = config_map("m", "shop")
# What git alone cannot build, as it stands beside other entries.
BESIDE = {
    "charts": {"extra": "helmCharts:\n- {name: podinfo, repo: https://example.org/charts, version: 1.0.0}\n"},
    "remote base": {"resource": "https://github.com/acme/base//x?ref=v1"},
    "remote base by ssh": {"resource": "git@github.com:acme/base.git"},
    "plugin": {"extra": "generators:\n- plugin.yaml\n"},
    "chart generator": {"extra": "generators:\n- chart.yaml\n"},
}
FILES = {
    "a/plugin.yaml": "apiVersion: example.com/v1\nkind: Sops\nmetadata: {name: x}\n",
    "a/chart.yaml": "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: x}\nname: podinfo\n",
    "a/map.yaml": MAP,
    "apps.yaml": application("a", "a"),
}
CERTAIN = {
    "a file that is not there": (["gone.yaml"], "", {}, "a/kustomization.yaml", "gone.yaml"),
    "a directory without a kustomization": (
        ["../b"], "", {"b/x.yaml": MAP}, "a/kustomization.yaml", "b holds no kustomization.yaml",
    ),
    "a generator's file that is not there": (
        [], "configMapGenerator:\n- {name: g, files: [gone.sh]}\n", {}, "a/kustomization.yaml", "gone.sh",
    ),
    "no YAML": (["bad.yaml"], "", {"a/bad.yaml": "kind: X\nmetadata: {name: x\n"}, "a/bad.yaml", "bad.yaml"),
    "no YAML in a base": (
        ["../b"], "", {"b/kustomization.yaml": "resources: [bad.yaml]\n", "b/bad.yaml": "a: b: c\n"}, "b/bad.yaml",
        "bad.yaml",
    ),
    "a repeated key": (
        ["bad.yaml"], "",
        {"a/bad.yaml": config_map("n").replace('"a":', '"x": "1", "x": "2", "a":')}, "a/bad.yaml", "the key `x`",
    ),
    "a field that kustomize does not know": ([], "resourcez: []\n", {}, "a/kustomization.yaml", "resourcez"),
    "a patch that is no YAML": (
        [], "patches:\n- path: p.yaml\n", {"a/p.yaml": "kind: X\nmetadata: {name: x\n"}, "a/p.yaml", "p.yaml",
    ),
    "a patch that says nothing": ([], "patches:\n- target: {kind: X}\n", {}, "a/kustomization.yaml", "patch"),
    "no name": (["bad.yaml"], "", {"a/bad.yaml": "apiVersion: v1\nkind: X\n"}, "a/bad.yaml", "metadata.name"),
    "a component among the resources": (
        ["../b"], "", {"b/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n"
        "namePrefix: x-\n"}, "a/kustomization.yaml", "Component",
    ),
}  # fmt: skip


def repository(beside: str, resources: list[str], extra: str, files: dict[str, str]) -> dict[str, str]:
    other = BESIDE[beside]
    listed = ["map.yaml", *resources, *([other["resource"]] if "resource" in other else [])]
    return {**FILES, **files, "a/kustomization.yaml": kustomization(*listed, extra=extra + other.get("extra", ""))}


@pytest.mark.parametrize("fault", CERTAIN)
@pytest.mark.parametrize("beside", ["charts", "remote base"])
async def test_what_kustomize_refuses_anyway_is_an_error(engine: Engine, beside: str, fault: str) -> None:
    resources, extra, files, path, words = CERTAIN[fault]
    evaluation = await evaluated(engine, repository(beside, resources, extra, files))
    (finding,) = of_rule(evaluation, "render-failed")
    assert (finding.severity, finding.span.path) == (Severity.ERROR, path)
    assert words in finding.message


@pytest.mark.parametrize("beside", BESIDE)
async def test_an_entry_twice_is_an_error_whatever_stands_beside_it(engine: Engine, beside: str) -> None:
    for resources, files in (
        (["map.yaml"], {}),
        (["copy.yaml"], {"a/copy.yaml": MAP}),
        (["../b"], {"b/kustomization.yaml": "resources: [map.yaml]\n", "b/map.yaml": MAP}),
    ):
        evaluation = await evaluated(engine, repository(beside, resources, "", files))
        (finding,) = of_rule(evaluation, "duplicate-entry")
        assert finding.severity is Severity.ERROR
        assert finding.span.path == "a/kustomization.yaml"


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize(
    "extra",
    [
        "",
        # Whoever it names may come with what was left out.
        'patches:\n- patch: \'{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}}\'\n',
        "configMapGenerator:\n- {name: other, behavior: merge, literals: [a=b]}\n",
        "replacements:\n- source: {kind: ConfigMap, name: other, fieldPath: data.a}\n"
        "  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]\n",
        "replicas:\n- {name: other, count: 2}\n",
    ],
    ids=["nothing", "patch", "merge", "replacement", "replicas"],
)
async def test_what_may_come_from_outside_is_no_fault(engine: Engine, beside: str, extra: str) -> None:
    evaluation = await evaluated(engine, repository(beside, [], extra, {}))
    assert isinstance(state_of(evaluation, "a").rendering, NotAnalysed)
    assert evaluation.findings == ()


async def test_two_copies_that_a_plugin_may_rename_are_no_fault(engine: Engine) -> None:
    files = {
        **FILES,
        "a/kustomization.yaml": kustomization("map.yaml", "../b"),
        "b/kustomization.yaml": "resources: [map.yaml]\ntransformers: [plugin.yaml]\n",
        "b/plugin.yaml": FILES["a/plugin.yaml"],
        "b/map.yaml": MAP,
    }
    evaluation = await evaluated(engine, files)
    assert isinstance(state_of(evaluation, "a").rendering, NotAnalysed)
    assert evaluation.findings == ()


async def test_a_repeated_key_beside_a_chart_is_a_warning(engine: Engine) -> None:
    files = repository("charts", [], "namePrefix: x-\nnamePrefix: y-\n", {})
    evaluation = await evaluated(engine, files)
    assert isinstance(state_of(evaluation, "a").rendering, NotAnalysed)
    (finding,) = of_rule(evaluation, "render-failed")
    assert (finding.severity, finding.span.line) == (Severity.WARNING, 6)


async def test_what_lies_in_a_submodule_is_not_here_and_not_missing(engine: Engine) -> None:
    from bot.rendering.evaluation import evaluate
    from checks.policy.file import Policy

    plain = tree(
        {
            "apps.yaml": "---\n".join((application("a", "a") + "\n", application("b", "vendor/shared/x"))),
            "a/kustomization.yaml": kustomization("map.yaml", "../vendor/shared/base"),
            "a/map.yaml": MAP,
        }
    )
    entries = {path: entry for path in plain.paths() if (entry := plain.entry(path)) is not None}
    entries["vendor/shared"] = Entry(MODE_SUBMODULE, "1" * 40)
    here = Tree(entries, lambda path, _: plain.read(path))
    evaluation = await evaluate(engine, here, None, MATCHER, Policy())
    for name in ("a", "b"):
        rendering = state_of(evaluation, name).rendering
        assert isinstance(rendering, NotAnalysed)
        assert "the git submodule vendor/shared" in rendering.reason
    assert evaluation.findings == ()


@pytest.mark.parametrize("directory", ["apps/example.com", "apps/v1.2", "apps/plain", "apps/x.Kustomization"])
@pytest.mark.parametrize("options", [{"namePrefix": "x-"}, {"commonLabels": {"a": "b"}}])
async def test_a_failure_stands_on_a_file(engine: Engine, directory: str, options: dict[str, object]) -> None:
    files = {
        "argocd/a.yaml": application("a", directory, source={"kustomize": options}),
        f"{directory}/map.yaml": MAP,
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "render-failed")
    assert finding.span.path == "argocd/a.yaml"
    assert isinstance(state_of(evaluation, "a").rendering, RenderFailed)
    assert dataclasses.asdict(finding.span)["line"] == 1
