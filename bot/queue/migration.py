"""Moves all deliveries from one database to another, so that a kill at any time loses none and repeats none."""

from __future__ import annotations

from bot.queue.deliveries import DeliveryStore

BATCH = 20  # up to 25 MB each


async def move(source: DeliveryStore, target: DeliveryStore) -> int:
    """Move everything; gives the number. Nobody else may use `source`, a server may use `target` already.

    A batch is in the target for good before it leaves the source. Moved again after a kill, it is known there. The
    done ones move too: by them a redelivery is known.
    """
    await source.recover()
    moved = 0
    while batch := await source.oldest(BATCH):
        await target.adopt(batch)
        await source.forget([delivery.id for delivery in batch])
        moved += len(batch)
    return moved
