"""The tables: ours, and procrastinate's of the version that is installed with us."""

from __future__ import annotations

from procrastinate.schema import SchemaManager
from psycopg import AsyncConnection

from bot.queue.deliveries import StoreUnavailable

SCHEMA = """
CREATE TABLE argofix_deliveries (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    event text NOT NULL,
    payload bytea NOT NULL,
    received_at double precision NOT NULL,
    lane text NOT NULL,
    repository text NOT NULL,
    supersedes text,
    state text NOT NULL,
    attempts integer NOT NULL,
    not_before double precision NOT NULL,
    result text NOT NULL,
    finished_at double precision,
    job bigint,
    installation bigint NOT NULL DEFAULT 0,
    rank integer NOT NULL DEFAULT 0
);
CREATE INDEX argofix_waiting ON argofix_deliveries (lane, not_before, seq) WHERE state = 'queued';
CREATE UNIQUE INDEX argofix_heads ON argofix_deliveries (lane) WHERE job IS NOT NULL;
CREATE UNIQUE INDEX argofix_jobs ON argofix_deliveries (job) WHERE job IS NOT NULL;
CREATE INDEX argofix_same_work ON argofix_deliveries (supersedes) WHERE state IN ('queued', 'running');
CREATE INDEX argofix_finished ON argofix_deliveries (state, finished_at);
"""
# Also for tables of an earlier version, whose servers may still be at work.
ADDED = """
ALTER TABLE argofix_deliveries ADD COLUMN IF NOT EXISTS installation bigint NOT NULL DEFAULT 0;
ALTER TABLE argofix_deliveries ADD COLUMN IF NOT EXISTS rank integer NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS argofix_at_work ON argofix_deliveries (installation) WHERE state = 'running';
CREATE TABLE IF NOT EXISTS argofix_turns (installation bigint PRIMARY KEY, last timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS argofix_pages (
    name text PRIMARY KEY, body bytea NOT NULL, kept_at double precision NOT NULL, expires double precision NOT NULL
);
CREATE TABLE IF NOT EXISTS argofix_uses (
    installation bigint NOT NULL, repository bigint NOT NULL, name text NOT NULL, used text NOT NULL,
    PRIMARY KEY (repository, used)
);
CREATE INDEX IF NOT EXISTS argofix_users ON argofix_uses (used, installation);
"""


async def prepare(connection: AsyncConnection, *, create: bool) -> None:
    """Make the tables where they are missing; several servers may start at once. Raises `StoreUnavailable`."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('argofix schema', 0))")
        found = await connection.execute(
            "SELECT to_regclass('argofix_deliveries'), to_regclass('procrastinate_jobs'),"
            " to_regproc('procrastinate_fetch_job_v2'), to_regclass('argofix_turns'), to_regclass('argofix_pages'),"
            " to_regclass('argofix_uses')"
        )
        ours, jobs, fetch, *added = await found.fetchone() or (None,) * 6
        if ours is None and not create:
            raise StoreUnavailable("argofix has no deliveries in this database")
        if jobs is None:
            await connection.execute(SchemaManager.get_schema())
        elif fetch is None:
            raise StoreUnavailable(
                "the database holds tables of another version of procrastinate; give argofix a database of its own"
            )
        if ours is None:
            await connection.execute(SCHEMA)
        if None in added:
            await connection.execute(ADDED)
