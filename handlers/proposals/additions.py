"""Additions to Argo CD that somebody asks for: planned on the default branch, proven, opened, and kept up with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from bot.formats.github import addition_pull_request as text
from bot.formats.github.proposal import digest, title
from bot.formats.writing.markdown import block, code, safe
from bot.github.model import PullRequest
from bot.rendering.evaluation import analysis_by
from bot.rendering.outside import Outside
from checks.judgement.added import prove_addition
from checks.judgement.checklist import Offer, offers_of
from checks.planning.additions.items import ITEMS, Item
from checks.planning.additions.plan import NotPossible
from checks.planning.additions.proposal import AdditionProposal
from checks.policy.file import PATH, Policy, read_policy
from gitops.discovery.snapshot import Snapshot
from gitops.discovery.sources import Analysis
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.resources.rendering import RenderFailed
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
from handlers.proposals.refusals import taken, why_not
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)

BELOW = "add/"
_AGAIN = "ask again"


def branch_of(item: str) -> str:
    return f"argofix/{BELOW}{item}"


def item_of(branch: str) -> Item | None:
    """What a branch adds; None for a branch of something else, or of another release."""
    below = branch_of("")
    return ITEMS.get(branch.removeprefix(below)) if branch.startswith(below) else None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it, in Markdown; `pull` is the pull request that adds it, or 0."""

    text: str
    ok: bool
    pull: int = 0


class _NotOffered(Exception):
    """Why an item is not offered, in Markdown."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """The default branch at one commit, where additions are planned and proven."""

    repo: RepositoryContext
    tip: str
    tree: Tree
    policy: Policy
    analysis: Analysis
    outside: Outside
    snapshot: Snapshot

    @property
    def broken(self) -> bool:
        """Whether not all of it can be seen at present: then nobody knows what is called for."""
        failed = any(isinstance(state.rendering, RenderFailed) for state in self.snapshot.states)
        return failed or bool(self.snapshot.unknown) or self.snapshot.truncated

    async def proposal(self, item: Item) -> ProposedBranch:
        """The branch that adds an item. Raises `_NotOffered`."""
        repo, engine = self.repo, self.repo.context.services.engine
        try:
            plan = await asyncio.to_thread(item.plan, self.snapshot, self.policy)
        except NotPossible as error:
            raise _NotOffered(f"{code(item.name)} cannot be added: {safe(str(error))}.{_lines(error)}") from None
        except GitopsError as error:
            raise _NotOffered(f"{code(item.name)} cannot be added: {safe(str(error))}.") from None
        proving = prove_addition(self.snapshot, self.analysis, plan, self.policy)
        proof = await repo.context.unless_superseded(engine.drive(proving, outside=self.outside))
        if not proof.holds:
            why = safe(proof.failure) or "nothing of it could be rendered"
            raise _NotOffered(f"{code(item.name)} is not offered: it cannot be proven: {why}.")
        proposal = AdditionProposal.of(plan, proof)
        return ProposedBranch(
            branch=branch_of(item.name),
            base=repo.details.default_branch,
            parent=self.tip,
            digest=digest(self.tree, proposal),
            title=title(proposal),
            message=text.commit_message(proposal),
            changes=lambda: file_changes(self.tree, plan.edits),
            body=partial(text.body, self.tree, proposal),
            draft=bool(plan.unsafe),
        )


async def add(repo: RepositoryContext, item: Item) -> Done:
    """Open the pull request that adds the item, or bring it up to date; also one that a person had closed."""
    if repo.details.archived:
        return Done("The repository is archived.", False)
    async with _ground(repo) as ground:
        try:
            return await _open(repo, await ground.proposal(item))
        except _NotOffered as error:
            return Done(str(error), False)


async def offers(repo: RepositoryContext) -> tuple[Offer, ...]:
    """What there is, and what of it can be added to the default branch."""
    async with _ground(repo) as ground:
        return await asyncio.to_thread(offers_of, ground.snapshot, ground.policy)


async def keep_up(repo: RepositoryContext, listed: Sequence[PullRequest]) -> None:
    """Bring the additions that are open up to date with the default branch, and close those that it has overtaken.
    None is opened: that was asked for once, and whoever closed it has said no. `listed` are the open pull
    requests."""
    open_now = await open_below(repo, BELOW, listed)
    if not open_now or repo.details.archived:
        return
    github = repo.writing()
    async with _ground(repo) as ground:
        for pull in open_now:
            repo.context.check()
            item = item_of(pull.head.ref)
            if item is None or pull.base.ref != repo.details.default_branch:
                continue  # of another release, or pointed elsewhere by somebody
            try:
                await propose(repo, github, await ground.proposal(item), pull)
            except _NotOffered as error:
                if ground.broken:
                    log.info("an addition is kept: not all can be seen", extra={"branch": pull.head.ref})
                else:
                    await close(repo, github, pull, f"{code(repo.details.default_branch)} has moved on. {error}")
            except Refused as error:
                log.warning("an addition was refused", extra={"branch": pull.head.ref, "reason": str(error)})
            except Taken:
                log.warning("a branch is not ours to move", extra={"branch": pull.head.ref})


@asynccontextmanager
async def _ground(repo: RepositoryContext) -> AsyncIterator[_Ground]:
    tip = await repo.default_tip()
    async with repo.objects(tip) as objects:
        tree = await objects.read_tree(tip)
        policy = await asyncio.to_thread(read_policy, tree)
        engine = repo.context.services.engine
        analysis = analysis_by(engine, repo.matcher(), policy)
        async with repo.fetching() as outside:
            with outside.of_the_base():
                looking = engine.snapshot(tree, analysis, outside=outside)
                snapshot = await repo.context.unless_superseded(looking)
            yield _Ground(repo, tip, tree, policy, analysis, outside, snapshot)


def _lines(error: NotPossible) -> str:
    """What would make it possible, in Markdown."""
    return f" Add this to {code(PATH)} on the default branch:\n\n{block(error.lines, 'yaml')}" if error.lines else ""


async def _open(repo: RepositoryContext, proposal: ProposedBranch) -> Done:
    github = repo.writing()
    try:
        history = await history_of(repo, github, proposal.branch)
        current = next((pull for pull in history if pull.state == "open"), None)
        if current is None and (latest := declined(history)) is not None:
            current = await reopened(repo, github, latest, proposal.base)
        pull = await propose(repo, github, proposal, current)
    except Refused as error:
        return Done(await why_not(repo, error, _AGAIN), False)
    except Taken:
        return Done(taken(proposal.branch, _AGAIN), False)
    return Done(f"#{pull.number}: {safe(proposal.title)}.", True, pull.number)
