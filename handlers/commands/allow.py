"""`/argofix allow`: lets exactly the deletions pass that a digest names."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from bot.formats.changes.markdown import told_lines
from bot.formats.github.changes import Shown
from bot.formats.writing.markdown import code, safe
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
        f"{allow_mark(asked.repo, pull.number, digest)}\nAllowed by {code(asked.login)}, {_count(one)}. Reason:\n\n"
        f"> {safe(asked.arguments['REASON'])}\n\n{lines}\n\nDeleting this comment takes it back at the next push."
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
