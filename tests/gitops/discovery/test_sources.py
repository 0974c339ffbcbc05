"""Which tool renders a source, and what the parser remembers from one tree to the next."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.policy.file import Policy
from gitops.applications.application import Origin, parse_application
from gitops.files.spans import Span
from gitops.files.tree import MODE_SYMLINK, Entry, Tree, blob_oid
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed
from tests.scenarios import (
    MATCHER,
    URL,
    Files,
    application,
    config_map,
    evaluated,
    failure_of,
    kustomization,
    manifest,
    state_of,
)

KUSTOMIZED: Files = {
    "a/kustomization.yaml": kustomization("map.yaml", extra="namePrefix: k-\n"),
    "a/map.yaml": config_map("m"),
    "a/other.yaml": config_map("other"),
}
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"


def names(rendering: object) -> list[str]:
    assert isinstance(rendering, Rendered), rendering
    return sorted(resource.id.name for resource in rendering.resources)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({}, ["k-m"]),
        # Argo CD drops blocks that say nothing (its UI writes such).
        ({"directory": {"recurse": False}}, ["k-m"]),
        ({"directory": {"jsonnet": {}, "recurse": False}}, ["k-m"]),
        ({"helm": {"valueFiles": []}}, ["k-m"]),
        ({"kustomize": {"images": []}}, ["k-m"]),
        # These say something, and then files no longer decide: the kustomization is a manifest like others.
        ({"directory": {"include": "*.yaml"}}, ["", "m", "other"]),
        ({"directory": {"exclude": "kustomization.yaml"}}, ["m", "other"]),
    ],
)
async def test_blocks_that_say_nothing_do_not_choose_the_tool(
    engine: Engine, source: dict[str, Any], expected: list[str]
) -> None:
    evaluation = await evaluated(engine, {**KUSTOMIZED, "apps.yaml": application("app", "a", source=source)})
    assert names(state_of(evaluation, "app").rendering) == expected


def test_of_several_sources_argo_cd_does_not_drop_such_blocks() -> None:
    block = {"repoURL": URL, "path": "a", "directory": {"recurse": False}}
    spec = {"sources": [block, block]}
    parsed = parse_application({"metadata": {"name": "x"}, "spec": spec}, Origin(Span("f", 1, 1)))
    assert [source.directory for source in parsed.sources] == [{"recurse": False}] * 2


async def test_a_kustomization_beside_a_chart_decides(engine: Engine) -> None:
    files = {**KUSTOMIZED, "a/Chart.yaml": "name: x\n", "apps.yaml": application("app", "a")}
    assert names(state_of(await evaluated(engine, files), "app").rendering) == ["k-m"]
    without = {path: data for path, data in files.items() if path != "a/kustomization.yaml"}
    # Helm refuses a chart without a version; without our engine it is not asked.
    assert isinstance(state_of(await evaluated(engine, without), "app").rendering, RenderFailed | NotAnalysed)


async def test_a_failure_stands_on_the_line_of_its_own_commit(engine: Engine) -> None:
    """The parser's memory holds other versions of the same file."""
    bad = {"a/map.yaml": config_map("m"), "apps.yaml": application("app", "a")}
    first = {**bad, "a/kustomization.yaml": kustomization("gone.yaml")}
    second = {**bad, "a/kustomization.yaml": "# moved\n# down\n" + kustomization("gone.yaml")}
    assert failure_of(await evaluated(engine, first), "app").span.line == 4
    assert failure_of(await evaluated(engine, second), "app").span.line == 6


def linked(files: dict[str, bytes], links: dict[str, str]) -> Tree:
    content = {**files, **{path: target.encode() for path, target in links.items()}}
    entries = {
        path: Entry(MODE_SYMLINK if path in links else 0o100644, blob_oid(data), len(data))
        for path, data in content.items()
    }
    return Tree(entries, lambda path, _: content[path])


async def test_a_kustomization_behind_a_symlink_is_read_anew_when_its_target_changes(engine: Engine) -> None:
    for name in ("one", "two"):
        files = {
            "x/app.yaml": application(name, "a").encode(),
            "x/real.yaml": kustomization("app.yaml", extra=f"# {name}\n").encode(),
            "a/m.yaml": config_map("m").encode(),
        }
        if name == "two":
            files["x/real.yaml"] = kustomization("more.yaml").encode()
            files["x/more.yaml"] = application("three", "a").encode()
        evaluation = await evaluate(
            engine, linked(files, {"x/kustomization.yaml": "real.yaml"}), None, MATCHER, Policy()
        )
        found = sorted(state.application.name for state in evaluation.snapshot.states)
        assert found == (["one"] if name == "one" else ["three"])


