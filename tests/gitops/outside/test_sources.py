"""Applications whose sources are in other repositories, in other revisions of this one, and in registries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gitops.applications.repositories import RepositoryMatcher
from gitops.applications.revisions import Revisions
from gitops.charts.locked import lock_digest
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Snapshot, State
from gitops.files.spans import Span
from gitops.files.tree import MODE_SUBMODULE, Entry, Tree
from gitops.outside.found import RepositoryFound
from gitops.outside.mounts import mount_point
from gitops.outside.wanted import RepositoryWanted
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed
from tests.outside.dictionary import Outside, chart, config_map, tree_of
from tests.rendered import ANALYSIS, EngineProcess, application
from tests.scenarios import URL, with_links

OTHER = "https://git.example.com/acme/other"
REGISTRY = "https://charts.example.com"


def seen(engine: EngineProcess, files: Mapping[str, str], outside: Outside) -> Snapshot:
    return engine.run(discover(tree_of(files), ANALYSIS), outside.fetch)


def state(snapshot: Snapshot, name: str = "web") -> State:
    return next(each for each in snapshot.states if each.application.name == name)


def names(state: State) -> list[str]:
    rendering = state.rendering
    assert isinstance(rendering, Rendered), rendering
    return [resource.id.name for resource in rendering.resources]


def source(url: str, path: str = "app", **more: str) -> str:
    rest = "".join(f", {key}: {value}" for key, value in more.items())
    return f"  source: {{repoURL: {url}, path: {path}{rest}}}"


SHAPES = {
    "directory": {"app/cm.yaml": config_map("plain")},
    "kustomization": {
        "app/kustomization.yaml": "resources: [../base]",
        "base/kustomization.yaml": "resources: [cm.yaml]",
        "base/cm.yaml": config_map("built"),
    },
    "chart": {f"app/{path}": text for path, text in chart("c", "1.0.0", {"cm.yaml": config_map("made")}).items()},
    "jsonnet": {"app/cm.jsonnet": "{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'evaluated'}}"},
}


NAMES = ("plain", "built", "made", "evaluated")


@pytest.mark.parametrize(("shape", "name"), list(zip(SHAPES, NAMES, strict=True)))
def test_another_repository_is_rendered_as_if_it_were_here(engine: EngineProcess, shape: str, name: str) -> None:
    outside = Outside({(OTHER, "v1"): SHAPES[shape]})
    found = state(seen(engine, {"apps/web.yaml": application("web", source(OTHER, targetRevision="v1"))}, outside))
    assert names(found) == [name]
    (resource,) = found.parts[0].resources
    assert resource.path is None and resource.generator is None
    assert str(resource.elsewhere).startswith("`") and f"of {OTHER} at `v1` (" in str(resource.elsewhere)
    assert found.parts[0].closure is None


def test_what_comes_from_elsewhere_stands_at_the_application(engine: EngineProcess) -> None:
    outside = Outside({(OTHER, "HEAD"): SHAPES["kustomization"]})
    files = {"apps/web.yaml": application("web", source(OTHER, targetRevision="HEAD"))}
    (copy,) = seen(engine, files, outside).copies()
    assert copy.origin.span.path == "apps/web.yaml" and copy.origin.chain == ()


def test_many_applications_of_one_repository_share_one_request(engine: EngineProcess) -> None:
    outside = Outside({(OTHER, "main"): {f"{i}/cm.yaml": config_map(f"cm{i}") for i in range(5)}})
    files = {f"apps/{i}.yaml": application(f"web{i}", source(OTHER, str(i), targetRevision="main")) for i in range(5)}
    snapshot = seen(engine, files, outside)
    assert [names(each) for each in snapshot.states] == [[f"cm{i}"] for i in range(5)]
    assert outside.asked == [RepositoryWanted(OTHER, "main", True)]


@pytest.mark.parametrize("revision", ["release", "v1.2.3", "0a" * 20])
def test_another_revision_of_this_repository_is_asked_for(engine: EngineProcess, revision: str) -> None:
    outside = Outside({(URL, revision): {"app/cm.yaml": config_map("then")}})
    files = {
        "apps/web.yaml": application("web", source(URL, targetRevision=revision)),
        "app/cm.yaml": config_map("now"),
    }
    matcher = RepositoryMatcher.of_urls([URL], Revisions("main", "main", certain=True))
    snapshot = engine.run(discover(tree_of(files), replace(ANALYSIS, matcher=matcher)), outside.fetch)
    assert names(state(snapshot)) == ["then"]


def test_what_nobody_has_is_not_analysed_and_says_why(engine: EngineProcess) -> None:
    files = {
        "apps/web.yaml": application("web", source(OTHER, targetRevision="gone")),
        "apps/own.yaml": application("own", source(URL)),
        "app/cm.yaml": config_map("own"),
    }
    snapshot = seen(engine, files, Outside())
    rendering = state(snapshot).rendering
    assert isinstance(rendering, NotAnalysed)
    assert rendering.reason.startswith(f"its manifests live in another repository, {OTHER}: {OTHER} has no `gone`; ")
    assert names(state(snapshot, "own")) == ["own"]


def test_a_path_that_is_not_there_either_fails_at_the_application(engine: EngineProcess) -> None:
    files = {"apps/web.yaml": application("web", source(OTHER, "gone", targetRevision="v1"))}
    rendering = state(seen(engine, files, Outside({(OTHER, "v1"): SHAPES["chart"]}))).rendering
    assert isinstance(rendering, RenderFailed)
    assert rendering.message.startswith(f"its source path `gone` does not exist in {OTHER} at `v1` (")
    assert rendering.span.path == "apps/web.yaml"


def test_a_failure_elsewhere_names_the_file_there_and_stands_here(engine: EngineProcess) -> None:
    broken = {**SHAPES["kustomization"], "base/cm.yaml": "a: [\n"}
    files = {"apps/web.yaml": application("web", source(OTHER, targetRevision="v1"))}
    rendering = state(seen(engine, files, Outside({(OTHER, "v1"): broken}))).rendering
    assert isinstance(rendering, RenderFailed)
    assert rendering.span == Span("apps/web.yaml", 1, 7)
    assert ".git" not in rendering.message.replace("//git.", "") and OTHER in rendering.message


REDIS = chart(
    "redis",
    "17.3.2",
    {"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Values.name }}'}\n"},
    values="name: cache\n",
)


@pytest.mark.parametrize("url", [REGISTRY, "oci://ghcr.io/acme", "ghcr.io/acme"])
def test_a_chart_of_a_registry_is_rendered(engine: EngineProcess, url: str) -> None:
    at = url if "://" in url else f"oci://{url}"
    outside = Outside(charts={(at, "redis", "17.*"): REDIS})
    text = f"  source: {{repoURL: {url}, chart: redis, targetRevision: 17.*, helm: {{values: 'name: mine'}}}}"
    found = state(seen(engine, {"apps/web.yaml": application("web", text)}, outside))
    assert names(found) == ["mine"]
    (resource,) = found.parts[0].resources
    assert str(resource.elsewhere) == f"`templates/cm.yaml` of chart redis 17.3.2 of {at}"
    assert resource.template == "redis/templates/cm.yaml" and resource.path is None


VALUES = """  sources:
  - {{repoURL: {url}, ref: values, targetRevision: {revision}}}
  - {{repoURL: {chart}, chart: redis, targetRevision: 17.3.2, helm: {{valueFiles: [$values/env/prod.yaml]}}}}"""


def test_values_of_this_repository_for_a_chart_of_a_registry(engine: EngineProcess) -> None:
    outside = Outside(charts={(REGISTRY, "redis", "17.3.2"): REDIS})
    text = VALUES.format(url=URL, revision="HEAD", chart=REGISTRY)
    found = state(seen(engine, {"apps/web.yaml": application("web", text), "env/prod.yaml": "name: prod"}, outside))
    assert names(found) == ["prod"]


def test_values_of_another_repository_for_a_chart_of_a_registry(engine: EngineProcess) -> None:
    outside = Outside({(OTHER, "main"): {"env/prod.yaml": "name: theirs"}}, {(REGISTRY, "redis", "17.3.2"): REDIS})
    text = VALUES.format(url=OTHER, revision="main", chart=REGISTRY)
    assert names(state(seen(engine, {"apps/web.yaml": application("web", text)}, outside))) == ["theirs"]


def test_values_that_nobody_has_are_named(engine: EngineProcess) -> None:
    outside = Outside(charts={(REGISTRY, "redis", "17.3.2"): REDIS})
    text = VALUES.format(url=OTHER, revision="main", chart=REGISTRY)
    rendering = state(seen(engine, {"apps/web.yaml": application("web", text)}, outside)).rendering
    assert isinstance(rendering, NotAnalysed)
    expected = f"its values file `$values/env/prod.yaml` lies in another repository, {OTHER}: {OTHER} has no `main`"
    assert rendering.reason.startswith(expected)


def test_a_fault_in_values_of_this_repository_stands_in_them(engine: EngineProcess) -> None:
    outside = Outside(charts={(REGISTRY, "redis", "17.3.2"): REDIS})
    text = VALUES.format(url=URL, revision="HEAD", chart=REGISTRY)
    files = {"apps/web.yaml": application("web", text), "env/prod.yaml": "name: [\n"}
    rendering = state(seen(engine, files, outside)).rendering
    assert isinstance(rendering, RenderFailed)
    assert rendering.span.path == "env/prod.yaml" and ".git/argofix" not in rendering.message


def test_values_by_url(engine: EngineProcess) -> None:
    outside = Outside(
        charts={(REGISTRY, "redis", "1.0.0"): REDIS}, files={"https://x.example/v.yaml?a=b": "name: far"}
    )
    helm = "helm: {valueFiles: ['https://x.example/v.yaml?a=b']}"
    text = f"  source: {{repoURL: {REGISTRY}, chart: redis, targetRevision: 1.0.0, {helm}}}"
    assert names(state(seen(engine, {"apps/web.yaml": application("web", text)}, outside))) == ["far"]
    missing = Outside(charts=outside.charts)
    rendering = state(seen(engine, {"apps/web.yaml": application("web", text)}, missing)).rendering
    assert isinstance(rendering, NotAnalysed) and "https://x.example/v.yaml?a=b answers 404" in rendering.reason


UMBRELLA = "dependencies:\n- {name: redis, version: ^17, repository: 'https://charts.example.com'}\n"


@pytest.mark.parametrize("locked", ["17.3.2", ""])
def test_dependencies_that_are_not_vendored_are_asked_for(engine: EngineProcess, locked: str) -> None:
    own = chart("umbrella", "1.0.0", {"own.yaml": config_map("own")}, dependencies=UMBRELLA)
    wanted = {"name": "redis", "version": "^17", "repository": REGISTRY}
    digest = lock_digest([wanted], [{**wanted, "version": locked}])
    lock = f"dependencies:\n- {{name: redis, version: {locked}, repository: '{REGISTRY}'}}\ndigest: {digest}\n"
    files = {f"app/{path}": text for path, text in own.items()} | ({"app/Chart.lock": lock} if locked else {})
    outside = Outside(charts={(REGISTRY, "redis", locked or "^17"): REDIS})
    found = state(seen(engine, {"apps/web.yaml": application("web", source(URL)), **files}, outside))
    assert sorted(names(found)) == ["cache", "own"]
    ours, theirs = sorted(found.parts[0].resources, key=lambda each: each.path is None)
    assert (ours.path, ours.elsewhere) == ("app/templates/own.yaml", None)
    assert str(theirs.elsewhere) == f"`templates/cm.yaml` of chart redis 17.3.2 of {REGISTRY}"


def test_dependencies_of_fetched_charts_are_asked_for_too(engine: EngineProcess) -> None:
    umbrella = chart("umbrella", "1.0.0", {}, dependencies=UMBRELLA)
    outside = Outside(charts={(REGISTRY, "umbrella", "1.0.0"): umbrella, (REGISTRY, "redis", "^17"): REDIS})
    text = f"  source: {{repoURL: {REGISTRY}, chart: umbrella, targetRevision: 1.0.0}}"
    assert names(state(seen(engine, {"apps/web.yaml": application("web", text)}, outside))) == ["cache"]


def test_a_dependency_that_nobody_has_is_named(engine: EngineProcess) -> None:
    own = chart("umbrella", "1.0.0", {}, dependencies=UMBRELLA.replace("https://charts.example.com", "@stable"))
    files = {f"app/{path}": text for path, text in own.items()}
    rendering = state(seen(engine, {"apps/web.yaml": application("web", source(URL)), **files}, Outside())).rendering
    assert isinstance(rendering, NotAnalysed)
    assert "needs the chart redis ^17: its repository `@stable`" in rendering.reason


def test_applications_in_charts_and_repositories_are_found(engine: EngineProcess) -> None:
    child = application("{{ .Values.child }}", source(OTHER, "leaf", targetRevision="main"))
    apps = chart("apps", "1.0.0", {"app.yaml": child}, values="child: leaf\n")
    appset = """apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set, namespace: argocd}
