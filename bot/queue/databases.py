"""Which store a database URL stands for."""

from __future__ import annotations

from pathlib import Path

from bot.process.exclusive import StateDirectoryInUse
from bot.queue.deliveries import DeliveryStore, StoreUnavailable
from bot.queue.sqlite.store import SqliteStore

SQLITE = "sqlite:///"


async def open_store(url: str, *, alone: bool = False, make: bool = False) -> DeliveryStore:
    """Open the deliveries behind `sqlite:///PATH` or `postgresql://...`.

    `make` what is missing; without it, a database that has no deliveries is refused. `alone`: no server may use it,
    and none can start on an SQLite file meanwhile. Raises `StoreUnavailable` and `StateDirectoryInUse`.
    """
    if url.startswith(SQLITE):
        return _sqlite(Path(url.removeprefix(SQLITE)), alone=alone, make=make)
    # Not before it is needed: the driver takes memory and time that SQLite's users can save.
    from bot.queue.postgresql.store import PostgresqlStore

    store = await PostgresqlStore.open(url, create=make)
    if alone and (others := await store.servers()):
        await store.close()
        raise StateDirectoryInUse(
            f"{others} argofix server(s) gave a sign of life in this database lately; stop them, or wait until one "
            "that was killed counts as dead (20 seconds)"
        )
    return store


def _sqlite(path: Path, *, alone: bool, make: bool) -> SqliteStore:
    if not make and not path.exists():
        raise StoreUnavailable(f"there is no database {path}")
    return SqliteStore(path, exclusive=alone)
