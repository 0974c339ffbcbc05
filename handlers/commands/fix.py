"""`/argofix fix`"""

from __future__ import annotations

from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.proposals.again import fix_again, fix_default
from handlers.proposals.requested import fix


async def run(asked: Asked) -> Reply:
    keep = asked.arguments.get("--keep")
    if asked.pull is not None:
        told = await fix(asked.repo, asked.pull, again="ask again", keep=keep)
    elif asked.closed is not None:
        told = await fix_again(asked.repo, asked.closed, keep=keep)
    else:
        told = await fix_default(asked.repo, keep=keep)
    return Reply(told.text, told.ok)


COMMAND = Command(
    "fix",
    "fix [ownership] [--keep APP]",
    "Opens the proven fixes: against this pull request's branch for what it brings in, else against its base; on an "
    "issue, for the default branch; on a fix that was closed, that one again. "
    "`--keep` says which Application keeps what several own.",
    Permission.WRITE,
    run,
)
