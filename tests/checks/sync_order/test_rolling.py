"""The steps of a RollingSync are an order that Argo CD obeys; a skipped dry run is none that it refuses."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.sync_order.view import view_of
from tests.checks.sync_order.test_inside import noted
from tests.gitops.facts.order.test_evidence import apps, crd, widget
from tests.scenarios import URL, Files, application, config_map, documents, evaluated, of_rule

CYCLE, CONTRADICTION, IDLE = "sync-order-cycle", "sync-wave-contradiction", "sync-wave-without-effect"


SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec:
  goTemplate: true
  generators:
    - list: {elements: [{name: operators, tier: one}, {name: apps, tier: two}]}
  strategy:
    type: RollingSync
    rollingSync:
      steps:
STEPS  template:
    metadata: {name: '{{.name}}', labels: {tier: '{{.tier}}'}}
    spec:
      project: default
      destination: {server: https://kubernetes.default.svc, namespace: shop}
      source: {repoURL: ADDRESS, path: '{{.name}}', targetRevision: HEAD}
"""


def rolling(*steps: str) -> str:
    """A set of two Applications with the label `tier`, a directory each."""
    listed = "".join(f"        - matchExpressions: [{step}]\n" for step in steps)
    return SET.replace("STEPS", listed).replace("ADDRESS", URL)


ONE, TWO = "{key: tier, operator: In, values: [one]}", "{key: tier, operator: In, values: [two]}"
NOT_ONE = "{key: tier, operator: NotIn, values: [one]}"
PLAIN: Files = {"operators/a.yaml": config_map("a"), "apps/b.yaml": config_map("b")}
NEEDING: Files = {"operators/a.yaml": crd(), "apps/b.yaml": widget()}


async def test_what_no_step_takes_is_told(engine: Engine) -> None:
    async def left(automated: bool, *steps: str) -> list[Finding]:
        made = rolling(*steps)
        if automated:
            made += "      syncPolicy: {automated: {}}\n"
        return of_rule(await evaluated(engine, {"set.yaml": made, **PLAIN}), "rolling-sync-leaves-out")

    (found,) = await left(True, ONE)
    assert (found.severity, found.applications, found.span.path) == (Severity.WARNING, ("apps",), "set.yaml")
    assert "takes `apps`" in found.topic.title
    (found,) = await left(False, "{key: tier, operator: In, values: [three]}")
    assert (found.severity, found.applications) == (Severity.NOTICE, ("operators", "apps"))
    assert "takes 2 of its Applications" in found.topic.title
    assert await left(True, ONE, TWO) == []
    assert await left(True, ONE, "") == []
    assert await left(True) == []  # without steps the controller syncs all at once


async def stages(engine: Engine, files: Files) -> list[list[str]]:
    evaluation = await evaluated(engine, files)
    return [[key[2] for key in stage] for stage in view_of(evaluation.snapshot, Policy()).order.stages]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((ONE, TWO), [["operators"], ["apps"]]),
        ((TWO, ONE), [["apps"], ["operators"]]),
        ((NOT_ONE, ONE), [["apps"], ["operators"]]),
        ((ONE, ""), [["operators"], ["apps"]]),  # a step that asks for nothing takes all that are left
        ((ONE, NOT_ONE + ", {key: none, operator: NotIn, values: [x]}"), [["operators"], ["apps"]]),
        ((ONE,), [["apps", "operators"]]),  # what no step takes has no place in the order
        (("{key: tier, operator: Exists}", ONE), [["apps", "operators"]]),  # Argo CD knows In and NotIn only
    ],
)
async def test_steps_are_the_order(engine: Engine, steps: tuple[str, ...], expected: list[list[str]]) -> None:
    assert await stages(engine, {"set.yaml": rolling(*steps), **PLAIN}) == expected


async def contradictions(engine: Engine, files: Files) -> list[Finding]:
    return of_rule(await evaluated(engine, files), CONTRADICTION)


async def test_a_step_that_needs_a_later_one(engine: Engine) -> None:
    (finding,) = await contradictions(engine, {"set.yaml": rolling(TWO, ONE), **NEEDING})
    assert finding.severity is Severity.WARNING
    assert finding.topic.title == "Step 1 of the RollingSync of `all` needs what step 2 brings"
    assert "syncs `operators` in step 2, after `apps` in step 1" in finding.message
    assert finding.span.path == "set.yaml"
    # The advice, followed: an earlier step takes it.
    assert await contradictions(engine, {"set.yaml": rolling(ONE, TWO), **NEEDING}) == []


