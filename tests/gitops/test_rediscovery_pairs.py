"""Pairs of commits between which more changes than the files that an Application reads."""

from __future__ import annotations

from collections.abc import Mapping
from unittest import mock

import pytest

from gitops.applications.clusters import KnownCluster
from gitops.applications.made import Made
from gitops.applications.plugins import Plugins
from gitops.applications.repositories import RepositoryMatcher
from gitops.discovery import kustomizations
from gitops.discovery.rediscovery import rediscover
from gitops.discovery.rounds import discover
from gitops.files import tree as files_tree
from gitops.files.reads import WatchedTree
from gitops.files.tree import MODE_SUBMODULE, Changes, Entry, Tree
from gitops.resources.rendering import BuildOptions, Output
from tests.driven import driven
from tests.instant import Instant
from tests.rediscovered import a_set, analysis, assert_found_again, seen
from tests.scenarios import application, config_map, kustomization, manifest, tree, with_links

Files = Mapping[str, str | None]

EXCLUDING = manifest("ConfigMap", "argocd-cm", "argocd", data={"resource.exclusions": "- {kinds: [ConfigMap]}\n"})
HEALTH = "resource.customizations.health.argoproj.io_Application"
MIRROR = "https://mirror.example/acme/platform"
COMPONENT = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nresources: [map.yaml]\n"
DEFINITION = (
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: backups.example.org\n"
    "spec:\n  group: example.org\n  scope: Cluster\n  names:\n    kind: Backup\n    plural: backups\n"
)
NAMESPACED = DEFINITION.replace("Cluster\n", "Namespaced\n")
# An Application in words that only a reader of YAML sees through.
HIDDEN = application("hidden", "one").replace("argoproj.io", "argoproj\\u002eio")
UNNAMED = HIDDEN.replace('"hidden"', '"{{name}}"')
TWO = {
    "apps/a.yaml": application("a", "one"),
    "apps/b.yaml": application("b", "two"),
    "one/kustomization.yaml": kustomization("map.yaml"),
    "one/map.yaml": config_map("one"),
    "two/kustomization.yaml": kustomization("map.yaml"),
    "two/map.yaml": config_map("two"),
}
ROOT = TWO | {"root.yaml": application("root", "apps"), "apps/kustomization.yaml": kustomization("a.yaml", "b.yaml")}


