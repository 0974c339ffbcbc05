"""Every Application and ApplicationSet document is in what is told: analysed, unknown, or not deployed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from gitops.applications.directory import PlainMemo
from gitops.discovery.snapshot import Cause, Snapshot
from gitops.discovery.sources import Analysis
from gitops.resources.rendering import NotAnalysed, RenderFailed
from tests.gitops.discovery.test_discovery import application_set
from tests.scenarios import (
    MATCHER,
    URL,
    Files,
    application,
    config_map,
    discovered,
    documents,
    evaluated,
    kustomization,
    of_rule,
    state_of,
    tree,
)

MAP = {"a/map.yaml": config_map("m")}


def left_out(evaluation: Evaluation) -> dict[str, Cause]:
    return {one.name: one.cause for one in evaluation.snapshot.not_deployed}


def names(evaluation: Evaluation) -> list[str]:
    return sorted(state.application.name for state in evaluation.snapshot.states)


def as_list(*manifests: str, kind: str = "List") -> str:
    items = [json.loads(manifest) for manifest in manifests]
    return json.dumps({"apiVersion": "v1", "kind": kind, "items": items})


# Below what does not render

PARENTS: dict[str, Files] = {
    "a file that is missing": {"argocd/kustomization.yaml": kustomization("one.yaml", "two.yaml", "gone.yaml")},
    "a chart beside the list": {
        "argocd/kustomization.yaml": kustomization(
            "one.yaml", "two.yaml", extra="helmCharts:\n  - {name: x, repo: 'https://charts.example'}\n"
        )
    },
    "a remote base": {
        "argocd/kustomization.yaml": kustomization("one.yaml", "two.yaml", "https://github.com/x/y//z?ref=v1")
    },
    "a list one level down": {
        "argocd/kustomization.yaml": kustomization("../lists", "gone.yaml"),
        "lists/kustomization.yaml": kustomization("../argocd/one.yaml", "../argocd/two.yaml"),
    },
    "a broken file among plain ones": {"argocd/broken.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n"},
}


@pytest.mark.parametrize("parent", PARENTS.values(), ids=PARENTS)
async def test_below_what_does_not_render_the_files_are_read(engine: Engine, parent: Files) -> None:
    files = {
        **MAP,
        "root.yaml": application("root", "argocd"),
        "argocd/one.yaml": application("one", "a"),
        "argocd/two.yaml": application("two", "a"),
        **parent,
    }
    evaluation = await evaluated(engine, files)
    assert isinstance(state_of(evaluation, "root").rendering, NotAnalysed | RenderFailed)
    assert names(evaluation) == ["one", "root", "two"]
    assert state_of(evaluation, "one").application.parents == ("root",)
    (finding,) = of_rule(evaluation, "duplicate-owner")
    assert finding.severity == "error"


async def test_it_goes_on_below_and_through_application_sets(engine: Engine) -> None:
    files = {
        **MAP,
        "root.yaml": application("root", "one"),
        "one/kustomization.yaml": kustomization("middle.yaml", "gone.yaml"),
        "one/middle.yaml": application("middle", "two"),
        "two/kustomization.yaml": kustomization("set.yaml", "gone.yaml"),
        "two/set.yaml": application_set("set", {"list": {"elements": [{"name": "leaf", "path": "a"}]}}),
    }
    evaluation = await evaluated(engine, files)
    assert state_of(evaluation, "leaf").application.parents == ("root", "middle", "set")


# Lists, JSON, several documents


@pytest.mark.parametrize("kind", ["List", "ApplicationList"])
async def test_items_of_a_list_are_applications(engine: Engine, kind: str) -> None:
    both = as_list(application("one", "a"), application("two", "a"), kind=kind)
    loose = await evaluated(engine, {**MAP, "apps.json": both})
    below = await evaluated(engine, {**MAP, "apps/all.yaml": both, "root.yaml": application("root", "apps")})
    listed = await evaluated(
        engine,
        {
            **MAP,
            "apps/all.yaml": both,
            "apps/kustomization.yaml": kustomization("all.yaml"),
            "root.yaml": application("root", "apps"),
        },
    )
    assert names(loose) == ["one", "two"]
    assert names(below) == ["one", "root", "two"]
    # kustomize takes only the kind List apart.
    assert names(listed) == (["one", "root", "two"] if kind == "List" else names(listed))
    for evaluation in (loose, below):
        assert len(of_rule(evaluation, "duplicate-owner")) == 1


async def test_a_list_that_a_parent_reads_is_no_root_of_its_own(engine: Engine) -> None:
    both = as_list(application("one", "a"), application("two", "a"))
    evaluation = await evaluated(engine, {**MAP, "apps/all.yaml": both, "root.yaml": application("root", "apps")})
    assert {state.application.root for state in evaluation.snapshot.states} == {"root"}


async def test_a_set_that_makes_nothing_is_told_as_that(engine: Engine) -> None:
    nothing: list[dict[str, Any]] = [
        {"git": {"repoURL": URL, "directories": [{"path": "none/*"}]}},
        {"list": {"elements": []}},
    ]
    for generator in nothing:
        evaluation = await evaluated(engine, {**MAP, "set.yaml": application_set("set", generator)})
        assert left_out(evaluation) == {"set": Cause.EMPTY}
        assert evaluation.gaps == ()


async def test_the_dry_source_of_a_hydrator_is_analysed(engine: Engine) -> None:
    manifest = json.loads(application("a", "a"))
    source = manifest["spec"].pop("source")
    manifest["spec"]["sourceHydrator"] = {
        "drySource": source,
        "syncSource": {"targetBranch": "env/prod", "path": "a"},
    }
    evaluation = await evaluated(engine, {**MAP, "apps.yaml": documents(json.dumps(manifest), application("b", "a"))})
    assert state_of(evaluation, "a").application.hydrated
    assert len(of_rule(evaluation, "duplicate-owner")) == 1
    del manifest["spec"]["sourceHydrator"]["drySource"]
    evaluation = await evaluated(engine, {**MAP, "apps.yaml": json.dumps(manifest)})
    (finding,) = of_rule(evaluation, "render-failed")
    assert "drySource" in finding.message


async def test_a_directory_over_a_kustomization_is_one_deployment(engine: Engine) -> None:
    for options in ({"recurse": True}, {"include": "*"}, {"exclude": "nothing"}):
        files = {
            **MAP,
            "root.yaml": application("root", "apps", source={"directory": options}),
            "apps/kustomization.yaml": kustomization("child.yaml", extra="namePrefix: p-\n"),
            "apps/child.yaml": application("child", "a"),
        }
        evaluation = await evaluated(engine, files)
        assert names(evaluation) == ["child", "root"]
        assert evaluation.snapshot.not_deployed == ()


async def test_what_only_that_kustomization_lists_is_not_deployed(engine: Engine) -> None:
    files = {
        **MAP,
        "root.yaml": application("root", "apps", source={"directory": {"include": "*.yaml"}}),
        "apps/kustomization.yaml": kustomization("child.yaml", "../other/far.yaml"),
        "apps/child.yaml": application("child", "a"),
        "other/far.yaml": application("far", "a"),
    }
    evaluation = await evaluated(engine, files)
    assert names(evaluation) == ["child", "root"]
    assert left_out(evaluation) == {"far": Cause.NOT_BROUGHT_IN}


# The property

PATHS = ["apps", "apps/one", "apps/two", "lists", "tests/x", "old/disabled", "charts/c/templates", "."]
NAMES = ["web", "api", "root", "${ENV}-web", "{{name}}", "set"]
KINDS = ["one", "two documents", "list", "json", "set", "empty set", "refused set", "export", "broken"]


def written(kind: str, name: str, path: str) -> str:
    plain = application(name, path)
    match kind:
        case "two documents":
            return documents(plain, application(f"{name}-b", path))
        case "list":
            return as_list(plain, application(f"{name}-b", path))
        case "set":
            elements = [{"name": "made", "path": path}]
            return application_set(name, {"list": {"elements": elements}})
        case "empty set":
            return application_set(name, {"list": {"elements": []}})
        case "refused set":
            return application_set(name, {"list": {"elements": [{"name": "UPPER", "path": path}]}})
        case "export":
            manifest = json.loads(plain)
            manifest["metadata"]["uid"] = "0-1"
            return json.dumps(manifest)
        case "broken":
            return (
                plain.replace("{", "{ {{ .x }} ", 1)
                .replace(', "kind"', ',\n"kind"')
                .replace('"Application",', '"Application",\n')
            )
    return plain


@st.composite
def repositories(draw: st.DrawFn) -> Files:
    """Applications in all shapes, in directories that kustomizations list whole, in part, twice or wrongly."""
    files: dict[str, str] = {}
    for number in range(draw(st.integers(1, 6))):
        directory = draw(st.sampled_from(PATHS))
        kind = draw(st.sampled_from(KINDS))
        suffix = draw(st.sampled_from(["yaml", "yml", "json", "yaml.disabled"]))
        path = f"f{number}.{suffix}" if directory == "." else f"{directory}/f{number}.{suffix}"
        target = draw(st.sampled_from([p for p in PATHS if p != "."]))
        files[path] = written(kind, draw(st.sampled_from(NAMES)), target)
    for directory in draw(st.lists(st.sampled_from(PATHS[:5]), unique=True, max_size=3)):
        inside = [path[len(directory) + 1 :] for path in files if path.startswith(f"{directory}/")]
        entries = draw(
            st.lists(st.sampled_from([*inside, "gone.yaml", "../apps", "../lists"]), unique=True, max_size=4)
        )
        files[f"{directory}/kustomization.yaml"] = kustomization(*entries) if entries else "resources: []\n"
    files["charts/c/Chart.yaml"] = "name: c\n"
    return files


def found(files: Files, exclude: tuple[str, ...] = ()) -> Snapshot:
    """Discovered with a renderer that always fails: what is told must not depend on it."""
    memo: PlainMemo = {}
    analysis = Analysis(MATCHER, lambda _: "", "none", plain=memo, exclude=exclude)
    return discovered(tree(files), analysis)


def told(snapshot: Snapshot) -> set[str]:
    """Paths of which something is said."""
    paths = {state.application.origin.path for state in snapshot.states}
    paths |= {unknown.span.path for unknown in snapshot.unknown}
    paths |= {one.span.path for one in snapshot.not_deployed}
    paths |= {repeated.other.path for repeated in snapshot.repeated}
    # A chart is told once for all its templates.
    return paths | ({path for path in paths if "/templates/" in path} and {"charts"})


@given(repositories(), st.sampled_from([(), ("apps/**",), ("f1.*",)]))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_document_is_missing_without_a_word(files: Files, exclude: tuple[str, ...]) -> None:
    snapshot = found(files, exclude)
    paths = told(snapshot)
    for path, text in files.items():
        if "kustomization" in path or path.endswith("Chart.yaml"):
            continue
        assert path in paths or ("/templates/" in path and ("charts" in paths or path.endswith("disabled"))), path
        assert text


@given(repositories())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_both_deployed_and_not(files: Files) -> None:
    snapshot = found(files)
    deployed: set[Any] = {(s.application.origin.path, s.application.name) for s in snapshot.states}
    aside = {(one.span.path, one.name) for one in snapshot.not_deployed}
    assert not deployed & aside


def test_of_a_set_that_is_written_twice_alike_each_copys_applications_stand_in_it() -> None:
    text = application_set("api", {"list": {"elements": [{"name": "made", "path": "apps/one"}]}})
    snapshot = found({"apps/a.yaml": text, "apps/b.yaml": "# later\n" + text}, ())
    origins = [(s.application.origin.span.path, s.application.origin.span.line) for s in snapshot.states]
    assert sorted(origins) == [("apps/a.yaml", 1), ("apps/b.yaml", 2)]


def test_of_a_set_that_is_written_twice_alike_each_copy_is_told_what_is_wrong_with_it() -> None:
    named = {"list": {"elements": [{"name": "UPPER", "path": "apps"}]}}
    text = json.dumps(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "metadata": {"name": "web", "namespace": "argocd"},
            "spec": {"generators": [named], "template": {"metadata": {"name": "{{name}}"}, "spec": {}}},
        }
    )
    snapshot = found({"apps/one.yaml": text, "apps/two.yaml": f"# a copy\n{text}"}, ())
    assert [str(unknown.span) for unknown in snapshot.unknown] == ["apps/one.yaml:1", "apps/two.yaml:2"]
