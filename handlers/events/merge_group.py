"""`merge_group`: judge what a merge queue is about to merge.

Two pull requests that are right by themselves may conflict with each other: each brings the Namespace that the other
brings, say. The queue puts them on top of each other, asks for checks on what comes of that, and waits until every
required one has concluded there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from bot.formats.github import check_run
from bot.formats.github.gate import Judged
from bot.formats.writing.markdown import code
from bot.github.events import MergeGroupEvent
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from checks.policy.file import read_policy
from handlers.judging.changes import look_at_queued
from handlers.judging.runs import end_runs, judge
from handlers.repository import RepositoryContext, fingerprint
from handlers.routing import on

_GONE = "the merge queue has given up this group"


@on("merge_group", payload=MergeGroupEvent, actions=("destroyed",))
async def end(event: MergeGroupEvent, delivery: Delivery, context: Context) -> None:
    await end_runs(await RepositoryContext.open(event, context), event.head, check_run.overtaken(_GONE))


@on("merge_group", payload=MergeGroupEvent, actions=("checks_requested",))
async def judge_group(event: MergeGroupEvent, delivery: Delivery, context: Context) -> None:
    repo = await RepositoryContext.open(event, context)
    default = await repo.default_tip()

    async def look(stack: AsyncExitStack) -> Sequence[Judged]:
        objects = await stack.enter_async_context(repo.objects(event.base, event.head, default))
        policy = await asyncio.to_thread(read_policy, await objects.read_tree(default))
        head, base = await objects.read_tree(event.head), await objects.read_tree(event.base)
        # It may hold what a fork brought, and everybody can read what is said about a public repository.
        stranger = not repo.details.private
        branch = event.base_ref.removeprefix("refs/heads/")
        evaluation = await repo.evaluate(head, base, policy, by_stranger=stranger, branch=branch)
        label = f"the merge queue of {code(branch)}"
        changes = await look_at_queued(repo, event, evaluation, policy)
        return [Judged(label, evaluation, policy, lambda span: repo.blob_url(event.head, span), changes=changes)]

    await judge(repo, event.head, fingerprint("group", event.head, event.base, default), look)
