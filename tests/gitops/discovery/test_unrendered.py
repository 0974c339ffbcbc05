"""An ApplicationSet is the same one, whether what lists it can be rendered or is read as its files stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product

from bot.rendering.driver import Engine
from checks.changes.view import changes_of
from checks.policy.file import Policy
from gitops.discovery.rediscovery import rediscover
from gitops.discovery.snapshot import Snapshot
from tests.gitops.facts.deletions.stage import ON_MAIN
from tests.rediscovered import a_set, seen
from tests.scenarios import Files, application, config_map, kustomization, tree

RENAMES = ("", "namespace: gitops\n", "namePrefix: x-\nnameSuffix: -y\n", "labels: [{pairs: {a: b}}]\n")
# What nobody here can build, or nobody at all.
UNBUILT = (
    "resources: [set.yaml, https://example.invalid/base.yaml]\n",
    "resources: [set.yaml]\nhelmCharts: [{name: c, repo: https://c.example.invalid, version: 1.0.0}]\n",
    "resources: [set.yaml]\ntransformers: [https://example.invalid/t.yaml]\n",
    "resources: [set.yaml, gone.yaml]\n",
)
SET = a_set("directories: [{path: apps/*}]").replace(", namespace: argocd}", "}")


def listing(listed: str, around: str = "") -> Files:
    """A set that a kustomization lists, and maybe another one around it changes."""
    below = "list" if around else "boot"
    files = {
        "root.yaml": application("root", "boot", namespace="argocd"),
        f"{below}/set.yaml": SET,
        f"{below}/kustomization.yaml": listed,
        "apps/shop/map.yaml": config_map("shop"),
    }
    return files | ({"boot/kustomization.yaml": kustomization("../list", extra=around)} if around else {})


def pairs() -> Iterator[tuple[Files, Files]]:
    for (own, around), listed in product(zip(RENAMES, RENAMES[1:] + RENAMES[:1], strict=True), UNBUILT):
        yield listing("resources: [set.yaml]\n" + own, around), listing(listed + own, around)


def sets_of(snapshot: Snapshot) -> list[object]:
    made = [one.application.key for one in snapshot.states if one.application.generated]
    return [[(one.namespace, one.name) for one in snapshot.sets], made]


async def test_a_set_keeps_its_name_where_what_lists_it_is_not_rendered(engine: Engine) -> None:
    analysis = engine.analysis(ON_MAIN)
    for whole, partly in pairs():
        base, head = [await engine.snapshot(tree(files), analysis) for files in (whole, partly)]
        assert sets_of(head) == sets_of(base), (whole, partly)
        assert len(base.sets) == 1
        for before, after in ((base, head), (head, base)):
            assert [one.turn for one in changes_of(before, after, Policy()).difference.sets] == []
        again = await engine.drive(rediscover(base, tree(partly), analysis))
        assert seen(again) == seen(head)


async def test_what_is_rendered_tells_more_of_a_set_than_its_file(engine: Engine) -> None:
    """Of two that bring the set one cannot be built, and a patch on the way stands in no file of the set."""
    excluded = json.dumps({"path": "apps/shop", "exclude": True})
    out = f'[{{"op": "add", "path": "/spec/generators/0/git/directories/-", "value": {excluded}}}]'
    files = {
        **listing("resources: [set.yaml]\n", f"patches: [{{target: {{kind: ApplicationSet}}, patch: '{out}'}}]\n"),
        "boot/x.yaml": application("x", "boot/also", namespace="argocd"),
        "boot/also/kustomization.yaml": kustomization("../../patched"),
        "apps/blog/map.yaml": config_map("blog"),
    }
    files["patched/kustomization.yaml"] = files.pop("boot/kustomization.yaml")
    files["boot/kustomization.yaml"] = kustomization("../patched", "x.yaml")
    unbuilt = kustomization("../patched", "x.yaml", extra="transformers: [https://example.invalid/t.yaml]\n")
    analysis = engine.analysis(ON_MAIN)
    after = {**files, "boot/kustomization.yaml": unbuilt}
    base, head = [await engine.snapshot(tree(each), analysis) for each in (files, after)]
    made = [state.application.name for state in head.states if state.application.generated]
    assert made == ["blog"]
    assert sets_of(base) == sets_of(head)
    del files["boot/x.yaml"], files["boot/also/kustomization.yaml"]
    files["boot/kustomization.yaml"] = kustomization("../patched", "https://example.invalid/base.yaml")
    built = await engine.snapshot(tree(files), analysis)  # all of it but what is not here
    assert sets_of(built) == sets_of(head)