# What the first commit holds, what the second one changes (None: the file goes), and symbolic links of both.
PAIRS: dict[str, tuple[Files, Files, Mapping[str, str]]] = {
    "an Application comes": (TWO, {"apps/c.yaml": application("c", "one")}, {}),
    "an Application goes": (TWO, {"apps/b.yaml": None}, {}),
    "an Application of the same blob comes": (TWO, {"apps/c.yaml": TWO["apps/a.yaml"]}, {}),
    "an Application moves with its blob": (TWO, {"apps/b.yaml": None, "b.yaml": TWO["apps/b.yaml"]}, {}),
    "an Application leaves its file": (TWO, {"apps/b.yaml": config_map("b")}, {}),
    "an Application comes into a file": (TWO | {"x.yaml": config_map("x")}, {"x.yaml": application("x", "one")}, {}),
    "an Application moves between roots": (
        ROOT | {"other.yaml": application("other", "more"), "more/x.yaml": config_map("x")},
        {"apps/kustomization.yaml": kustomization("a.yaml"), "apps/b.yaml": None, "more/b.yaml": TWO["apps/b.yaml"]},
        {},
    ),
    "a list begins to take in another root": (
        ROOT | {"list/kustomization.yaml": kustomization("map.yaml"), "list/map.yaml": config_map("list"),
                "c.yaml": application("c", "list")},
        {"list/kustomization.yaml": kustomization("map.yaml", "../apps")}, {},
    ),
    "a list without an Application takes in a root": (
        TWO
        | {"apps/kustomization.yaml": kustomization("a.yaml", "b.yaml"), "up/kustomization.yaml": kustomization()},
        {"up/kustomization.yaml": kustomization("../apps")}, {},
    ),
    "a list drops an Application": (ROOT, {"apps/kustomization.yaml": kustomization("a.yaml")}, {}),
    "a list makes a patch of a declaration": (
        TWO | {"apps/kustomization.yaml": kustomization("a.yaml", "b.yaml")},
        {"apps/kustomization.yaml": kustomization("a.yaml", extra="patches: [{path: b.yaml}]\n")}, {},
    ),
    "a list becomes a component": (
        TWO | {"apps/kustomization.yaml": kustomization("a.yaml", "b.yaml")},
        {"apps/kustomization.yaml": "kind: Component\nresources: [a.yaml, b.yaml]\n"}, {},
    ),
    "a list cannot be read": (ROOT, {"apps/kustomization.yaml": "resources: [a.yaml"}, {}),
    "a list can be read again": (
        ROOT | {"apps/kustomization.yaml": "resources: [a.yaml"},
        {"apps/kustomization.yaml": ROOT["apps/kustomization.yaml"]}, {},
    ),
    "a list comes": (TWO, {"apps/kustomization.yaml": kustomization("a.yaml")}, {}),
    "a list goes": (ROOT, {"apps/kustomization.yaml": None}, {}),
    "a list of another name": (
        ROOT, {"apps/kustomization.yaml": None, "apps/kustomization.yml": kustomization("b.yaml")}, {}
    ),
    "a list tells what Argo CD leaves alone": (
        TWO,
        {"two/kustomization.yaml": kustomization(
            "map.yaml",
            extra="patches:\n- patch: |-\n    kind: ConfigMap\n    metadata: {name: argocd-cm}\n    data:\n"
                  "      resource.exclusions: |\n        - {kinds: [ConfigMap]}\n")},
        {},
    ),
    "a list of nothing begins to list": (
        TWO | {"apps/kustomization.yaml": kustomization()}, {"apps/kustomization.yaml": kustomization("a.yaml")}, {}
    ),
    "a list takes a declaration for something else": (
        TWO | {"apps/kustomization.yaml": kustomization(extra="crds: [a.yaml]\n")},
        {"apps/kustomization.yaml": kustomization("a.yaml")}, {},
    ),
    "a list of nothing names a declaration and cannot be read": (
        TWO | {"apps/kustomization.yaml": kustomization()}, {"apps/kustomization.yaml": "resources: [a.yaml"}, {}
    ),
    "a list that cannot be read comes": (TWO, {"apps/kustomization.yaml": "resources: [a.yaml"}, {}),
    "an Application is laid aside": (TWO, {"apps/b.yaml": None, "apps/b.yaml.disabled": TWO["apps/b.yaml"]}, {}),
    "one that is laid aside moves in its file": (
        TWO | {"apps/c.yaml.disabled": "kind: Application\napiVersion: argoproj.io/v1alpha1\n"},
        {"apps/c.yaml.disabled": "\nkind: Application\napiVersion: argoproj.io/v1alpha1\n"}, {},
    ),
    "argocd-cm comes": (TWO, {"argocd/cm.yaml": EXCLUDING}, {}),
    "argocd-cm goes": (TWO | {"argocd/cm.yaml": EXCLUDING}, {"argocd/cm.yaml": None}, {}),
    "argocd-cm gets a name that nothing applies": (
        TWO | {"argocd/cm.yaml": EXCLUDING}, {"argocd/cm.yaml": None, "argocd/cm.yaml.disabled": EXCLUDING}, {}
    ),
    "argocd-cm becomes a text": (
        TWO | {"argocd/cm.yaml": EXCLUDING}, {"argocd/cm.yaml": None, "argocd/cm.txt": EXCLUDING}, {}
    ),
    "Applications get their health": (
        TWO | {"cm.yaml": config_map("argocd-cm")},
        {"cm.yaml": manifest("ConfigMap", "argocd-cm", data={HEALTH: "return {}"})}, {},
    ),
    "resources are left alone when they come": (
        TWO | {"argocd/cm.yaml": EXCLUDING, "one/map.yaml": manifest("Service", "one", "shop")},
        {"one/map.yaml": config_map("one")}, {},
    ),
    "a definition changes what is namespaced": (
        TWO | {"crd.yaml": DEFINITION, "two/map.yaml": manifest("Backup", "b", "shop", "example.org/v1")},
        {"crd.yaml": NAMESPACED}, {},
    ),
    "an Application's definition changes what is namespaced": (
        TWO | {"one/map.yaml": DEFINITION, "two/map.yaml": manifest("Backup", "b", "shop", "example.org/v1")},
        {"one/map.yaml": NAMESPACED}, {},
    ),
    "a chart is made of the directory above": (
        {"templates/a.yaml": application("a", "one"), "one/map.yaml": config_map("one")},
        {"Chart.yaml": "name: x\n"}, {},
    ),
    "a chart is no more": (
        {"templates/a.yaml": application("a", "one"), "one/map.yaml": config_map("one"), "Chart.yaml": "name: x\n"},
        {"Chart.yaml": None}, {},
    ),
    "what a link leads to declares something": (
        TWO | {"notes.txt": "words"}, {"notes.txt": application("noted", "one")}, {"linked.yaml": "notes.txt"}
    ),
    "what a link with a name that nothing applies leads to declares something": (
        TWO | {"notes.txt": "words"},
        {"notes.txt": application("noted", "one")}, {"linked.yaml.disabled": "notes.txt"},
    ),
    "what a link leads to comes": (TWO, {"notes.txt": application("noted", "one")}, {"linked.yaml": "notes.txt"}),
    "what a linked list lists": (
        TWO | {"list.txt": kustomization("a.yaml", "b.yaml")},
        {"list.txt": kustomization("a.yaml")}, {"apps/kustomization.yaml": "../list.txt"},
    ),
    "a manifest behind a linked directory": (
        TWO | {"apps/b.yaml": application("b", "alias")}, {"one/map.yaml": config_map("else")}, {"alias": "one"}
    ),
    "a directory behind a link comes": (
        {"apps/b.yaml": application("b", "alias")}, {"new/map.yaml": config_map("else")}, {"alias": "new"}
    ),
    "a file behind a link in a directory": (
        {"apps/b.yaml": application("b", "plain"), "plain/x.yaml": config_map("x"), "y.txt": config_map("y")},
        {"y.txt": config_map("z")}, {"plain/y.yaml": "../y.txt"},
    ),
    "a resource that a list names comes": (
        TWO | {"two/kustomization.yaml": kustomization("map.yaml", "late.yaml")},
        {"two/late.yaml": config_map("l")}, {},
    ),
    "a base that a list names comes": (
        TWO | {"two/kustomization.yaml": kustomization("map.yaml", "../late")}, {"late/x.yaml": config_map("l")}, {}
    ),
    "a second list comes beside the first": (TWO, {"two/kustomization.yml": kustomization()}, {}),
    "the path of an Application goes": (TWO, {"two/kustomization.yaml": None, "two/map.yaml": None}, {}),
    "the path of an Application comes": (
        {"a.yaml": application("a", "new"), "b.yaml": application("b", "two"), "two/map.yaml": config_map("b")},
        {"new/map.yaml": config_map("a")}, {},
    ),
    "a file becomes a directory": (
        TWO | {"apps/a.yaml": application("a", "deep/er"), "deep": "words"},
        {"deep": None, "deep/er/map.yaml": config_map("x")}, {},
    ),
    "a directory becomes a file": (TWO, {"two/kustomization.yaml": None, "two/map.yaml": None, "two": "words"}, {}),
    "a manifest comes into a directory": (
        {"a.yaml": application("a", "plain"), "plain/x.yaml": config_map("x")}, {"plain/y.yaml": config_map("y")}, {}
    ),
    "a manifest comes deep below a directory": (
        {"a.yaml": application("a", "plain", source={"directory": {"recurse": True}}), "plain/x.yaml": "a: b\n"},
        {"plain/b/c/y.yaml": config_map("y")}, {},
    ),
    "overrides beside the manifests choose other files": (
        {"a.yaml": application("a", "plain"), "plain/x.yaml": "a: b\n", "plain/b.yaml": application("b", "one")},
        {"plain/.argocd-source-a.yaml": "directory: {exclude: 'b.*'}\n"}, {},
    ),
    "overrides beside the manifests leave the same out in other words": (
        {"a.yaml": application("a", "plain"), "plain/x.yaml": "a: b\n", "plain/b.yaml": application("b", "one"),
         "plain/.argocd-source-a.yaml": "directory: {exclude: 'b.*'}\n"},
        {"plain/.argocd-source-a.yaml": "directory: {exclude: 'b.yam?'}\n"}, {},
    ),
    "a list takes another definition of one kind": (
        TWO | {"one/kustomization.yaml": kustomization("wide.yaml"), "one/wide.yaml": DEFINITION,
               "one/narrow.yaml": NAMESPACED, "two/map.yaml": manifest("Backup", "b", "shop", "example.org/v1")},
        {"one/kustomization.yaml": kustomization("narrow.yaml")}, {},
    ),
    "a set's directory comes": (
        {"set.yaml": a_set("directories: [{path: made/*}]"), "made/x/map.yaml": config_map("x")},
        {"made/y/map.yaml": config_map("y")}, {},
    ),
    "a set's directory goes": (
        {"set.yaml": a_set("directories: [{path: made/*}]"), "made/x/m.yaml": "a: b", "made/y/m.yaml": "a: b"},
        {"made/y/m.yaml": None}, {},
    ),
    "a set's file comes": (
        {"set.yaml": a_set("files: [{path: made/**/c.json}]", "x-{{n}}", "one"), "made/x/c.json": '{"n": "1"}'},
        {"made/y/z/c.json": '{"n": "2"}'}, {},
    ),
    "a set's file says something else": (
        {"set.yaml": a_set("files: [{path: made/**/c.json}]", "x-{{n}}", "one"), "made/x/c.json": '{"n": "1"}'},
        {"made/x/c.json": '{"n": "2"}'}, {},
    ),
    "a set's file cannot be read": (
        {"set.yaml": a_set("files: [{path: made/**/c.json}]", "x-{{n}}", "one"), "made/x/c.json": '{"n": "1"}'},
        {"made/x/c.json": "[1]"}, {},
    ),
    "a set's file is refused for another reason": (
        {"set.yaml": a_set("files: [{path: made/**/c.json}]", "x-{{n}}", "one"), "made/x/c.json": "[1]"},
        {"made/x/c.json": "a: ["}, {},
    ),
    "an Application that the scan does not see": (TWO, {"two/map.yaml": HIDDEN}, {}),
    "such a one below a top": (
        ROOT | {"apps/kustomization.yaml": kustomization("a.yaml", "b.yaml", "more.yaml"), "apps/more.yaml": "a: b"},
        {"apps/more.yaml": HIDDEN}, {},
    ),
    "such a one moves in its file": (TWO | {"two/map.yaml": HIDDEN}, {"two/map.yaml": "\n\n" + HIDDEN}, {}),
    "such a one without a name moves": (TWO | {"two/map.yaml": UNNAMED}, {"two/map.yaml": "\n\n" + UNNAMED}, {}),
    "such a one without a name goes": (TWO | {"two/map.yaml": UNNAMED}, {"two/map.yaml": config_map("x")}, {}),
    "a chart is inflated": (
        TWO, {"two/kustomization.yaml": kustomization("map.yaml", extra="helmCharts: [{name: x}]\n")}, {}
    ),
    "a chart is inflated no more": (
        TWO | {"two/kustomization.yaml": kustomization("map.yaml", extra="helmCharts: [{name: x}]\n")},
        {"two/kustomization.yaml": TWO["two/kustomization.yaml"]}, {},
    ),
    "a base becomes a component": (
        TWO | {"two/kustomization.yaml": kustomization("../one")},
        {"one/kustomization.yaml": COMPONENT}, {},
    ),
    "another name is recognised": (
        TWO | {"apps/b.yaml": application("b", "late/x", url=MIRROR)},
        {"late/x/map.yaml": config_map("x")}, {},
    ),
    "another name is recognised no more": (
        TWO | {"apps/b.yaml": application("b", "two", url=MIRROR)},
        {"two/map.yaml": None, "two/kustomization.yaml": None}, {},
    ),
}  # fmt: skip


