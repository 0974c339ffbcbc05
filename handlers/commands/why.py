"""`/argofix why`"""

from __future__ import annotations

import asyncio

from bot.formats.writing.markdown import code, safe
from bot.formats.writing.origins import chains
from gitops.facts.lookup import MalformedQuery, Wanted, find, nearest
from gitops.resources.resource import ResourceId
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.comments.look import Look, look

_ARGUMENT = "KIND/[NAMESPACE/]NAME"


async def run(asked: Asked) -> Reply:
    try:
        wanted = Wanted.parse(asked.arguments[_ARGUMENT])
    except MalformedQuery as error:
        return Reply(f"{safe(str(error))}.", ok=False)
    async with look(asked) as seen:
        return await asyncio.to_thread(_reply, seen, wanted)


def _reply(seen: Look, wanted: Wanted) -> Reply:
    snapshot, base = seen.evaluation.snapshot, seen.evaluation.base
    found = find(snapshot, wanted)
    if found:
        return Reply(chains(found, seen.link))
    before = find(base, wanted) if base is not None else {}
    if before:
        return Reply(f"This change takes it out. Before it:\n\n{chains(before, seen.base_link)}")
    text = f"No Application renders {code(seen.asked.arguments[_ARGUMENT])}."
    near = nearest(snapshot, wanted)
    if near:
        text += f" Did you mean {' or '.join(code(_written(rid)) for rid in near)}?"
    gaps = len(seen.evaluation.gaps)
    if gaps:
        text += f" {gaps} {'part was' if gaps == 1 else 'parts were'} not analysed; the check run lists them."
    return Reply(text, ok=False)


def _written(rid: ResourceId) -> str:
    return "/".join(part for part in (rid.kind, rid.namespace, rid.name) if part)


COMMAND = Command(
    "why",
    f"why {_ARGUMENT}",
    "Tells where a resource comes from: the Application, every kustomization entry, the document.",
    Permission.READ,
    run,
)