async def test_links_that_lead_nowhere_are_failures_not_crashes(engine: Engine) -> None:
    files = {"apps.yaml": application("app", "a").encode(), "a/m.yaml": config_map("m").encode()}
    for link in ("a/kustomization.yaml", "a/.argocd-source.yaml", "a/n.yaml"):
        evaluation = await evaluate(engine, linked(files, {link: "gone.yaml"}), None, MATCHER, Policy())
        rendering = state_of(evaluation, "app").rendering
        assert isinstance(rendering, RenderFailed if link == "a/kustomization.yaml" else Rendered), link


@pytest.mark.parametrize(
    ("name", "content", "fails"),
    [
        ("values.yaml", "replicas: 2\n", False),
        ("notes.yaml", "a: b: c\n", False),
        ("half.yaml", config_map("x") + "---\na: b: c\n", True),
        ("text.yaml", "note: 'apiVersion: kind: metadata:'\n", True),
        ("data.json", '{"a": 1}', True),  # every JSON file must be a manifest to Argo CD
    ],
)
async def test_files_that_are_no_manifests(engine: Engine, name: str, content: str, fails: bool) -> None:
    files = {"apps.yaml": application("app", "a"), "a/m.yaml": config_map("m"), f"a/{name}": content}
    rendering = state_of(await evaluated(engine, files), "app").rendering
    assert isinstance(rendering, RenderFailed) == fails


async def test_missing_components_are_left_out_when_the_application_says_so(engine: Engine) -> None:
    def files(ignore: bool) -> Files:
        options = {"components": ["../gone", "../here"], "ignoreMissingComponents": ignore}
        return {
            **KUSTOMIZED,
            "apps.yaml": application("app", "a", source={"kustomize": options}),
            "here/kustomization.yaml": COMPONENT + "nameSuffix: -c\n",
        }

    assert names(state_of(await evaluated(engine, files(True)), "app").rendering) == ["k-m-c"]
    assert "gone" in failure_of(await evaluated(engine, files(False)), "app").message


@pytest.mark.parametrize(
    ("image", "result"),
    [
        ("web=*:2", "registry/web:2"),
        ("web=other:*", "other:1"),
        ("web=other", "other:0"),
        ("web:3", "web:3"),
        ("localhost:5000/web:3", "registry/web:1"),
    ],
)
async def test_images_are_set_over_those_that_the_kustomization_sets(engine: Engine, image: str, result: str) -> None:
    container = {"name": "c", "image": "web:0"}
    pod = manifest("Pod", "p", "shop", spec={"containers": [container]})
    files: Files = {
        "apps.yaml": application("app", "a", source={"kustomize": {"images": [image]}}),
        "a/kustomization.yaml": kustomization(
            "p.yaml", extra="images:\n- {name: web, newName: registry/web, newTag: '1'}\n"
        ),
        "a/p.yaml": pod,
    }
    rendering = state_of(await evaluated(engine, files), "app").rendering
    assert isinstance(rendering, Rendered), rendering
    assert rendering.resources[0].manifest()["spec"]["containers"][0]["image"] == result


@pytest.mark.parametrize("field", ["commonLabels", "commonAnnotations"])
async def test_a_label_that_is_there_needs_force_as_with_kustomize_edit(engine: Engine, field: str) -> None:
    async def rendering(**options: Any) -> Rendered | RenderFailed | NotAnalysed:
        files = {
            **KUSTOMIZED,
            "apps.yaml": application("app", "a", source={"kustomize": {field: {"team": "new"}, **options}}),
            "a/kustomization.yaml": kustomization("map.yaml", extra=f"{field}: {{team: old}}\n"),
        }
        return state_of(await evaluated(engine, files), "app").rendering

    refused = await rendering()
    assert isinstance(refused, RenderFailed)
    assert f"its {field} set `team`" in refused.message
    assert refused.span == Span("apps.yaml", 1, 1)
    forced = await rendering(**{"force" + field[0].upper() + field[1:]: True})
    assert isinstance(forced, Rendered)
    where = "labels" if field == "commonLabels" else "annotations"
    assert forced.resources[0].manifest()["metadata"][where]["team"] == "new"


async def test_build_options_come_from_the_policy_or_from_argocd_cm(engine: Engine) -> None:
    told = manifest("ConfigMap", "argocd-cm", "argocd", data={"kustomize.buildOptions": "--load-restrictor none"})
    files: dict[str, str | bytes] = {
        "apps.yaml": application("app", "a/inner"),
        "a/map.yaml": config_map("m"),
        "a/inner/kustomization.yaml": kustomization("../map.yaml"),
        "argocd/cm.yaml": told,
    }

    async def notes(policy: str | None = None) -> int:
        rendering = state_of(await evaluated(engine, files, policy=policy), "app").rendering
        assert isinstance(rendering, Rendered)
        return len(rendering.notes)

    assert await notes() == 1  # `none` is not the flag's word
    assert await notes("kustomize: {buildOptions: --load-restrictor=LoadRestrictionsNone}") == 0
    files["argocd/cm.yaml"] = told.replace("none", "LoadRestrictionsNone")
    assert await notes() == 0
    assert await notes("kustomize: {buildOptions: --enable-helm}") == 1  # the operator's word goes before
