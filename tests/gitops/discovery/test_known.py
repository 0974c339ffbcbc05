"""What of one tree is taken over for the next, in which other Applications stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gitops.discovery.known import Known
from gitops.discovery.record import Record
from gitops.discovery.rediscovery import rediscover
from gitops.discovery.roots import Declaration
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Snapshot
from gitops.files.spans import Span
from gitops.files.tree import Tree
from tests.instant import Instant
from tests.layouts import LAYOUTS, many
from tests.rediscovered import a_set, analysis, assert_found_again
from tests.scenarios import URL, application, config_map, kustomization, manifest, tree

FILES = {
    "apps/a.yaml": application("a", "one"),
    "apps/b.yaml": application("b", "plain"),
    "apps/c.yaml": application("c", "missing"),
    "set.yaml": a_set("directories: [{path: made/*}]"),
    "made/x/map.yaml": config_map("x"),
    "one/kustomization.yaml": kustomization("map.yaml"),
    "one/map.yaml": config_map("one"),
    "plain/map.yaml": config_map("plain"),
}


def record_of(snapshot: Snapshot) -> Record:
    assert isinstance(snapshot.record, Record)
    return snapshot.record


def named(record: Record, name: str) -> Declaration:
    return next(node.declaration for node in record.nodes.values() if node.declaration.name == name)


def found(files: dict[str, str]) -> Snapshot:
    return Instant().run(discover(Tree.of({path: text.encode() for path, text in files.items()}), analysis()))


def kept(before: Snapshot, after: Snapshot) -> set[str]:
    """The names of the declarations that were not looked at again."""
    old, new = record_of(before).nodes, record_of(after).nodes
    return {node.declaration.name for id_, node in new.items() if old.get(id_) is node}


def changed(files: dict[str, str], **edits: str) -> tuple[Snapshot, Snapshot]:
    renderer, known = Instant(), analysis()
    head = Tree.of({path: text.encode() for path, text in files.items()})
    before = renderer.run(discover(head, known))
    later = head.overlay({path.replace("__", "/"): text.encode() for path, text in edits.items()})
    return before, renderer.run(rediscover(before, later, known, remember=True))


def test_an_application_changes_and_nobody_else_is_looked_at() -> None:
    assert kept(*changed(FILES, **{"apps/a.yaml": application("a", "plain")})) == {"b", "c", "all", "x"}


def test_a_new_list_makes_everything_that_reads_directories_be_looked_at() -> None:
    edits = {"apps/a.yaml": application("a", "plain"), "new/kustomization.yaml": kustomization()}
    assert kept(*changed(FILES, **edits)) == {"c"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_in_every_layout_one_application_is_looked_at(layout: str) -> None:
    files = {path: text.decode() for path, text in many(20, layout).items()}
    path = next(path for path in sorted(files) if path.startswith("apps/") and "team-00007" in files[path])
    before, after = changed(files, **{path: files[path].replace("team-00007", "team-new")})
    old, new = record_of(before).nodes, record_of(after).nodes
    assert [old.get(id_) is node for id_, node in new.items()].count(False) == 1
    assert sorted(state.application.destination.namespace for state in after.states).count("team-new") == 1


MOVED: dict[str, Callable[[Declaration], Declaration]] = {
    "other lines": lambda one: replace(one, origin=replace(one.origin, span=Span(one.origin.path, 3, 3))),
    "another file": lambda one: replace(one, origin=replace(one.origin, span=Span("b.yaml", 1, 1))),
    "made by a set": lambda one: replace(one, generated=True),
    "another content": lambda one: replace(one, id=one.id + " "),
}


@pytest.mark.parametrize("move", MOVED.values(), ids=MOVED.keys())
def test_another_declaration_is_looked_at(move: Callable[[Declaration], Declaration]) -> None:
    record = record_of(found(FILES))
    known, one = Known(record, frozenset(), same_lists=True), named(record, "a")
    assert known.node(one) is record.nodes[one.id]
    assert known.node(move(one)) is None


def test_whoever_read_what_has_changed_is_looked_at() -> None:
    record = record_of(found(FILES))
    one = named(record, "a")
    assert Known(record, frozenset({one.id}), same_lists=True).node(one) is None


def test_reads_are_taken_over_so_that_a_third_commit_is_seen() -> None:
    renderer, known = Instant(), analysis()
    head = Tree.of({path: text.encode() for path, text in FILES.items()})
    snapshot = renderer.run(discover(head, known))
    for path, text in (("apps/a.yaml", application("a", "plain")), ("plain/map.yaml", config_map("else"))):
        head = head.overlay({path: text.encode()})
        snapshot = renderer.run(rediscover(snapshot, head, known, remember=True))
    names = {one.resource.id.name for one in snapshot.copies()}
    assert names == {"else", "x"}


TWO = {
    "apps/a.yaml": application("a", "one"),
    "apps/b.yaml": application("b", "two"),
    "one/kustomization.yaml": kustomization("map.yaml"),
    "one/map.yaml": config_map("one"),
    "two/kustomization.yaml": kustomization("map.yaml"),
    "two/map.yaml": config_map("two"),
}
MIRROR = "https://mirror.example/acme/platform"
CLUSTER = {"argocd.argoproj.io/secret-type": "cluster"}
EAST = manifest(
    "Secret",
    "east",
    "argocd",
    metadata={"labels": CLUSTER},
    stringData={"name": "east", "server": "https://east.example"},
)
OF_CLUSTERS = a_set("X", "{{name}}", "one").replace(f"git: {{repoURL: {URL}, revision: main, X}}", "clusters: {}")
ONLY_JSON = {"directory": {"recurse": True, "include": "*.json"}}

# What the first commit holds and what the second one changes. Whoever stands in neither is not what it was, although
# nothing that it read is another.
PAIRS = {
    "what cannot be read turns out to be a template of a chart": (
        {
            "a.yaml": application("a", "k/templates"),
            "k/templates/a.json": "{",
            "k/templates/b.yaml": application("b", "one"),
        },
        {"k/Chart.yaml": "name: x\n"},
    ),
    "what cannot be built turns out to be a template of a chart": (
        {
            "a.yaml": application("a", "k/templates"),
            "k/templates/kustomization.yaml": kustomization("gone.yaml", "b.yaml"),
            "k/templates/b.yaml": application("b", "one"),
        },
        {"k/Chart.yaml": "name: x\n"},
    ),
    "a list below a directory can be read": (
        {
            "a.yaml": application("a", "plain", source=ONLY_JSON),
            "plain/x.json": config_map("x"),
            "plain/c/kustomization.yaml": "resources: [",
            "plain/c/app.yaml": application("c", "one"),
        },
        {"plain/c/kustomization.yaml": kustomization("app.yaml")},
    ),
    "a cluster is registered": (TWO | {"set.yaml": OF_CLUSTERS}, {"east.yaml": EAST}),
    "one moves down in its file, and another one changes": (
        TWO | {"apps/a.yaml": f"---\n{TWO['apps/a.yaml']}"},
        {"apps/a.yaml": f"---\n# words\n{TWO['apps/a.yaml']}", "apps/b.yaml": application("b", "one")},
    ),
    "one changes, and what another one deploys": (
        TWO,
        {"apps/a.yaml": application("a", "two"), "two/map.yaml": config_map("else")},
    ),
    "a name turns out to be that of this repository": (
        {
            "apps/a.yaml": application("a", "one", url=MIRROR),
            "apps/b.yaml": application("b", "missing", url=MIRROR),
            "one/map.yaml": config_map("one"),
        },
        {"apps/b.yaml": application("b", "one", url=MIRROR)},
    ),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_what_others_change_about_an_application_is_seen(pair: tuple[dict[str, str], dict[str, str]]) -> None:
    first, edits = pair
    one, other = assert_found_again([tree(first), tree(first | edits), tree(first)])[:2]
    assert one != other
