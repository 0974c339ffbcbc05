"""One Application must bring a resource once."""

from __future__ import annotations

import json

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.kustomize.steps import TakeOut
from gitops.resources.rendering import Rendered
from tests.checks.ownership.following import followed
from tests.scenarios import (
    application,
    config_map,
    documents,
    evaluated,
    evaluated_tree,
    fixed,
    kustomization,
    manifest,
    of_rule,
    state_of,
    tree,
    with_links,
)

APP = {"apps.yaml": application("a", "a")}
NAMESPACE = manifest("Namespace", "shop")


async def test_an_overlay_that_lists_what_its_base_has(engine: Engine) -> None:
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("base", "namespace.yaml", "map.yaml"),
        "a/namespace.yaml": NAMESPACE,
        "a/map.yaml": config_map("m"),
        "a/base/kustomization.yaml": kustomization("ns.yaml"),
        "a/base/ns.yaml": NAMESPACE,
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-entry")
    assert finding.severity is Severity.ERROR
    assert (finding.span.path, finding.span.line) == ("a/kustomization.yaml", 5)
    assert [(r.span.path, r.span.line) for r in finding.related] == [("a/base/kustomization.yaml", 4)]
    assert of_rule(evaluation, "render-failed") == []  # said once
    mended = fixed(evaluation, "a/kustomization.yaml")
    assert b"namespace.yaml" not in mended
    again = await evaluated(engine, {**files, "a/kustomization.yaml": mended})
    rendering = state_of(again, "a").rendering
    assert isinstance(rendering, Rendered)
    assert len(rendering.resources) == 2


async def test_one_file_listed_twice(engine: Engine) -> None:
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("ns.yaml", "ns.yaml"),
        "a/ns.yaml": NAMESPACE,
    }
    evaluation = await evaluated(engine, files)
    assert fixed(evaluation, "a/kustomization.yaml") == kustomization("ns.yaml").encode()


async def test_one_base_taken_in_twice(engine: Engine) -> None:
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("../base", "../other"),
        "base/kustomization.yaml": kustomization("ns.yaml"),
        "base/ns.yaml": NAMESPACE,
        "other/kustomization.yaml": kustomization("../base", "map.yaml"),
        "other/map.yaml": config_map("m"),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-entry")
    assert fixed(evaluation, "a/kustomization.yaml") == kustomization("../other").encode()
    assert finding.fix is not None


async def test_copies_that_differ_are_for_a_person(engine: Engine) -> None:
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("one.yaml", "two.yaml"),
        "a/one.yaml": config_map("m", a="1"),
        "a/two.yaml": config_map("m", a="2"),
    }
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-entry")
    assert finding.fix is None
    assert "differ" in finding.topic.advice


async def test_a_file_that_brings_more_loses_the_document_alone(engine: Engine) -> None:
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("one.yaml", "two.yaml"),
        "a/one.yaml": documents(config_map("m"), config_map("x")),
        "a/two.yaml": documents(config_map("m"), config_map("y")),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-entry")
    assert finding.fix is not None
    assert "Delete lines 1 to 1 of a/two.yaml" in finding.topic.advice
    assert fixed(evaluation, "a/two.yaml") == config_map("y").encode()


@pytest.mark.parametrize("more", [True, False])
async def test_an_item_of_a_list_is_a_copy_too(engine: Engine, more: bool) -> None:
    items = [json.loads(config_map("m")), *([json.loads(config_map("x"))] if more else [])]
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("one.yaml", "list.yaml", "own.yaml"),
        "a/one.yaml": documents(config_map("m"), config_map("y")),
        "a/list.yaml": manifest("List", "l", items=items),
        "a/own.yaml": config_map("own"),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-entry")
    assert finding.fix is not None
    (step,) = finding.steps
    assert isinstance(step, TakeOut)
    assert step.reference.value == ("ConfigMap shop/m" if more else "list.yaml")
    after = await evaluated_tree(engine, followed(evaluation.snapshot.tree, finding.steps))
    rendering = state_of(after, "a").rendering
    assert isinstance(rendering, Rendered)
    assert len(rendering.resources) == 3 + more


async def test_sibling_bases_lose_the_entry_of_one(engine: Engine) -> None:
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("../one", "../two"),
        "one/kustomization.yaml": kustomization("ns.yaml", "own.yaml"),
        "one/ns.yaml": NAMESPACE,
        "one/own.yaml": config_map("one"),
        "two/kustomization.yaml": kustomization("own.yaml", "ns.yaml"),
        "two/ns.yaml": NAMESPACE,
        "two/own.yaml": config_map("two"),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-entry")
    assert "also brings" not in finding.topic.advice
    mended = fixed(evaluation, "two/kustomization.yaml")
    assert mended == kustomization("own.yaml").encode()
    rendering = state_of(await evaluated(engine, {**files, "two/kustomization.yaml": mended}), "a").rendering
    assert isinstance(rendering, Rendered)
    assert len(rendering.resources) == 3