async def test_nobody_is_told_that_the_waves_of_a_rolling_set_are_ignored(engine: Engine) -> None:
    waved = rolling(ONE, TWO).replace(
        "labels: {tier: '{{.tier}}'}}",
        "labels: {tier: '{{.tier}}'}, annotations: {argocd.argoproj.io/sync-wave: '{{len .tier}}'}}",
    )
    assert of_rule(await evaluated(engine, {"set.yaml": waved, **PLAIN}), IDLE) == []


def gadget(**annotations: str) -> str:
    return noted(widget().replace("Widget", "Gadget"), **annotations)


SKIPPED = {"options": "Prune=false, SkipDryRunOnMissingResource=true"}


@pytest.mark.parametrize("how", ["annotation", "sync option"])
async def test_a_skipped_dry_run_is_no_refusal(engine: Engine, how: str) -> None:
    marks = SKIPPED if how == "annotation" else {}
    sync = {"syncOptions": ["SkipDryRunOnMissingResource=true"]} if how == "sync option" else None
    files = {
        "apps.yaml": documents(*(application(name, name, sync=sync) for name in ("a", "b"))),
        "a/all.yaml": documents(crd("Widget"), gadget(**marks)),
        "b/all.yaml": documents(crd("Gadget"), noted(widget(), **marks)),
    }
    assert of_rule(await evaluated(engine, files), CYCLE) == []
    # One that is not skipped is enough to refuse a sync, and two of them make the circle.
    files["a/more.yaml"] = gadget().replace('"w"', '"v"')
    files["b/more.yaml"] = widget().replace('"w"', '"v"')
    expected = 1 if how == "annotation" else 0
    assert len(of_rule(await evaluated(engine, files), CYCLE)) == expected


async def test_the_advice_for_a_circle_with_a_parent_ends_it(engine: Engine) -> None:
    """An Application of its own would be brought by the same parent, and be in the same circle."""
    child = application("crds", "crd", namespace="argocd")
    files: Files = {
        "boot/root.yaml": application("root", "argocd", namespace="argocd"),
        "argocd/crds.yaml": child,
        "argocd/w.yaml": widget(),
        "crd/crd.yaml": crd(),
    }
    (finding,) = of_rule(await evaluated(engine, files), CYCLE)
    advice = finding.topic.advice
    assert "an Application of its own" not in advice
    assert "into `root` itself, or `Widget shop/w` (argocd/w.yaml:1)" in advice
    assert "into an Application that comes after `crds`" in advice
    moved = {path: data for path, data in files.items() if path != "crd/crd.yaml"}
    first = moved | {"argocd/crd.yaml": crd(), "crd/a.yaml": config_map("a")}
    assert of_rule(await evaluated(engine, first), CYCLE) == []
    second = {path: data for path, data in files.items() if path != "argocd/w.yaml"}
    second |= {"argocd/later.yaml": application("later", "later", namespace="argocd"), "later/w.yaml": widget()}
    assert of_rule(await evaluated(engine, second), CYCLE) == []


async def test_the_advice_for_a_circle_of_two_ends_it(engine: Engine) -> None:
    files: Files = {
        "apps.yaml": apps("a", "b"),
        "a/crd.yaml": crd("Widget"),
        "a/use.yaml": gadget(),
        "b/crd.yaml": crd("Gadget"),
        "b/use.yaml": widget(),
    }
    (finding,) = of_rule(await evaluated(engine, files), CYCLE)
    assert "into an Application of its own that is synced before both, or into `" in finding.topic.advice
    cut = finding.span.path
    other = "b" if cut.startswith("a/") else "a"
    into = {path: data for path, data in files.items() if path != cut} | {f"{other}/moved.yaml": files[cut]}
    assert of_rule(await evaluated(engine, into), CYCLE) == []
    own = {path: data for path, data in files.items() if path != cut} | {"own/crd.yaml": files[cut]}
    own["apps.yaml"] = apps("a", "b", "own")
    assert of_rule(await evaluated(engine, own), CYCLE) == []
