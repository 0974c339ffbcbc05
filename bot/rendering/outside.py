"""What is outside, as the engine asks for it: who answers, and how it is told that an answer is another one today."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot.process.errors import TemporaryError
from gitops.files.effort import Effort
from gitops.outside.answers import identity
from gitops.outside.found import ChartFound, Found, Missing, RepositoryFound
from gitops.outside.wanted import Wanted


class OutsideBroke(TemporaryError):
    """A file of another repository could not be had when it was read. From now on that repository is missing."""


class Outside(Protocol):
    """Answers what one evaluation asks for. Never raises for what a host does."""

    async def __call__(self, wanted: Wanted) -> Found: ...

    def of_the_base(self) -> AbstractContextManager[None]:
        """What is asked for inside stands in what can be trusted."""
        ...


class Nowhere:
    """Nothing is fetched: for tests, and for what asks for nothing."""

    async def __call__(self, wanted: Wanted) -> Found:
        return Missing("")

    @contextmanager
    def of_the_base(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class Answering:
    """What one piece of work asks for, and what that was."""

    outside: Outside
    seen: dict[Wanted, str] = field(default_factory=dict)
    by_chance: list[str] = field(default_factory=list)  # why what is missing may be there the next time
    # Its own, and not that of whoever asks: a snapshot is remembered beyond the evaluation that made it.
    _effort: Effort = field(default_factory=Effort)

    async def to(self, wanted: Sequence[Wanted]) -> Mapping[str, Found]:
        """By fingerprint."""
        found = await asyncio.gather(*(self.outside(one) for one in wanted))
        for one, answer in zip(wanted, found, strict=True):
            self.seen[one] = identity(answer)
            if isinstance(answer, Missing) and answer.transient:
                self.by_chance.append(answer.reason)
        return {one.fingerprint: self._charged(answer) for one, answer in zip(wanted, found, strict=True)}

    def _charged(self, found: Found) -> Found:
        if isinstance(found, RepositoryFound | ChartFound):
            return replace(found, tree=found.tree.charged_to(self._effort))
        return found


async def as_before(outside: Outside, seen: Mapping[Wanted, str]) -> bool:
    """Whether everything that was asked for is answered as it was."""
    found = await asyncio.gather(*(outside(one) for one in seen))
    return all(identity(answer) == before for answer, before in zip(found, seen.values(), strict=True))
