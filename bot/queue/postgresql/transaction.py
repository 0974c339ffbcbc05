"""One transaction for our statements and procrastinate's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from procrastinate import PsycopgConnector
from procrastinate.manager import JobManager
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from bot.queue.deliveries import Delivery, State

QUEUE = "argofix"
COLUMNS: LiteralString = (
    "id, event, payload, received_at, lane, repository, supersedes, state, attempts, not_before, result, finished_at,"
    " installation, rank"
)
BARE: LiteralString = COLUMNS.replace("payload", "''::bytea AS payload")


class Transaction(PsycopgConnector):
    """One open transaction: for our statements, and for procrastinate's (`jobs`) as its connector."""

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        super().__init__()
        self.connection = connection
        self.jobs = JobManager(self)

    async def rows(self, query: LiteralString, *values: Any) -> list[TupleRow]:
        """What a query answers."""
        return await (await self.connection.execute(query, values)).fetchall()

    async def change(self, query: LiteralString, *values: Any) -> int:
        """How many rows a statement changed."""
        return (await self.connection.execute(query, values)).rowcount

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        await self.execute_query_all_async(query, **arguments)

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        row: dict[str, Any] = await self.execute_query_one_async_with_connection(self.connection, query, **arguments)
        return row

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.execute_query_all_async_with_connection(
            self.connection, query, **arguments
        )
        return found


def read(row: Sequence[Any]) -> Delivery:
    """A row of `COLUMNS`."""
    values = dict(zip(COLUMNS.split(", "), row, strict=True))
    values["state"] = State(values["state"])
    return Delivery(**values)
