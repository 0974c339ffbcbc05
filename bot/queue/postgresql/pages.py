"""`bot.queue.pages` on PostgreSQL. Every function runs inside a transaction that its caller commits."""

from __future__ import annotations

from bot.queue.pages import Page, too_many
from bot.queue.postgresql.transaction import Transaction


async def keep(tx: Transaction, page: Page) -> None:
    await tx.change("DELETE FROM argofix_pages WHERE expires <= %s", page.kept_at)
    await tx.change(
        "INSERT INTO argofix_pages AS old (name, body, kept_at, expires) VALUES (%s, %s, %s, %s) ON CONFLICT (name)"
        " DO UPDATE SET kept_at = excluded.kept_at, expires = greatest(old.expires, excluded.expires)",
        page.name,
        page.body,
        page.kept_at,
        page.expires,
    )
    kept = await tx.rows("SELECT name, length(body) FROM argofix_pages ORDER BY kept_at DESC, name")
    if gone := too_many([(name, size) for name, size in kept]):
        await tx.change("DELETE FROM argofix_pages WHERE name = ANY(%s)", gone)


async def find(tx: Transaction, name: str, now: float) -> Page | None:
    rows = await tx.rows(
        "SELECT name, body, kept_at, expires FROM argofix_pages WHERE name = %s AND expires > %s", name, now
    )
    return Page(*rows[0]) if rows else None