async def test_of_two_bases_the_one_that_nobody_else_deploys_is_edited(engine: Engine) -> None:
    files = {
        "apps.yaml": documents(
            application("a", "a"), application("far", "two", server="https://far.example", namespace="other")
        ),
        "a/kustomization.yaml": kustomization("../one", "../two"),
        "one/kustomization.yaml": kustomization("ns.yaml", "own.yaml"),
        "one/ns.yaml": NAMESPACE,
        "one/own.yaml": config_map("one"),
        "two/kustomization.yaml": kustomization("own.yaml", "ns.yaml"),
        "two/ns.yaml": NAMESPACE,
        "two/own.yaml": config_map("two"),
    }
    evaluation = await evaluated(engine, files)
    assert {edit.span.path for plan in evaluation.plans for edit in plan.edits} == {"one/kustomization.yaml"}


async def test_copies_that_a_base_changes_on_the_way_are_not_alike(engine: Engine) -> None:
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("../one", "../two"),
        "one/kustomization.yaml": kustomization("ns.yaml", "own.yaml", extra="commonLabels: {team: one}\n"),
        "one/ns.yaml": NAMESPACE,
        "one/own.yaml": config_map("one"),
        "two/kustomization.yaml": kustomization("own.yaml", "ns.yaml"),
        "two/ns.yaml": NAMESPACE,
        "two/own.yaml": config_map("two"),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-entry")
    assert evaluation.plans == ()
    assert finding.steps == ()
    assert "one/kustomization.yaml changes one of them" in finding.topic.advice


async def test_a_plain_directory_is_warned_about(engine: Engine) -> None:
    files = {**APP, "a/one.yaml": config_map("m"), "a/two.yaml": config_map("m")}
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-entry")
    assert finding.severity is Severity.WARNING
    assert "RepeatedResourceWarning" in finding.topic.message
    assert "Delete the file a/one.yaml" in finding.topic.advice


async def test_a_copy_in_the_middle_that_differs_is_for_a_person(engine: Engine) -> None:
    files = {**APP, **{f"a/{i}.yaml": config_map("m", a=value) for i, value in enumerate("121")}}
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-entry")
    assert finding.steps == ()
    assert "The copies differ" in finding.topic.message


async def test_of_a_file_and_a_link_to_it_the_link_goes(engine: Engine) -> None:
    linked = with_links(tree({**APP, "a/real.yaml": config_map("m")}), {"a/zlink.yaml": "real.yaml"})
    (finding,) = of_rule(await evaluated_tree(engine, linked), "duplicate-entry")
    assert "Delete the symbolic link a/zlink.yaml" in finding.topic.advice


async def test_two_sources_of_one_application(engine: Engine) -> None:
    sources = [{"repoURL": "https://github.com/acme/platform", "path": path} for path in ("one", "two")]
    files = {
        "apps.yaml": application("a", "", sources=sources),
        "one/m.yaml": config_map("m"),
        "two/m.yaml": config_map("m"),
    }
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-entry")
    assert "from two sources" in finding.topic.title
    assert tree(files).is_dir("one")


async def test_namesakes_in_another_namespace_are_not_meant(engine: Engine) -> None:
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("one.yaml", "two.yaml", "far.yaml"),
        "a/one.yaml": config_map("m"),
        "a/two.yaml": config_map("m"),
        "a/far.yaml": config_map("m", "elsewhere", x="y"),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-entry")
    assert {r.span.line for r in finding.related} | {finding.span.line} == {4, 5}
    assert b"far.yaml" in fixed(evaluation, "a/kustomization.yaml")
    assert finding.fix is not None


async def test_what_a_base_generates_is_kept(engine: Engine) -> None:
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("../one", "../two"),
        "one/kustomization.yaml": kustomization("ns.yaml"),
        "one/ns.yaml": NAMESPACE,
        "two/kustomization.yaml": kustomization(
            "ns.yaml", extra="configMapGenerator:\n- {name: g, literals: [a=b]}\n"
        ),
        "two/ns.yaml": NAMESPACE,
    }
    evaluation = await evaluated(engine, files)
    assert fixed(evaluation, "a/kustomization.yaml") == files["a/kustomization.yaml"].encode()
    assert b"configMapGenerator" in fixed(evaluation, "two/kustomization.yaml")
    assert b"ns.yaml" not in fixed(evaluation, "two/kustomization.yaml")


@pytest.mark.parametrize("extra", ["namePrefix: x-\n", "patches: [{path: p.yaml}]\n", "namespace: shop\n"])
async def test_a_base_that_does_more_than_list_is_not_taken_out(engine: Engine, extra: str) -> None:
    files = {
        **APP,
        "a/kustomization.yaml": kustomization("../one", "../two"),
        "one/kustomization.yaml": kustomization("ns.yaml"),
        "one/ns.yaml": NAMESPACE,
        "two/kustomization.yaml": kustomization("ns.yaml", extra=extra),
        "two/ns.yaml": NAMESPACE,
        "two/p.yaml": manifest("Namespace", "shop", metadata={"labels": {"a": "b"}}),
    }
    evaluation = await evaluated(engine, files)
    assert evaluation.plans == ()
    assert all(finding.fix is None for finding in of_rule(evaluation, "duplicate-entry"))
