"""The threads of `asyncio.to_thread`: some for each repository, and some for the server itself.

A thread cannot be ended from outside. Were they one pool, a few that hang on one repository would keep everybody
waiting: webhooks, too, whose larger bodies are verified in threads. So each repository fills only its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from bot.process.clock import Clock
from bot.process.tenants import tenant

P = ParamSpec("P")
T = TypeVar("T")

_IDLE = 32  # repositories whose threads are kept although they have nothing to do


@dataclass(slots=True, eq=False)
class _Pool:
    executor: ThreadPoolExecutor
    threads: int
    running: dict[int, float] = field(default_factory=dict)  # ticket -> since when
    waiting: dict[int, float] = field(default_factory=dict)


class RepositoryThreads(ThreadPoolExecutor):
    """An event loop's default executor (`asyncio.to_thread`), with `each` threads for every repository that
    `bot.process.tenants` names and `own` for the server's work. `limit`: seconds that nothing should take."""

    def __init__(self, clock: Clock, *, each: int = 2, own: int = 8, limit: float = 600.0) -> None:
        super().__init__(1)
        self._clock = clock
        self._each, self._own, self._limit = each, own, limit
        self._pools: dict[str, _Pool] = {}
        self._guard = threading.Lock()
        self._tickets = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        who = tenant().repository
        with self._guard:
            pool = self._pools.get(who)
            if pool is None:
                self._forget_idle()
                threads = self._each if who else self._own
                pool = self._pools[who] = _Pool(ThreadPoolExecutor(threads, f"threads {who}".strip()), threads)
            self._tickets += 1
            ticket = self._tickets
            pool.waiting[ticket] = self._clock.now()

        def work() -> T:
            with self._guard:
                pool.waiting.pop(ticket, None)
                pool.running[ticket] = self._clock.now()
            return fn(*args, **kwargs)

        def ended(_future: Future[T]) -> None:
            with self._guard:
                pool.waiting.pop(ticket, None)
                pool.running.pop(ticket, None)

        future = pool.executor.submit(work)
        future.add_done_callback(ended)
        return future

    def problem(self) -> str | None:
        """For /readyz: that the server's own work waits for threads that do not come free; None when it does not."""
        now = self._clock.now()
        with self._guard:
            pool = self._pools.get("")
            if pool is None or len(pool.running) < pool.threads or not pool.waiting:
                return None
            longest = now - min(pool.waiting.values())
        if longest <= self._limit / 20:
            return None
        return f"the server's own work has waited for a thread for {longest:.0f} s"

    def stuck(self) -> int:
        """How many threads have been at work for longer than anything should take."""
        now = self._clock.now()
        with self._guard:
            return sum(now - since > self._limit for pool in self._pools.values() for since in pool.running.values())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._guard:
            pools = list(self._pools.values())
        for pool in pools:
            pool.executor.shutdown(wait, cancel_futures=cancel_futures)
        super().shutdown(wait, cancel_futures=cancel_futures)

    def _forget_idle(self) -> None:
        idle: list[tuple[str, Any]] = [
            (who, pool) for who, pool in self._pools.items() if who and not pool.running and not pool.waiting
        ]
        for who, pool in idle[: max(0, len(idle) - _IDLE)]:
            del self._pools[who]
            pool.executor.shutdown(wait=False)
