"""Deliveries at work: taken by a server, settled by it, or taken away from it when it is dead."""

from __future__ import annotations

from dataclasses import dataclass

from procrastinate.jobs import Status

from bot.queue.deliveries import LEFT_RUNNING, Delivery, State, plain
from bot.queue.postgresql.heads import elect, hold
from bot.queue.postgresql.transaction import COLUMNS, QUEUE, Transaction, read


@dataclass(frozen=True, slots=True)
class Claim:
    """What a server holds on to while a delivery runs: the job, and as which of procrastinate's workers it has it."""

    lane: str
    job: int
    worker: int | None  # None: that worker is known no longer


async def take(tx: Transaction, limit: int, worker: int) -> dict[Claim, Delivery]:
    """The heads that are due, as running. procrastinate's clock, the database's, tells what is due."""
    lanes: dict[int, str] = {}
    # One server at a time, or two would wait for each other's turns.
    await tx.rows("SELECT pg_advisory_xact_lock(hashtextextended('argofix take', 0))")
    while len(lanes) < limit:
        await _give_turn(tx, list(lanes))
        job = await tx.jobs.fetch_job([QUEUE], worker)
        if job is None:
            break
        assert job.id is not None and job.lock is not None
        lanes[job.id] = job.lock
    if not lanes:
        return {}
    rows = await tx.rows(
        "UPDATE argofix_deliveries SET state = 'running' WHERE job = ANY(%s) AND state = 'queued'"  # noqa: S608
        f" RETURNING job, seq, {COLUMNS}",
        list(lanes),
    )
    for orphan in lanes.keys() - {row[0] for row in rows}:
        # Somebody deleted the row by hand; its job must not hold the lane for ever.
        await tx.jobs.finish_job_by_id_async(orphan, Status.SUCCEEDED, delete_job=True)
        await hold(tx, [lanes[orphan]])
        await elect(tx, [lanes[orphan]])
    taken = [(row[0], read(row[2:])) for row in sorted(rows, key=lambda row: row[1])]
    return {Claim(delivery.lane, job, worker): delivery for job, delivery in taken}


async def _give_turn(tx: Transaction, taken: list[int]) -> None:
    """Let procrastinate, which takes the job of the highest priority, take one of the installation whose turn it is.
    `taken` are jobs of this transaction whose rows do not tell yet that they run."""
    await tx.rows(
        "WITH busy AS (SELECT installation, count(*) AS n FROM argofix_deliveries"
        "              WHERE state = 'running' OR job = ANY(%s) GROUP BY installation),"
        " next AS (SELECT j.id, d.installation FROM procrastinate_jobs AS j"
        "          JOIN argofix_deliveries AS d ON d.job = j.id"
        "          LEFT JOIN busy AS b ON b.installation = d.installation"
        "          LEFT JOIN argofix_turns AS t ON t.installation = d.installation"
        "          WHERE j.queue_name = %s AND j.status = 'todo'"
        "          AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())"
        "          ORDER BY coalesce(b.n, 0), t.last NULLS FIRST, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED),"
        " turn AS (INSERT INTO argofix_turns SELECT installation, clock_timestamp() FROM next"
        "          ON CONFLICT (installation) DO UPDATE SET last = excluded.last)"
        " UPDATE procrastinate_jobs AS j SET priority = 1 FROM next WHERE j.id = next.id RETURNING j.id",
        taken,
        QUEUE,
    )


async def finish(tx: Transaction, claim: Claim, delivery_id: str, state: State, now: float, result: str) -> None:
    if await _release(tx, claim):
        await tx.change(
            "UPDATE argofix_deliveries SET state = %s, result = %s, finished_at = %s, job = NULL,"
            # A dead one keeps its payload: people look at it and retry it.
            " payload = CASE WHEN %s THEN payload ELSE '' END WHERE id = %s",
            state.value,
            plain(result),
            now,
            state is State.DEAD,
            delivery_id,
        )
        await elect(tx, [claim.lane])


async def give_back(
    tx: Transaction, claim: Claim, delivery_id: str, not_before: float, attempts: int, result: str
) -> None:
    if await _release(tx, claim):
        await tx.change(
            "UPDATE argofix_deliveries SET state = 'queued', not_before = %s, attempts = %s, result = %s, job = NULL"
            " WHERE id = %s",
            not_before,
            attempts,
            plain(result),
            delivery_id,
        )
        await tx.change(
            # Finished when the newer one came: at `not_before`, which may be 0, it would be forgotten at once.
            "UPDATE argofix_deliveries AS mine SET state = 'done', result = 'superseded', payload = '',"
            " finished_at = newer.received_at FROM argofix_deliveries AS newer WHERE mine.id = %s"
            " AND newer.supersedes = mine.supersedes AND newer.state = 'queued' AND newer.seq > mine.seq",
            delivery_id,
        )
        await elect(tx, [claim.lane])


async def _release(tx: Transaction, claim: Claim) -> bool:
    """End the job, so that the lane is free; False when it is somebody else's by now."""
    await hold(tx, [claim.lane])
    ours = await tx.rows(
        "SELECT FROM procrastinate_jobs WHERE id = %s AND status = 'doing' AND worker_id IS NOT DISTINCT FROM %s"
        " FOR UPDATE",
        claim.job,
        claim.worker,
    )
    if ours:
        await tx.jobs.finish_job_by_id_async(claim.job, Status.SUCCEEDED, delete_job=True)
    return bool(ours)


async def rescue(tx: Transaction, dead_after: float) -> int:
    """Queue again what servers run that gave no sign of life for `dead_after` seconds, one attempt more."""
    stalled = await tx.jobs.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=dead_after)
    lanes = {job.lock for job in stalled if job.lock is not None}
    await hold(tx, lanes)
    left = await tx.rows(
        "SELECT d.lane, d.job, j.worker_id, d.id, d.attempts, d.result FROM argofix_deliveries AS d"
        " JOIN procrastinate_jobs AS j ON j.id = d.job"
        " LEFT JOIN procrastinate_workers AS w ON w.id = j.worker_id"
        " WHERE d.lane = ANY(%s) AND j.status = 'doing'"
        " AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => %s))",
        sorted(lanes),
        dead_after,
    )
    for lane, job, worker, delivery_id, attempts, result in left:
        # It may be what killed the server, so this counts as an attempt.
        await give_back(tx, Claim(lane, job, worker), delivery_id, 0.0, attempts + 1, result or LEFT_RUNNING)
    await tx.jobs.prune_stalled_workers(dead_after)
    return len(left)
