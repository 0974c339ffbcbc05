"""From findings that want something rendered otherwise to edits that were tried.

A repair is proven by looking at the commit with its edits: the findings are gone, no other one came, and of all that
is rendered only what was wanted is different.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from checks.model import Finding, Wanted
from checks.planning.proposal import Proposal
from checks.planning.repairs.places import ways
from checks.planning.repairs.proof import Judge, prove
from gitops.discovery.snapshot import Snapshot
from gitops.discovery.sources import Analysis
from gitops.files.spans import Applicability, Fix
from gitops.resources.rendering import Asking

_MOST: Final = 24  # tries of one evaluation: each is looked at anew


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairPlan(Proposal):
    """Edits that settle `findings`. `key` names it in marks and branches, `caution` is what a person should know."""

    key: str
    what: str
    findings: tuple[Finding, ...]
    applicability: Applicability
    caution: str = ""

    @property
    def title(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class Repaired:
    """The findings, now with their fixes, and the plans behind those."""

    findings: tuple[Finding, ...]
    plans: tuple[RepairPlan, ...]


def plan_repairs(
    snapshot: Snapshot, analysis: Analysis, findings: Sequence[Finding], judge: Judge
) -> Asking[Repaired]:
    """Prove what the findings want: all of a group at once, else each of them alone."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.repair is not None and finding.suppressed is None and finding.fix is None:
            groups.setdefault(finding.repair.group, []).append(finding)
    if not groups:
        return Repaired(tuple(findings), ())
    known = frozenset(finding.identity for finding in findings)
    budget = _Budget(_MOST)
    plans: list[RepairPlan] = []
    for group in groups.values():
        plan = yield from _planned(snapshot, analysis, group, judge, known, budget)
        if plan is not None:
            plans.append(plan)
        elif any(one.repair != group[0].repair for one in group):
            for finding in group:
                plan = yield from _planned(snapshot, analysis, [finding], judge, known, budget)
                plans += [plan] if plan is not None else []
    fixes = {
        finding.identity: Fix(plan.title, plan.edits, plan.applicability)
        for plan in plans
        for finding in plan.findings
    }
    told = tuple(replace(one, fix=fixes[one.identity]) if one.identity in fixes else one for one in findings)
    return Repaired(told, tuple(plans))


@dataclass
class _Budget:
    left: int


def _planned(
    snapshot: Snapshot,
    analysis: Analysis,
    group: Sequence[Finding],
    judge: Judge,
    known: frozenset[tuple[str, ...]],
    budget: _Budget,
) -> Asking[RepairPlan | None]:
    """The first way that holds for all of them."""
    repairs = [one.repair for one in group if one.repair is not None]
    wanted = _together([each for repair in repairs for each in repair.wanted])
    for edits in ways(snapshot, wanted):
        if not budget.left:
            return None
        budget.left -= 1
        proof = yield from prove(snapshot, analysis, edits, wanted, group, judge, known)
        if proof is None or not proof.holds:
            continue
        unsafe = any(repair.applicability is not Applicability.SAFE for repair in repairs)
        titles = list(dict.fromkeys(repair.title for repair in repairs))
        return RepairPlan(
            key=f"{group[0].rule}-{_digest(group)}",
            what=titles[0] if len(titles) == 1 else f"{titles[0]}, and {len(titles) - 1} more",
            findings=tuple(group),
            applicability=Applicability.UNSAFE if unsafe else Applicability.SAFE,
            caution=" ".join(dict.fromkeys(repair.caution for repair in repairs if repair.caution)),
            edits=edits,
            proof=proof,
        )
    return None


def _together(wanted: Sequence[Wanted]) -> list[Wanted]:
    """One for each resource of each Application, with all that is wanted of it."""
    found: dict[tuple[object, ...], Wanted] = {}
    for one in wanted:
        key = (one.owner, one.resource, one.written)
        first = found.get(key)
        if first is None:
            found[key] = one
            continue
        operations = (*first.operations, *(op for op in one.operations if op not in first.operations))
        values = (*first.values, *(op for op in one.values if op not in first.values))
        found[key] = replace(first, operations=operations, values=values)
    return list(found.values())


def _digest(group: Sequence[Finding]) -> str:
    text = "\n".join("|".join(finding.identity) for finding in group)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
