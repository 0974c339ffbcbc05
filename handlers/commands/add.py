"""`/argofix add`"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.formats.writing.markdown import bullets, code, safe
from checks.judgement.checklist import Offer, by_reason
from checks.planning.additions.items import ITEMS
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.proposals.additions import add, offers


async def run(asked: Asked) -> Reply:
    name = asked.arguments.get("ITEM")
    if name is None:
        return Reply(f"What can be added to Argo CD here:\n\n{bullets(_told(await offers(asked.repo)))}")
    item = ITEMS.get(name)
    if item is None:
        listed = bullets(f"{code(each.name)}: {each.help}" for each in ITEMS.values())
        return Reply(f"There is no item {code(name)}. What can be added:\n\n{listed}", ok=False)
    done = await add(asked.repo, item)
    return Reply(done.text, ok=done.ok)


def _told(offers: Sequence[Offer]) -> Iterator[str]:
    """What can be added first, then what cannot, each reason once."""
    for why, together in by_reason(offers).items():
        lines = [f"{code(offer.name)}: {offer.help}." for offer in together]
        if why:
            whose = f" ({', '.join(code(offer.name) for offer in together)})" if len(together) > 1 else ""
            lines[-1] += f" Not here{whose}: {safe(why)}."
        yield from lines


COMMAND = Command(
    "add",
    "add [ITEM]",
    "Opens the pull request that adds something to Argo CD on the default branch, proven by rendering: "
    + "; ".join(f"`{one.name}` ({one.help})" for one in ITEMS.values())
    + ". Without an item it lists what can be added here, and why something cannot.",
    Permission.WRITE,
    run,
)
