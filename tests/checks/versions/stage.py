"""Overlays in a few lines, and what a bump makes of them."""

from __future__ import annotations

from checks.versions.bump import plan_bump
from checks.versions.plan import BumpPlan
from gitops.spans import apply_edits, edits_by_path
from gitops.tree import Tree
from gitops.versions.components import ARGO_CD, Component
from gitops.versions.find import ChartIndex
from tests.scenarios import Files, tree

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


def diff(files: Files, plan: BumpPlan) -> list[tuple[str, str, str]]:
    """(path, line before, line after) of every line that changes; lines that come in have '' before."""
    before, changed = tree(files), after(files, plan)
    found: list[tuple[str, str, str]] = []
    for path in edits_by_path(plan.edits):
        old, new = (t.read(path).decode().split("\n") for t in (before, changed))
        while old and new and old[-1] == new[-1]:
            old.pop(), new.pop()
        for index, line in enumerate(new):
            was = old[index] if index < len(old) else ""
            if was != line:
                found.append((path, was, line))
    return found
