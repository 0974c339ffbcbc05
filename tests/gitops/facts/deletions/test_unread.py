"""What cannot be analysed is never passed over: what it may delete is told as unknown."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from tests.gitops.facts.deletions.stage import MAP, PVC, app, appset, comment, folder, lines, obj
from tests.scenarios import URL, Files, kustomization

APPLICATION = "Application argocd/a"
CHART = "helmCharts:\n- name: x\n  repo: https://charts.example.com\n  version: 1.0.0\n"
REMOTE = "resources:\n- https://github.com/elsewhere/base?ref=v1\n"
NAMESPACE = obj("Namespace", "shop")


def charted(*manifests: str, below: str = CHART, extra: str = "") -> Files:
    """`a` cannot be rendered whole: one entry of its kustomization needs the network."""
    files = {f"apps/a/{number}.yaml": text for number, text in enumerate(manifests)}
    entries = kustomization(*(f"{number}.yaml" for number in range(len(manifests))), "chart", extra=extra)
    return {
        "a.yaml": app("a"),
        "apps/a/kustomization.yaml": entries,
        "apps/a/chart/kustomization.yaml": below,
        **files,
    }


@pytest.mark.parametrize("below", [CHART, REMOTE])
async def test_what_leaves_the_list_of_a_kustomization_is_seen_all_the_same(engine: Engine, below: str) -> None:
    before, after = charted(MAP, PVC, NAMESPACE, below=below), charted(MAP, PVC, below=below)
    found = await lines(engine, before, after)
    assert found == ["deleted a: Namespace shop"]
    assert "`Namespace shop`" in await comment(engine, before, after)


async def test_what_the_outermost_kustomization_makes_of_a_name_is_known(engine: Engine) -> None:
    extra = "namespace: there\nnamePrefix: my-\n"
    found = await lines(engine, charted(MAP, PVC, extra=extra), charted(MAP, extra=extra))
    assert "deleted a: PersistentVolumeClaim there/my-data" in found


async def test_what_each_kustomization_on_the_way_makes_of_a_name_is_known(engine: Engine) -> None:
    """A component that every directory uses, and that makes a Namespace of each one's `namespace`."""

    def files(*using: str) -> Files:
        found = dict(charted(MAP))
        entries = kustomization("0.yaml", "chart", "one", "two")
        found["apps/a/kustomization.yaml"] = entries
        for name in ("one", "two"):
            used = "components: [../part]\n" if name in using else ""
            found[f"apps/a/{name}/kustomization.yaml"] = kustomization("m.yaml", extra=f"namespace: {name}\n{used}")
            found[f"apps/a/{name}/m.yaml"] = obj("ConfigMap", name)
        part = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [ns.yaml]\n"
        return {**found, "apps/a/part/kustomization.yaml": part, "apps/a/part/ns.yaml": obj("Namespace", "x")}

    found = await lines(engine, files("one", "two"), files("two"))
    assert [one for one in found if "Namespace" in one] == ["deleted a: Namespace one"]
    found = await lines(engine, files("one", "two"), files())
    assert [one for one in found if "Namespace" in one] == ["deleted a: Namespace one", "deleted a: Namespace two"]


async def test_what_a_kustomization_says_about_pruning_counts_for_all_in_it(engine: Engine) -> None:
    extra = "commonAnnotations: {argocd.argoproj.io/sync-options: Prune=false}\n"
    found = await lines(engine, charted(MAP, PVC, extra=extra), charted(MAP, extra=extra))
    assert "stays a: PersistentVolumeClaim a/data" in found


async def test_what_moves_between_files_of_it_is_not_lost(engine: Engine) -> None:
    before, after = charted(MAP, PVC), charted(PVC, MAP + "---\n" + NAMESPACE)
    assert await lines(engine, before, after) == []


async def test_manifests_that_are_listed_by_file_say_what_goes_of_them(engine: Engine) -> None:
    """What cannot be rendered beside them is made as before, so nothing else is unknown."""
    assert await lines(engine, charted(MAP + "---\n" + PVC), charted(MAP)) == [
        "deleted a: PersistentVolumeClaim a/data"
    ]
    patch = "patches: [{path: p.yaml}]\n"
    gone = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made-by-the-chart}\n"
    before: Files = {**charted(MAP, extra=patch), "apps/a/p.yaml": gone}
    after: Files = {**before, "apps/a/p.yaml": gone + "$patch: delete\n"}
    assert await lines(engine, before, after) == [f"unknown a: {APPLICATION}"]


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
async def test_an_application_of_a_chart_is_told_when_it_changes(engine: Engine, version: str) -> None:
    def chart(number: str) -> str:
        source = {"repoURL": "https://charts.example.com", "chart": "x", "targetRevision": number}
        return app("a", source=source)

    found = await lines(engine, {"a.yaml": chart("1.0.0")}, {"a.yaml": chart(version)})
    assert found == ([] if version == "1.0.0" else [f"unknown a: {APPLICATION}"])


