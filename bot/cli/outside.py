"""What is outside of the checkout, as the command line fetches it: with what its user has set up, when something is
asked for. Most checks ask for nothing, and then nothing is opened."""

from __future__ import annotations

import asyncio
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.checkout import CannotRun, remotes
from gitops.outside.found import Found
from gitops.outside.wanted import Wanted

if TYPE_CHECKING:
    from bot.fetching.fetcher import Fetching
    from bot.fetching.personal import Person


@dataclass(slots=True)
class FromHere:
    """For `bot.rendering.outside.Outside`. `offline` fetches nothing, and answers with what was fetched before."""

    directory: Path
    checkout: Path
    offline: bool = False
    _person: Person | None = None
    _fetching: Fetching | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, wanted: Wanted) -> Found:
        async with self._turn:
            if self._fetching is None:
                self._fetching = await self._open()
        return await self._fetching(wanted)

    def of_the_base(self) -> AbstractContextManager[None]:
        return nullcontext()  # whoever runs us may ask anybody

    async def _open(self) -> Fetching:
        from bot.fetching.hosts import NoHosts
        from bot.fetching.personal import Person

        try:
            self._person = await Person.open(self.directory, os.environ, remotes(self.checkout), self.offline)
        except NoHosts as error:
            raise CannotRun(f"ARGOFIX_FETCH_HOSTS: {error}") from None
        return await self._person.fetching().__aenter__()

    async def close(self) -> None:
        if self._fetching is not None:
            await self._fetching.__aexit__(None, None, None)
        if self._person is not None:
            await self._person.fetcher.close()
