"""Which Applications there are, who brings them, and what each of them renders or why it does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.judgement.gaps import gaps_of
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import State
from gitops.discovery.sources import Analysis
from gitops.resources.rendering import NotAnalysed, Rendered
from tests.instant import Instant
from tests.scenarios import (
    MATCHER,
    Files,
    application,
    config_map,
    documents,
    evaluated,
    kustomization,
    manifest,
    state_of,
    tree,
)

MAP = {"a/map.yaml": config_map("m")}


def names(state: State) -> list[str]:
    rendering = state.rendering
    assert isinstance(rendering, Rendered), rendering
    return sorted(resource.id.name for resource in rendering.resources)


def application_set(name: str, *generators: Mapping[str, Any], path: str = "{{path}}", **spec: Any) -> str:
    template = {
        "metadata": {"name": "{{name}}"},
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://github.com/acme/platform", "path": path, "targetRevision": "HEAD"},
            "destination": {"name": "in-cluster", "namespace": "shop"},
        },
    }
    return json.dumps(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "metadata": {"name": name, "namespace": "argocd"},
            "spec": {"generators": list(generators), "template": template, **spec},
        }
    )


async def test_plain_documents_beside_each_other_are_one_root(engine: Engine) -> None:
    evaluation = await evaluated(
        engine, {**MAP, "apps/one.yaml": application("one", "a"), "apps/two.yaml": application("two", "a")}
    )
    assert {state.application.root for state in evaluation.snapshot.states} == {"apps"}


async def test_applications_two_levels_below_an_application(engine: Engine) -> None:
    files = {
        **MAP,
        "root.yaml": application("root", "level1"),
        "level1/kustomization.yaml": kustomization("middle.yaml"),
        "level1/middle.yaml": application("middle", "level2"),
        "level2/leaf.yaml": application("leaf", "a"),
    }
    evaluation = await evaluated(engine, files)
    leaf = state_of(evaluation, "leaf").application
    assert (leaf.root, leaf.parents) == ("root", ("root", "middle"))
    assert str(leaf.origin.span) == "level2/leaf.yaml:1"
    middle = state_of(evaluation, "middle").application
    assert str(middle.origin.entry) == "level1/kustomization.yaml:4"


async def test_an_application_that_manages_itself(engine: Engine) -> None:
    files = {**MAP, "apps/root.yaml": application("root", "apps"), "apps/leaf.yaml": application("leaf", "a")}
    evaluation = await evaluated(engine, files)
    assert sorted(s.application.name for s in evaluation.snapshot.states) == ["leaf", "root"]
    assert {s.application.root for s in evaluation.snapshot.states} == {"root"}


async def test_applications_that_bring_each_other_in_end(engine: Engine) -> None:
    files = {"x/a.yaml": application("a", "y"), "y/b.yaml": application("b", "x")}
    evaluation = await evaluated(engine, files)
    assert sorted(s.application.name for s in evaluation.snapshot.states) == ["a", "b"]
    assert len({s.application.root for s in evaluation.snapshot.states}) == 1


async def test_overlays_are_rendered_patches_and_all(engine: Engine) -> None:
    patch = {"op": "replace", "path": "/spec/source/path", "value": "a"}
    target = "patches:\n  - target: {kind: Application}\n    patch: '" + json.dumps([patch]) + "'\n"
    files = {
        **MAP,
        "base/kustomization.yaml": kustomization("app.yaml"),
        "base/app.yaml": application("app", "nowhere"),
        "prod/kustomization.yaml": kustomization("../base", extra=target),
    }
    evaluation = await evaluated(engine, files)
    state = state_of(evaluation, "app")
    assert state.application.root == "prod"
    assert names(state) == ["m"]


async def test_an_application_set_from_git_directories(engine: Engine) -> None:
    files = {
        "set.yaml": application_set(
            "all",
            {"git": {"repoURL": "https://github.com/acme/platform.git", "directories": [{"path": "apps/*"}]}},
        ).replace("{{name}}", "{{path.basename}}"),
        "apps/one/m.yaml": config_map("one"),
        "apps/two/m.yaml": config_map("two"),
    }
    evaluation = await evaluated(engine, files)
    assert {s.application.name: names(s) for s in evaluation.snapshot.states} == {"one": ["one"], "two": ["two"]}
    assert {s.application.root for s in evaluation.snapshot.states} == {"all"}


async def test_an_element_of_a_list_is_placed_on_its_own_line(engine: Engine) -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s, namespace: argocd}\nspec:\n"
        "  generators:\n    - list:\n        elements:\n          - name: one\n            path: gone\n"
        "          - name: two\n            path: a\n"
        "  template:\n    metadata: {name: '{{name}}'}\n    spec:\n"
        "      source: {repoURL: 'https://github.com/acme/platform', path: '{{path}}'}\n"
        "      destination: {name: in-cluster, namespace: shop}\n"
    )
    evaluation = await evaluated(engine, {**MAP, "set.yaml": text})
    assert state_of(evaluation, "two").application.origin.span.line == 10
    (finding,) = [f for f in evaluation.findings if f.rule == "render-failed"]
    assert (finding.span.path, finding.span.line) == ("set.yaml", 8)


async def test_what_git_cannot_expand_is_unknown_never_clean(engine: Engine) -> None:
    files = {**MAP, "set.yaml": application_set("s", {"clusters": {"selector": {"matchLabels": {"env": "p"}}}})}
    evaluation = await evaluated(engine, files)
    assert evaluation.snapshot.states == ()
    assert evaluation.report("argofix / ownership").conclusion == "neutral"
    assert any("clusters" in gap for gap in gaps_of(evaluation.snapshot))


def test_a_hundred_thousand_applications_are_bounded_and_said_so() -> None:
    one, two = [[{key: str(i)} for i in range(400)] for key in "nm"]
    matrix = {"matrix": {"generators": [{"list": {"elements": one}}, {"list": {"elements": two}}]}}
    text = application_set("s", matrix, path="chart").replace("{{name}}", "x-{{n}}-{{m}}")
    head = tree({"chart/Chart.yaml": "name: x\n", "set.yaml": text})
    snapshot = Instant().run(discover(head, Analysis(MATCHER, str, "instant", max_applications=200)))
    assert 0 < len(snapshot.states) <= 200
    assert any("200" in gap for gap in gaps_of(snapshot))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"chart": "redis", "repoURL": "https://charts.example"}, "chart redis comes from a Helm repository"),
        ({"repoURL": "https://github.com/acme/other"}, "another repository"),
        ({"targetRevision": "v1.2.3"}, "pinned to v1.2.3"),
        ({"targetRevision": "0" * 40}, "pinned to 000"),
        ({"plugin": {"name": "cmp"}}, "the config management plugin cmp"),
        ({"path": "remote"}, "which needs the network"),
        ({"path": "helmed"}, "inflates the chart x, which needs"),
        ({"path": "plugged"}, "runs the plugin Mine"),
    ],
)
async def test_what_is_left_out_says_why(engine: Engine, source: dict[str, Any], reason: str) -> None:
    files = {
        **MAP,
        "apps.yaml": application("app", "a", source=source),
        "remote/kustomization.yaml": kustomization("https://github.com/x/y//z?ref=v1"),
        "helmed/kustomization.yaml": "helmCharts:\n  - name: x\n    repo: https://charts.example\n",
        "plugged/kustomization.yaml": kustomization("../a/map.yaml", extra="generators:\n  - plugin.yaml\n"),
        "plugged/plugin.yaml": "apiVersion: acme.io/v1\nkind: Mine\nmetadata: {name: x}\n",
    }
    rendering = state_of(await evaluated(engine, files), "app").rendering
    assert isinstance(rendering, NotAnalysed), rendering
    assert reason in rendering.reason


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/platform",
        "https://github.com/acme/platform.git",
        "https://github.com/Acme/Platform/",
        "https://user:token@github.com/acme/platform.git",
        "git@github.com:acme/platform.git",
        "ssh://git@github.com/acme/platform",
        "ssh://git@ssh.github.com:443/acme/platform.git",
        "https://github.com/former-owner/platform",
    ],
)
async def test_spellings_of_this_repository(engine: Engine, url: str) -> None:
    evaluation = await evaluated(engine, {**MAP, "apps.yaml": application("app", "a", url=url)})
    assert names(state_of(evaluation, "app")) == ["m"]


async def test_without_a_remote_the_repository_most_often_named_is_this_one(engine: Engine) -> None:
    files = {
        **MAP,
        "apps.yaml": documents(
            application("one", "a", url="https://git.example/x/y"),
            application("two", "gone", url="https://git.example/other/z"),
        ),
    }
    evaluation = await evaluated(engine, files, known=False)
    assert names(state_of(evaluation, "one")) == ["m"]
    assert isinstance(state_of(evaluation, "two").rendering, NotAnalysed)


async def test_directory_sources_choose_files_as_argo_cd_does(engine: Engine) -> None:
    options = {"directory": {"recurse": True, "include": "*.yaml", "exclude": "skip/*"}}
    files = {
        "apps.yaml": application("app", "d", source=options),
        "d/one.yaml": config_map("one"),
        "d/deep/er/two.yaml": config_map("two"),
        "d/skip/three.yaml": config_map("three"),
        "d/four.yml": config_map("four"),
        "d/values.yaml": "replicas: 2\n",
        "d/skipped.yaml": "# +argocd:skip-file-rendering\n" + config_map("five"),
        "d/list.yaml": json.dumps({"apiVersion": "v1", "kind": "List", "items": [json.loads(config_map("six"))]}),
        "d/README.md": "kind: ConfigMap",
    }
    assert names(state_of(await evaluated(engine, files), "app")) == ["one", "six", "two"]
    files["apps.yaml"] = application("app", "d")
    assert names(state_of(await evaluated(engine, files), "app")) == ["four", "one", "six"]


async def test_several_sources_add_up_and_a_missing_one_leaves_a_gap(engine: Engine) -> None:
    sources = [
        {"repoURL": "https://github.com/acme/platform", "path": "a"},
        {"repoURL": "https://charts.example", "chart": "redis", "targetRevision": "1.x"},
        {"repoURL": "https://github.com/acme/platform", "ref": "values"},
    ]
    evaluation = await evaluated(engine, {**MAP, "apps.yaml": application("app", "", sources=sources)})
    rendering = state_of(evaluation, "app").rendering
    assert isinstance(rendering, Rendered)
    assert names(state_of(evaluation, "app")) == ["m"]
    assert len(rendering.gaps) == 1


PAUSE = '[{"op": "add", "path": "/spec/paused", "value": true}]'
OPTIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"namePrefix": "p-"}, "metadata.name", "p-web"),
    ({"nameSuffix": "-s"}, "metadata.name", "web-s"),
    ({"namespace": "elsewhere"}, "metadata.namespace", "elsewhere"),
    ({"images": ["web=registry.example/web:2"]}, "spec.template.spec.containers.0.image", "registry.example/web:2"),
    ({"images": ["web:3"]}, "spec.template.spec.containers.0.image", "web:3"),
    ({"images": ["web@sha256:abc"]}, "spec.template.spec.containers.0.image", "web@sha256:abc"),
    ({"replicas": [{"name": "web", "count": 5}]}, "spec.replicas", "5"),
    ({"commonLabels": {"team": "shop"}}, "spec.selector.matchLabels.team", "shop"),
    ({"commonLabels": {"team": "shop"}, "labelWithoutSelector": True}, "metadata.labels.team", "shop"),
    ({"commonAnnotations": {"x": "y"}}, "metadata.annotations.x", "y"),
    (
        {
            "patches": [
                {"target": {"kind": "Deployment"}, "patch": '[{"op":"add","path":"/spec/paused","value":true}]'}
            ]
        },
        "spec.paused",
        "True",
    ),
    ({"components": ["../component"]}, "metadata.annotations.from", "component"),
]


@pytest.mark.parametrize(("options", "route", "value"), OPTIONS)
async def test_the_applications_own_kustomize_options(
    engine: Engine, options: dict[str, Any], route: str, value: str
) -> None:
    web = manifest(
        "Deployment",
        "web",
        "shop",
        "apps/v1",
        spec={
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    )
    # Argo CD replaces a prefix that is there; wrapping would add one.
    own = "namePrefix: old-\n" if "namePrefix" in options else ""
    files: Files = {
        "apps.yaml": application("app", "web", source={"kustomize": options}),
        # Argo CD replaces a prefix that is there; wrapping would add one.
        "web/kustomization.yaml": kustomization("web.yaml", extra=own),
        "web/web.yaml": web,
        "component/kustomization.yaml": (
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {from: component}\n"
        ),
    }
    rendering = state_of(await evaluated(engine, files), "app").rendering
    assert isinstance(rendering, Rendered), rendering
    here: Any = rendering.resources[0].manifest()
    for step in route.split("."):
        here = here[int(step)] if step.isdigit() else here[step]
    assert str(here) == value


async def test_an_unknown_kustomize_option_is_not_guessed(engine: Engine) -> None:
    files = {
        "apps.yaml": application("app", "a", source={"kustomize": {"somethingNew": 1}}),
        "a/kustomization.yaml": kustomization("map.yaml"),
        **MAP,
    }
    rendering = state_of(await evaluated(engine, files), "app").rendering
    assert isinstance(rendering, NotAnalysed)
    assert "somethingNew" in rendering.reason
