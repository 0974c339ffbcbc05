"""Whose Applications read which other repositories: kept where the deliveries are, so that it outlives the server."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class User:
    """A repository whose Applications read another one; `name` is what it was called then."""

    repository: int
    name: str


class UsesStore(Protocol):
    """Repositories that are read are told by `gitops.applications.repositories.identity_of`. Raises
    `bot.queue.deliveries.StoreUnavailable`."""

    async def keep_uses(self, installation: int, user: User, used: Collection[str]) -> None:
        """What the default branch of `user` makes Argo CD read, in place of what it was before."""
        ...

    async def users_of(self, installation: int, used: str, most: int) -> Sequence[User]:
        """Repositories of the installation whose Applications read this one, by id."""
        ...
