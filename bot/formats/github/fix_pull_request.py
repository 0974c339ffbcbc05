"""Title, body and commit message of a fix pull request."""

from __future__ import annotations

from collections.abc import Sequence

from bot.formats.github.marks import fix_mark, keep_mark, pair_mark, state_mark
from bot.formats.github.merging import warning, when_merged
from bot.formats.github.proposal import FIX_LEFT_ALONE, digest, proof, title
from bot.formats.writing.fitting import fitted
from bot.formats.writing.markdown import bullets, code, details, plain, safe, table
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Severity
from checks.planning.ownership.advice import entry
from checks.planning.ownership.plan import FixPlan
from checks.planning.ownership.prune import safety
from checks.wording import counted
from gitops.discovery.snapshot import OwnedId
from gitops.facts.deletions.data import is_tracked
from gitops.kustomize.steps import Step

_ROWS = 50


def commit_message(plan: FixPlan) -> str:
    """Subject, blank line, why."""
    if plan.keeper == plan.loser:
        why = f"It is brought in twice. {_twice(plan)}"
    else:
        why = (
            f"{plain(plan.keeper_name)} brings the same definitions. Argo CD tracks none, and the last sync wins."
            if not _tracked(plan)
            else f"{plain(plan.keeper_name)} owns the same resources. Argo CD tracks an object for one Application\n"
            "only; two owners overwrite each other at every sync."
        )
    return f"{title(plan)}\n\n{why}\n{_coverage(plan)}\n"


def body(evaluation: Evaluation, plan: FixPlan, key: str, commit: str, *, chosen: bool = False) -> str:
    """The pull request's description. `chosen`: somebody said which Application is to keep what both own."""
    found = safety(evaluation.snapshot, plan, evaluation.base)
    parts = [fix_mark(key), _intro(plan)]
    if found.dangerous:
        parts.append(warning(found, plan))
    parts.append(_changes(plan))
    parts.append(proof(_coverage(plan), plan.proof))
    merging = when_merged(evaluation, plan, found) if plan.keeper != plan.loser else ""
    if merging:
        parts.append(merging)
    parts.extend(_left_for_people(evaluation.findings, plan))
    parts.append(FIX_LEFT_ALONE)
    hidden = [state_mark(digest(evaluation.snapshot.tree, plan), commit), pair_mark(plan.pair)]
    if chosen:
        hidden.append(keep_mark(plan.keeper[2], plan.loser[2]))
    parts.append("\n".join(hidden))
    return fitted(
        parts,
        "*… left out, since it is too long for GitHub; `argofix fix` shows everything.*",
        always=(0, 1, len(parts) - 1),
        last=[index for index, part in enumerate(parts) if part == merging],  # how to merge safely
    )


def _names(plan: FixPlan) -> tuple[str, str]:
    return code(plan.keeper_name), code(plan.loser_name)


def _tracked(plan: FixPlan) -> bool:
    return any(is_tracked(owned.id.group, owned.id.kind) for owned in plan.resources)


def _twice(plan: FixPlan) -> str:
    if any(finding.severity is Severity.ERROR for finding in plan.findings):
        return "kustomize refuses to build that."
    return "Argo CD applies the last copy only, and shows RepeatedResourceWarning."


def _intro(plan: FixPlan) -> str:
    keeper, loser = _names(plan)
    what = safe(counted([owned.id for owned in plan.resources]))
    if plan.keeper == plan.loser:
        return f"{loser} brings in {what} twice. {_twice(plan)} This takes one of the two identical copies out."
    one = len(plan.resources) == 1
    if not _tracked(plan):
        return (
            f"{keeper} and {loser} both bring {what}. Argo CD does not track CustomResourceDefinitions, so each sync "
            f"writes its own copy and the last one wins. This takes {'it' if one else 'them'} out of {loser}; "
            f"{keeper} keeps the same {'copy' if one else 'copies'}."
        )
    return (
        f"{keeper} and {loser} both own {what}. Argo CD tracks an object for one Application only, so they overwrite "
        f"each other at every sync. This takes {'it' if one else 'them'} out of {loser}; {keeper} keeps the same "
        f"{'copy' if one else 'copies'}."
    )


def _changes(plan: FixPlan) -> str:
    rows: list[tuple[str, str, str]] = []
    for step in plan.steps:
        own = _of(plan, step)
        rows.append((code(str(step.span)), code(entry(step)), safe(counted([o.id for o in own]))))
    text = "### What changes\n\n" + table(("Line", "Taken out", "It brought in"), rows[:_ROWS])
    if len(rows) > _ROWS:
        text += f"\n\n… and {len(rows) - _ROWS} more entries."
    if len(plan.resources) > 1:
        text += "\n\n" + details("Every resource", bullets((code(str(o.id)) for o in plan.resources), most=_ROWS))
    return text


def _of(plan: FixPlan, step: Step) -> list[OwnedId]:
    return [owned_id for owned_id, way in plan.ways if step in way]


def _coverage(plan: FixPlan) -> str:
    return plan.proof.coverage.sentence("before and after this change")


def _left_for_people(findings: Sequence[Finding], plan: FixPlan) -> list[str]:
    """Conflicts of the same two Applications that this pull request does not settle."""
    pair = {plan.keeper, plan.loser}
    settled = {finding.identity for finding in plan.findings}
    rest = [f for f in findings if set(f.owners) == pair and len(pair) == 2 and f.identity not in settled]
    rest = [f for f in rest if f.resource is not None and f.suppressed is None and f.fix is None]
    if not rest:
        return []
    return ["### Left for you\n\n" + bullets((safe(finding.message) for finding in rest), most=20)]
