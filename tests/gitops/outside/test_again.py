"""What is found again after a change, and what is proven, with sources elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from checks.judgement.findings import findings_of
from checks.planning.ownership.plan import Planned, plan_fixes
from checks.policy.file import Policy
from checks.registry import Rule, rules
from gitops.discovery.rediscovery import rediscover
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.deletions.compare import consequences
from tests.gitops.outside.test_sources import OTHER, REDIS, REGISTRY, VALUES, names, source, state
from tests.outside.dictionary import Outside, config_map, tree_of
from tests.rendered import ANALYSIS, EngineProcess, application
from tests.scenarios import URL

BASE = "https://github.com/acme/base"
FILES = {
    "apps/own.yaml": application("own", source(URL, "own")),
    "own/kustomization.yaml": f"resources: [cm.yaml, '{BASE}//a?ref=main']",
    "own/cm.yaml": config_map("own"),
    "apps/far.yaml": application("far", source(OTHER, "x", targetRevision="main")),
    "apps/chart.yaml": application(
        "chart", f"  source: {{repoURL: {REGISTRY}, chart: redis, targetRevision: 1.0.0}}"
    ),
    "apps/valued.yaml": application("valued", VALUES.format(url=URL, revision="HEAD", chart=REGISTRY)),
    "env/prod.yaml": "name: prod",
    "apps/plain.yaml": application("plain", source(URL, "plain")),
    "plain/cm.yaml": config_map("plain"),
}


def outside(far: str = "far", base: str = "base") -> Outside:
    kustomized = {"a/kustomization.yaml": "resources: [cm.yaml]", "a/cm.yaml": config_map(base)}
    repositories: dict[tuple[str, str], Mapping[str, str]] = {
        (OTHER, "main"): {"x/cm.yaml": config_map(far)},
        (BASE, "main"): kustomized,
    }
    return Outside(repositories, {(REGISTRY, "redis", version): REDIS for version in ("1.0.0", "17.3.2")})


def same(one: Snapshot, other: Snapshot) -> bool:
    def told(snapshot: Snapshot) -> list[object]:
        return [(each.application, each.parts) for each in snapshot.states]

    return told(one) == told(other) and {a.wanted for a in one.outside} == {a.wanted for a in other.outside}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"own/cm.yaml": config_map("other")},
        {"own/kustomization.yaml": "resources: [cm.yaml]"},
        {"plain/cm.yaml": config_map("else")},
        {"env/prod.yaml": "name: test"},
        {"apps/far.yaml": application("far", source(OTHER, "gone", targetRevision="main"))},
        {"plain/kustomization.yaml": f"resources: [cm.yaml, '{BASE}//a?ref=main']"},
    ],
)
def test_a_change_is_found_as_from_scratch(engine: EngineProcess, changed: Mapping[str, str]) -> None:
    before = engine.run(discover(tree_of(FILES), ANALYSIS), outside().fetch)
    after = tree_of({**FILES, **changed})
    again = engine.run(rediscover(before, after, ANALYSIS, remember=True), outside().fetch)
    assert same(again, engine.run(discover(after, ANALYSIS), outside().fetch))
    # What was asked before is asked for at once, and never twice.
    answers = outside()
    engine.run(rediscover(again, after, ANALYSIS), answers.fetch)
    assert len(answers.asked) == len(set(answers.asked))


def test_what_moved_elsewhere_is_looked_at_again_and_nothing_else(engine: EngineProcess) -> None:
    tree = tree_of(FILES)
    before = engine.run(discover(tree, ANALYSIS), outside().fetch)
    asked = len(engine.asked)
    after = engine.run(rediscover(before, tree, ANALYSIS, remember=True), outside(far="new", base="newer").fetch)
    assert names(state(after, "far")) == ["new"] and sorted(names(state(after, "own"))) == ["newer", "own"]
    for name in ("plain", "chart"):
        assert state(after, name) is state(before, name)
    assert [request.root for request in engine.asked[asked:]] == ["own"]


@pytest.mark.parametrize("name", ["more", "a"])
def test_what_moved_is_found_also_where_the_roots_change(engine: EngineProcess, name: str) -> None:
    before = engine.run(discover(tree_of(FILES), ANALYSIS), outside().fetch)
    after = tree_of({**FILES, f"apps/{name}.yaml": application(name, source(OTHER, "x", targetRevision="main"))})
    again = engine.run(rediscover(before, after, ANALYSIS, remember=True), outside(far="new", base="newer").fetch)
    assert same(again, engine.run(discover(after, ANALYSIS), outside(far="new", base="newer").fetch))
    assert names(state(again, "far")) == names(state(again, name)) == ["new"]


def test_what_was_missing_is_there_the_next_time(engine: EngineProcess) -> None:
    tree = tree_of(FILES)
    before = engine.run(discover(tree, ANALYSIS), Outside().fetch)
    after = engine.run(rediscover(before, tree, ANALYSIS, remember=True), outside().fetch)
    assert same(after, engine.run(discover(tree, ANALYSIS), outside().fetch))


def _fail(rule: Rule) -> None:
    raise AssertionError(rule.id)


def planned(engine: EngineProcess, files: Mapping[str, str], answers: Outside) -> tuple[Planned, Snapshot]:
    snapshot = engine.run(discover(tree_of(files), ANALYSIS), answers.fetch)
    chosen = [rule for rule in rules() if rule.id == "duplicate-owner"]
    findings = findings_of(chosen, Change(None, snapshot), Policy(), _fail)
    return engine.run(plan_fixes(snapshot, ANALYSIS, findings, Policy(), None), answers.fetch), snapshot


def test_a_duplicate_of_a_chart_and_a_kustomization_is_told_with_both_places(engine: EngineProcess) -> None:
    files = {
        "apps/chart.yaml": application(
            "cache", f"  source: {{repoURL: {REGISTRY}, chart: redis, targetRevision: 1.0.0}}"
        ),
        "apps/own.yaml": application("own", source(URL, "own")),
        "own/kustomization.yaml": "resources: [cm.yaml, keep.yaml]",
        "own/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache}\n",
        "own/keep.yaml": config_map("keep"),
    }
    found, _ = planned(engine, files, outside())
    (finding,) = found.findings
    places = {(finding.span.path, finding.span.line), *((one.span.path, one.span.line) for one in finding.related)}
    assert places >= {("own/kustomization.yaml", 1), ("apps/chart.yaml", 1)}
    told = " ".join(one.message for one in finding.related)
    assert f"`templates/cm.yaml` of chart redis 17.3.2 of {REGISTRY}" in told
    for fix in found.plans:
        assert {edit.span.path for edit in fix.edits} <= files.keys()


def test_an_edit_never_changes_what_is_elsewhere(engine: EngineProcess) -> None:
    """Both bring the same map: one by a remote base, one by a whole repository elsewhere."""
    files = {
        "apps/own.yaml": application("own", source(URL, "own")),
        "own/kustomization.yaml": f"resources:\n- keep.yaml\n- {BASE}//a?ref=main\n",
        "own/keep.yaml": config_map("keep"),
        "apps/far.yaml": application("far", source(OTHER, "x", targetRevision="main")),
    }
    found, snapshot = planned(engine, files, outside(far="same", base="same"))
    (finding,) = found.findings
    assert {copy.resource.id.name for copy in snapshot.copies()} == {"keep", "same"}
    fixes = found.plans
    assert {edit.span.path for fix in fixes for edit in fix.edits} == {"own/kustomization.yaml"}
    ((edit,),) = (fix.edits for fix in fixes)
    assert (edit.span.line, edit.replacement) == (3, "")
    assert finding.applications


def test_applications_that_are_written_elsewhere_are_not_edited(engine: EngineProcess) -> None:
    """Two copies come from Applications of a fetched repository; their parent's manifest here stays as it is."""
    children = {
        "apps/one.yaml": application("one", source(OTHER, "x", targetRevision="main")),
        "apps/two.yaml": application("two", source(OTHER, "x", targetRevision="main")),
        "x/cm.yaml": config_map("same"),
    }
    files = {"apps/parent.yaml": application("parent", source(OTHER, "apps", targetRevision="main"), "argocd")}
    answers = replace(outside(), repositories={(OTHER, "main"): children})
    found, snapshot = planned(engine, files, answers)
    assert {each.application.name for each in snapshot.states} == {"parent", "one", "two"}
    assert [finding.rule for finding in found.findings] == ["duplicate-owner"]
    assert not found.plans


