"""A version with what has to move together with it: proven alone, and where it would not start, once more with the
escapes that the rules know."""

from __future__ import annotations

from dataclasses import replace

from checks.planning.bumps.escapes import with_escapes
from checks.planning.bumps.judged import Judge
from checks.planning.bumps.overlay import overlay_of
from checks.planning.bumps.plan import BumpPlan
from checks.planning.bumps.proof import BumpProof, prove_bump
from gitops.discovery.snapshot import Snapshot
from gitops.discovery.sources import Analysis
from gitops.resources.rendering import Asking
from gitops.versions.find import ChartIndex


def settle_bump(
    before: Snapshot, analysis: Analysis, plan: BumpPlan, charts: ChartIndex | None, judge: Judge
) -> Asking[tuple[BumpPlan, BumpProof]]:
    """The plan that is proven, and its proof; the plan as it was where no escape helps."""
    proof = yield from prove_bump(before, analysis, plan, charts, judge)
    if proof.holds or not proof.escapes:
        return plan, proof
    rendering = yield from overlay_of(before.tree, plan.overlay, analysis)
    wider = with_escapes(before.tree, plan, proof.escapes, rendering)
    if wider is None:
        return plan, proof
    wider = replace(wider, notes=(*wider.notes, *(f"{one.resource}: {one.why}" for one in wider.escapes)))
    again = yield from prove_bump(before, analysis, wider, charts, judge)
    return (wider, again) if again.holds else (plan, proof)
