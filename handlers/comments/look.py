"""What a command that only reads looks at: what merging the pull request would give, or the default branch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.process.errors import PermanentError
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy, read_policy
from gitops.files.spans import Span
from handlers.comments.command import Asked
from handlers.judging.pulls import sides_of


@dataclass(frozen=True, slots=True)
class Look:
    """`commit` is what links point into, `base` the one before the change, `default` the default branch's (on an
    issue all the same); `notes` are sentences to be said first (a conflict with the base)."""

    asked: Asked
    evaluation: Evaluation
    policy: Policy
    commit: str
    base: str
    default: str
    notes: tuple[str, ...] = ()

    def link(self, span: Span) -> str:
        """The address of these lines on GitHub."""
        return self.asked.repo.blob_url(self.commit, span)

    def base_link(self, span: Span) -> str:
        """The same before the change."""
        return self.asked.repo.blob_url(self.base, span)

    def default_link(self, span: Span) -> str:
        """The same on the default branch, where the configuration is read."""
        return self.asked.repo.blob_url(self.default, span)


@asynccontextmanager
async def look(asked: Asked) -> AsyncIterator[Look]:
    """The evaluation, for as long as its files can be read. Raises `PermanentError` when there is nothing to look
    at any more."""
    repo, pull = asked.repo, asked.pull
    if pull is None:
        tip = await repo.default_tip()
        async with repo.objects(tip) as objects:
            tree = await objects.read_tree(tip)
            policy = await asyncio.to_thread(read_policy, tree)
            yield Look(asked, await repo.evaluate(tree, None, policy), policy, tip, tip, tip)
        return
    sides = await sides_of(repo, pull)
    if sides is None:
        raise PermanentError(f"the branch `{pull.base.ref}` is gone")
    async with repo.objects(sides.base, sides.head, sides.default) as objects:
        policy = await asyncio.to_thread(read_policy, await objects.read_tree(sides.default))
        head, base = await objects.read_tree(sides.head), await objects.read_tree(sides.base)
        stranger = repo.by_stranger(pull)
        evaluation = await repo.evaluate(head, base, policy, by_stranger=stranger, branch=pull.base.ref)
        yield Look(asked, evaluation, policy, pull.head.sha, sides.base, sides.default, sides.notes)