LOUD = {
    "Chart.yaml": "apiVersion: v2\nname: loud\nversion: 1.0.0\n",
    "templates/random.yaml": (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: made}\nstringData: {a: {{ randAlphaNum 8 }}}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec:\n  containers:\n  - name: c\n    image: i\n"
        "    envFrom: [{secretRef: {name: nobody-makes-it}}]\n---\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n"
        "spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c,"
        " image: i, env: [{name: X, valueFrom: {configMapKeyRef: {name: own, key: gone}}}]}]}}}\n"
    ),
}


def test_every_finding_stands_on_a_line_of_this_repository(engine: EngineProcess) -> None:
    broken = {"a/kustomization.yaml": "resources: [cm.yaml, cm.yaml, gone.yaml]", "a/cm.yaml": config_map("own")}
    whole = {f"loud/{path}": text for path, text in LOUD.items()}
    loud = {**LOUD, "templates/child.yaml": application("child", source(OTHER, "nowhere", targetRevision="main"))}
    answers = Outside(
        {
            (OTHER, "main"): whole | {"x/cm.yaml": config_map("own")},
            (BASE, "main"): broken,
            (BASE, "v1"): {"kustomization.yaml": "resources: [p.yaml]", "p.yaml": LOUD["templates/random.yaml"]
                           .partition("---\n")[2]},
        },
        {(REGISTRY, "loud", "1.0.0"): loud},
    )  # fmt: skip
    files = {
        **FILES,
        "apps/loud.yaml": application("loud", source(OTHER, "loud", targetRevision="main"), "x"),
        "apps/chart.yaml": FILES["apps/chart.yaml"].replace("redis", "loud"),
        "apps/pinned.yaml": application("pinned", source(URL, "pinned"), "y"),
        "pinned/kustomization.yaml": f"resources: ['{BASE}?ref=v1']",
    }
    snapshot = engine.run(discover(tree_of(files), ANALYSIS), answers.fetch)
    findings = findings_of(rules(), Change(None, snapshot), Policy(), _fail)
    assert {each.rule for each in findings} >= {"unstable-render", "secret-missing", "render-failed"}
    for finding in findings:
        for span in (finding.span, *(one.span for one in finding.related)):
            assert span.path in files and span.line >= 1, (finding.rule, span, finding.message)
        assert ".git/argofix" not in repr(finding), finding
    # And nothing is told of what changes between two commits that differ elsewhere only.
    change = Change(snapshot, engine.run(discover(tree_of(files), ANALYSIS), answers.fetch))
    assert not [each for each in findings_of(rules(), change, Policy(), _fail) if each.introduced]


def test_another_revision_elsewhere_deletes_what_it_no_longer_has(engine: EngineProcess) -> None:
    old = {"x/cm.yaml": config_map("stays"), "x/gone.yaml": config_map("goes")}
    answers = Outside({(OTHER, "v1"): old, (OTHER, "v2"): {"x/cm.yaml": old["x/cm.yaml"]}})
    pruned = "\n  syncPolicy: {automated: {prune: true}}"

    def at(revision: str) -> Snapshot:
        # What lies here under that path is something else.
        files = {
            "apps/far.yaml": application("far", source(OTHER, "x", targetRevision=revision) + pruned),
            "x/notes.yaml": f"of: {revision}\n",
        }
        return engine.run(discover(tree_of(files), ANALYSIS), answers.fetch)

    told = consequences(at("v1"), at("v2"), lambda _: "", lambda _: "").all
    assert [(one.id.id.name, one.application) for one in told] == [("goes", "far")]
    assert not consequences(at("v1"), at("v1"), lambda _: "", lambda _: "").all
