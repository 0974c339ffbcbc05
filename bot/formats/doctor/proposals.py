"""The sections of the checklist's issue about pull requests of ours: those that a tick opens, that are open, and that
somebody closed."""

from __future__ import annotations

from bot.formats.doctor.answering import Answering
from bot.formats.doctor.boxes import add_key, again_key, bump_key, fix_key
from bot.formats.doctor.shown import ADDS, BUMPS, Shown
from bot.formats.github.proposal import title as title_of
from bot.formats.writing.markdown import plain, safe
from checks.planning.ownership.prune import safety, summary_line
from checks.planning.repairs.plan import RepairPlan
from checks.wording import listed, plural

_MOST_FIXES = 20


def fixes(shown: Shown, told: Answering) -> list[str]:
    """One box for each fix that is not open, and that nobody closed."""
    plans = shown.offered()
    drops = {f.fix.title: f for f in shown.evaluation.findings if f.fix and f.drop and f.suppressed is None}
    if not plans and not drops:
        return []
    lines = []
    for plan in list(plans.values())[:_MOST_FIXES]:
        rules = listed([f"`{rule}`" for rule in dict.fromkeys(f.rule for f in plan.findings)], 2)
        files = plural("file", len({e.span.path for e in plan.edits}))
        key = fix_key(plan.key)
        full = not shown.free and key not in shown.waiting and key not in shown.answers
        rest = f". Waiting for a free place ({told.taken()})" if full else ""
        caution = f". {safe(plan.caution)}" if isinstance(plan, RepairPlan) and plan.caution else ""
        text = f"{safe(title_of(plan))} ({rules}, {files}, proven by rendering){caution}{rest}"
        lines.append(told.box(key, text))
    if len(plans) > _MOST_FIXES:
        lines.append(f"- and {len(plans) - _MOST_FIXES} more: `argofix check` lists them")
    lines += [f"- {safe(title)}: `argofix fix --write` does it on a checkout" for title in list(drops)[:_MOST_FIXES]]
    says = ["Tick a box, and argofix opens the pull request.", ""] if plans and shown.boxes else []
    return ["### Can be fixed", "", *says, *lines]


def opened(shown: Shown, told: Answering) -> list[str]:
    if not shown.opened:
        return []
    lines = []
    for branch, pull in sorted(shown.opened.items(), key=lambda item: item[1].number):
        keys = _keys_of(shown, branch)
        lines.append(f"- #{pull.number} {plain(pull.title)}{_gate(shown, branch)}{told.answer(*keys)}")
    return ["### Open pull requests", "", *lines]


def _gate(shown: Shown, branch: str) -> str:
    """What has to be done before it is merged."""
    plan, evaluation = shown.plans.get(branch), shown.evaluation
    if isinstance(plan, RepairPlan):
        return f" (**waits for you**: {safe(plan.caution)})" if plan.caution else ""
    if plan is None or not safety(evaluation.snapshot, plan, evaluation.base).dangerous:
        return ""
    return f" (**waits for you**: {safe(summary_line(evaluation.snapshot, plan, evaluation.base))})"


def _keys_of(shown: Shown, branch: str) -> list[str]:
    plan = shown.plans.get(branch)
    keys = [again_key(branch)]
    if plan is not None:
        keys.append(fix_key(plan.key))
    if branch.startswith(ADDS):
        keys.append(add_key(branch.removeprefix(ADDS)))
    if branch.startswith(BUMPS):
        keys += [
            bump_key(str(step.release.version))
            for path in shown.paths
            for step in path.steps or ()
            if branch == f"{BUMPS}{step.level.value}"
        ]
    return keys


def declined(shown: Shown, told: Answering) -> list[str]:
    """Those that somebody closed: none is opened again without the tick."""
    lines = [
        told.box(again_key(branch), f"#{pull.number} {plain(pull.title)}")
        for branch, pull in shown.declined.items()
        if branch not in shown.opened and not branch.startswith(BUMPS)
    ]
    if not lines:
        return []
    says = ["Somebody closed these. Tick a box to have one opened again.", ""] if shown.boxes else []
    return ["### Declined", "", *says, *lines]
