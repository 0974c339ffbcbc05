"""One thing at a time for everybody who wants the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Once(Generic[T]):
    """Work that is under way, by name. It ends when nobody waits for it any more, and not when the first who asked
    gives up."""

    _running: dict[str, _Shared[T]] = field(default_factory=dict)

    async def do(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` gives; whoever asks for the same meanwhile gets the same."""
        shared = self._running.get(name)
        if shared is None:
            shared = self._running[name] = _Shared(asyncio.create_task(work()))
        shared.waiting += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if (shared.task.done() or not shared.waiting) and self._running.get(name) is shared:
                del self._running[name]
            if not shared.waiting and not shared.task.done():
                shared.task.cancel()

    async def close(self) -> None:
        tasks = [shared.task for shared in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True, eq=False)
class _Shared(Generic[T]):
    task: asyncio.Task[T]
    waiting: int = 0
