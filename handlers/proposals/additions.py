"""Additions to Argo CD that somebody asks for: planned on the default branch, proven, and opened."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from bot.formats.github import addition_pull_request as text
from bot.formats.github.proposal import digest, title
from bot.formats.writing.markdown import block, code, safe
from bot.rendering.evaluation import analysis_by
from checks.judgement.added import prove_addition
from checks.planning.additions.items import Item
from checks.planning.additions.plan import NotPossible
from checks.planning.additions.proposal import AdditionProposal
from checks.policy.file import PATH, read_policy
from gitops.files.errors import GitopsError
from handlers.proposals.branches import (
    ProposedBranch,
    Refused,
    Taken,
    declined,
    file_changes,
    history_of,
    propose,
    reopened,
)
from handlers.proposals.refusals import why_not
from handlers.repository import RepositoryContext

_AGAIN = "ask again"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it, in Markdown; `pull` is the pull request that adds it, or 0."""

    text: str
    ok: bool
    pull: int = 0


async def add(repo: RepositoryContext, item: Item) -> Done:
    """Open the pull request that adds the item, or bring it up to date; also one that a person had closed."""
    if repo.details.archived:
        return Done("The repository is archived.", False)
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
            try:
                plan = await asyncio.to_thread(item.plan, snapshot, policy)
            except NotPossible as error:
                return Done(f"{code(item.name)} cannot be added: {safe(str(error))}.{_lines(error)}", False)
            except GitopsError as error:
                return Done(f"{code(item.name)} cannot be added: {safe(str(error))}.", False)
            proving = engine.drive(prove_addition(snapshot, analysis, plan, policy), outside=outside)
            proof = await repo.context.unless_superseded(proving)
        if not proof.holds:
            why = safe(proof.failure) or "nothing of it could be rendered"
            return Done(f"{code(item.name)} is not offered: it cannot be proven: {why}.", False)
        proposal = AdditionProposal.of(plan, proof)
        branch = ProposedBranch(
            branch=f"argofix/add/{item.name}",
            base=repo.details.default_branch,
            parent=tip,
            digest=digest(tree, proposal),
            title=title(proposal),
            message=text.commit_message(proposal),
            changes=lambda: file_changes(tree, plan.edits),
            body=partial(text.body, tree, proposal),
            draft=bool(plan.unsafe),
        )
        return await _open(repo, branch)


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
        what = f"The branch {code(proposal.branch)} holds commits of others. Delete or rename it, then {_AGAIN}."
        return Done(what, False)
    return Done(f"#{pull.number}: {safe(proposal.title)}.", True, pull.number)
