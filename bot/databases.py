"""Which store a database URL stands for."""

from __future__ import annotations

from pathlib import Path

from bot.deliveries import DeliveryStore, StoreUnavailable
from bot.sqlite_store import SqliteStore

SQLITE = "sqlite:///"


async def open_store(url: str, *, serving: bool) -> DeliveryStore:
    """Open the deliveries behind `sqlite:///PATH` or `postgresql://...`.

    A server (`serving`) makes what is missing, and has an SQLite file for itself. Anybody else reads and writes
    beside it, and is refused where there are no deliveries yet. Raises `StoreUnavailable` and
    `bot.exclusive.StateDirectoryInUse`.
    """
    if url.startswith(SQLITE):
        return _sqlite(Path(url.removeprefix(SQLITE)), serving)
    # Not before it is needed: the driver takes memory and time that SQLite's users can save.
    from bot.postgresql.store import PostgresqlStore

    return await PostgresqlStore.open(url, create=serving)


def _sqlite(path: Path, serving: bool) -> SqliteStore:
    if not serving and not path.exists():
        raise StoreUnavailable(f"there is no database {path}")
    return SqliteStore(path, exclusive=serving)
