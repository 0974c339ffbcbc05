"""`/argofix secrets`"""

from __future__ import annotations

import asyncio

from bot.formats.github.secret_sources import summary
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.comments.look import look


async def run(asked: Asked) -> Reply:
    async with look(asked) as seen:
        text = await asyncio.to_thread(summary, seen.evaluation, seen.policy, seen.link, seen.default_link)
    return Reply(text)


COMMAND = Command(
    "secrets",
    "secrets",
    "Lists the Secrets and ConfigMaps that workloads need, where each comes from, and what is missing.",
    Permission.READ,
    run,
)
