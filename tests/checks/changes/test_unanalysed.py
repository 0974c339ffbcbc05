"""What cannot be rendered here: what is told of it all the same, and when nothing is to be told."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.rendering.driver import Engine
from checks.changes.view import Changes, changes_of
from checks.policy.file import Policy
from tests.checks.changes.stage import changes
from tests.gitops.facts.changes.stage import deployment
from tests.gitops.facts.deletions.stage import FINALIZER, MAP, ON_MAIN, PRUNE, PVC, app, appset, obj
from tests.scenarios import URL, Files, tree

REMOTE = "https://example.invalid/base.yaml"
NEEDS = "dependencies: [{name: dep, version: 1.0.0, repository: https://charts.example.invalid}]"
CHART = f"apiVersion: v2\nname: x\nversion: 1.0.0\n{NEEDS}\n"
HELM_CHARTS = "helmCharts: [{name: c, repo: https://c.example.invalid, version: 1.0.0, valuesFile: v.yaml}]\n"
FROM_REGISTRY = [
    {
        "repoURL": "https://charts.example.invalid",
        "chart": "c",
        "targetRevision": "1",
        "helm": {"valueFiles": ["$values/values/$ARGOCD_APP_NAME.yaml"]},
    },
    {"repoURL": URL, "targetRevision": "main", "ref": "values"},
]
REGISTRY = {
    "a.yaml": app("x", source=None, sources=FROM_REGISTRY),
    "values/x.yaml": "a: 1\n",
    "values/y.yaml": "a: 1\n",
}
OUTSIDE = {
    "repoURL": URL,
    "targetRevision": "main",
    "path": "apps/x",
    "helm": {"valueFiles": ["../../v.yaml", "/w.yaml"]},
}
LOCAL = {
    "a.yaml": app("x", source=OUTSIDE),
    "apps/x/Chart.yaml": CHART,
    "apps/x/templates/a.yaml": "a",
    "v.yaml": "a: 1\n",
    "w.yaml": "a: 1\n",
}
LISTED = {
    "a.yaml": app("x"),
    "apps/x/kustomization.yaml": f"{HELM_CHARTS}resources: [m.yaml]\n",
    "apps/x/m.yaml": MAP,
    "apps/x/v.yaml": "a: 1\n",
    "apps/x/README.md": "a\n",
}


@pytest.mark.parametrize(
    ("files", "path"),
    [
        (REGISTRY, "values/x.yaml"),
        (LOCAL, "v.yaml"),
        (LOCAL, "w.yaml"),
        (LOCAL, "apps/x/templates/a.yaml"),
        (LISTED, "apps/x/v.yaml"),
    ],
)
def test_a_file_that_it_reads_is_not_passed_over(files: Files, path: str) -> None:
    (told,) = changes(files, {**files, path: "a: 2\n"}).told
    assert (told.verdict.value, told.block.value) == ("unknown", "ask")
    assert f"`{path}` changes" in told.text


@pytest.mark.parametrize(
    ("files", "path"), [(REGISTRY, "values/y.yaml"), (LOCAL, "apps/y.yaml"), (LISTED, "apps/x/README.md")]
)
def test_a_file_that_it_does_not_read_is_nothing(files: Files, path: str) -> None:
    assert changes(files, {**files, path: "b: 2\n"}).is_empty


def partly(*manifests: str, **fields: object) -> Files:
    """An Application of these manifests and of a base that nobody can fetch."""
    files = {f"apps/a/{number}.yaml": text for number, text in enumerate(manifests)}
    listed = ", ".join([REMOTE, *(path.rpartition("/")[2] for path in files)])
    declared = {"root.yaml": app("root", "argocd", namespace="argocd"), "argocd/keep.yaml": MAP}
    if fields.pop("declared", True):
        declared["argocd/a.yaml"] = app("a", sync=PRUNE, cascades=True)
    return {**declared, **files, "apps/a/kustomization.yaml": f"resources: [{listed}]\n"}


async def compared(engine: Engine, before: Files, after: Files) -> Changes:
    analysis = engine.analysis(ON_MAIN)
    base, head = [await engine.snapshot(tree(files), analysis) for files in (before, after)]
    return changes_of(base, head, Policy())


async def test_what_it_lists_itself_is_compared(engine: Engine) -> None:
    job = [obj("Job", "j", "batch/v1", spec={"template": {"spec": {"x": n}}}) for n in (1, 2)]
    found = await compared(engine, partly(deployment(), job[0]), partly(deployment(replicas=0), job[1], PVC))
    told = {one.resource.name: one.verdict.value for one in found.told}
    assert told == {"web": "changed", "j": "sync-fails", "data": "comes"}
    (application,) = [one for one in found.difference.applications if one.application.name == "a"]
    assert {one.id.id.kind: [str(each) for each in one.fields] for one in application.resources} == {
        "Deployment": ["spec.replicas"],
        "Job": ["spec.template.spec.x"],
        "PersistentVolumeClaim": [],
    }


async def test_what_it_lists_itself_goes_with_it(engine: Engine) -> None:
    found = await compared(engine, partly(PVC, MAP), partly(PVC, MAP, declared=False))
    told = {(one.verdict.value, one.resource.name) for one in found.told}
    assert {("application-deleted", "a"), ("deleted", "data"), ("deleted", "settings"), ("unknown", "a")} == told


def cluster_set(path: str, **values: str) -> Files:
    """A set that makes an Application for each cluster, of which git shows none."""
    clusters = {"clusters": {"selector": {"matchLabels": {"env": "prod"}}, "values": values}}
    elements = {"list": {"elements": [{"nameNormalized": "west", "values.dir": "shop"}]}}
    merged = [{"merge": {"mergeKeys": ["nameNormalized"], "generators": [clusters, elements]}}]
    text = appset(generators=merged, template_name="x-{{nameNormalized}}").replace("apps/{{name}}", path)
    return {
        "set.yaml": text,
        "apps/shop/0.yaml": PVC,
        "apps/shop/kustomization.yaml": "resources: [0.yaml, ../../base/shop]\n",
        "base/shop/kustomization.yaml": "resources: [1.yaml]\n",
        "base/shop/1.yaml": MAP,
        "apps/shop/README.md": "a\n",
        "apps/blog/0.yaml": MAP,
        "docs/x.yaml": "a: 1\n",
    }


@pytest.mark.parametrize(
    ("written", "path", "told"),
    [
        ("apps/shop", "apps/shop/0.yaml", "apps/shop"),
        ("apps/{{name}}", "apps/shop/0.yaml", "apps/shop"),
        ("apps/{{ .name }}", "apps/blog/0.yaml", "apps/blog"),
        ("{{values.root}}/{{values.dir}}", "apps/shop/0.yaml", "apps/shop"),
        ("{{values.root}}/{{values.dir}}", "apps/blog/0.yaml", ""),
        ("{{values.root}}/{{values.dir}}", "docs/x.yaml", ""),
        ("apps/{{name}}", "apps/shop/README.md", ""),
        ("apps/{{name}}", "docs/x.yaml", ""),
    ],
)
def test_what_a_set_for_unknown_clusters_deploys_is_not_passed_over(written: str, path: str, told: str) -> None:
    files = cluster_set(written, root="apps")
    found = changes(files, {**files, path: "kind: X\n"})
    assert [f"something changes in `{told}`" in one.text for one in found.told] == ([True] if told else [])


def test_what_such_a_set_deploys_by_way_of_its_kustomizations() -> None:
    files = cluster_set("{{values.root}}/{{values.dir}}", root="apps")
    (told,) = changes(files, {**files, "base/shop/1.yaml": PVC}).told
    assert "something changes in `apps/shop`" in told.text


DATA = '{"name": "shop", "dir": "apps/shop", "size": %s}\n'


def reading(
    listed: Mapping[str, object], *, url: str = URL, first: Mapping[str, object] | None = None, path: str = "{{dir}}"
) -> Files:
    """A set whose data file names all that it deploys, once for each cluster, of which git shows none."""
    clusters = first or {"clusters": {"selector": {"matchLabels": {"env": "prod"}}}}
    read = {"git": {"repoURL": url, "revision": "main", **listed}}
    text = appset(generators=[{"matrix": {"generators": [clusters, read]}}], template_name="{{name}}-{{size}}")
    shop = {"apps/shop/0.yaml": PVC, "apps/shop/kustomization.yaml": "resources: [0.yaml]\n"}
    root = {
        "root.yaml": app("root", "argocd", namespace="argocd"),
        "argocd/set.yaml": text.replace("apps/{{name}}", path),
    }
    return root | shop | {"data/prod/x.json": DATA % 1, "docs/x.yaml": "a: 1\n"}


FILES = {"files": [{"path": "data/prod/*.json"}]}
PLUGIN = {"plugin": {"configMapRef": {"name": "x"}}}
READING = {
    "a file": reading(FILES),
    "a name in the pattern": reading({"files": [{"path": "data/{{name}}/*.json"}]}),
    "a name of Go's": reading({"files": [{"path": "data/{{ .metadata.labels.env }}/x.json"}]}),
    "nothing but a name": reading({"files": [{"path": "{{name}}/**/x.json"}]}),
    "what is kept out by a name": reading(
        {"files": [*FILES["files"], {"path": "data/{{name}}/x*", "exclude": True}]}
    ),
    "another address": reading(FILES, url="git@github.com:acme/platform.git"),
    "an address that is told": reading(FILES, url="{{url}}"),
    "a plugin": reading(FILES, first=PLUGIN),
    "one inside the other": reading(FILES, path="{{ .dir }}"),
}


@pytest.mark.parametrize("files", READING.values(), ids=READING)
@pytest.mark.parametrize(
    ("after", "block", "says"),
    [
        ({"data/prod/x.json": DATA % 2}, "yes", "`data/prod/x.json`, by which its Applications are named, changes"),
        ({"data/prod/x.json": None}, "yes", "`data/prod/x.json`, which its generator reads, goes: its Applications"),
        ({"data/prod/x.json": DATA.replace("shop", "blog") % 1}, "yes", "by which its Applications are named"),
        ({"data/prod/x.json": DATA.replace("apps/", "base/") % 1}, "ask", "which its generator reads, changes"),
        ({"data/prod/xx.json": DATA % 3}, "no", "comes: it may make more of them"),
        ({"apps/shop/0.yaml": MAP}, "ask", "something changes in `apps/shop`, which it deploys"),
        ({"docs/x.yaml": "a: 2\n"}, "no", ""),
    ],
    ids=["its name", "it goes", "its names", "its path", "another one", "what it deploys", "anything else"],
)  # fmt: skip
def test_data_of_a_set_for_unknown_clusters(
    files: Files, after: Mapping[str, str | None], block: str, says: str
) -> None:
    told = changes(files, {path: text for path, text in {**files, **after}.items() if text is not None}).told
    is_read = bool(says) and not (says.startswith("comes") and "x.json" in files["argocd/set.yaml"])
    assert [(one.block.value, says in one.text) for one in told] == ([(block, True)] if is_read else [])


def beside(app_files: Files, **more: str) -> Files:
    """An app of two directories, of which one has a chart that nobody can fetch."""
    return {
        "a.yaml": app("a"),
        "apps/a/kustomization.yaml": more.get("top", "resources: [web, chart]\n"),
        "apps/a/chart/kustomization.yaml": f"{HELM_CHARTS}resources: [m.yaml]\n",
        "apps/a/chart/v.yaml": "a: 1\n",
        "apps/a/chart/m.yaml": MAP,
        **{f"apps/a/web/{name}": text for name, text in app_files.items()},
    }


WEB = {"kustomization.yaml": "resources: [d.yaml, pvc.yaml]\n", "d.yaml": deployment(), "pvc.yaml": PVC}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (beside({**WEB, "d.yaml": deployment(replicas=2)}), {"changed web"}),
        (beside({**WEB, "kustomization.yaml": "resources: [d.yaml]\n"}), {"deleted data"}),
        (beside({**WEB, "kustomization.yaml": "resources: [d.yaml, pvc.yaml]\nnamePrefix: x-\n"}), {"deleted data"}),
        (beside(WEB, top="resources: [chart]\n"), {"deleted data", "deleted web"}),
        (beside(WEB, top="resources: [web, chart]\nnamespace: other\n"), {"unknown a"}),
        ({**beside(WEB), "apps/a/chart/v.yaml": "a: 2\n"}, {"unknown a"}),
    ],
    ids=["a manifest", "an entry", "a prefix", "a directory", "the namespace of all", "values"],
)
async def test_what_is_beside_an_entry_that_nobody_can_build(engine: Engine, files: Files, told: set[str]) -> None:
    """What the chart brings is the same as long as nothing changes that it is made of or that changes it."""
    found = await compared(engine, beside(WEB), files)
    said = {f"{one.verdict.value} {one.resource.name}" for one in found.told}
    assert told <= said
    assert ("unknown a" in said) == ("unknown a" in told)


async def test_a_chart_that_comes_may_bring_what_goes(engine: Engine) -> None:
    """Where the chart was there before, too, it would have brought the object twice."""
    plain = beside(WEB, top="resources: [web]\n")
    for before, hedged in ((plain, True), (beside(WEB), False)):
        found = await compared(engine, before, beside({**WEB, "kustomization.yaml": "resources: [d.yaml]\n"}))
        (said,) = [one.text for one in found.told if one.resource.name == "data"]
        assert ("deletes it, with the volume behind it unless" in said, "which prunes by itself" in said) == (
            True,
            True,
        )
        assert (", unless what cannot be analysed of `a` brings it" in said) is hedged


def test_a_set_that_nobody_brings_and_that_is_renamed() -> None:
    """Its Applications are declared still, by the other one."""
    files = {"apps/shop/0.yaml": MAP}
    before, after = (appset("shop", name=name, finalizers=[FINALIZER]) for name in ("all", "both"))
    (told,) = changes({**files, "set.yaml": before}, {**files, "set.yaml": after}).told
    assert (told.resource.name, told.block.value) == ("shop", "yes")
    assert told.text.startswith("ApplicationSet `all`, which makes it, is no longer declared")
