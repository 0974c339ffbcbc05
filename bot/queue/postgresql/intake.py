"""What comes into the table and leaves it: new deliveries, those of another store, retries by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bot.queue.deliveries import Delivery, State, Stored
from bot.queue.postgresql.heads import elect, hold
from bot.queue.postgresql.transaction import COLUMNS, Transaction


async def store(tx: Transaction, deliveries: Sequence[Delivery]) -> list[Stored]:
    """What `DeliveryStore.store` does, for many that wait at the same time."""
    lanes = {delivery.lane for delivery in deliveries}
    await hold(tx, lanes)
    known: dict[str, str] = dict(
        await tx.rows("SELECT id, state FROM argofix_deliveries WHERE id = ANY(%s)", [d.id for d in deliveries])
    )
    same: dict[str, list[_Older]] = {}
    for key, *row in await tx.rows(
        "SELECT supersedes, id, job, state = 'running' FROM argofix_deliveries"
        " WHERE supersedes = ANY(%s) AND state IN ('queued', 'running') ORDER BY seq",
        [d.supersedes for d in deliveries if d.supersedes is not None],
    ):
        same.setdefault(key, []).append(_Older(*row))
    results: list[Stored] = []
    new: dict[str, Delivery] = {}
    superseded: dict[str, float] = {}
    for delivery in deliveries:
        state = known.get(delivery.id)
        overtaken: list[str] = []
        if state == State.DEAD:
            # GitHub delivers again what we gave up on: somebody asked for it.
            await _revive(tx, delivery)
        elif state is None:
            if delivery.supersedes is not None:
                waiting = same.setdefault(delivery.supersedes, [])
                for older in waiting:
                    if await _withdrawn(tx, older):
                        superseded[older.id] = delivery.received_at
                    elif delivery.interrupts and older.job is not None:
                        overtaken.append(older.id)
                        await tx.jobs.cancel_job_by_id_async(older.job, abort=True, connection=tx.connection)
                waiting[:] = [older for older in waiting if older.id not in superseded]
                waiting.append(_Older(delivery.id, None, False))
            new[delivery.id] = delivery
        if state != State.DONE:
            known[delivery.id] = State.QUEUED
        results.append(Stored(already_processed=state == State.DONE, overtaken=tuple(overtaken)))
    await _insert(tx, new.values())
    if superseded:
        await tx.change(
            "UPDATE argofix_deliveries AS d SET state = 'done', result = 'superseded', finished_at = old.at,"
            " payload = '', job = NULL FROM unnest(%s::text[], %s::float8[]) AS old(id, at) WHERE d.id = old.id",
            list(superseded),
            list(superseded.values()),
        )
    await elect(tx, lanes)
    return results


@dataclass(slots=True)
class _Older:
    id: str
    job: int | None
    running: bool


async def _withdrawn(tx: Transaction, older: _Older) -> bool:
    """Whether a delivery cannot run any more, its job (if it is a head) cancelled; False when it runs."""
    if older.running:
        return False
    if older.job is not None:
        older.running = not await tx.jobs.cancel_job_by_id_async(older.job, delete_job=True, connection=tx.connection)
    return not older.running


async def _revive(tx: Transaction, delivery: Delivery) -> None:
    await tx.change(
        "UPDATE argofix_deliveries SET state = 'queued', payload = %s, attempts = 0, not_before = %s,"
        " received_at = %s, finished_at = NULL WHERE id = %s",
        delivery.payload,
        delivery.not_before,
        delivery.received_at,
        delivery.id,
    )


async def _insert(tx: Transaction, deliveries: Iterable[Delivery]) -> None:
    names = COLUMNS.split(", ")
    values = [[getattr(delivery, name) for name in names] for delivery in deliveries]
    if values:
        async with tx.connection.cursor() as cursor:
            await cursor.executemany(
                f"INSERT INTO argofix_deliveries ({COLUMNS}) VALUES ({', '.join(['%s'] * len(names))})",  # noqa: S608
                values,
            )


async def retry(tx: Transaction, delivery_id: str) -> bool:
    lanes = await _hold_lanes_of(tx, [delivery_id])
    changed = await tx.change(
        "UPDATE argofix_deliveries SET state = 'queued', attempts = 0, not_before = 0, finished_at = NULL"
        " WHERE id = %s AND state = 'dead'",
        delivery_id,
    )
    await elect(tx, lanes)
    return changed == 1


async def adopt(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    lanes = {delivery.lane for delivery in deliveries}
    await hold(tx, lanes)
    found = await tx.rows("SELECT id FROM argofix_deliveries WHERE id = ANY(%s)", [d.id for d in deliveries])
    known = {row[0] for row in found}
    await _insert(tx, [delivery for delivery in deliveries if delivery.id not in known])
    await elect(tx, lanes)


async def forget(tx: Transaction, delivery_ids: Collection[str]) -> None:
    lanes = await _hold_lanes_of(tx, delivery_ids)
    heads = await tx.rows(
        "SELECT job FROM argofix_deliveries WHERE id = ANY(%s) AND state = 'queued' AND job IS NOT NULL",
        list(delivery_ids),
    )
    for (job,) in heads:
        await tx.jobs.cancel_job_by_id_async(job, delete_job=True, connection=tx.connection)
    await tx.change("DELETE FROM argofix_deliveries WHERE id = ANY(%s) AND state <> 'running'", list(delivery_ids))
    await elect(tx, lanes)


async def _hold_lanes_of(tx: Transaction, delivery_ids: Collection[str]) -> list[str]:
    found = await tx.rows("SELECT DISTINCT lane FROM argofix_deliveries WHERE id = ANY(%s)", list(delivery_ids))
    lanes = [row[0] for row in found]
    await hold(tx, lanes)
    return lanes
