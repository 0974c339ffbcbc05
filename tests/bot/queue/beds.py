"""A database for one test, of either kind, whose time the test moves."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path

import psycopg

from bot.queue.deliveries import DeliveryStore
from bot.queue.postgresql.store import PostgresqlStore
from bot.queue.sqlite.store import SqliteStore
from tests.bot.queue.samples import NOW
from tests.postgresql import PostgresqlServer


class Bed(ABC):
    """What the stores of one database have in common. `open` gives a server's store, ready to take."""

    url: str

    def __init__(self) -> None:
        self._opened: list[DeliveryStore] = []

    async def open(self) -> DeliveryStore:
        store = await self._open()
        self._opened.append(store)
        await store.recover()
        return store

    async def close(self) -> None:
        for store in self._opened:
            await store.close()

    @abstractmethod
    async def _open(self) -> DeliveryStore: ...

    @abstractmethod
    def now(self) -> float: ...

    @abstractmethod
    async def later(self, seconds: float) -> None:
        """Let time pass."""


class SqliteBed(Bed):
    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.path = directory / "argofix.db"
        self.url = f"sqlite:///{self.path}"
        self._time = NOW

    async def _open(self) -> DeliveryStore:
        return SqliteStore(self.path)

    def now(self) -> float:
        return self._time

    async def later(self, seconds: float) -> None:
        self._time += seconds


class PostgresqlBed(Bed):
    """The database has a clock of its own: instead of that, everything in it is moved into the past."""

    def __init__(self, server: PostgresqlServer) -> None:
        super().__init__()
        self.server = server
        self.url = server.database()

    async def _open(self) -> DeliveryStore:
        return await PostgresqlStore.open(self.url)

    def now(self) -> float:
        return time.time()

    async def later(self, seconds: float) -> None:
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            for table, column, amount in (
                ("procrastinate_jobs", "scheduled_at", "make_interval(secs => %s)"),
                ("procrastinate_workers", "last_heartbeat", "make_interval(secs => %s)"),
                ("argofix_deliveries", "not_before", "%s"),
                ("argofix_deliveries", "received_at", "%s"),
                ("argofix_deliveries", "finished_at", "%s"),
            ):
                await connection.execute(f"UPDATE {table} SET {column} = {column} - {amount}", (seconds,))
