"""What is rendered, what of it is owned, and that a change makes only its own share of the index anew."""

from __future__ import annotations

from gitops.discovery.rediscovery import rediscover
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Snapshot
from gitops.discovery.sources import Analysis
from gitops.facts.owners import owned_by, owners_of
from gitops.facts.rendered import not_rendered, rendered_by, sizes_of
from gitops.files.tree import Tree
from tests.instant import Instant
from tests.scenarios import MATCHER as HERE
from tests.scenarios import Files, application, config_map, documents, manifest, tree

HOOK = manifest("Job", "migrate", "shop", "batch/v1", metadata={"annotations": {"argocd.argoproj.io/hook": "Sync"}})
MANY = manifest("Job", "", "shop", "batch/v1", metadata={"generateName": "run-"})
FILES: Files = {
    "apps.yaml": documents(application("a", "a"), application("b", "b"), application("c", "c", url="https://x/y")),
    "a/all.yaml": documents(HOOK, MANY, config_map("x", ""), config_map("shared")),
    "b/all.yaml": documents(config_map("shared"), config_map("y"), config_map("shared")),
}
ANALYSIS = Analysis(HERE, str, "instant")


def found(files: Tree) -> Snapshot:
    return Instant().run(discover(files, ANALYSIS))


def test_hooks_and_what_has_no_name_of_its_own_are_rendered_and_not_owned() -> None:
    snapshot = found(tree(FILES))
    a = next(state for state in snapshot.states if state.application.name == "a")
    assert [copy.resource.id.name for copy in snapshot.copies(a)] == ["migrate", "", "x", "shared"]
    assert [(owned.id.name, owned.id.namespace) for owned, _ in owned_by(snapshot, a)] == [
        ("x", "shop"),
        ("shared", "shop"),
    ]


def test_every_copy_of_a_resource_is_there_in_the_order_of_the_applications() -> None:
    snapshot = found(tree(FILES))
    copies = {owned.id.name: [c.application.name for c in each] for owned, each in snapshot.once(owners_of).items()}
    assert copies == {"x": ["a"], "shared": ["a", "b", "b"], "y": ["b"]}
    b = next(state for state in snapshot.states if state.application.name == "b")
    assert {owned.id.name: len(texts) for owned, texts in rendered_by(snapshot, b).items()} == {"shared": 2, "y": 1}
    sizes = {key[2]: size for key, size in snapshot.once(sizes_of).items()}
    assert sizes == {"a": 4, "b": 2, "c": 0}
    assert [state.application.name for state in snapshot.once(not_rendered)] == ["c"]


def test_what_a_change_does_not_reach_keeps_its_copies() -> None:
    """Among thousands of Applications an edit costs as much as it changes: the rest of the index is the same."""
    before = Instant().run(rediscover(found(tree(FILES)), tree(FILES), ANALYSIS, remember=True))
    new = before.tree.overlay({"b/all.yaml": documents(config_map("shared"), config_map("z")).encode()})
    after = Instant().run(rediscover(before, new, ANALYSIS))
    assert after.earlier is not None and after.earlier.snapshot is before
    old, now = before.once(owners_of), after.once(owners_of)
    assert {o.id.name: [c.application.name for c in each] for o, each in now.items()} == {
        "x": ["a"],
        "shared": ["a", "b"],
        "z": ["b"],
    }
    assert [o.id.name for o in now if now[o] is old.get(o)] == ["x"]