spec:
  generators: [{git: {repoURL: https://git.example.com/acme/other, revision: main, directories: [{path: envs/*}]}}]
  template:
    metadata: {name: 'env-{{path.basename}}'}
    spec:
      project: default
      source: {repoURL: https://git.example.com/acme/other, path: '{{path}}', targetRevision: main}
      destination: {server: https://kubernetes.default.svc, namespace: shop}
"""
    outside = Outside(
        {
            (OTHER, "main"): {
                "leaf/cm.yaml": config_map("leaf"),
                "envs/a/cm.yaml": config_map("a"),
                "envs/b/cm.yaml": config_map("b"),
                "more/set.yaml": appset,
            }
        },
        {(REGISTRY, "apps", "1.0.0"): apps},
    )
    files = {
        "apps/charts.yaml": application(
            "web", f"  source: {{repoURL: {REGISTRY}, chart: apps, targetRevision: 1.0.0}}"
        ),
        "apps/more.yaml": application("more", source(OTHER, "more", targetRevision="main")),
    }
    snapshot = seen(engine, files, outside)
    found = {each.application.name: each for each in snapshot.states}
    assert sorted(found) == ["env-a", "env-b", "leaf", "more", "web"]
    assert names(found["leaf"]) == ["leaf"] and names(found["env-b"]) == ["b"]
    assert found["leaf"].application.parents == ("web",) and not found["leaf"].application.is_written_here
    assert found["env-a"].application.parents == ("more", "set")
    assert found["leaf"].application.origin.path == "apps/charts.yaml"
    assert not snapshot.unknown


def test_a_git_generator_over_another_repository(engine: EngineProcess) -> None:
    appset = """apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set, namespace: argocd}
spec:
  goTemplate: true
  generators:
  - git: {repoURL: https://git.example.com/acme/other, revision: main, files: [{path: 'envs/*.yaml'}]}
  template:
    metadata: {name: '{{.name}}'}
    spec:
      project: default
      source: {repoURL: https://github.com/acme/platform, path: app}
      destination: {server: https://kubernetes.default.svc, namespace: '{{.name}}'}
"""
    files = {"apps/set.yaml": appset, "app/cm.yaml": config_map("cm")}
    outside = Outside({(OTHER, "main"): {"envs/a.yaml": "name: a", "envs/b.yaml": "name: b"}})
    assert [each.application.name for each in seen(engine, files, outside).states] == ["a", "b"]
    (unknown,) = seen(engine, files, Outside()).unknown
    assert unknown.reason.endswith(f"reads another repository ({OTHER}): {OTHER} has no `main`")


APPS = {
    f"boot/{path}": text
    for path, text in chart(
        "apps",
        "1.0.0",
        {
            "apps.yaml": "{{ if .Values.enabled }}\n"
            + application("{{ .Values.child }}", source(URL, "leaf"))
            + "{{ end }}\n"
        },
        values="child: leaf\nenabled: true\n",
    ).items()
}


def test_a_chart_of_applications_that_somebody_deploys_by_hand_is_a_root(engine: EngineProcess) -> None:
    snapshot = seen(engine, {**APPS, "leaf/cm.yaml": config_map("leaf")}, Outside())
    assert [(each.application.name, each.application.root) for each in snapshot.states] == [("leaf", "boot")]
    assert names(state(snapshot, "leaf")) == ["leaf"] and not snapshot.unknown


def test_a_chart_of_applications_that_is_deployed_is_no_root_of_its_own(engine: EngineProcess) -> None:
    helm = "  source: {repoURL: https://github.com/acme/platform, path: boot, helm: {values: 'child: other'}}"
    files = {**APPS, "leaf/cm.yaml": config_map("leaf"), "root.yaml": application("root", helm)}
    snapshot = seen(engine, files, Outside())
    assert sorted(each.application.name for each in snapshot.states) == ["other", "root"]
    assert not snapshot.unknown and not snapshot.not_deployed


def test_a_chart_of_applications_that_makes_none_is_told(engine: EngineProcess) -> None:
    snapshot = seen(engine, {**APPS, "boot/values.yaml": "enabled: false\n"}, Outside())
    assert [str(one.span) for one in snapshot.not_deployed] == ["boot/templates/apps.yaml:1"]
    (unknown,) = seen(engine, {**APPS, "boot/values.yaml": "enabled: true\nchild: [\n"}, Outside()).unknown
    assert unknown.reason.startswith("the Helm chart boot makes Applications, which only Helm can tell: it does not")


def test_an_artifact_of_an_oci_registry_is_rendered_as_what_it_is(engine: EngineProcess) -> None:
    text = "  source: {repoURL: oci://ghcr.io/acme/charts/redis, path: ., targetRevision: 17.3.2}"
    outside = Outside(charts={("oci://ghcr.io/acme/charts", "redis", "17.3.2"): REDIS})
    assert names(state(seen(engine, {"apps/web.yaml": application("web", text)}, outside))) == ["cache"]
    rendering = state(seen(engine, {"apps/web.yaml": application("web", text)}, Outside())).rendering
    assert isinstance(rendering, NotAnalysed)
    assert rendering.reason.startswith("its manifests live in the registry oci://ghcr.io/acme/charts/redis: oci://")


@pytest.mark.parametrize("url", ["https://git.example.com/acme/other", "../other"])
def test_a_submodule_is_asked_for_at_its_commit(engine: EngineProcess, url: str) -> None:
    commit = "0a" * 20
    files = {
        "apps/web.yaml": application("web", source("https://git.example.com/acme/platform.git", "vendor/other/app")),
        ".gitmodules": f'[submodule "other"]\n\tpath = vendor/other\n\turl = {url}\n',
    }
    plain = tree_of(files)
    entries = {path: entry for path in plain.paths() if (entry := plain.entry(path)) is not None}
    tree = Tree(
        {**entries, "vendor/other": Entry(MODE_SUBMODULE, commit, 0)}, lambda path, _entry: files[path].encode()
    )
    matcher = RepositoryMatcher.of_urls(["https://git.example.com/acme/platform"])
    outside = Outside({(OTHER, commit): SHAPES["kustomization"]})
    snapshot = engine.run(discover(tree, replace(ANALYSIS, matcher=matcher)), outside.fetch)
    assert names(state(snapshot)) == ["built"]
    assert outside.asked == [RepositoryWanted(OTHER, commit, True)]
    rendering = state(engine.run(discover(tree, replace(ANALYSIS, matcher=matcher)), Outside().fetch)).rendering
    assert isinstance(rendering, NotAnalysed) and "the git submodule vendor/other" in rendering.reason


def test_what_is_lent_is_no_file_of_a_chart_at_the_root(engine: EngineProcess) -> None:
    listing = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Values.name }}'}\ndata:\n"
    listing += '{{ range $path, $_ := .Files.Glob "**" }}  "{{ $path | replace "/" "-" }}": here\n{{ end }}'
    files = {
        **chart("root", "1.0.0", {"cm.yaml": listing}, values="name: own\n"),
        "other.txt": "x",
        "apps/web.yaml": application(
            "web",
            f"  sources:\n  - {{repoURL: {OTHER}, ref: v, targetRevision: main}}\n"
            f"  - {{repoURL: {URL}, path: ., helm: {{valueFiles: [$v/env/prod.yaml]}}}}",
        ),
    }
    found = state(seen(engine, files, Outside({(OTHER, "main"): {"env/prod.yaml": "name: theirs"}})))
    (resource,) = found.parts[-1].resources
    assert resource.id.name == "theirs" and b"other.txt" in resource.text
    assert b"argofix" not in resource.text and b"prod.yaml" not in resource.text


def test_what_a_chart_makes_tells_under_which_name_this_repository_is_meant(engine: EngineProcess) -> None:
    files = {**APPS, "leaf/cm.yaml": config_map("leaf")}
    unknown = replace(ANALYSIS, matcher=RepositoryMatcher.of_urls([]))
    outside = Outside()
    snapshot = engine.run(discover(tree_of(files), unknown), outside.fetch)
    assert names(state(snapshot, "leaf")) == ["leaf"]
    assert not snapshot.outside  # it was asked for before that was known


def test_a_link_of_a_chart_elsewhere_does_not_lead_to_values_of_this_repository(engine: EngineProcess) -> None:
    there = {f"app/{path}": text for path, text in REDIS.items()}
    here = mount_point("this repository")
    tree = with_links(tree_of(there), {"app/templates/steal.yaml": f"../../{here}/env/prod.yaml"})
    text = (
        f"  sources:\n  - {{repoURL: {URL}, ref: v}}\n  - {{repoURL: {OTHER}, path: app, targetRevision: main, "
        "helm: {valueFiles: [$v/env/prod.yaml]}}"
    )
    values = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stolen}\nname: prod\n"
    files = tree_of({"apps/web.yaml": application("web", text), "env/prod.yaml": values})
    found = state(engine.run(discover(files, ANALYSIS), lambda _: RepositoryFound(tree, "0a" * 20)))
    assert names(found) == ["prod"]
