"""What is added to Argo CD is judged by every rule: what one of them would find at once is not offered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from checks.judgement.findings import findings_of
from checks.model import Severity
from checks.planning.additions.plan import AdditionPlan
from checks.planning.additions.proof import proof_of
from checks.planning.edits import after_edits
from checks.planning.proof import Proof, Row
from checks.policy.file import Policy
from checks.registry import Rule, rules
from checks.wording import listed, plural
from gitops.discovery.rediscovery import rediscover
from gitops.discovery.snapshot import Change, Snapshot
from gitops.discovery.sources import Analysis
from gitops.resources.rendering import Asking

_SHOWN: Final = 3


def prove_addition(before: Snapshot, analysis: Analysis, plan: AdditionPlan, policy: Policy) -> Asking[Proof]:
    """The proof of a plan that was made for the tree of `before`, and the promise that no rule finds anything new
    but what the plan says."""
    if plan.serves:
        analysis = replace(analysis, serves=plan.serves)
        before = yield from rediscover(before, before.tree, analysis, remember=True)
    edited = yield from after_edits(before, analysis, plan.edits)
    proof = proof_of(before, edited.snapshot, plan)
    if not proof.holds:
        return proof
    return replace(proof, rows=(*proof.rows, _silence(Change(before, edited.snapshot), plan, policy, rules())))


def _silence(change: Change, plan: AdditionPlan, policy: Policy, chosen: Iterable[Rule]) -> Row:
    failed: list[Rule] = []
    judged = [rule for rule in chosen if rule.id not in plan.expected]
    found = [
        finding
        for finding in findings_of(judged, change, policy, failed.append)
        if finding.introduced and finding.suppressed is None and finding.severity is not Severity.NOTICE
    ]
    if found and change.base is not None and plan.becomes:
        # What was wrong with the one is wrong with the other that takes its place.
        known = {
            (old.rule, _as_now(old.message, plan))
            for old in findings_of(judged, Change(None, change.base), policy, failed.append)
        }
        found = [finding for finding in found if (finding.rule, finding.message) not in known]
    statement = "The rules find nothing new"
    if found:
        return Row(statement, listed([f"{one.span}: {one.message}" for one in found], _SHOWN), False)
    return Row(statement, plural("rule", len(judged) - len(set(map(id, failed)))), True)


def _as_now(message: str, plan: AdditionPlan) -> str:
    for each in plan.becomes:
        message = message.replace(f"{each.old[1]} ", f"{each.new[1]} ")
    return message