def commits(pair: tuple[Files, Files, Mapping[str, str]]) -> list[Tree]:
    first, changed, links = pair
    both = [first, {**first, **changed}]
    made = [tree({path: text for path, text in files.items() if text is not None}) for files in both]
    return [with_links(one, links) if links else one for one in made]


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_the_second_commit_is_found_as_it_is(pair: tuple[Files, Files, Mapping[str, str]]) -> None:
    first, second = commits(pair)
    one, other = assert_found_again([first, second])
    assert one != other  # else nothing would have to be looked at
    assert_found_again([second, first])
    assert_found_again([first, first, second, first])


# Where nothing was, nobody has asked whether there is a link: only what lies behind it.
IGNORING = {"kustomize": {"components": ["../alias/part"], "ignoreMissingComponents": True}}
LINKED = {
    "a file": (application("c", "alias.yaml"), {}, {"alias.yaml": "apps/a.yaml"}),
    "a directory": (application("c", "alias"), {"alias": "one"}, {"alias": "two"}),
    "a directory that some name": (application("c", "alias/er", url=MIRROR), {}, {"alias": "deep"}),
    "a component that may be missing": (application("c", "one", source=IGNORING), {}, {"alias": "deep"}),
}


@pytest.mark.parametrize(("reading", "before", "after"), LINKED.values(), ids=LINKED.keys())
def test_a_link_that_leads_elsewhere_is_followed(
    reading: str, before: Mapping[str, str], after: Mapping[str, str]
) -> None:
    deep = {
        "deep/er/map.yaml": config_map("x"),
        "deep/part/kustomization.yaml": COMPONENT,
        "deep/part/map.yaml": "a: b",
    }
    files = tree(TWO | deep | {"c.yaml": reading})
    first, second = (with_links(files, links) for links in (before, after))
    one, other = assert_found_again([first, second, first])[:2]
    assert one != other


