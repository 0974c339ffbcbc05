"""`/argofix allow`: lets exactly the deletions pass that a digest names."""

from __future__ import annotations

import asyncio

from bot.formats.changes.markdown import told_lines
from bot.formats.writing.markdown import code, safe
from checks.changes.firewall import Firewall, firewall_of
from checks.changes.view import changes_of
from checks.wording import plural
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.comments.look import Look, look
from handlers.judging.allowed import DIGEST, allow_mark
from handlers.judging.pulls import evaluate_pull


async def run(asked: Asked) -> Reply:
    pull, digest = asked.pull, asked.arguments["DIGEST"].lower()
    if pull is None:
        return Reply(
            "This is for an open pull request: there its check run `argofix / changes` names the digest.", ok=False
        )
    if not DIGEST.fullmatch(digest):
        return Reply(f"{code(digest)} is no digest; `argofix / changes` shows one of 16 digits.", ok=False)
    async with look(asked) as seen:
        wall, lines = await asyncio.to_thread(_firewall, seen)
    if not wall.held:
        return Reply("Nothing of this pull request is held back.", ok=False)
    what = plural("deletion", len(wall.held))
    if wall.digest != digest:
        return Reply(
            f"{code(digest)} names another set of deletions than this pull request makes now, which is "
            f"{code(wall.digest)}, {what}:\n\n{lines}",
            ok=False,
        )
    # The check run first: where it cannot be told, nothing was allowed.
    await evaluate_pull(asked.repo, pull.number, again=asked.key, words={digest: asked.comment.html_url})
    return Reply(
        f"{allow_mark(asked.repo, pull.number, digest)}\nAllowed by {code(asked.login)}, {what}. Reason:\n\n"
        f"> {safe(asked.arguments['REASON'])}\n\n{lines}\n\nDeleting this comment takes it back at the next push."
    )


def _firewall(seen: Look) -> tuple[Firewall, str]:
    evaluation = seen.evaluation
    if evaluation.base is None:
        raise AssertionError("a pull request has a base")
    changes = changes_of(evaluation.base, evaluation.snapshot, seen.policy, evaluation.live)
    wall = firewall_of(changes, seen.policy)
    return wall, told_lines(wall.held, seen.base_link)


COMMAND = Command(
    "allow",
    "allow DIGEST REASON...",
    "Lets the deletions pass that hold this pull request back, when they are exactly those that the digest names.",
    Permission.WRITE,
    run,
    anew=True,
)
