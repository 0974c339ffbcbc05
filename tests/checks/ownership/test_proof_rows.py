"""Each row of a proof looks at something, and each promise that is broken turns one of them."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from checks.ownership.conflicts import Partitions
from checks.planning.ownership.proof import Expectation, prove
from checks.planning.proof import Proof
from checks.policy.file import Policy
from gitops.discovery.snapshot import OwnedId
from gitops.files.spans import Edit, Span
from gitops.resources.resource import ResourceId
from tests.scenarios import (
    MATCHER,
    Files,
    application,
    config_map,
    documents,
    evaluated,
    kustomization,
    manifest,
    of_rule,
)

SETTINGS = OwnedId("in-cluster", ResourceId("", "ConfigMap", "shop", "settings"))
MINE, OTHERS = (".", "argocd", "a"), (".", "argocd", "b")

BOTH: Files = {
    "apps.yaml": documents(application("a", "a"), application("b", "b")),
    "a/kustomization.yaml": kustomization("settings.yaml"),
    "a/settings.yaml": config_map("settings"),
    "b/kustomization.yaml": kustomization("settings.yaml", "own.yaml"),
    "b/settings.yaml": config_map("settings"),
    "b/own.yaml": config_map("own"),
}


async def proven(engine: Engine, files: Files, edit: Edit, expected: Expectation) -> Proof:
    evaluation = await evaluated(engine, files)
    snapshot = evaluation.snapshot
    analysis = engine.analysis(MATCHER, None)
    return await engine.drive(prove(snapshot, analysis, [edit], expected, Partitions(snapshot, Policy()).of), None)


def broken(proof: Proof) -> str:
    (row,) = [row for row in proof.rows if not row.holds]
    return f"{row.statement}: {row.detail}"


async def test_the_entry_alone_is_proven_by_four_rows(engine: Engine) -> None:
    edit = Edit(Span("b/kustomization.yaml", 4, 4), "")
    proof = await proven(engine, BOTH, edit, Expectation(MINE, OTHERS, frozenset({SETTINGS})))
    assert proof.holds
    # There is nobody else, so nothing is said of others.
    assert [row.statement for row in proof.rows] == [
        "No Application comes or goes",
        "`b` no longer brings them",
        "`a` renders as before",
        "Every one still has an owner",
    ]
    assert proof.rows[2].detail == "its resource is the same"


async def test_a_loser_that_renders_no_longer_is_not_one_that_lets_go(engine: Engine) -> None:
    """All that it loses is what was expected, and yet Argo CD would stop syncing it."""
    files = {**BOTH, "b/kustomization.yaml": kustomization("settings.yaml")}
    edit = Edit(Span("b/kustomization.yaml", 4, 4), "  - nowhere.yaml\n")
    proof = await proven(engine, files, edit, Expectation(MINE, OTHERS, frozenset({SETTINGS})))
    reason = "`nowhere.yaml` does not exist (b/kustomization.yaml:4)"
    assert broken(proof) == f"`b` would no longer render: {reason}"


async def test_a_loser_that_brings_nothing_any_more_is_not_proven(engine: Engine) -> None:
    files = {**BOTH, "b/kustomization.yaml": kustomization("settings.yaml")}
    edit = Edit(Span("b/kustomization.yaml", 3, 4), "resources: []\n")
    proof = await proven(engine, files, edit, Expectation(MINE, OTHERS, frozenset({SETTINGS})))
    assert not proof.holds


async def test_whatever_else_goes_with_it_breaks_a_row(engine: Engine) -> None:
    expected = Expectation(MINE, OTHERS, frozenset({SETTINGS}))
    more = {**BOTH, "b/kustomization.yaml": kustomization("settings.yaml", "own.yaml", "more.yaml")}
    more["b/more.yaml"] = config_map("more")
    proof = await proven(engine, more, Edit(Span("b/kustomization.yaml", 4, 5), ""), expected)
    assert broken(proof) == "`b` no longer brings them: 1 of 1 gone; it also changes ConfigMap shop/own"
    # The only copy, out of what both take in.
    shared: Files = {
        **BOTH,
        "a/kustomization.yaml": kustomization("../base", "own.yaml"),
        "a/own.yaml": config_map("own-a"),
        "b/kustomization.yaml": kustomization("../base", "own.yaml"),
        "base/kustomization.yaml": kustomization("settings.yaml", "more.yaml"),
        "base/settings.yaml": config_map("settings"),
        "base/more.yaml": manifest("ConfigMap", "more"),
    }
    proof = await proven(engine, shared, Edit(Span("base/kustomization.yaml", 4, 4), ""), expected)
    assert [f"{row.statement}: {row.detail}" for row in proof.rows if not row.holds] == [
        "`a` renders as before: it would change",
        "Every one still has an owner: 0 of 1 in `a`",
    ]


async def test_an_application_that_goes_along_breaks_a_row(engine: Engine) -> None:
    files: Files = {**BOTH, "apps.yaml": documents(*(application(name, name) for name in ("a", "b", "c")))}
    files = {**files, "c/own.yaml": config_map("c")}
    expected = Expectation(MINE, OTHERS, frozenset({SETTINGS}))
    proof = await proven(engine, files, Edit(Span("apps.yaml", 5, 5), ""), expected)
    assert broken(proof) == "No Application comes or goes: 3 before, 2 after"


@pytest.mark.parametrize("keeper", [MINE, OTHERS])
async def test_nothing_of_nothing_is_no_proof(engine: Engine, keeper: tuple[str, str, str]) -> None:
    edit = Edit(Span("b/kustomization.yaml", 1, 1), "# nothing\napiVersion: kustomize.config.k8s.io/v1beta1\n")
    proof = await proven(engine, BOTH, edit, Expectation(keeper, OTHERS, frozenset()))
    assert not proof.holds
    assert [row.detail for row in proof.rows if "0 of 0" in row.detail]
    assert not any(row.holds for row in proof.rows if "0 of 0" in row.detail)


async def test_who_was_not_rendered_is_named_and_not_counted(engine: Engine) -> None:
    chart = application("chart", "", source={"chart": "redis", "repoURL": "https://charts.example"})
    files = {
        **BOTH,
        "apps.yaml": documents(application("a", "a"), application("b", "b"), application("c", "c"), chart),
        "c/own.yaml": config_map("c"),
    }
    evaluation = await evaluated(engine, files)
    (plan,) = evaluation.plans
    row = plan.proof.rows[-1]
    assert row.statement == "No other Application changes, of those that were compared"
    assert row.detail == ("1 of 2 compared, byte for byte the same; not compared: 1 that was not analysed (chart)")
    assert plan.proof.cautions == ()
    # Without anybody who was, there is no such row.
    without = {**BOTH, "apps.yaml": documents(application("a", "a"), application("b", "b"), chart)}
    (plan,) = (await evaluated(engine, without)).plans
    assert not any("other Application" in row.statement for row in plan.proof.rows)


async def test_who_may_read_what_changes_and_was_not_rendered_is_a_caution(engine: Engine) -> None:
    plugin = application("plugged", "b", source={"plugin": {"name": "p"}})
    files = {**BOTH, "apps.yaml": documents(application("a", "a"), application("b", "b"), plugin)}
    (plan,) = (await evaluated(engine, files)).plans
    assert plan.proof.cautions == (
        "`plugged` may read what is changed and could not be rendered: what becomes of it is not known",
    )
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-owner")
    assert finding.fix is not None
    assert finding.fix.applicability.value == "unsafe"
