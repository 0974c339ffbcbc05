"""Kustomizations that name repositories, files and charts elsewhere: each way to write it, and each field."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.discovery.rounds import discover
from gitops.files.spans import Span
from gitops.kustomize.remote import remote_base
from gitops.outside.found import Missing
from gitops.outside.wanted import ChartWanted, RepositoryWanted, Wanted
from gitops.resources.rendering import NotAnalysed, RenderFailed
from tests.gitops.outside.test_sources import REDIS, names, seen, source, state
from tests.outside.dictionary import Outside, config_map, tree_of
from tests.rendered import ANALYSIS, EngineProcess, application
from tests.scenarios import URL

APP = {"apps/web.yaml": application("web", source(URL))}
FILE = "https://raw.example.com/acme/base/v1/cm.yaml"
BASE = {
    "deploy/kustomization.yaml": "namePrefix: x-\nresources: [cm.yaml, ../more]\n",
    "deploy/cm.yaml": config_map("base"),
    "more/kustomization.yaml": "resources: [cm.yaml]\n",
    "more/cm.yaml": config_map("more"),
    "component/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnameSuffix: -c\n",
}


@pytest.mark.parametrize(
    ("entry", "repository", "ref"),
    [
        ("https://github.com/acme/base//deploy?ref=v1", "https://github.com/acme/base", "v1"),
        ("https://github.com/acme/base/deploy?ref=v1", "https://github.com/acme/base", "v1"),
        ("https://github.com/acme/base.git/deploy?ref=v1&submodules=0", "https://github.com/acme/base.git", "v1"),
        ("https://git.example.com/a/b/c.git//deploy?version=v2", "https://git.example.com/a/b/c.git", "v2"),
        ("https://dev.azure.com/o/p/_git/base/deploy?ref=v1", "https://dev.azure.com/o/p/_git/base", "v1"),
        ("github.com/acme/base//deploy", "https://github.com/acme/base", ""),
        ("git@github.com:acme/base.git//deploy?ref=v1", "git@github.com:acme/base.git", "v1"),
        ("ssh://git@git.example.com/acme/base.git//deploy", "ssh://git@git.example.com/acme/base.git", ""),
        ("git::https://git.example.com/acme/base//deploy?ref=v1", "https://git.example.com/acme/base", "v1"),
    ],
)
def test_remote_bases_are_rendered(engine: EngineProcess, entry: str, repository: str, ref: str) -> None:
    outside = Outside({(repository, ref): BASE})
    files = {
        **APP,
        "app/kustomization.yaml": f"namePrefix: a-\nresources:\n- cm.yaml\n- {entry}\n",
        "app/cm.yaml": config_map("own"),
    }
    snapshot = seen(engine, files, outside)
    found = state(snapshot)
    assert sorted(names(found)) == ["a-own", "a-x-base", "a-x-more"]
    copies = {copy.resource.id.name: copy for copy in snapshot.copies()}
    assert copies["a-own"].origin.path == "app/cm.yaml"
    far = copies["a-x-more"]
    # Told at the entry that leads there, with where it is written there.
    assert far.origin.span == Span("app/kustomization.yaml", 4, 4) and far.resource.path is None
    assert far.resource.elsewhere is not None and far.resource.elsewhere.path == "more/cm.yaml"
    assert found.parts[0].closure is not None
    assert all(".git/" not in path for path in found.parts[0].closure.files | set(found.parts[0].closure.chains))
    (wanted,) = outside.asked
    assert isinstance(wanted, RepositoryWanted) and wanted.because == Span("app/kustomization.yaml", 4, 4)
    assert wanted.submodules == ("submodules=0" not in entry)


PATCH = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: own}\ndata: {patched: 'yes'}\n"
REPLACEMENT = (
    "source: {kind: ConfigMap, name: own, fieldPath: data.a}\n"
    "targets: [{select: {kind: ConfigMap}, fieldPaths: [data.copied], options: {create: true}}]\n"
)
SCHEMA = """{"definitions": {"v1.Thing": {
  "x-kubernetes-group-version-kind": [{"group": "a", "kind": "T", "version": "v1"}]
}}}"""
PREFIX = (
    "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\n"
    "prefix: far-\nfieldSpecs: [{path: metadata/name}]\n"
)


@pytest.mark.parametrize(
    ("fields", "content", "said"),
    [
        ("resources: [cm.yaml, URL]", config_map("far"), "name: far"),
        ("resources: [cm.yaml]\npatches: [{path: URL}]", PATCH, "patched: "),
        ("resources: [cm.yaml]\npatchesStrategicMerge: [URL]", PATCH, "patched: "),
        ("resources: [cm.yaml]\nreplacements: [{path: URL}]", REPLACEMENT, "copied: b"),
        ("resources: [cm.yaml]\nopenapi: {path: 'URL'}", SCHEMA, "name: own"),
        ("resources: [cm.yaml]\ncrds: [URL]", "{}", "name: own"),
        ("resources: [cm.yaml]\nconfigurations: [URL]", "nameReference: []", "name: own"),
        ("configMapGenerator: [{name: made, files: [URL]}]", "text", "cm.yaml: text"),
        ("configMapGenerator: [{name: made, files: ['key=URL']}]", "text", "key: text"),
        ("configMapGenerator: [{name: made, envs: [URL]}]", "A=from far", "A: from far"),
        (
            "resources: [cm.yaml]\ntransformers: [URL]",
            PREFIX,
            "name: far-own",
        ),
        ("helmCharts: [{name: web, valuesFile: 'URL'}]", "name: valued", "name: valued"),
        ("helmCharts: [{name: web, additionalValuesFiles: ['URL']}]", "name: more", "name: more"),
    ],
)
def test_files_are_fetched_in_every_field(engine: EngineProcess, fields: str, content: str, said: str) -> None:
    chart = {f"app/charts/web/{path}": text for path, text in REDIS.items()}
    files = {**APP, **chart, "app/cm.yaml": config_map("own"), "app/kustomization.yaml": fields.replace("URL", FILE)}
    found = state(seen(engine, files, Outside(files={FILE: content})))
    names(found)
    assert any(said in resource.text.decode() for resource in found.parts[0].resources)
    # Who has nothing leaves a gap that names the URL and what is wrong with it.
    rendering = state(seen(engine, files, Outside())).rendering
    assert isinstance(rendering, NotAnalysed)
    assert f"loads `{FILE}`: {FILE} answers 404" in rendering.reason


def test_a_url_that_is_no_file_is_taken_for_a_repository_first(engine: EngineProcess) -> None:
    files = {**APP, "app/kustomization.yaml": "resources: ['https://git.example.com/acme/base?ref=v1']"}
    repository = {"kustomization.yaml": "resources: [cm.yaml]", "cm.yaml": config_map("repository")}
    outside = Outside({("https://git.example.com/acme/base", "v1"): repository})
    assert names(state(seen(engine, files, outside))) == ["repository"]
    single = Outside(files={"https://git.example.com/acme/base?ref=v1": config_map("file")})
    assert names(state(seen(engine, files, single))) == ["file"]


def test_bases_of_bases_of_other_repositories(engine: EngineProcess) -> None:
    one = {
        "a/kustomization.yaml": f"resources: ['https://git.example.com/acme/two//b?ref=v2', '{FILE}', cm.yaml]",
        "a/cm.yaml": config_map("one"),
    }
    two = {"b/kustomization.yaml": "resources: [cm.yaml]", "b/cm.yaml": config_map("two")}
    outside = Outside(
        {("https://git.example.com/acme/one", "v1"): one, ("https://git.example.com/acme/two", "v2"): two},
        files={FILE: config_map("three")},
    )
    files = {
        **APP,
        "app/kustomization.yaml": "components: []\nresources: ['https://git.example.com/acme/one//a?ref=v1']",
    }
    snapshot = seen(engine, files, outside)
    assert sorted(names(state(snapshot))) == ["one", "three", "two"]
    assert {copy.origin.span for copy in snapshot.copies()} == {Span("app/kustomization.yaml", 2, 2)}


def test_components_of_other_repositories(engine: EngineProcess) -> None:
    outside = Outside({("https://github.com/acme/base", "v1"): BASE})
    kustomization = "resources: [cm.yaml]\ncomponents: ['https://github.com/acme/base//component?ref=v1']"
    files = {**APP, "app/cm.yaml": config_map("own"), "app/kustomization.yaml": kustomization}
    assert names(state(seen(engine, files, outside))) == ["own-c"]


@pytest.mark.parametrize("climbs", ["../../../app/secret", "../../../../../app/secret", "../../other", "../../../.."])
def test_a_remote_base_does_not_lead_back_into_this_repository(engine: EngineProcess, climbs: str) -> None:
    base = {"kustomization.yaml": f"resources: ['{climbs}']"}
    files = {
        **APP,
        "app/kustomization.yaml": "resources: ['https://github.com/acme/base?ref=v1']",
        "app/secret/kustomization.yaml": "resources: [cm.yaml]",
        "app/secret/cm.yaml": config_map("secret"),
        "kustomization.yaml": "resources: [app/secret]",
    }
    rendering = state(seen(engine, files, Outside({("https://github.com/acme/base", "v1"): base}))).rendering
    assert isinstance(rendering, RenderFailed), rendering
    assert rendering.span == Span("app/kustomization.yaml", 1, 1)
    assert ".git/argofix" not in rendering.message


def test_a_clone_stays_in_its_directories_whatever_the_flags_say(engine: EngineProcess) -> None:
    base = {"a/kustomization.yaml": "resources: [../cm.yaml]", "cm.yaml": config_map("above")}
    files = {**APP, "app/kustomization.yaml": "resources: ['https://github.com/acme/base//a?ref=v1']"}
    rendering = state(seen(engine, files, Outside({("https://github.com/acme/base", "v1"): base}))).rendering
    assert isinstance(rendering, RenderFailed) and "load restriction" in rendering.message


@pytest.mark.parametrize("repository", ["https://charts.example.com", "oci://ghcr.io/acme"])
def test_charts_that_kustomize_would_pull(engine: EngineProcess, repository: str) -> None:
    chart = f"{{name: redis, repo: '{repository}', version: 17.3.2, releaseName: r, valuesInline: {{name: mine}}}}"
    files = {**APP, "app/kustomization.yaml": f"helmCharts: [{chart}]"}
    outside = Outside(charts={(repository, "redis", "17.3.2"): REDIS})
    found = state(seen(engine, files, outside))
    assert names(found) == ["mine"]
    assert outside.asked == [ChartWanted(repository, "redis", "17.3.2")]
    assert found.parts[0].closure is not None and found.parts[0].closure.files == {"app/kustomization.yaml"}
    rendering = state(seen(engine, files, Outside())).rendering
    assert isinstance(rendering, NotAnalysed)
    assert f"inflates the chart redis: {repository} has no chart redis 17.3.2" in rendering.reason


def test_a_chart_that_kustomize_pulls_has_to_hold_what_it_depends_on(engine: EngineProcess) -> None:
    dependencies = "dependencies:\n- {name: base, version: 1.x.x, repository: 'https://charts.example.com'}\n"
    umbrella = {**REDIS, "Chart.yaml": REDIS["Chart.yaml"] + dependencies}
    files = {
        **APP,
        "app/kustomization.yaml": "helmCharts: [{name: redis, repo: 'oci://r.example', version: 17.3.2}]",
    }
    found = state(seen(engine, files, Outside(charts={("oci://r.example", "redis", "17.3.2"): umbrella})))
    assert isinstance(found.rendering, NotAnalysed)
    assert found.rendering.reason.startswith("a chart that it inflates does not hold all that it depends on (")
    assert "base" in found.rendering.reason


def test_what_a_chart_of_a_kustomization_renders_stands_at_its_entry(engine: EngineProcess) -> None:
    repository = "https://charts.example.com"
    one, two = (
        f"- name: redis\n  repo: {repository}\n  version: 17.3.2\n  valuesInline: {{name: {name}-map}}\n"
        f"  releaseName: {name}\n"
        for name in ("left", "right")
    )
    outside = Outside(charts={(repository, "redis", "17.3.2"): REDIS})
    files = {**APP, "app/kustomization.yaml": f"helmCharts:\n{one}{two}"}
    spans = {copy.resource.id.name: copy.origin.span for copy in seen(engine, files, outside).copies()}
    file = "app/kustomization.yaml"
    assert spans == {"left-map": Span(file, 2, 6), "right-map": Span(file, 7, 11)}


def test_options_of_the_application_name_remote_components_too(engine: EngineProcess) -> None:
    outside = Outside({("https://github.com/acme/base", "v1"): BASE})
    text = (
        f"  source:\n    repoURL: {URL}\n    path: app\n    kustomize:\n      namePrefix: p-\n"
        "      components: ['https://github.com/acme/base//component?ref=v1']"
    )
    files = {
        "apps/web.yaml": application("web", text),
        "app/cm.yaml": config_map("own"),
        "app/kustomization.yaml": "resources: [cm.yaml]",
    }
    assert names(state(seen(engine, files, outside))) == ["p-own-c"]


def test_applications_of_a_remote_base_at_the_top_are_found(engine: EngineProcess) -> None:
    apps = {"apps/kustomization.yaml": "resources: [far.yaml]", "apps/far.yaml": application("far", source(URL))}
    outside = Outside({("https://github.com/acme/apps", "v1"): apps})
    root = "resources: [near.yaml, 'https://github.com/acme/apps//apps?ref=v1']"
    files = {
        "root/kustomization.yaml": root,
        "root/near.yaml": application("near", source(URL)),
        "app/cm.yaml": config_map("cm"),
    }
    snapshot = seen(engine, files, outside)
    assert sorted(each.application.name for each in snapshot.states) == ["far", "near"]
    assert state(snapshot, "far").application.origin.path == "root/kustomization.yaml"


@pytest.mark.parametrize(
    "entry", ["https://example.com", "../base", "https://github.com/acme/base//../x", "cm.yaml", "/x"]
)
def test_what_is_no_repository(entry: str) -> None:
    assert remote_base(entry) is None


def _all() -> tuple[Mapping[str, str], Outside]:
    """A repository in which every Application needs something else from outside, and one needs nothing."""
    files = {
        "apps/own.yaml": application("own", source(URL, "own")),
        "own/cm.yaml": config_map("own"),
        "apps/repo.yaml": application("repo", source("https://git.example.com/a/b", "x", targetRevision="v1")),
        "apps/chart.yaml": application(
            "chart", "  source: {repoURL: oci://r.example/c, chart: redis, targetRevision: 1.0.0}"
        ),
        "apps/base.yaml": application("base", source(URL, "base")),
        "base/kustomization.yaml": "resources: ['https://git.example.com/a/c//d?ref=v1']",
        "apps/file.yaml": application("file", source(URL, "file")),
        "file/kustomization.yaml": f"resources: ['{FILE}']",
    }
    outside = Outside(
        {
            ("https://git.example.com/a/b", "v1"): {"x/cm.yaml": config_map("repo")},
            ("https://git.example.com/a/c", "v1"): {
                "d/kustomization.yaml": "resources: [cm.yaml]",
                "d/cm.yaml": config_map("base"),
            },
        },
        {("oci://r.example/c", "redis", "1.0.0"): REDIS},
        {FILE: config_map("file")},
    )
    return files, outside


@settings(max_examples=16, deadline=None)
@given(
    st.sets(
        st.sampled_from(["https://git.example.com/a/b", "https://git.example.com/a/c", "oci://r.example/c", FILE])
    )
)
def test_what_is_missing_takes_nothing_else_along(engine: EngineProcess, missing: set[str]) -> None:
    files, outside = _all()

    def fetch(wanted: Wanted) -> object:
        address = wanted.repository if isinstance(wanted, ChartWanted) else wanted.url
        return Missing(f"{address} is not there") if address in missing else outside.fetch(wanted)

    snapshot = engine.run(discover(tree_of(files), ANALYSIS), fetch)  # type: ignore[arg-type]
    found = {each.application.name: each for each in snapshot.states}
    expected = {"own": "own", "repo": "repo", "chart": "cache", "base": "base", "file": "file"}
    needs = {
        "repo": "https://git.example.com/a/b",
        "base": "https://git.example.com/a/c",
        "chart": "oci://r.example/c",
        "file": FILE,
    }
    assert found.keys() == expected.keys()
    for name, made in expected.items():
        rendering = found[name].rendering
        if needs.get(name) in missing:
            assert isinstance(rendering, NotAnalysed) and f"{needs[name]} is not there" in rendering.reason
        else:
            assert names(found[name]) == [made]
