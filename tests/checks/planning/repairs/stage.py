"""Repositories that are judged and mended as they say, to the letter."""

from __future__ import annotations

from bot.formats.writing.diff import diff_of_edits
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.planning.repairs.plan import RepairPlan
from checks.policy.file import Policy
from checks.registry import rules
from gitops.files.tree import Tree
from gitops.kustomize.steps import changes_of
from tests.scenarios import MATCHER, Files, tree

_CHECKS = ("argofix / argocd", "argofix / render")
RULES = frozenset(rule.id for rule in rules() if rule.check_name in _CHECKS)


async def judged(engine: Engine, head: Tree) -> Evaluation:
    return await evaluate(engine, head, None, MATCHER, Policy(), only=RULES)


async def plans_of(engine: Engine, files: Files, rule: str) -> tuple[RepairPlan, ...]:
    """The repairs of a rule's findings. Each was followed: its edits leave nothing of what it settles, and bring
    nothing."""
    head = tree(files)
    before = await judged(engine, head)
    assert any(finding.rule == rule for finding in before.findings), "nothing to mend"
    plans = tuple(plan for plan in before.repairs if plan.findings[0].rule == rule)
    for plan in plans:
        after = await judged(engine, head.overlay(changes_of(head, plan.edits)))
        settled = {finding.identity for finding in plan.findings}
        assert {one.identity for one in after.findings} == {one.identity for one in before.findings} - settled
        assert all(finding.fix is not None for finding in before.findings if finding.identity in settled)
    return plans


def lines_of(files: Files, plan: RepairPlan) -> list[str]:
    """What its diff adds and takes out."""
    diff = diff_of_edits(tree(files), plan.edits).decode().splitlines()
    return [line for line in diff if line[:1] in "+-" and not line.startswith(("+++", "---"))]
