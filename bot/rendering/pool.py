"""Workers, each for one repository at a time, started as they are needed and replaced as they end.

A worker that has read one repository's files never gets another one's: what its memory holds belongs to whom it
answers. So a switch costs a start, a tenth of a second.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from bot.process.tenants import Tenant, tenant
from bot.rendering.sandbox import RenderTimeout, RenderTooLarge
from bot.rendering.worker import Worker, WorkerDied

RENEWED = 2_000  # requests after which a worker is replaced
GROWN = 400 * 2**20  # bytes of memory of an idle worker that is replaced
GRACE = 5.0  # seconds that the engine has to tell by itself that it took too long


class Job(Protocol):
    """A request, and the blobs of its files."""

    @property
    def request(self) -> Mapping[str, Any]: ...

    def missing(self, known: set[str]) -> list[tuple[str, bytes]]:
        """The blobs that are not known yet; blocking."""
        ...


class Pool:
    """At most `size` workers; `start` makes one (blocking) and may raise `OSError`. Whoever asks holds one of as many
    turns, so that there is always one to be had."""

    def __init__(self, start: Callable[[], Worker], size: int, seconds: float) -> None:
        self._start = start
        self._size = size
        self._seconds = seconds
        self._idle: list[tuple[Tenant, Worker]] = []  # the one used last comes last
        self._alive = 0
        # Of our own: workers die with the thread that started them, and nobody else's work waits for an answer.
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="renderer")
        self.started = 0

    async def ask(self, job: Job) -> dict[str, Any]:
        """The answer of a worker. Raises `WorkerDied` where two ended over it, `RenderTimeout`, `RenderTooLarge`,
        `OSError` where none can be started, and what `job.missing` raises."""
        try:
            return await self._once(job)
        except WorkerDied:
            return await self._once(job)  # it may have been killed for another reason; a second time it was not

    async def _once(self, job: Job) -> dict[str, Any]:
        who = tenant()
        worker = await self._take(who)
        kept = False
        try:
            answer = await self._answered(worker, job)
            kept = not answer.get("last") and worker.requests < RENEWED and worker.resident < GROWN
            return answer
        finally:
            if kept:
                self._idle.append((who, worker))
            else:
                self._alive -= 1
                await asyncio.shield(self._run(worker.end))

    async def _answered(self, worker: Worker, job: Job) -> dict[str, Any]:
        for _ in range(3):  # blobs that it has dropped are sent again
            blobs = await asyncio.to_thread(job.missing, worker.known)
            asking = self._run(partial(worker.ask, blobs, job.request))
            try:
                async with asyncio.timeout(self._seconds + GRACE):
                    answer: dict[str, Any] = await asyncio.shield(asking)
            except TimeoutError:
                await self._give_up(worker, asking)
                raise RenderTimeout(f"the renderer did not end within {self._seconds:g} s") from None
            except asyncio.CancelledError:
                await asyncio.shield(self._give_up(worker, asking))
                raise
            if (answer.get("error") or {}).get("code") != "missing-blobs":
                return answer
        raise WorkerDied("it drops what it is sent")

    async def _give_up(self, worker: Worker, asking: asyncio.Future[Any]) -> None:
        await asyncio.to_thread(worker.end)  # the thread that asks is busy until then
        with contextlib.suppress(WorkerDied, RenderTooLarge):
            await asking

    async def _take(self, who: Tenant) -> Worker:
        for index in range(len(self._idle) - 1, -1, -1):
            if self._idle[index][0].repository == who.repository:
                return self._idle.pop(index)[1]
        self._alive += 1
        try:
            if self._alive > self._size and self._idle:
                _, other = self._idle.pop(0)
                self._alive -= 1
                await self._run(other.end)
            self.started += 1
            starting = self._run(self._start)
            try:
                return await asyncio.shield(starting)
            except asyncio.CancelledError:
                starting.add_done_callback(_end_late)
                raise
        except BaseException:
            self._alive -= 1
            raise

    def _run(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def close(self) -> None:
        """End those that are idle; those that are asked end with whoever asks."""
        idle, self._idle = self._idle, []
        self._alive -= len(idle)
        await asyncio.gather(*(self._run(worker.end) for _, worker in idle))
        self._threads.shutdown(wait=False)


def _end_late(starting: asyncio.Future[Worker]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.get_loop().run_in_executor(None, starting.result().end)
