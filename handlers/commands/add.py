"""`/argofix add`"""

from __future__ import annotations

from bot.formats.writing.markdown import bullets, code
from checks.planning.additions.items import ITEMS
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.proposals.additions import add


async def run(asked: Asked) -> Reply:
    name = asked.arguments["ITEM"]
    item = ITEMS.get(name)
    if item is None:
        listed = bullets(f"{code(each.name)}: {each.help}" for each in ITEMS.values())
        return Reply(f"There is no item {code(name)}. What can be added:\n\n{listed}", ok=False)
    done = await add(asked.repo, item)
    return Reply(done.text, ok=done.ok)


COMMAND = Command(
    "add",
    "add ITEM",
    "Opens the pull request that adds something to Argo CD on the default branch, proven by rendering: "
    + "; ".join(f"`{one.name}` ({one.help})" for one in ITEMS.values())
    + ".",
    Permission.WRITE,
    run,
)
