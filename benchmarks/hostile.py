"""Hostile contributors: generated pull requests, one after the other, with a bystander beside each of them.

    python -m benchmarks.fuzz --webhooks 0 --repositories 0 --hostile 500

Each is a commit of a real git repository that is listed, evaluated against its base and written about, as the server
does it, in the server's own process and threads; beside it another repository of another installation is evaluated,
whose rendering is known to nobody. Watched are: that nothing is raised but what says that it is too much, how long
the event loop stood still, the memory of this process, and when the bystander was done.
"""

from __future__ import annotations

import asyncio
import resource
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bot.formats.github import check_run
from bot.process.clock import SystemClock
from bot.process.errors import PermanentError
from bot.process.tenants import known_installation, working_for
from bot.process.threads import RepositoryThreads
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from bot.repositories.trees import Repository
from checks.policy.file import Policy, read_policy
from gitops.files.tree import Tree
from gitops.resources.rendering import Rendered
from tests.hostile import commit, pull_request
from tests.scenarios import MATCHER, application, config_map, kustomization

STALL, MEMORY, BYSTANDER = 0.1, 512 * 2**20, 10.0
_TICK = 0.005


@dataclass
class Watched:
    """What came of it. `stalls` are seconds for which the event loop stood still, by pull request."""

    ended: Counter[str] = field(default_factory=Counter)
    raised: list[str] = field(default_factory=list)
    stalls: list[float] = field(default_factory=list)
    bystanders: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    stall: float = 0.0

    async def watch(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            self.stall = max(self.stall, now - last - _TICK)
            last = now

    def told(self) -> str:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        over = sum(stall > STALL for stall in self.stalls)
        late = sum(seconds > BYSTANDER for seconds in self.bystanders)
        middle = sorted(self.stalls)[len(self.stalls) // 2]
        return (
            f"{len(self.took)} pull requests in {sum(self.took):.0f} s: {dict(self.ended)}\n"
            f"loop: longest stall {max(self.stalls) * 1000:.0f} ms, median {middle * 1000:.0f} ms, {over} over "
            f"{STALL * 1000:.0f} ms\n"
            f"memory of this process: {memory // 2**20} MB of {MEMORY // 2**20}\n"
            f"bystander: longest {max(self.bystanders):.1f} s, {late} over {BYSTANDER:.0f} s; longest pull request "
            f"{max(self.took):.1f} s"
        )


async def judge(engine: Engine, where: Path, base: str, head: str) -> str:
    """As `handlers.judging.pulls` does it; gives a word for how it ended."""
    with Repository(where) as objects, working_for("mallory"):
        known_installation(1)
        try:
            before, tree = await objects.read_tree(base), await objects.read_tree(head)
            policy = await asyncio.to_thread(read_policy, tree)
            evaluation = await evaluate(engine, tree, before, MATCHER, policy)
        except PermanentError as error:
            return type(error).__name__
        for report in evaluation.reports:
            await asyncio.to_thread(check_run.completed, evaluation, report, policy, lambda span: str(span.line))
        return "unfinished" if evaluation.unfinished else "evaluated"


async def bystander(engine: Engine, number: int) -> float:
    started = time.monotonic()
    files = {
        "apps.yaml": application("b", "b"),
        "b/kustomization.yaml": kustomization("m.yaml"),
        "b/m.yaml": config_map(f"bystander-{number}"),
    }
    tree = Tree.of({path: text.encode() for path, text in files.items()})
    with working_for("acme"):
        known_installation(2)
        evaluation = await evaluate(engine, tree, None, MATCHER, Policy())
    assert isinstance(evaluation.snapshot.states[0].rendering, Rendered)
    return time.monotonic() - started


async def run(directory: Path, count: int, seed: int, seconds: float) -> Watched:
    """Up to `count` pull requests, or as many as begin within `seconds`."""
    asyncio.get_running_loop().set_default_executor(RepositoryThreads(SystemClock()))
    engine = await Engine.start(directory / "engine")
    where = directory / "hostile.git"
    await (await asyncio.create_subprocess_exec("git", "init", "-q", "--bare", str(where))).wait()
    watched = Watched()
    watch = asyncio.create_task(watched.watch())
    base = await asyncio.to_thread(commit, where, {"README.md": ("file", b"x\n")}, [])
    begun = time.monotonic()
    for number in range(count):
        if time.monotonic() - begun > seconds:
            break
        random = Random(f"{seed}/{number}")
        head = await asyncio.to_thread(commit, where, *pull_request(random))
        watched.stall, started = 0.0, time.monotonic()
        try:
            async with asyncio.timeout(300):
                ended, beside = await asyncio.gather(judge(engine, where, base, head), bystander(engine, number))
            watched.ended[ended] += 1
            watched.bystanders.append(beside)
        except Exception:
            watched.raised.append(f"seed {seed}, pull request {number}: {traceback.format_exc()}")
        watched.stalls.append(watched.stall)
        watched.took.append(time.monotonic() - started)
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    await engine.close()
    return watched
