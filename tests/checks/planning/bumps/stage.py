"""Overlays in a few lines, and what a bump makes of them."""

from __future__ import annotations

import difflib

from bot.rendering.driver import Engine
from checks.planning.bumps.bump import plan_bump
from checks.planning.bumps.judged import Judge, unjudged
from checks.planning.bumps.plan import BumpPlan
from checks.planning.bumps.proof import BumpProof, prove_bump
from gitops.files.spans import apply_edits, edits_by_path
from gitops.files.tree import Tree
from gitops.versions.components import ARGO_CD, Component
from gitops.versions.find import ChartIndex
from tests.scenarios import MATCHER, Files, tree

STAGING = "argocd/overlays/staging"
K = f"{STAGING}/kustomization.yaml"
OLD, NEW = "v3.2.2", "v3.3.1"
OLD_DIGEST, NEW_DIGEST = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def bump(
    files: Files,
    to: str = NEW,
    digest: str | None = NEW_DIGEST,
    overlay: str = STAGING,
    component: Component = ARGO_CD,
    charts: ChartIndex | None = None,
) -> BumpPlan:
    return plan_bump(tree(files), overlay, component, to, digest, charts=charts)


def after(files: Files, plan: BumpPlan) -> Tree:
    """The tree with the plan's edits applied."""
    before = tree(files)
    return before.overlay(
        {path: apply_edits(before.read(path), edits) for path, edits in edits_by_path(plan.edits).items()}
    )


def diff(files: Files, plan: BumpPlan) -> list[str]:
    """The lines that go and come, as `-...` and `+...`."""
    before, changed = tree(files), after(files, plan)
    found: list[str] = []
    for path in edits_by_path(plan.edits):
        old, new = (t.read(path).decode().split("\n") for t in (before, changed))
        found += [line[0] + line[2:] for line in difflib.ndiff(old, new) if line[0] in "-+"]
    return found


async def proven(
    engine: Engine, files: Files, plan: BumpPlan, charts: ChartIndex | None = None, judge: Judge = unjudged
) -> BumpProof:
    """The proof of a plan, by rendering the files with the real engine."""
    analysis = engine.analysis(MATCHER)
    before = await engine.snapshot(tree(files), analysis)
    return await engine.drive(prove_bump(before, analysis, plan, charts, judge))
