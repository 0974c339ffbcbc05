"""Title, body and commit message of a pull request that mends Argo CD's own installation."""

from __future__ import annotations

from bot.formats.github.marks import fix_mark, state_mark
from bot.formats.github.proposal import FIX_LEFT_ALONE, digest, proof, title
from bot.formats.writing.fitting import fitted
from bot.formats.writing.markdown import bullets, code, plain, safe
from checks.planning.repairs.plan import RepairPlan
from gitops.files.spans import Applicability
from gitops.files.tree import Tree

_MOST = 20


def commit_message(plan: RepairPlan) -> str:
    """Subject, blank line, why."""
    why = "\n".join(dict.fromkeys(plain(f"{one.span}: {one.message}.") for one in plan.findings[:_MOST]))
    return f"{title(plan)}\n\n{why}\n"


def body(tree: Tree, plan: RepairPlan, key: str, commit: str) -> str:
    """The pull request's description. It is opened by itself only where it is safe."""
    first = plan.findings[0]
    parts = [fix_mark(key), safe(first.topic.message)]
    found = [f"{code(str(one.span))}: {safe(one.message)}" for one in plan.findings]
    parts.append("### What it settles\n\n" + bullets(found, most=_MOST))
    if plan.caution:
        parts.append(f"**To know before you merge it:** {safe(plan.caution)}")
    if plan.applicability is not Applicability.SAFE:
        parts.append("Whether that is what was meant is not in git: look at the lines before merging them.")
    parts.append(proof(plan.proof.coverage.sentence("before and after this change"), plan.proof))
    parts.append(FIX_LEFT_ALONE)
    parts.append(state_mark(digest(tree, plan), commit))
    left_out = "*… left out, since it is too long for GitHub; `argofix fix` shows everything.*"
    return fitted(parts, left_out, always=(0, 1, len(parts) - 1))
