"""Connections to PostgreSQL, and what they have to say when something is wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from procrastinate.exceptions import ProcrastinateException
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from bot.queue.deliveries import StoreUnavailable
from bot.queue.postgresql import schema

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

CONNECTIONS = 4
PATIENCE = 3.0  # seconds for a connection; GitHub waits 10 for its answer
# Without these, a server whose network is cut off hangs for minutes.
_CONNECT: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 10_000}

log = logging.getLogger(__name__)


async def opened(url: str, *, create: bool) -> Pool:
    """Connections to a database that has the tables, made if need be and allowed. Raises `StoreUnavailable`."""
    pool: Pool = AsyncConnectionPool(
        url,
        open=False,
        min_size=1,
        max_size=CONNECTIONS,
        timeout=PATIENCE,
        configure=_configure,
        check=AsyncConnectionPool.check_connection,
        kwargs={"application_name": "argofix", **_CONNECT},
    )
    with unavailable():
        # The pool would try again and again, and not tell why.
        async with await AsyncConnection.connect(url, **_CONNECT) as connection:
            await schema.prepare(connection, create=create)
        await pool.open()
    return pool


async def _configure(connection: AsyncConnection[TupleRow]) -> None:
    await connection.execute("SET lock_timeout = '5s'")
    await connection.execute("SET statement_timeout = '30s'")
    await connection.commit()


@contextmanager
def unavailable() -> Iterator[None]:
    """Whatever a driver or a database has to say, as `StoreUnavailable`; its cause tells what it was."""
    try:
        yield
    except StoreUnavailable:
        raise
    except Exception as error:
        cause = error.__cause__ if isinstance(error, ProcrastinateException) and error.__cause__ else error
        reason = " ".join(str(cause).split()) or type(cause).__name__
        log.error("the delivery store failed", extra={"reason": reason})
        raise StoreUnavailable(f"the delivery store failed: {reason}") from cause
