"""Looking only at what a change can reach finds the same as looking at everything."""

from __future__ import annotations

from collections.abc import Mapping
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.discovery import kustomizations
from gitops.discovery.record import Record
from gitops.discovery.rediscovery import rediscover
from gitops.discovery.rounds import discover
from gitops.facts.owners import owners_of
from gitops.files.tree import Changes, Tree
from tests.growth import steps_of
from tests.instant import Instant
from tests.layouts import many, pairs
from tests.rediscovered import a_set, analysis, assert_found_again
from tests.scenarios import application, config_map, documents, kustomization, manifest, tree, with_links

GONE = ""  # the file is not there


def definition(scope: str) -> str:
    names = {"kind": "Backup", "plural": "backups"}
    spec = {"group": "example.org", "scope": scope, "names": names, "versions": [{"name": "v1", "served": True}]}
    api = "apiextensions.k8s.io/v1"
    return manifest("CustomResourceDefinition", "backups.example.org", api=api, spec=spec)


SETTINGS = manifest("ConfigMap", "argocd-cm", "argocd", data={"kustomize.buildOptions": "--enable-helm"})
EXCLUDING = manifest("ConfigMap", "argocd-cm", "argocd", data={"resource.exclusions": "- {kinds: [ConfigMap]}\n"})
MIRROR = "https://mirror.example/acme/platform"
# An Application in words that only a reader of YAML sees through.
HIDDEN = application("hidden", "one").replace("argoproj.io", "argoproj\\u002eio")
COMPONENT = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nresources: [map.yaml]\n"
# For each file what it may hold. Whatever brings in whom stands in several ways.
FILES: Mapping[str, tuple[str, ...]] = {
    "apps/a.yaml": (
        application("a", "one"),
        application("a", "two"),
        GONE,
        documents(config_map("x"), application("a", "one")),
    ),
    "apps/b.yaml": (
        application("b", "two"),
        application("b", "plain"),
        application("b", "missing"),
        application("a", "two"),
    ),
    "apps/kustomization.yaml": (
        GONE,
        kustomization("a.yaml"),
        kustomization("a.yaml", "b.yaml"),
        "resources: [",
        kustomization("../one"),
    ),
    "root.yaml": (
        GONE,
        application("root", "apps"),
        application("root", "nested", source={"directory": {"recurse": True}}),
    ),
    "nested/c/app.yaml": (application("c", "plain"), GONE, config_map("c")),
    "nested/c/kustomization.yaml": (GONE, kustomization("app.yaml"), COMPONENT),
    "nested/kustomization.yaml": (GONE, kustomization("c"), kustomization("../one", "c")),
    "set.yaml": (
        GONE,
        a_set("directories: [{path: made/*}]"),
        a_set("files: [{path: made/**/config.json}]", "x-{{n}}", "one"),
    ),
    "made/x/map.yaml": (config_map("x"), GONE, config_map("y")),
    "made/x/config.json": (GONE, '{"n": "1"}', '{"n": "2"}'),
    "one/kustomization.yaml": (
        kustomization("map.yaml", "../shared"),
        kustomization("map.yaml"),
        kustomization("../shared"),
        kustomization("gone.yaml"),
        kustomization("map.yaml", "../two"),
        GONE,
    ),
    "one/map.yaml": (
        config_map("one"),
        config_map("shared"),
        definition("Cluster"),
        definition("Namespaced"),
        "a: [",
        GONE,
    ),
    "two/kustomization.yaml": (
        kustomization("map.yaml", "../shared"),
        kustomization("../shared"),
        kustomization("map.yaml", "../apps/a.yaml"),
        kustomization("map.yaml", extra="configMapGenerator: [{name: x, files: [big.txt]}]\n"),
        kustomization("map.yaml", extra="helmCharts: [{name: x}]\n"),
        COMPONENT,
    ),
    "two/map.yaml": (
        manifest("Backup", "one", "shop", "example.org/v1"),
        config_map("shared"),
        application("inner", "plain"),
    ),
    "shared/kustomization.yaml": (kustomization("map.yaml"), kustomization("map.yaml", "../nested/c"), GONE),
    "shared/map.yaml": (config_map("shared"), config_map("shared", b="c"), config_map("renamed")),
    "plain/map.yaml": (
        config_map("plain"),
        GONE,
        application("deep", "one"),
        "{{ template }}",
        HIDDEN,
        "\n" + HIDDEN,
        HIDDEN.replace('"hidden"', '"{{name}}"'),
    ),
    "plain/kustomization.yaml": (GONE, kustomization("map.yaml")),
    "argocd/cm.yaml": (GONE, SETTINGS, EXCLUDING),
    "argocd/cm.txt": (GONE, EXCLUDING),
    "apps/c.yaml": (GONE, application("a", "one"), application("b", "alias"), application("b", "two", url=MIRROR)),
    "notes.txt": (GONE, "words", application("noted", "one")),
    "two/big.txt": (GONE, "words", "words " * 1_000),
    "one/.argocd-source-a.yaml": (GONE, "directory: {exclude: map.yaml}", "kustomize: {namePrefix: x-}"),
    "apps/d.yaml": (
        GONE,
        application("d", "chart"),
        application("d", "chart", source={"helm": {"valueFiles": ["../values/d.yaml"]}}),
        application("d", "chart", source={"helm": {"valueFiles": ["../values/*.yaml"]}}),
    ),
    "chart/Chart.yaml": (
        "name: chart\n",
        "name: chart\ndependencies: [{name: lib, repository: 'file://../lib'}]\n",
        GONE,
    ),
    "chart/templates/map.yaml": (config_map("{{ .Release.Name }}"), application("{{ .Values.name }}", "one"), GONE),
    "lib/Chart.yaml": ("name: lib\n", GONE),
    "lib/values.yaml": (GONE, "a: b\n", "a: c\n"),
    "values/d.yaml": (GONE, "a: b\n", "a: c\n"),
    "values/e.yaml": (GONE, "e: f\n"),
    "two/more.yaml": (GONE, application("b", "plain"), config_map("more")),
    "templates/x.yaml": (GONE, application("chart", "one")),
    "Chart.yaml": (GONE, "name: x\n"),
}  # fmt: skip
LINKS = {
    "linked.yaml": "apps/a.yaml",
    "linked.yaml.disabled": "notes.txt",
    "one/link.yaml": "../shared/map.yaml",
    "two/kustomization.yml": "../one/x",
    "alias": "one",
}