def test_a_submodule_in_place_of_manifests_is_seen() -> None:
    files = tree({path: text for path, text in TWO.items() if not path.startswith("two/")})
    entries = {path: entry for path in files.paths() if (entry := files.entry(path)) is not None}
    with_module = Tree(entries | {"two": Entry(MODE_SUBMODULE, "1" * 40)}, lambda path, _entry: files.read(path))
    one, other = assert_found_again([files, with_module, tree(TWO), with_module])[:2]
    assert one != other


def test_a_submodule_in_place_of_a_file_is_a_directory_to_a_set() -> None:
    files = tree({"set.yaml": a_set("directories: [{path: made/*}]"), "made/x/m.yaml": "a: b", "made/y": "words"})
    entries = {path: entry for path in files.paths() if (entry := files.entry(path)) is not None}
    with_module = Tree(entries | {"made/y": Entry(MODE_SUBMODULE, "1" * 40)}, lambda path, _entry: files.read(path))
    one, other = assert_found_again([files, with_module, files])[:2]
    assert one != other


def test_a_file_that_becomes_small_enough_is_rendered() -> None:
    """Its size is all that was asked for: what is too large is not even fingerprinted."""
    generating = "configMapGenerator: [{name: x, files: [big.txt]}]\n"
    files = TWO | {"two/kustomization.yaml": kustomization("map.yaml", extra=generating)}
    small, large = (tree(files | {"two/big.txt": "words " * count}) for count in (1, 2_000))
    with mock.patch.object(kustomizations, "MAX_CLOSURE_BYTES", 5_000):
        one, other = assert_found_again([large, small, large])[:2]
    assert one != other


