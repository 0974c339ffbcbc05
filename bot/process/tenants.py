"""For whom work is done: the installation and the repository, known in every task and thread of a run.

As with the delivery in log lines (`bot.process.logs`), whoever shares something out among repositories need not be
told by everybody in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tenant:
    """`repository` is '' for the server's own work; `installation` 0 while nobody has looked."""

    installation: int = 0
    repository: str = ""


_SERVER = Tenant()
_current: ContextVar[Tenant] = ContextVar("tenant", default=_SERVER)


def tenant() -> Tenant:
    """For whom the running task or thread works."""
    return _current.get()


@contextmanager
def working_for(repository: str) -> Iterator[None]:
    """Everything inside is done for this repository (the lane of a delivery)."""
    token = _current.set(Tenant(0, repository))
    try:
        yield
    finally:
        _current.reset(token)


def known_installation(installation: int) -> None:
    """The rest of this task is done for this installation."""
    _current.set(Tenant(installation, _current.get().repository))
