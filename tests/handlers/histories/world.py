"""One repository at GitHub, a server that looks after it, and what has to be true whatever people do.

A head may be merged when its required check passes. What it says is old news for a moment after each change, so the
gate is held against every verdict that was right since things were quiet last: one of them must let it pass. When
things are quiet, that is the verdict of now.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.queue.deliveries import State
from tests.github import Fault, Installation, PullRequest, Repository, SimulatedGitHub, User
from tests.github.faults import Effect
from tests.github.protection import Protection
from tests.github.queue import MergeQueue
from tests.handlers.conftest import GATE, Bot, Gate
from tests.handlers.histories.oracle import Oracle, beginning

REQUIRED = frozenset({GATE})
GIVING_WAY = frozenset({"git/create-ref", "git/update-ref", "git/delete-ref", "pulls/create", "pulls/update"})
TELLING = frozenset({"checks/create", "checks/update"})
MARK = re.compile(r"<!-- argofix:(?:sync-order|changes|dashboard|answer:\S+|fix:\S+) -->")
# Seconds that one fault may cost: what GitHub asks for, or the back-off before the next attempt.
A_FAULT = 30.0
FOR_EVER = 4000.0  # what sleeps longer is no work that waits (`QuickClock`)


@dataclass
class World:
    """`possible`: of each head, whether merging it brought an error, at any time since things were quiet last."""

    github: SimulatedGitHub
    server: Bot
    repo: Repository
    installation: Installation
    user: User
    queue: MergeQueue
    oracle: Oracle
    protection: Protection
    possible: dict[str, set[bool | None]] = field(default_factory=dict)
    traps: list[Fault] = field(default_factory=list)
    down: bool = False
    lost: bool = False
    wrong: list[str] = field(default_factory=list)
    broken: list[Fault] = field(default_factory=list)

    @classmethod
    async def begin(cls, github: SimulatedGitHub, server: Bot, number: int) -> World:
        name = f"acme/platform-{number}"
        repo = github.repository(name, beginning(name))
        repo.push("next", {"next.txt": "next\n"})
        installation = github.install(repo)
        world = cls(
            github,
            server,
            repo,
            installation,
            github.user("alice"),
            MergeQueue(repo, REQUIRED),
            Oracle(repo),
            Protection(REQUIRED),
        )
        github.watch = world.watch
        await server.idle()
        server.clock.slept.clear()
        return world

    # What GitHub would let be merged

    def heads(self) -> Iterator[tuple[str, str, str]]:
        """(label, base, head) of whatever could be merged by a button or by the queue."""
        for pull in self.repo.pulls:
            if pull.open:
                yield f"#{pull.number} into {pull.base_branch}", pull.base_tip, pull.head_sha
        for group in self.queue.groups:
            yield f"group of #{group.pull.number}", group.base_sha, group.head_sha

    def verdicts(self) -> dict[str, bool | None]:
        """Of each head the worst of all that it stands for."""
        found: dict[str, bool | None] = {}
        for _, base, head in self.heads():
            brings = self.oracle.brings_error(base, head)
            if head not in found or brings or (brings is None and not found[head]):
                found[head] = brings
        return found

    def changed(self) -> None:
        """Something was done that may change what merging would give."""
        for head, verdict in self.verdicts().items():
            self.possible.setdefault(head, set()).add(verdict)
        self.look_at_gate("after a change")

    def watch(self, operation: str | None) -> None:
        """Called by the simulation after each request."""
        if operation in GIVING_WAY:
            self.changed()
        elif operation in TELLING:
            self.look_at_gate("after a check run was written")

    def look_at_gate(self, when: str) -> None:
        for label, _, head in self.heads():
            if self.protection.passes(self.repo, head) and self.possible.get(head, {False}) == {True}:
                self.wrong.append(f"{when}: {label} ({head[:7]}) could be merged and brings an error")

    # Kills

    async def kill(self) -> None:
        """End the server as `kill -9` does: nothing is written into its store any more."""
        assert self.server.running is not None

        async def dead(*_: object, **__: object) -> None:
            raise asyncio.CancelledError

        store = self.server.running.worker.store
        for name in ("finish", "give_back"):
            setattr(store, name, dead)
        await self.server.kill()
        self.down = True

    async def revive(self) -> None:
        """Start it again, and wait until it has begun to look for what it missed."""
        if not self.down:
            return
        self.down = False
        begun = self.server.clock.now()
        await self.server.start()
        assert self.server.running is not None
        store = self.server.running.worker.store
        while not any(  # noqa: ASYNC110 - the store announces nothing
            each.id.startswith("reconcile/start/") and each.received_at >= begun
            for each in await store.listed(list(State), 30)
        ):
            await asyncio.sleep(0.01)

    def trap(self, requests: int, acts: bool) -> None:
        """Have the server killed at the n-th request from now, before GitHub acts on it or after."""
        effect = Effect(gate=Gate(), acts=acts, drop=True)
        self.traps.append(Fault(effect, skip=requests))
        self.github.faults.insert(0, self.traps[-1])

    async def quiet(self) -> None:
        """Let the server work until nothing is left to do; whoever is killed meanwhile comes back."""
        await self.revive()
        while True:
            idle = asyncio.create_task(self.server.idle())
            reached = {asyncio.create_task(_reached(trap)): trap for trap in self.traps}
            try:
                await asyncio.wait((idle, *reached), return_when=asyncio.FIRST_COMPLETED)
            finally:
                ended = [trap for task, trap in reached.items() if task.done()]
                for task in (idle, *reached):
                    task.cancel()
                await asyncio.gather(idle, *reached, return_exceptions=True)
            if not ended:
                return
            await self.kill()
            for trap in ended:
                self.traps.remove(trap)
                self.github.faults.remove(trap)
                assert trap.effect.gate is not None
                trap.effect.gate.set()
            await self.revive()

    async def settled(self) -> None:
        """Wait until it is quiet, and look at everything."""
        self.github.release_webhooks()
        await self.quiet()
        for trap in self.traps:
            self.github.faults.remove(trap)
        self.traps.clear()
        if self.lost:  # what the schedule does a few times an hour
            self.lost = False
            await self.kill()
            await self.quiet()
        verdicts = self.verdicts()
        self.possible = {head: {verdict} for head, verdict in verdicts.items()}
        self.look_at_gate("quiet")
        self.wrong += [*self._unanswered(), *self._twice(), *self._late()]

    # What is wrong with what GitHub shows

    def _unanswered(self) -> list[str]:
        wrong = []
        for label, _, head in self.heads():
            run = self.repo.checks(head).get(GATE)
            if run is None:
                wrong.append(f"{label} ({head[:7]}) has no check run `{GATE}`")
            elif run.status == "completed" and self.possible[head] == {False} and run.conclusion != "success":
                wrong.append(f"{label} ({head[:7]}) is well and shown as {run.conclusion}: {run.title}")
        for run in self.repo.check_runs.values():
            if run.status != "completed":
                wrong.append(f"{run.name} on {run.head_sha[:7]} is {run.status} for ever")
        return wrong

    def _twice(self) -> Iterator[str]:
        latest: dict[tuple[str, str], str] = {}
        for run in self.repo.check_runs.values():
            of = (run.head_sha[:7], run.name)
            if run.external_id and latest.get(of) == run.external_id:
                yield f"{run.name} on {of[0]} is there twice for the same evaluation"
            latest[of] = run.external_id
        for pull in self.repo.pulls:
            marks = Counter(mark for comment in pull.issue.comments for mark in MARK.findall(comment.body))
            yield from (f"#{pull.number} has {mark} {count} times" for mark, count in marks.items() if count > 1)
        fixes = Counter(
            (pull.base_branch, mark)
            for pull in self.repo.pulls
            if pull.open and pull.issue.user == self.github.app.bot
            for mark in MARK.findall(pull.issue.body or "")
        )
        yield from (f"{mark} into {base} is open {count} times" for (base, mark), count in fixes.items() if count > 1)

    def _late(self) -> Iterator[str]:
        """Work waits for nothing but what GitHub refuses or fails to answer: the clock moves for nobody else."""
        slept = [seconds for seconds in self.server.clock.slept if 0 < seconds < FOR_EVER]
        hits = sum(fault.hits for fault in self.broken)
        if sum(slept) > A_FAULT * hits:
            yield f"the server waited for {sum(slept):.0f} s for {hits} faults"

    async def end(self) -> None:
        """Leave nothing behind that the next history would meet."""
        self.github.faults.clear()
        self.github.watch = None
        await self.revive()
        self.github.uninstall(self.installation)
        await self.server.idle()
        self.github.delete_repository(self.repo)
        self.github.deliveries.clear()
        self.github.requests.clear()


async def _reached(trap: Fault) -> None:
    assert isinstance(trap.effect.gate, Gate)
    await trap.effect.gate.reached()


def pulls(world: World, *, open: bool = True) -> list[PullRequest]:
    """Those of people, oldest first."""
    mine = [pull for pull in world.repo.pulls if pull.issue.user == world.user and pull.open is open]
    return sorted(mine, key=lambda pull: pull.number)