def test_a_file_that_becomes_too_large_and_small_again_is_read() -> None:
    small, large = tree(TWO), tree(TWO | {"apps/b.yaml": TWO["apps/b.yaml"] + "# " + "words " * 500})
    with mock.patch.object(files_tree, "MAX_FILE_BYTES", 2_000):
        one, other = assert_found_again([large, small, large])[:2]
    assert one != other


OTHER = {
    "exclude": ("two",),
    "max_applications": 1,
    "renderer": "another",
    "shut_in": True,
    "build_options": BuildOptions.parse("--enable-helm"),
    "clusters": (KnownCluster("x", "https://x.example"),),
    "plugins": Plugins((("own", "kustomize"),)),
    "made": Made("a file", "0", {}),
    "matcher": RepositoryMatcher.of_urls(["https://github.com/acme/other"]),
    "redact": str,
}


@pytest.mark.parametrize("option", OTHER)
def test_another_question_is_answered_anew(option: str) -> None:
    renderer, head = Instant(), tree(TWO)
    before = renderer.run(discover(head, analysis()))
    asked = analysis(**{option: OTHER[option]})
    again = renderer.run(rediscover(before, head, asked))
    assert again.record is not None and again.record is not before.record
    assert seen(again) == seen(renderer.run(discover(head, analysis(**{option: OTHER[option]}))))


