"""`/argofix order`"""

from __future__ import annotations

import asyncio

from bot.formats.order import comment as text
from bot.formats.writing.markdown import bullets, code, safe
from checks.sync_order.guidance import guide
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.comments.look import Look, look


async def run(asked: Asked) -> Reply:
    async with look(asked) as seen:
        # It reads files, to tell lines.
        return Reply(await asyncio.to_thread(_touched if asked.pull is not None else _everything, seen))


def _touched(seen: Look) -> str:
    evaluation = seen.evaluation
    notes = bullets(safe(note) for note in seen.notes)
    if evaluation.base is None:
        return notes
    guidance = guide(evaluation.base, evaluation.snapshot, seen.policy, evaluation.live, evaluation.plans)
    if not guidance.matters:
        answer = f"The order does not matter for what this pull request touches, and {text.nothing_goes(guidance)}"
    else:
        # Without the mark: this answer stays as it is when the comment that carries it is updated.
        answer = text.told(guidance, seen.link, seen.base_link)
    return "\n\n".join(part for part in (notes, answer) if part)


def _everything(seen: Look) -> str:
    branch = seen.asked.repo.details.default_branch
    return f"{code(branch)} at {code(seen.commit[:7])}:\n\n{text.whole(seen.evaluation, seen.link)}"


COMMAND = Command(
    "order",
    "order",
    "Tells in which order to sync what this pull request touches, and what merging it deletes; on an issue, the "
    "order of everything on the default branch.",
    Permission.READ,
    run,
)
