"""Whether two changes may have to do with each other is never denied wrongly, and seldom affirmed wrongly."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from bot.rendering.evaluation import change_between, evaluate
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from gitops.discovery.rounds import discover
from gitops.discovery.sources import Analysis
from gitops.facts.touched import Touched, closes_circle, needs_of, touched
from tests.instant import Instant
from tests.scenarios import MATCHER, application, config_map, documents, kustomization, manifest, tree

ANALYSIS = Analysis(MATCHER, str, "instant")

Files = Mapping[str, str]
Edit = Mapping[str, str | None]


def pod(name: str, key: str, namespace: str = "shop") -> str:
    source = {"secretKeyRef": {"name": "token", "key": key}}
    container = {"name": "x", "image": "x", "env": [{"name": "A", "valueFrom": source}]}
    return manifest("Pod", name, namespace, spec={"containers": [container]})


def secret(*keys: str) -> str:
    return manifest("Secret", "token", "shop", stringData=dict.fromkeys(keys, "x"))


def external(name: str, target: str, key: str) -> str:
    spec = {"target": {"name": target}, "data": [{"secretKey": key, "remoteRef": {"key": "k"}}]}
    return manifest("ExternalSecret", name, "shop", "external-secrets.io/v1", spec=spec)


def definition(kind: str) -> str:
    plural = f"{kind.lower()}s"
    spec = {
        "group": "acme.io",
        "names": {"kind": kind, "plural": plural},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {}}],
    }
    return manifest("CustomResourceDefinition", f"{plural}.acme.io", "", "apiextensions.k8s.io/v1", spec=spec)


def app_set(glob: str) -> str:
    template = {
        "metadata": {"name": "{{path.basename}}"},
        "spec": {
            "project": "default",
            "source": {
                "repoURL": "https://github.com/acme/platform",
                "targetRevision": "main",
                "path": "{{path}}",
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
        },
    }
    generator = {"repoURL": "https://github.com/acme/platform", "revision": "main", "directories": [{"path": glob}]}
    spec = {"generators": [{"git": generator}], "template": template}
    return manifest("ApplicationSet", "all", "argocd", "argoproj.io/v1alpha1", spec=spec)


APPS = {f"apps/{name}.yaml": application(name, name) for name in "abcd"}
BASE: Files = {**APPS, **{f"{name}/{name}.yaml": config_map(f"from-{name}") for name in "abcd"}}

# What one person does, and what another may do to a neighbour of it.
EDITS: tuple[Edit, ...] = (
    {"README.md": "x\n"},
    {"a/shared.yaml": config_map("shared")},
    {"b/shared.yaml": config_map("shared")},
    {"c/shared.yaml": config_map("shared", "elsewhere")},
    {"d/d.yaml": None},
    {"d/d.yaml": config_map("from-d", a="other")},
    {"a/twice.yaml": documents(config_map("x"), config_map("y"))},
    {"a/again.yaml": config_map("x")},
    {"b/pod.yaml": pod("p", "one")},
    {"c/pod.yaml": pod("q", "two")},
    {"a/token.yaml": secret("one")},
    {"a/token.yaml": secret("one", "two")},
    {"d/external.yaml": external("vault", "token", "one")},
    {"d/external.yaml": external("vault", "token", "two")},
    {"apps/e.yaml": application("e", "e"), "e/e.yaml": config_map("from-e")},
    {"apps/f.yaml": application("e", "f"), "f/f.yaml": config_map("from-f")},
    {"apps/g.yaml": application("g", "new")},
    {"new/shared.yaml": config_map("shared")},
    {"apps/set.yaml": app_set("new*")},
    {"a/crd.yaml": definition("Widget")},
    {"b/widget.yaml": manifest("Widget", "w", "shop", "acme.io/v1")},
    {"c/namespace.yaml": manifest("Namespace", "late")},
    {"apps/late.yaml": application("late", "late", namespace="late"), "late/x.yaml": config_map("x", "late")},
    {"d/namespace.yaml": manifest("Namespace", "late")},
    {"apps/a.yaml": application("a", "a", cluster="other")},
    {"apps/b.yaml": application("b", "b", wave=3)},
    {"apps/b.yaml": None},
)


def after(files: Files, *edits: Edit) -> Files:
    found: dict[str, str] = dict(files)
    for edit in edits:
        for path, text in edit.items():
            if text is None:
                found.pop(path, None)
            else:
                found[path] = text
    return found


async def judged(engine: Engine, base: Files, head: Files) -> tuple[set[tuple[object, ...]], Evaluation]:
    evaluation = await evaluate(engine, tree(head), tree(base), MATCHER, Policy())
    return {(f.identity, f.severity) for f in evaluation.findings if f.introduced}, evaluation


async def told(engine: Engine, base: Files, head: Files) -> Touched:
    change = await change_between(engine, tree(head), tree(base), MATCHER, Policy())
    assert change.base is not None
    return touched(change.base, change.head)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    start=st.lists(st.sampled_from(EDITS), max_size=3),
    mine=st.lists(st.sampled_from(EDITS), min_size=1, max_size=2),
    theirs=st.lists(st.sampled_from(EDITS), min_size=1, max_size=2),
)
@example(start=[], mine=[EDITS[1]], theirs=[EDITS[2]])
async def test_what_does_not_meet_leaves_the_verdict_as_it_was(
    engine: Engine, start: list[Edit], mine: list[Edit], theirs: list[Edit]
) -> None:
    """Real evaluations of the merge result, before the base moved and after it."""
    base = after(BASE, *start)
    pull, moved, both = after(base, *mine), after(base, *theirs), after(base, *theirs, *mine)
    move, change = await told(engine, base, moved), await told(engine, base, pull)
    if move.files & change.files:
        assert move.meets(change)  # git's affair, and nothing that this way of merging would show
        return
    old, _ = await judged(engine, base, pull)
    new, evaluation = await judged(engine, moved, both)
    if old != new:
        assert move.meets(change) or closes_circle(needs_of(evaluation.base or evaluation.snapshot), change)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ({"README.md": "x\n"}, {"a/shared.yaml": config_map("shared")}),
        ({"b/new.yaml": config_map("new")}, {"a/other.yaml": config_map("other")}),
        ({"b/b.yaml": config_map("from-b", a="2")}, {"b/more.yaml": config_map("more")}),
        ({"b/pod.yaml": pod("p", "one")}, {"a/other.yaml": config_map("other")}),
        ({"b/one.yaml": pod("p", "one")}, {"d/d.yaml": config_map("from-d", a="2")}),
        (
            {"apps/e.yaml": application("e", "e"), "e/e.yaml": config_map("e")},
            {"a/a.yaml": config_map("from-a", b="c")},
        ),
    ],
)
async def test_what_has_nothing_to_do_with_each_other_does_not_meet(engine: Engine, mine: Edit, theirs: Edit) -> None:
    moved, change = [await told(engine, BASE, after(BASE, edit)) for edit in (theirs, mine)]
    assert moved.meets(change) == ""
    assert not closes_circle({}, change)


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("Namespace", "v1"),
        ("Project", "project.openshift.io/v1"),
        ("ProjectRequest", "project.openshift.io/v1"),
        ("SubnamespaceAnchor", "hnc.x-k8s.io/v1alpha2"),
    ],
)
async def test_whatever_makes_a_namespace_meets_an_application_that_may_lack_one(
    engine: Engine, kind: str, version: str
) -> None:
    """How many are made decides whether the lack of another one is told."""
    mine = {"apps/late.yaml": application("late", "late", namespace="late"), "late/x.yaml": config_map("x", "late")}
    makes = {"d/made.yaml": manifest(kind, "made", "", version)}
    moved, change = [await told(engine, BASE, after(BASE, edit)) for edit in (makes, mine)]
    assert moved.meets(change)


async def test_what_kustomize_builds_from_is_met(engine: Engine) -> None:
    base = after(
        BASE, {"a/kustomization.yaml": kustomization("../shared", "a.yaml"), "shared/x.yaml": config_map("x")}
    )
    base = after(base, {"shared/kustomization.yaml": kustomization("x.yaml")})
    mine = await told(engine, base, after(base, {"a/a.yaml": config_map("from-a", b="c")}))
    theirs = await told(engine, base, after(base, {"shared/x.yaml": config_map("x", b="c")}))
    other = await told(engine, base, after(base, {"c/x.yaml": config_map("other")}))
    assert theirs.meets(mine)
    assert not other.meets(mine)


@pytest.mark.parametrize(
    "text",
    [
        manifest("ConfigMap", "argocd-cm", "argocd", data={"a": "b"}),
        manifest("Secret", "east", "argocd", metadata={"labels": {"argocd.argoproj.io/secret-type": "cluster"}}),
        manifest("ArgoCD", "argocd", "argocd", "argoproj.io/v1beta1", spec={"resourceExclusions": "[]"}),
        "apiVersion: argoproj.io/v1beta1\nkind: ArgoCD\nmetadata:\n  name: argocd\n",
    ],
)
def test_what_configures_argo_cd_meets_everything(text: str) -> None:
    before = after(BASE, {"config/x.yaml": text})
    snapshots = [Instant().run(discover(tree(files), ANALYSIS)) for files in (BASE, before)]
    assert touched(*snapshots).everything == "one changes how Argo CD is configured"


def test_a_circle_over_what_was_there() -> None:
    a, b, c = (("root", "argocd", name) for name in "abc")
    needs = {b: frozenset({c}), c: frozenset({a})}
    assert closes_circle(needs, Touched(needs=frozenset({(a, b)})))
    assert not closes_circle({b: frozenset({c})}, Touched(needs=frozenset({(a, b)})))
    assert not closes_circle(needs, Touched())
