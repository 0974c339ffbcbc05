"""A change in a repository of manifests, judged for the Applications of other repositories that read it.

Which repositories those are is remembered from what their default branches asked for. Each is evaluated twice at its
own commit: with this repository as the pull request's base is, and as merging gives it. What differs is the change.
Its policy is that of its own default branch.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from bot.formats.github.gate import Judged
from bot.formats.writing.markdown import code
from bot.github.errors import Forbidden, NotFound
from bot.github.model import Comment, PullRequest
from bot.process.errors import PermanentError
from bot.queue.uses import User
from bot.rendering.substituted import Substituted
from checks.policy.file import read_policy
from checks.sync_order.guidance import changed
from gitops.applications.repositories import identity_of
from gitops.discovery.record import Record
from gitops.discovery.snapshot import Snapshot
from gitops.files.tree import Tree
from gitops.outside.found import RepositoryFound
from gitops.outside.wanted import RepositoryWanted
from handlers.judging.changes import look_at
from handlers.judging.order import guidance_of
from handlers.repository import RepositoryContext

MOST = 5  # repositories whose Applications are looked at; each is an evaluation of its own

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Using:
    """A repository whose Applications read this one, at the commit of its default branch."""

    repo: RepositoryContext
    tip: str

    @property
    def name(self) -> str:
        """For the name of an evaluation: it changes with the commit."""
        return f"{self.repo.details.id}@{self.tip}"


async def remember_uses(repo: RepositoryContext, snapshot: Snapshot) -> None:
    """Keep which other repositories the Applications of a default branch read. What failed by chance is no news."""
    if not isinstance(snapshot.record, Record):
        return
    asked = (one.wanted for one in snapshot.record.asked.values())
    used = {identity_of(wanted.url) for wanted in asked if isinstance(wanted, RepositoryWanted)}
    user = User(repo.details.id, repo.name)
    await repo.context.services.uses.keep_uses(repo.installation, user, used)


async def users_of(repo: RepositoryContext) -> Sequence[Using]:
    """The repositories whose Applications read this one, as far as whoever reads this one may read about them."""
    used = identity_of(repo.details.clone_url)
    users = await repo.context.services.uses.users_of(repo.installation, used, MOST + 1)
    found: list[Using] = []
    for user in users:
        if user.repository == repo.details.id:
            continue
        try:
            other = await repo.beside(user.repository, user.name)
            if other.details.private and not repo.details.private:
                continue  # not even its name is for everybody
            found.append(Using(other, await other.default_tip()))
        except (NotFound, Forbidden, PermanentError) as error:
            log.info("a repository that uses this one cannot be seen", extra={"reason": str(error)})
    if len(found) > MOST:
        log.warning("not every repository that uses this one is looked at", extra={"most": MOST})
    return found[:MOST]


async def judged_for(
    using: Using,
    repo: RepositoryContext,
    stack: AsyncExitStack,
    pull: PullRequest,
    sides: tuple[tuple[str, Tree], tuple[str, Tree]],
    present: Sequence[Comment],
    words: Mapping[str, str] | None,
) -> Judged | None:
    """What the pull request does to the Applications of one; None where it changes none of them. `sides` are the
    commits and trees before and after the merge."""
    other, tip = using.repo, using.tip
    objects = await stack.enter_async_context(other.objects(tip))
    tree = await objects.read_tree(tip)
    policy = await asyncio.to_thread(read_policy, tree)
    base, head = (RepositoryFound(each, commit) for commit, each in sides)
    branch = pull.base.ref
    revisions = {branch, f"refs/heads/{branch}"}
    if branch == repo.details.default_branch:
        revisions |= {"", "HEAD"}
    through = partial(Substituted, names=repo.matcher().known, revisions=frozenset(revisions), base=base, head=head)
    evaluation = await other.evaluate(tree, tree, policy, by_stranger=repo.by_stranger(pull), through=through)
    if evaluation.base is None or not await asyncio.to_thread(changed, evaluation.base, evaluation.snapshot):
        return None
    guidance = await guidance_of(evaluation, policy)
    changes = None
    if guidance is not None:
        changes = await look_at(repo, pull, guidance, policy, present, base=tip, words=words, places=other)
    note = f"These Applications are declared in {other.name}, which reads this repository; places are those there."
    return Judged(
        f"the Applications of {code(other.name)}",
        evaluation,
        policy,
        lambda span: other.blob_url(tip, span),
        (note,),
        changes=changes,
        elsewhere=True,
    )