def test_what_was_cut_off_is_looked_for_again() -> None:
    more = TWO | {"apps/c.yaml": application("c", "two")}
    one, other = assert_found_again([tree(more), tree(TWO), tree(more)], max_applications=2)[:2]
    assert one != other


def test_what_failed_by_chance_is_tried_again() -> None:
    """Of a list of Applications, too: it is no Application of its own."""
    files = tree(ROOT | {"root.yaml": "a: b\n"})
    renderer = Instant()
    search = discover(files, analysis())
    wanted = next(search)
    failed = {request.fingerprint: Output(error="Error: killed", transient=True) for request in wanted}
    before = driven(search, renderer.render, answers=failed)
    assert before.unknown
    again = renderer.run(rediscover(before, files, analysis()))
    assert seen(again) == seen(Instant().run(discover(files, analysis())))


def test_an_overlay_may_add_files() -> None:
    known, renderer = analysis(), Instant()
    files = tree(TWO | {"apps/b.yaml": application("b", "plain"), "plain/x.yaml": config_map("x")})
    before = renderer.run(discover(files, known))
    edited = {"plain/y.yaml": config_map("y").encode(), "one/map.yaml": None}
    after = files.overlay(edited)
    again = renderer.run(rediscover(before, after, known, Changes.of(files, edited)))
    assert seen(again) == seen(Instant().run(discover(after, analysis())))


# What tells nothing of a tree but what it was made with, or leads to what is watched.
UNWATCHED = {"charged_to", "share", "overlay", "of", "present"}
UNWATCHED |= {"differing", "changes_since", "resolve", "trace", "effort", "sha"}
# Where a file that is absent on either side differs, all is looked for anew.
UNWATCHED |= {"absent"}


def test_whatever_is_asked_of_a_tree_is_noted() -> None:
    asked = {name for name in vars(Tree) if not name.startswith("_") or name in ("__contains__", "__len__")}
    assert asked - UNWATCHED <= set(vars(WatchedTree))
