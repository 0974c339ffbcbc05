"""`/argofix diff`: what merging the pull request changes, all of it or of one Application."""

from __future__ import annotations

import asyncio
import difflib

from bot.formats.changes import markdown
from bot.formats.writing.markdown import bullets, code, safe
from checks.changes.view import Changes, changes_of
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.comments.look import Look, look
from handlers.judging.changes import with_clusters


async def run(asked: Asked) -> Reply:
    if asked.pull is None:
        return Reply("This is for an open pull request: it compares it with its base.", ok=False)
    async with look(asked) as seen:
        changes = await with_clusters(asked.repo, asked.pull, await asyncio.to_thread(_changes, seen))
        return await asyncio.to_thread(_told, seen, changes, asked.arguments.get("APPLICATION") or "")


def _changes(seen: Look) -> Changes:
    evaluation = seen.evaluation
    if evaluation.base is None:
        raise AssertionError("a pull request has a base")
    return changes_of(evaluation.base, evaluation.snapshot, seen.policy, evaluation.live)


def _told(seen: Look, changes: Changes, name: str) -> Reply:
    if name:
        known = {s.application.name for side in (changes.base, changes.head) for s in side.states}
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), 1)
            hint = f" Did you mean {code(near[0])}?" if near else ""
            return Reply(f"There is no Application {code(name)} before or after this change.{hint}", ok=False)
        changes = changes.only([name])
    notes = bullets(safe(note) for note in seen.notes)
    text = markdown.render(changes, seen.base_link, 50_000)
    return Reply("\n\n".join(part for part in (notes, text) if part))


COMMAND = Command(
    "diff",
    "diff [APPLICATION]",
    "Tells what merging this pull request changes in clusters, of everything or of one Application.",
    Permission.READ,
    run,
)
