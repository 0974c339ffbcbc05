"""The real server beside a simulated GitHub: webhooks in, what GitHub then shows out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

import bot.queue.waiting
import bot.server.app
from bot.queue.deliveries import State
from bot.server.app import Running, serve
from bot.server.settings import Settings
from checks.registry import rules
from demo.story import BEFORE, PROPOSED
from tests.github import File, PullRequest, Repository, SimulatedGitHub, User, auth
from tests.quay import SimulatedQuay

if TYPE_CHECKING:
    from tests.handlers.bumping import World

Contents = dict[str, bytes | str | File | None]

GATE = "argofix"
CHECKS = {rule.check_name for rule in rules() if not rule.quiet} | {GATE}  # what each head has
OWNERSHIP = "argofix / ownership"
SYNC_ORDER = "argofix / sync-order"
CHANGES = "argofix / changes"
TOLD = CHECKS | {CHANGES}  # what a head has that changes something
PASSED = dict.fromkeys(CHECKS, "success")
FAILED = PASSED | {OWNERSHIP: "failure", GATE: "failure"}
KUSTOMIZATION = "apps/api-backend/kustomization.yaml"
GOOD: Contents = {KUSTOMIZATION: BEFORE[KUSTOMIZATION]}


@dataclass
class QuickClock:
    """Real time, moved on by every sleep: a retry in ten seconds comes at once. GitHub lives by it too."""

    offset: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return time.time() + self.offset

    def time(self) -> float:
        """As the module `time` has it."""
        return self.now()

    def date(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds > 4000:  # nothing in a test waits that long for its own sake
            await asyncio.Event().wait()
        self.offset += max(0.0, seconds)
        await asyncio.sleep(0)


class SteadyClock(QuickClock):
    """Real time as it is, for servers that show each other that they live."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Gate(asyncio.Event):
    """For `faults.held`: tells when a request has come to it."""

    def __init__(self) -> None:
        super().__init__()
        self._reached = asyncio.Event()

    async def wait(self) -> Literal[True]:
        self._reached.set()
        return await super().wait()

    async def reached(self) -> None:
        async with asyncio.timeout(20):
            await self._reached.wait()


