"""What the queue bears: webhooks stored and answered while work goes on, a backlog, and memory.

python -m benchmarks.deliveries                         SQLite, then PostgreSQL (a server of its own is started)
python -m benchmarks.deliveries --database sqlite

The real webhook, worker and store in a process of their own, on a disk that is waited for; the handler only waits for
5 ms. 50 clients on the same machine send signed webhooks of 8 KB for 200 repositories, each as soon as its last one
was answered.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from uuid import uuid4

from bot.process.clock import SystemClock
from bot.process.metrics import Metrics
from bot.queue.databases import SQLITE, open_store
from bot.queue.deliveries import Delivery, DeliveryStore, State
from bot.server.context import Context, Services
from bot.server.http import application, listening
from bot.server.operator_faults import OperatorFaults
from bot.server.webhook import Webhook
from bot.server.worker import Limits, Worker
from tests.bot.payloads import pull_request
from tests.postgresql import postgresql

SECRET = "benchmark"
CLIENTS = 50
REPOSITORIES = 200
WORKERS = 16


def say(name: str, value: str) -> None:
    print(f"{name:<58} {value}", flush=True)


async def serve(url: str) -> None:
    """The process that is measured. Prints its port; SIGUSR1 makes it work, SIGUSR2 makes it rest."""
    store = await open_store(url, alone=url.startswith(SQLITE), make=True)
    clock, metrics = SystemClock(), Metrics()

    async def handle(delivery: Delivery, context: Context) -> None:
        await asyncio.sleep(0.005)

    def worker() -> Worker:
        limits = Limits(concurrency=WORKERS)
        return Worker(store, {"pull_request": handle}, clock, metrics, lambda: cast(Services, None), limits)

    working: list[tuple[Worker, asyncio.Task[None]]] = []
    resting = worker()

    async def accept(delivery: Delivery) -> object:
        return await (working[0][0] if working else resting).accept(delivery)

    def work() -> None:
        each = worker()
        working.append((each, asyncio.create_task(each.run())))

    async def rest() -> None:
        each, task = working.pop()
        await each.stop()
        await task

    tasks: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, work)
    loop.add_signal_handler(signal.SIGUSR2, lambda: tasks.add(asyncio.create_task(rest())))
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    webhook = Webhook(SECRET, accept, {"pull_request"}, clock, metrics)  # type: ignore[arg-type]
    async with listening(application(webhook, metrics, {}, OperatorFaults()), "127.0.0.1", 0) as port:
        print(port, flush=True)
        await stop.wait()
        if working:
            await rest()
    await store.close()


@dataclass
class Load:
    """50 clients with a connection each."""

    port: int
    bodies: list[tuple[bytes, str]] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        for repo in range(REPOSITORIES):
            payload = pull_request("labeled", repo=repo + 1) | {"padding": "x" * 6500}
            body = json.dumps(payload).encode()
            self.bodies.append((body, hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()))

    async def send(self, count: int) -> tuple[float, list[float]]:
        """Seconds for all, and the seconds of each."""
        left = iter(range(count))
        times: list[float] = []
        begun = time.perf_counter()
        await asyncio.gather(*(self._client(left, times) for _ in range(CLIENTS)))
        return time.perf_counter() - begun, sorted(times)

    async def _client(self, left: Iterator[int], times: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for _ in left:
            self.sent += 1
            body, signature = self.bodies[self.sent % REPOSITORIES]
            head = (
                "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                "X-GitHub-Event: pull_request\r\n"
                f"X-GitHub-Delivery: {uuid4()}\r\nX-Hub-Signature-256: sha256={signature}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            begun = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            times.append(time.perf_counter() - begun)
            if not answer.startswith(b"HTTP/1.1 202"):
                raise SystemExit(f"a webhook was refused: {answer!r}")
        writer.close()


async def drained(store: DeliveryStore) -> None:
    while True:
        counts = await store.counts()
        if not counts[State.QUEUED] and not counts[State.RUNNING]:
            return
        await asyncio.sleep(0.1)


def memory(process: int) -> int:
    """Megabytes that a process has in memory."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    raise SystemExit("the server has ended")


async def measure(url: str, scale: float) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.deliveries", "--serve", url, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    load = Load(int(await server.stdout.readline()))
    store = await open_store(url)
    try:
        server.send_signal(signal.SIGUSR1)
        await load.send(int(1_000 * scale))  # warm
        seconds, times = await load.send(int(14_000 * scale))
        say("stored and answered while work goes on", f"{len(times) / seconds:.0f}/s")
        p50, p99 = times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000
        say("answer time, p50 / p99 / longest", f"{p50:.0f} / {p99:.0f} / {times[-1] * 1000:.0f} ms")
        begun = time.perf_counter()
        await drained(store)
        say("  what was left of it was done after", f"{time.perf_counter() - begun:.1f} s")
        first = memory(server.pid)
        server.send_signal(signal.SIGUSR2)
        await asyncio.sleep(0.5)
        seconds, times = await load.send(int(10_000 * scale))
        say("stored and answered at rest", f"{len(times) / seconds:.0f}/s")
        begun = time.perf_counter()
        server.send_signal(signal.SIGUSR1)
        await drained(store)
        seconds = time.perf_counter() - begun
        say(f"backlog of {len(times)} drained", f"{seconds:.1f} s, {len(times) / seconds:.0f}/s")
        await load.send(int(25_000 * scale))
        await drained(store)
        say(f"memory after {int(15_000 * scale)} / {load.sent} deliveries", f"{first} / {memory(server.pid)} MB")
        if (counts := await store.counts()) != {**dict.fromkeys(State, 0), State.DONE: load.sent}:
            raise SystemExit(f"not all were done: {counts}")
    finally:
        await store.close()
        with contextlib.suppress(ProcessLookupError):
            server.terminate()
        await server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of deliveries (1.0: 50,000 in all)")
    parser.add_argument("--serve", metavar="URL", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.serve))
        return
    say("processors / load of the last minute", f"{os.cpu_count()} / {os.getloadavg()[0]:.2f}")
    if arguments.database != "postgresql":
        print("SQLite")
        with tempfile.TemporaryDirectory(prefix="argofix-bench-") as scratch:
            asyncio.run(measure(f"sqlite:///{scratch}/argofix.db", arguments.scale))
    if arguments.database != "sqlite":
        print("PostgreSQL")
        with postgresql(durable=True) as server:
            asyncio.run(measure(server.database(), arguments.scale))


if __name__ == "__main__":
    main()
