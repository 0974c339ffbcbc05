"""Which delivery a lane gives next."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from procrastinate.jobs import Job

from bot.queue.postgresql.transaction import QUEUE, Transaction


async def hold(tx: Transaction, lanes: Iterable[str]) -> None:
    """Wait for the lanes and keep others from choosing their heads, until the end of the transaction."""
    await tx.rows(
        "SELECT pg_advisory_xact_lock(hashtextextended('argofix ' || lane, 0)) FROM unnest(%s::text[]) AS lane",
        sorted(set(lanes)),
    )


async def elect(tx: Transaction, lanes: Collection[str]) -> None:
    """Give the earliest row of each lane (of those that are due, the one of the lowest rank) a job, unless one of the
    lane runs. The lanes are held."""
    found = await tx.rows(
        "SELECT first.seq, first.lane, first.not_before, first.received_at, head.seq, head.job"
        " FROM unnest(%s::text[]) AS l(lane)"
        " CROSS JOIN LATERAL (SELECT * FROM argofix_deliveries AS d WHERE d.lane = l.lane AND d.state = 'queued'"
        "                     ORDER BY d.not_before, d.seq LIMIT 1) AS earliest"
        " CROSS JOIN LATERAL (SELECT * FROM argofix_deliveries AS d WHERE d.seq = coalesce("
        "                     CASE WHEN earliest.rank > 0 THEN (SELECT b.seq FROM argofix_deliveries AS b"
        "                           WHERE b.lane = l.lane AND b.state = 'queued' AND b.rank = 0"
        # What is new may be of a server whose clock is a little ahead of the database's.
        "                           AND b.not_before <= extract(epoch FROM now()) + 5"
        "                           ORDER BY b.not_before, b.seq LIMIT 1) END, earliest.seq)) AS first"
        " LEFT JOIN argofix_deliveries AS head ON head.lane = l.lane AND head.job IS NOT NULL"
        " WHERE head.state IS DISTINCT FROM 'running' AND head.seq IS DISTINCT FROM first.seq",
        sorted(set(lanes)),
    )
    chosen: list[int] = []
    jobs: list[Job] = []
    for seq, lane, not_before, received_at, head, job in found:
        if head is not None:
            if not await tx.jobs.cancel_job_by_id_async(job, delete_job=True, connection=tx.connection):
                continue  # it was taken in this moment
            await tx.change("UPDATE argofix_deliveries SET job = NULL WHERE seq = %s", head)
        # What is new is due at once, however this server's clock differs from the database's.
        at = datetime.fromtimestamp(not_before, UTC) if not_before > received_at else None
        chosen.append(seq)
        jobs.append(Job(queue=QUEUE, lock=lane, queueing_lock=lane, task_name="deliver", scheduled_at=at))
    if jobs:
        deferred = await tx.jobs.batch_defer_jobs_async(jobs, connection=tx.connection)
        await tx.change(
            "UPDATE argofix_deliveries AS d SET job = new.job"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS new(seq, job) WHERE d.seq = new.seq",
            chosen,
            [job.id for job in deferred],
        )
