"""Fix pull requests: what should be open is worked out anew each time, and made so.

One branch and one pull request per pair of Applications. How a pull request is made and what people do to it:
`handlers.proposals`.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from bot.formats.github import fix_pull_request as text
from bot.formats.github import repair_pull_request as repair_text
from bot.formats.github.marks import read_keep
from bot.formats.github.proposal import digest, title
from bot.github.errors import Forbidden, NotFound, Suspended
from bot.github.model import PullRequest
from checks.judgement.evaluation import Evaluation
from checks.planning.ownership.plan import FixPlan
from checks.planning.ownership.prune import safety
from checks.planning.repairs.plan import RepairPlan
from checks.policy.file import Policy, Preferred, read_policy
from gitops.files.spans import Applicability
from handlers.proposals.branches import (
    ProposedBranch,
    Refused,
    Taken,
    close,
    declined,
    file_changes,
    history_of,
    open_below,
    propose,
    reopened,
)
from handlers.proposals.outlived import unseen, why_outlived
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)

DEFAULT = "fix/"  # the scope of fixes against the default branch


def scope_of(number: int) -> str:
    """The scope of fixes against the own branch of a pull request."""
    return f"pr-{number}/"


def scope_of_base(repo: RepositoryContext, branch: str) -> str:
    """The scope of fixes against a branch that pull requests are merged into."""
    if branch == repo.details.default_branch:
        return DEFAULT
    return f"on-{hashlib.sha256(branch.encode()).hexdigest()[:8]}/"


@dataclass(frozen=True, slots=True)
class Target:
    """Where fixes go: the branch they are merged into, its commit, and a scope that keeps their names apart."""

    base: str
    tip: str
    scope: str = DEFAULT

    def branch(self, plan: FixPlan | RepairPlan) -> str:
        return f"argofix/{self.scope}{plan.key}"

    def key(self, plan: FixPlan | RepairPlan) -> str:
        return f"{self.scope.removeprefix(DEFAULT)}{plan.key}"


async def chosen(
    repo: RepositoryContext,
    scope: str,
    policy: Policy,
    closed: PullRequest | None = None,
    *,
    listed: Sequence[PullRequest] | None = None,
) -> Policy:
    """The policy with the keepers that people chose for the fixes of a scope, for as long as those are open, and for
    one that is `closed` and is to be opened again. `listed` are all that are open, where known."""
    open_now = await open_below(repo, scope, listed)
    keeps = [read_keep(pull.body) for pull in (*open_now, *((closed,) if closed is not None else ()))]
    wanted = tuple(Preferred(*keep) for keep in keeps if keep is not None)
    return replace(policy, preferred=(*policy.preferred, *wanted)) if wanted else policy


@asynccontextmanager
async def on_default(repo: RepositoryContext) -> AsyncIterator[tuple[str, Policy, Evaluation]]:
    """The present commit of the default branch, the policy there with what people chose for its fixes, and what is
    found there, for as long as its files can be read."""
    tip = await repo.default_tip()
    async with repo.objects(tip) as objects:
        tree = await objects.read_tree(tip)
        policy = await chosen(repo, DEFAULT, await asyncio.to_thread(read_policy, tree))
        yield tip, policy, await repo.evaluate(tree, None, policy)


@dataclass(frozen=True, slots=True)
class Settled:
    """The fix pull requests that are open now, the branches that hold what is not ours, and what GitHub refused."""

    open: tuple[PullRequest, ...]
    taken: tuple[str, ...]
    refused: tuple[Refused, ...]

    def require(self) -> None:
        """Raise the first of what GitHub refused, where nobody is there to be told."""
        if self.refused:
            raise self.refused[0]


async def settle(
    repo: RepositoryContext,
    evaluation: Evaluation,
    policy: Policy,
    target: Target,
    *,
    on_demand: bool = False,
    again: str | None = None,
    room: int | None = None,
) -> Settled:
    """Open, update and close fix pull requests until they are those of `evaluation`: of its `plans`, and of those of
    its `repairs` that are safe, or that are open or asked for.

    `policy` is what the plans were made with; keepers that it prefers (`chosen`) are remembered in the pull request.
    `on_demand` (somebody asked for it) also opens what a person had closed, `again` that of one branch, which comes
    first. So many are opened that are not open yet as there is `room` for, where that is said. A fix that
    GitHub refuses for good does not keep the others from being made.
    """
    github = repo.writing()
    open_now: list[PullRequest] = []
    taken: list[str] = []
    wanted = {target.branch(plan) for plan in evaluation.proven}
    refused: list[Refused] = []
    for plan in sorted(evaluation.proven, key=lambda each: target.branch(each) != again):
        repo.context.check()
        try:
            history = await history_of(repo, github, target.branch(plan))
            current = next((pull for pull in history if pull.state == "open"), None)
            is_open = current is not None
            asked = on_demand or target.branch(plan) == again
            if not is_open and not asked and _needs_a_look(plan):
                continue
            if not is_open and (latest := declined(history)) is not None:
                if not asked:
                    log.info("a fix was closed by a person and stays closed", extra={"branch": target.branch(plan)})
                    continue
                current = await reopened(repo, github, latest, target.base)
            elif not is_open and room is not None and room <= 0:
                log.info("a fix waits for a place", extra={"branch": target.branch(plan)})
                continue
            if not is_open and room is not None:
                room -= 1
            open_now.append(await propose(repo, github, _proposal(evaluation, policy, plan, target), current))
        except Refused as error:
            log.warning("a fix was refused", extra={"branch": target.branch(plan), "reason": str(error)})
            refused.append(error)
            if isinstance(error.cause, Forbidden | NotFound | Suspended):
                return Settled(tuple(open_now), tuple(taken), tuple(refused))  # that holds for all of them
        except Taken:
            log.warning("a branch is not ours to move", extra={"branch": target.branch(plan)})
            taken.append(target.branch(plan))
    for pull in await open_below(repo, target.scope):
        if pull.base.ref == target.base and pull.head.ref not in wanted:
            if unseen(evaluation, pull):
                log.info("a fix is kept: its Applications do not render", extra={"branch": pull.head.ref})
            else:
                await close(repo, github, pull, why_outlived(evaluation, pull))
    return Settled(tuple(open_now), tuple(taken), tuple(refused))


async def close_all(repo: RepositoryContext, scope: str, why: str, listed: Sequence[PullRequest]) -> None:
    """Close every fix pull request of a scope (its own pull request was merged or closed). `listed` are the open
    pull requests."""
    for pull in await open_below(repo, scope, listed):
        await close(repo, repo.writing(), pull, why)


def _needs_a_look(plan: FixPlan | RepairPlan) -> bool:
    """Whether nobody is bothered with it before somebody asks."""
    return isinstance(plan, RepairPlan) and plan.applicability is not Applicability.SAFE


def _proposal(evaluation: Evaluation, policy: Policy, plan: FixPlan | RepairPlan, target: Target) -> ProposedBranch:
    tree, key = evaluation.snapshot.tree, target.key(plan)
    if isinstance(plan, RepairPlan):
        message, draft = repair_text.commit_message(plan), False
        body = partial(repair_text.body, tree, plan, key)
    else:
        message, draft = text.commit_message(plan), safety(evaluation.snapshot, plan, evaluation.base).dangerous
        preferred = policy.preferred_of({plan.keeper[2], plan.loser[2]}) == plan.keeper[2] != plan.loser[2]
        body = partial(text.body, evaluation, plan, key, chosen=preferred)
    return ProposedBranch(
        branch=target.branch(plan),
        base=target.base,
        parent=target.tip,
        digest=digest(tree, plan),
        title=title(plan),
        message=message,
        changes=lambda: file_changes(tree, plan.edits),
        body=body,
        draft=draft,
    )
