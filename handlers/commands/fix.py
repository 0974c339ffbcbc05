"""`/argofix fix`"""

from __future__ import annotations

from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.proposals.requested import fix

_NO_PULL = (
    "There is no open pull request here to fix. What is wrong on the default branch gets its pull requests by itself."
)


async def run(asked: Asked) -> Reply:
    if asked.pull is None:
        return Reply(_NO_PULL, ok=False)
    told = await fix(asked.desk, asked.pull, again="ask again", keep=asked.arguments.get("--keep"))
    return Reply(told.text, told.ok)


COMMAND = Command(
    "fix",
    "fix [ownership] [--keep APP]",
    "Opens the proven fixes: against this pull request's branch for what it brings in, else against its base. "
    "`--keep` says which Application keeps what several own.",
    Permission.WRITE,
    run,
)
