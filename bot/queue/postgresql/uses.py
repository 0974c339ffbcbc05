"""`bot.queue.uses` on PostgreSQL. Every function runs inside a transaction that its caller commits."""

from __future__ import annotations

from collections.abc import Collection

from bot.queue.postgresql.transaction import Transaction
from bot.queue.uses import User


async def keep(tx: Transaction, installation: int, user: User, used: Collection[str]) -> None:
    # Two servers may look at two commits of one repository: the later one has the last word, and none half of it.
    await tx.rows("SELECT pg_advisory_xact_lock(hashtextextended('argofix uses', %s))", user.repository)
    await tx.change("DELETE FROM argofix_uses WHERE repository = %s", user.repository)
    await tx.change(
        "INSERT INTO argofix_uses (installation, repository, name, used) SELECT %s, %s, %s, unnest(%s::text[])",
        installation,
        user.repository,
        user.name,
        sorted(set(used)),
    )


async def users(tx: Transaction, installation: int, used: str, most: int) -> list[User]:
    rows = await tx.rows(
        "SELECT repository, name FROM argofix_uses WHERE used = %s AND installation = %s"
        " ORDER BY repository LIMIT %s",
        used,
        installation,
        most,
    )
    return [User(*row) for row in rows]