async def test_a_chart_in_the_repository_is_looked_at_by_its_files(engine: Engine) -> None:
    def files(value: str) -> Files:
        chart = {
            "apps/a/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n",
            "apps/a/values.yaml": f"a: {value}\n",
        }
        source = {"repoURL": URL, "path": "apps/a", "helm": {"releaseName": "x"}}
        return {"a.yaml": app("a", source=source), **chart}

    assert await lines(engine, files("1"), files("1")) == []
    changed = await lines(engine, files("1"), files("2"))
    assert changed in ([f"unknown a: {APPLICATION}"], [])  # nothing, where charts are rendered here


async def test_what_an_application_takes_along_may_be_unknown(engine: Engine) -> None:
    source = {"repoURL": "https://charts.example.com", "chart": "x", "targetRevision": "1.0.0"}
    root = {"root.yaml": app("root", "argocd", namespace="argocd")}
    before = {**root, **folder("argocd", MAP, app("a", source=source, cascades=True))}
    found = await lines(engine, before, {**root, **folder("argocd", MAP)})
    assert found == [f"application-deleted root: {APPLICATION}", f"unknown a: {APPLICATION}"]


async def test_what_does_not_render_any_more_deletes_nothing_yet(engine: Engine) -> None:
    before: Files = {"a.yaml": app("a"), **folder("apps/a", MAP, PVC)}
    after: Files = {
        "a.yaml": app("a"),
        **folder("apps/a", MAP),
        "apps/a/kustomization.yaml": "resources: [none.yaml]\n",
    }
    assert await lines(engine, before, after) == [f"unknown a: {APPLICATION}"]
    assert "Argo CD changes and deletes nothing of it while that is so" in await comment(engine, before, after)


def following(revision: str) -> dict[str, Any]:
    return {"repoURL": URL, "path": "apps/a", "targetRevision": revision}


async def test_another_branch_is_not_changed_by_this_one(engine: Engine) -> None:
    """Of an Application that follows `release`, a commit here deletes nothing."""
    release = {"a.yaml": app("a", source=following("v1.2.3"))}
    before: Files = {**release, **folder("apps/a", MAP, PVC)}
    after: Files = {**release, **folder("apps/a", MAP)}
    assert await lines(engine, before, after) == []


async def test_one_that_follows_another_revision_from_now_on_is_told(engine: Engine) -> None:
    files = folder("apps/a", MAP, PVC)
    before: Files = {"a.yaml": app("a"), **files}
    after: Files = {"a.yaml": app("a", source=following("v1.2.3")), **files}
    assert await lines(engine, before, after) == [f"unknown a: {APPLICATION}"]
    assert "follows another revision from now on" in await comment(engine, before, after)


@pytest.mark.parametrize("name", ["{{name}}_x", "Shop-{{name}}"])
async def test_a_name_that_kubernetes_refuses_keeps_a_set_from_deleting(engine: Engine, name: str) -> None:
    files = {**folder("apps/shop", PVC), **folder("apps/blog", MAP)}
    before: Files = {"set.yaml": appset("shop", "blog"), **files}
    after: Files = {"set.yaml": appset("shop", template_name=name), **files}
    found = await lines(engine, before, after)
    assert found == ["stays all: Application argocd/blog", "stays all: Application argocd/shop"]


async def test_a_set_of_which_git_knows_a_part_leaves_the_rest_open(engine: Engine) -> None:
    files = {**folder("apps/shop", PVC), **folder("apps/blog", MAP)}
    listed = [{"list": {"elements": [{"name": "blog"}]}}, {"clusters": {}}]
    before: Files = {"set.yaml": appset("shop", "blog"), **files}
    found = await lines(engine, before, {"set.yaml": appset(generators=listed), **files})
    assert found == ["unknown all: Application argocd/shop"]


async def test_the_same_doubt_about_many_is_one_line(engine: Engine) -> None:
    def charts(version: str) -> Files:
        names = [f"app{number}" for number in range(9)]
        source = {"repoURL": "https://charts.example.com", "chart": "x", "targetRevision": version}
        return {f"{name}.yaml": app(name, source=source) for name in names}

    said = await comment(engine, charts("1.0.0"), charts("2.0.0"))
    assert said.count("\n") == 0
    assert "and 4 more cannot be analysed (" in said


async def test_a_branch_is_not_changed_by_another_one(engine: Engine) -> None:
    release = {"a.yaml": app("a", source=following("release")), "b.yaml": app("b"), **folder("apps/b", MAP)}
    before: Files = {**release, **folder("apps/a", MAP, PVC)}
    after: Files = {**release, **folder("apps/a", MAP)}
    assert await lines(engine, before, after) == []
