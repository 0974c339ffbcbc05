"""`/argofix allow`: lets exactly the deletions pass that a digest names."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from bot.formats.changes.markdown import told_lines
from bot.formats.github.changes import Shown
from bot.formats.writing.markdown import code, safe
from bot.github.endpoints import comments
from checks.wording import plural
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.judging.allowed import DIGEST, allow_mark
from handlers.judging.pulls import evaluate_pull, judged_now


async def run(asked: Asked) -> Reply:
    pull, digest = asked.pull, asked.arguments["DIGEST"].lower()
    if pull is None:
        return Reply(
            "This is for an open pull request: there its check run `argofix / changes` names the digest.", ok=False
        )
    if not DIGEST.fullmatch(digest):
        return Reply(f"{code(digest)} is no digest; `argofix / changes` shows one of 16 digits.", ok=False)
    if asked.comment.app_id is not None:
        return Reply("An App wrote this in somebody's name. Whoever allows deletions writes it on GitHub.", ok=False)
    identity = asked.repo.context.services.identity
    if await comments.has_reacted(asked.repo.github, asked.repo.name, asked.comment.id, "rocket", identity.slug):
        return Reply(
            "This comment was obeyed before, and what was answered to it has been deleted, which took it back. "
            "Whoever allows it again says so in a new comment.",
            ok=False,
        )
    async with AsyncExitStack() as stack:
        judged = await judged_now(asked.repo, stack, pull)
        held = [each.changes for each in judged if each.changes is not None and each.changes.firewall.held]
        told = {one.firewall.digest: (one, await asyncio.to_thread(_lines, one)) for one in held}
    if not told:
        return Reply("Nothing of this pull request is held back.", ok=False)
    if digest not in told:
        sets = "\n\n".join(f"{code(name)}, {_count(one)}:\n\n{lines}" for name, (one, lines) in told.items())
        return Reply(
            f"{code(digest)} names another set of deletions than this pull request makes now, which is {sets}",
            ok=False,
        )
    one, lines = told[digest]
    # The check run first: where it cannot be told, nothing was allowed.
    await evaluate_pull(asked.repo, pull.number, again=asked.key, words={digest: asked.comment.html_url})
    return Reply(
        f"Allowed by {code(asked.login)}, {_count(one)}. Reason:\n\n"
        f"> {safe(asked.arguments['REASON'])}\n\n{lines}\n\nDeleting this comment takes it back, and so does the "
        "loss of write access at the next push.",
        mark=allow_mark(asked.repo, pull.number, pull.base.ref, digest, asked.login),
    )


def _count(one: Shown) -> str:
    return plural("deletion", len(one.firewall.held))


def _lines(one: Shown) -> str:
    return told_lines(one.firewall.held, one.link)


COMMAND = Command(
    "allow",
    "allow DIGEST REASON...",
    "Lets the deletions pass that hold this pull request back, when they are exactly those that the digest names.",
    Permission.WRITE,
    run,
    anew=True,
)