@st.composite
def commits(draw: st.DrawFn) -> list[Tree]:
    """A repository and two later commits, each of which changes a few files of the one before."""
    holds = {path: draw(st.sampled_from(options)) for path, options in FILES.items()}
    linked = {path: to for path, to in LINKS.items() if draw(st.integers(0, 5)) == 0}
    found: list[Tree] = []
    for _ in range(3):
        made = tree({path: text for path, text in holds.items() if text != GONE})
        found.append(with_links(made, linked) if linked else made)
        for path in draw(st.lists(st.sampled_from(sorted(FILES)), min_size=1, max_size=2)):
            holds[path] = draw(st.sampled_from(FILES[path]))
    return found


@settings(max_examples=100, deadline=None)
@given(
    commits(),
    st.sampled_from(
        [{}, {"engine": "charts"}, {"engine": "charts"}, {"exclude": ("nested/c",)}, {"max_applications": 3}]
    ),
)
def test_what_is_found_again_is_what_is_found_anew(trees: list[Tree], options: dict[str, object]) -> None:
    with mock.patch.object(kustomizations, "MAX_CLOSURE_BYTES", 5_000):
        assert_found_again(trees, **options)


def small_change(files: Mapping[str, bytes], path: str, text: str | None) -> tuple[int, int, list[str]]:
    """Steps for finding everything, for finding it again after a change, and what was rendered again."""
    renderer, known, head = Instant(), analysis(), Tree.of(files)
    before = renderer.run(discover(head, known))
    everything = steps_of(lambda: renderer.run(discover(head, known)))
    unlike = head.overlay({"README": b"Words"})
    _ = renderer.run(rediscover(before, unlike, known)).once(owners_of)  # what is worked out once
    assert isinstance(before.record, Record)
    assert before.record.places
    renderer.asked.clear()
    later = head.overlay({path: text.encode() if text is not None else None})
    changes = Changes.of(head, {path: text.encode() if text is not None else None})
    again = steps_of(lambda: renderer.run(rediscover(before, later, known, changes)).once(owners_of))
    return everything, again, renderer.asked


FORTY = many(40, "in one directory")


@pytest.mark.parametrize(
    ("files", "path", "text", "again"),
    [
        (FORTY, "deploy/app-00007/map.yaml", config_map("settings", "team-00007", c="d"), ["deploy/app-00007"]),
        (FORTY, "deploy/app-00007/kustomization.yaml", kustomization(), ["deploy/app-00007"]),
        (FORTY | {"README.md": b"x"}, "README.md", "Words\n", []),
        (pairs(20), "shared/s-00003/map.yaml", config_map("else"), ["deploy/a-00003", "deploy/b-00003"]),
        (pairs(20), "deploy/a-00003/kustomization.yaml", kustomization("own.yaml"), ["deploy/a-00003"]),
        (pairs(20), "shared/s-00003/map.yaml", None, []),
        (pairs(20) | {"set.yaml": a_set("directories: [{path: deploy/*}]").encode()},
         "deploy/a-00003/kustomization.yaml", kustomization("own.yaml"), ["deploy/a-00003"]),
    ],
    ids=["a manifest", "a list", "nothing that counts", "what two share", "an entry", "a file goes", "a set"],
)  # fmt: skip
def test_only_what_a_change_reaches_is_looked_at_again(
    files: Mapping[str, bytes], path: str, text: str | None, again: list[str]
) -> None:
    everything, few, asked = small_change(files, path, text)
    assert sorted(set(asked)) == again
    assert few * 5 < everything


def test_looking_again_does_not_grow_with_the_repository() -> None:
    def change(count: int) -> int:
        files = many(count, "in one directory")
        return small_change(files, "deploy/app-00007/map.yaml", config_map("settings", "team-00007", c="d"))[1]

    assert change(80) == pytest.approx(change(40), rel=0.02)