@dataclass
class Bot:
    """A running server; `restart` ends it as `kill` would end it (nothing is drained) and starts another one."""

    github: SimulatedGitHub
    state: Path
    clock: QuickClock = field(default_factory=QuickClock)
    running: Running | None = None
    webhook_secret: str | None = None  # None: the one that GitHub signs with
    reconcile_interval: float = 0  # only where a test is about it: the clock leaps
    poll_interval: float = 0
    quay_url: str = "http://127.0.0.1:9"
    charts_url: str = "http://127.0.0.1:9"
    bumps_per_hour: int = 5
    kubeconfig: str = ""  # clusters are asked only where a test is about them
    public_url: str = ""  # where browsers would reach it
    database_url: str = ""  # else a file in its state directory
    fetch_hosts: frozenset[str] = frozenset()
    known: Path | None = None  # an engine's directory, whose renderings and findings about this machine it shares
    _task: asyncio.Task[None] | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def _share(self) -> None:
        """Like a server with a volume: probing the renderer and rendering the same files again tests nothing new."""
        assert self.known is not None
        (self.state / "scratch").mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state.chmod(0o700)
        for path in self.known.glob("scratch/engine*"):
            (self.state / "scratch" / path.name).hardlink_to(path)
        for path in (*self.known.glob("renderings-*.sqlite"), self.known / "redaction.key"):
            (self.state / path.name).symlink_to(path)

    async def start(self) -> None:
        if self.known is not None and not self.state.exists():
            self._share()
        settings = Settings(
            app_id=self.github.app.id,
            private_key=self.github.app.private_key,
            webhook_secret=self.webhook_secret or self.github.app.webhook_secret,
            api_url=self.github.api_url,
            state_dir=self.state,
            database_url=self.database_url or f"sqlite:///{self.state / 'argofix.db'}",
            host="127.0.0.1",
            port=0,
            public_url=self.public_url,
            poll_interval=self.poll_interval,
            quay_url=self.quay_url,
            charts_url=self.charts_url,
            bumps_per_hour=self.bumps_per_hour,
            reconcile_interval=self.reconcile_interval,
            cluster=bool(self.kubeconfig),
            kubeconfig=self.kubeconfig,
            fetch_hosts=self.fetch_hosts,
        )
        ready: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(serve(settings, stop=self._stop, started=ready.set_result, clock=self.clock))
        await asyncio.wait((self._task, ready), return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            self._task.result()
        self.running = await ready
        self.github.app.webhook_url = f"http://127.0.0.1:{self.running.port}/webhook"

    async def kill(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def dead(self) -> list[str]:
        """Why deliveries were given up, the newest first."""
        assert self.running is not None
        return [delivery.result for delivery in await self.running.worker.store.listed([State.DEAD])]

    async def stop(self) -> None:
        self._stop.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def idle(self) -> None:
        """Wait until every webhook is answered and every delivery is worked off."""
        assert self.running is not None
        worker = self.running.worker
        while True:
            await self.github.settle()
            counts = await worker.store.counts()
            if not worker.running and not any(counts.get(s, 0) for s in counts if s.value in ("queued", "running")):
                await self.github.settle()
                if not worker.running:
                    return
            await asyncio.sleep(0.01)  # polled, since an end of work has no event of its own


@pytest.fixture
async def github() -> AsyncIterator[SimulatedGitHub]:
    async with SimulatedGitHub() as simulation:
        yield simulation
        simulation.assert_no_violations()


@pytest.fixture
async def bot_(
    github: SimulatedGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probed: Path
) -> AsyncIterator[Bot]:
    monkeypatch.setattr(bot.server.app, "HOUSEKEEPING", 1e6)
    monkeypatch.setattr(bot.queue.waiting, "PATIENCE", 1e6)
    server = Bot(github, tmp_path / "state", known=probed)
    github.clock = server.clock.date
    monkeypatch.setattr(auth, "time", server.clock)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def world(github: SimulatedGitHub, bot_: Bot) -> AsyncIterator[World]:
    """With upstream's repository, and nothing published yet."""
    from tests.handlers.bumping import World

    async with SimulatedQuay(bot_.clock.now) as quay:
        await bot_.stop()
        bot_.quay_url = quay.url
        await bot_.start()
        upstream = github.repository("argoproj/argo-cd", {"README.md": "Argo CD\n"}, private=False)
        yield World(github, bot_, quay, upstream)
        assert not quay.violations


@pytest.fixture
def alice(github: SimulatedGitHub) -> User:
    return github.user("alice")


async def checked(github: SimulatedGitHub, pull: PullRequest) -> dict[str, str | None]:
    """Conclusions of a pull request's check runs, once all of them are completed. `argofix / changes` is among them
    only where it does not pass: most pull requests change something, and tests of its own look at what it says."""

    def done() -> bool:
        return set(pull.checks) >= CHECKS and all(run.status == "completed" for run in pull.checks.values())

    await github.wait_for(done, within=30)
    runs = {name: run.conclusion for name, run in pull.checks.items()}
    return runs if runs.get(CHANGES) != "success" else {name: run for name, run in runs.items() if name != CHANGES}


async def proposed(
    github: SimulatedGitHub, user: User, *, before: Contents = BEFORE, files: Contents = PROPOSED, draft: bool = False
) -> tuple[Repository, PullRequest]:
    """A repository with the App on it and a pull request from the branch `copy`; not waited for."""
    repo = github.repository("acme/platform", before)
    github.install(repo)
    repo.push("copy", files, author=user)
    return repo, github.open_pull(repo, "copy", title="Copy", user=user, draft=draft)


def by_the_app(github: SimulatedGitHub, repo: Repository) -> list[PullRequest]:
    """Pull requests that the App opened, oldest first."""
    return sorted((p for p in repo.pulls if p.issue.user == github.app.bot), key=lambda p: p.number)


def body_of(pull: PullRequest) -> str:
    return pull.issue.body or ""


def summary_of(pull: PullRequest, name: str = OWNERSHIP) -> str:
    return pull.checks[name].summary or ""
