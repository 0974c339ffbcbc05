"""Each remedy followed to the letter, before a small Argo CD that was written from its sources."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, given, settings

from tests.checks.changes.test_remedies import block, remedies, with_edits
from tests.gitops.facts.deletions.declared import Repository, Set, Thing
from tests.gitops.facts.deletions.simulated import installed
from tests.gitops.facts.deletions.stage import OPTIONS
from tests.gitops.facts.deletions.test_simulated import sides

NAMESPACE = ("Namespace", "x")


def fresh(base: Repository, head: Repository) -> set[tuple[str, str]]:
    """What comes into the directories of Applications that go: such a one may bring it yet, and take it along."""
    before, after = (
        {*(child.name for child in side.children), *(element for one in side.sets for element in one.elements)}
        for side in (base, head)
    )
    paths = [f"apps/{name}" for name in before - after]
    return {thing.key for path in paths for thing in {*head.things[path]} - {*base.things[path]}}


def written(repository: Repository) -> dict[str, str]:
    """Its files, in lines as people write them."""
    return {path: block(text) if path.endswith(".yaml") else text for path, text in repository.files().items()}


def read(files: Mapping[str, str], repository: Repository) -> Repository:
    """The repository as its files say it by now: sync options of objects, and what sets preserve."""

    def manifest(path: str) -> dict[str, Any]:
        found = yaml.safe_load(files[path])
        assert isinstance(found, dict)
        return found

    def thing(path: str, one: Thing) -> Thing:
        annotations = manifest(f"{path}/{one.kind}-{one.name}.yaml".lower())["metadata"].get("annotations", {})
        return replace(one, options=annotations.get(OPTIONS, ""))

    def made(one: Set) -> Set:
        policy = manifest(f"argocd/set-{one.name}.yaml")["spec"].get("syncPolicy", {})
        return replace(one, preserves=bool(policy.get("preserveResourcesOnDeletion")))

    things = {path: tuple(thing(path, one) for one in found) for path, found in repository.things.items()}
    return replace(repository, things=things, sets=tuple(map(made, repository.sets)))


def removed(base: Repository, first: Repository, second: Repository, seed: int) -> set[tuple[str, str, str]]:
    """What goes when `second` is merged after `first` was synced, by people too."""
    cluster = installed(base)
    order = random.Random(seed)
    cluster.git, cluster.by_hand = first, True
    cluster.settle(order, 6)
    assert not cluster.removed, "the first merge deletes nothing"
    there = {*cluster.objects} | {("", "Application", name) for name in cluster.applications}
    cluster.git, cluster.by_hand = second, False
    cluster.settle(order)
    return cluster.removed & there


@given(sides())
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_what_a_remedy_settles_is_not_removed(both: tuple[Repository, Repository]) -> None:
    base, head = both
    passing = fresh(base, head)
    assume(NAMESPACE not in passing)  # whatever lies in it goes with it
    before, after = written(base), written(head)
    for remedy in remedies(before, after):
        first = read(with_edits(before, remedy), base)
        try:
            second = read(with_edits(after, remedy, before), head)
        except subprocess.CalledProcessError:
            continue  # both change the same lines, and git asks a person
        # Applications may go all the same, as long as they take nothing along.
        settled = {
            (one.resource.kind, one.resource.name) for one in remedy.settles if one.resource.kind != "Application"
        }
        for seed in range(4):
            gone = {key[1:] for key in removed(base, first, second, seed)}
            assert not (settled - passing) & gone, remedy.title
