"""Fixes that somebody asks for where no open pull request is to be fixed: on a fix that was closed, which is opened
again, or on an issue, which is about the default branch."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from bot.formats.writing.markdown import bullets, code, safe
from bot.github.endpoints import contents, pulls
from bot.github.errors import NotFound
from bot.github.model import PullRequest
from checks import ownership
from checks.coverage import Coverage
from checks.judgement.evaluation import Evaluation
from checks.model import Severity
from checks.policy.file import Preferred, read_policy
from handlers.proposals.branches import is_ours
from handlers.proposals.fixes import Target, chosen, scope_of_base, settle
from handlers.proposals.outlived import unseen, why_outlived
from handlers.proposals.requested import Told, fix, opened
from handlers.repository import RepositoryContext

_AGAIN = "ask again"
_OWN = re.compile(r"argofix/pr-(?P<number>\d+)/")
_BUMP = "argofix/bump/"
_BRANCH_GONE = "The branch {base}, into which this was to be merged, is gone."


async def fix_again(repo: RepositoryContext, closed: PullRequest, *, keep: str | None = None) -> Told:
    """What becomes of the wish on a pull request that is closed: a fix of ours is opened again."""
    if not is_ours(repo, closed) or not closed.head.ref.startswith("argofix/"):
        default = code(repo.details.default_branch)
        return Told(
            "This pull request is closed, so there is nothing to fix on it. `/argofix fix` on an issue opens the "
            f"fixes for {default}; on a fix that was closed it opens that one again.",
            ok=False,
        )
    if closed.head.ref.startswith(_BUMP):
        return Told("This one moves a version. `/argofix bump` offers it again.", ok=False)
    own = _OWN.match(closed.head.ref)
    if own is not None:
        return await _for_pull(repo, int(own["number"]), keep)
    return await _fix_branch(repo, closed.base.ref, keep, closed)


async def fix_default(repo: RepositoryContext, *, keep: str | None = None) -> Told:
    """Open every fix for the default branch, those that somebody closed, too."""
    return await _fix_branch(repo, repo.details.default_branch, keep, None)


async def _for_pull(repo: RepositoryContext, number: int, keep: str | None) -> Told:
    try:
        pull = await pulls.get(repo.github, repo.name, number)
    except NotFound:
        pull = None
    if pull is None or pull.state != "open":
        return Told(f"This was for #{number}, which is closed, so there is nothing left to do.", ok=False)
    return await fix(repo, pull, again=_AGAIN, keep=keep)


async def _fix_branch(repo: RepositoryContext, base: str, keep: str | None, closed: PullRequest | None) -> Told:
    scope = scope_of_base(repo, base)
    tip = await contents.branch_head(repo.github, repo.name, base)
    if tip is None:
        return Told(_BRANCH_GONE.format(base=code(base)), ok=False)
    default = await repo.default_tip({base: tip})
    async with repo.objects(tip, default) as objects:
        policy = await asyncio.to_thread(read_policy, await objects.read_tree(default))
        if keep is not None:
            policy = replace(policy, preferred=(Preferred(keep),))
        policy = await chosen(repo, scope, policy, closed)
        evaluation = await repo.evaluate(await objects.read_tree(tip), None, policy, branch=base)
        if keep is not None and keep not in {p.keeper[2] for p in evaluation.plans if p.keeper != p.loser}:
            return Told(f"argofix can prove no fix on {code(base)} that lets {code(keep)} keep something.", ok=False)
        target = Target(base, tip, scope)
        asked = closed.head.ref if closed is not None else None
        settled = await settle(repo, evaluation, policy, target, on_demand=asked is None, again=asked)
    lines = [_open(pull, closed) for pull in settled.open if asked in (None, pull.head.ref)]
    lines += await opened(repo, replace(settled, open=()), "", _AGAIN)
    ok = bool(lines) and not (settled.taken or settled.refused)
    if not lines:
        lines.append(_nothing(evaluation, closed, target))
    return Told("\n\n".join([*lines, *(_left(evaluation) if closed is None else ())]), ok)


def _open(pull: PullRequest, closed: PullRequest | None) -> str:
    if closed is None:
        return f"#{pull.number} is open: {safe(pull.title.rstrip('.'))}."
    again = pull.number == closed.number
    return f"#{pull.number} is open again." if again else f"#{pull.number} is open in place of #{closed.number}."


def _nothing(evaluation: Evaluation, closed: PullRequest | None, target: Target) -> str:
    if closed is None:
        return f"There is nothing on {code(target.base)} that argofix can prove a fix for."
    if unseen(evaluation, closed):
        rendered = Coverage.of(evaluation.snapshot).sentence()
        return (
            f"Whether this is still needed cannot be told now, since not all that it is about can be seen. {rendered}"
        )
    return why_outlived(evaluation, closed)


def _left(evaluation: Evaluation) -> list[str]:
    """What is for a person, and what was not seen."""
    lines: list[str] = []
    findings = evaluation.report(ownership.CHECK).findings
    rest = [f for f in findings if f.severity is Severity.ERROR and f.fix is None and f.suppressed is None]
    if rest:
        lines.append("Left for a person:\n\n" + bullets((safe(f.message) for f in rest), most=5))
    coverage = Coverage.of(evaluation.snapshot)
    return lines if coverage.whole else [*lines, coverage.sentence()]
