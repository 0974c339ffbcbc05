"""Kill the server again and again under load while GitHub misbehaves, then look at what GitHub shows.

    python -m benchmarks.chaos                    50 kills, a tenth of all requests to GitHub fail
    python -m benchmarks.chaos --kills 5 --seed 3 a shorter one
    python -m benchmarks.chaos --database postgresql   on a PostgreSQL that it starts (default: SQLite)

The server is a real process that is ended with `kill -9` at random moments; GitHub is the simulated one. What counts
is that in the end every acknowledged delivery is done, and that GitHub shows each effect once. Exit status 1 if not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import socket
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bot.queue.databases import SQLITE
from checks.registry import rules
from demo.story import BEFORE, PROPOSED, REPO_URL
from tests.github import Fault, PullRequest, Repository, SimulatedGitHub, User, faults
from tests.postgresql import postgresql

CHECKS = {rule.check_name for rule in rules() if not rule.quiet}
OWNERSHIP = "argofix / ownership"
NAMES = [f"acme/platform-{i}" for i in range(4)]
KUSTOMIZATION = "apps/api-backend/kustomization.yaml"
EFFECTS = (
    faults.server_error(502),
    faults.server_error(502, acts=True),
    faults.dropped(),
    faults.dropped(acts=True),
    faults.half_body(),
    faults.too_many_requests(retry_after=1),
    faults.bad_credentials(),
)


def _of(repository: str, files: Mapping[str, Any]) -> dict[str, Any]:
    """The story's files as those of another repository."""
    old, new = REPO_URL.encode(), f"https://github.com/{repository}".encode()
    return {path: data.replace(old, new) if isinstance(data, bytes) else data for path, data in files.items()}


def say(text: str) -> None:
    print(text, flush=True)


@dataclass
class Server:
    """`argofix serve` as a process of its own, always on the same port and state directory."""

    github: SimulatedGitHub
    state: Path
    url: str
    port: int
    log: Path
    process: asyncio.subprocess.Process | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        key = self.state.parent / "app.pem"
        key.write_text(self.github.app.private_key)
        self.environment = {
            "PATH": os.environ["PATH"],
            "GITHUB_APP_ID": str(self.github.app.id),
            "GITHUB_PRIVATE_KEY_PATH": str(key),
            "GITHUB_WEBHOOK_SECRET": self.github.app.webhook_secret,
            "GITHUB_API_URL": self.github.api_url,
            "ARGOFIX_STATE_DIR": str(self.state),
            "ARGOFIX_DATABASE_URL": self.url,
            "ARGOFIX_CLUSTER": "off",
            "ARGOFIX_POLL_INTERVAL": "0",
            "ARGOFIX_RECONCILE_INTERVAL": "15",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
        }

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "serve", env=self.environment, stdout=log, stderr=log
            )

    async def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        await self.process.wait()


@dataclass
class Load:
    """People at work: they open pull requests, push to them, press the Fix button and merge."""

    github: SimulatedGitHub
    user: User
    repositories: list[Repository]
    random: random.Random
    pulls: list[PullRequest] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)

    def act(self) -> None:
        known = [pull for pull in self.pulls if pull.open]
        chosen = self.random.choice((self._open, self._open, self._push, self._push, self._fix, self._merge))
        if not known or (chosen is self._open and len(known) < 4 * len(self.repositories)):
            chosen = self._open
        elif chosen is self._open:
            chosen = self._push
        if chosen(self.random.choice(known) if known else None):
            self.acts[chosen.__name__.strip("_")] += 1

    def _open(self, _pull: PullRequest | None) -> bool:
        repo = self.random.choice(self.repositories)
        name = f"change-{len(self.pulls)}"
        repo.push(name, {**_of(repo.full_name, PROPOSED), "notes.txt": name}, author=self.user)
        self.pulls.append(self.github.open_pull(repo, name, title=name, user=self.user))
        return True

    def _push(self, pull: PullRequest | None) -> bool:
        assert pull is not None
        content = BEFORE if self.random.random() < 0.3 else PROPOSED
        files = {KUSTOMIZATION: content[KUSTOMIZATION], "notes.txt": str(self.random.random())}
        pull.repo.push(pull.head_branch, files, author=self.user)
        return True

    def _fix(self, _pull: PullRequest | None) -> bool:
        offered = [
            (pull, run)
            for pull in self.pulls
            if pull.open and (run := pull.checks.get(OWNERSHIP)) is not None and run.actions
        ]
        if not offered:
            return False
        pull, run = self.random.choice(offered)
        self.github.click(pull.repo, run, "fix", self.user)
        return True

    def _merge(self, pull: PullRequest | None) -> bool:
        assert pull is not None
        try:
            self.github.merge(pull, self.user)
        except Exception:  # it conflicts by now
            return False
        return True


def shown(github: SimulatedGitHub, load: Load) -> list[str]:
    """What GitHub shows that it should not."""
    wrong: list[str] = []
    ours = [pull for repo in load.repositories for pull in repo.pulls if pull.issue.user == github.app.bot]
    for pull in [*load.pulls, *ours]:
        name = f"{pull.repo.full_name}#{pull.number}"
        if pull.open:
            wrong += [f"{name}: {check} is missing" for check in CHECKS - set(pull.checks)]
            wrong += [
                f"{name}: {run.name} is {run.status}" for run in pull.checks.values() if run.status != "completed"
            ]
            # Everything here can be analysed, so neutral is given up.
            neutral = [run.name for run in pull.checks.values() if run.conclusion == "neutral"]
            wrong += [f"{name}: {check} was given up" for check in neutral]
            for run in pull.checks.values():
                repeated = [at for at, n in Counter(str(each) for each in run.annotations).items() if n > 1]
                wrong += [f"{name}: {run.name} has an annotation twice: {at}" for at in repeated]
        for mark, count in Counter(
            line for comment in pull.issue.comments for line in comment.body.splitlines() if line.startswith("<!--")
        ).items():
            if count > 1:
                wrong.append(f"{name}: the comment {mark} stands there {count} times")
    for branch, count in Counter((p.repo.full_name, p.head_branch) for p in ours if p.open).items():
        if count > 1:
            wrong.append(f"{branch}: {count} open pull requests")
    return wrong


def rows(url: str, columns: str, rest: str = "") -> list[tuple[Any, ...]]:
    """What the database has of deliveries."""
    if url.startswith(SQLITE):
        with closing(sqlite3.connect(url.removeprefix(SQLITE))) as db:
            return db.execute(f"SELECT {columns} FROM deliveries {rest}").fetchall()
    with psycopg.connect(url) as connection:
        return connection.execute(f"SELECT {columns} FROM argofix_deliveries {rest}").fetchall()


def undone(url: str) -> Counter[str]:
    """Deliveries by state, as the database has them."""
    return Counter(dict(rows(url, "state, COUNT(*)", "GROUP BY state")))


def lost(github: SimulatedGitHub, url: str) -> list[str]:
    """Acknowledged deliveries that the database does not have as done."""
    kept = {row[0]: row[1:] for row in rows(url, "id, state, result")}
    acknowledged = {
        each.guid: each.event
        for each in github.deliveries
        if each.status_code in (200, 202) and "ignored" not in each.response
    }
    return [
        f"{event} {guid} was acknowledged and is {kept.get(guid, 'lost')}"
        for guid, event in acknowledged.items()
        if guid not in kept or kept[guid][0] != "done"
    ]


async def until(condition: Callable[[], bool], within: float) -> bool:
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.5)
    return True


async def run(kills: int, seed: int, share: float, patience: float, url: str | None) -> int:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="argofix-chaos-") as directory:
        async with SimulatedGitHub() as github:
            state, log = Path(directory) / "state", Path(directory) / "server.log"
            url = url or f"{SQLITE}{state / 'argofix.db'}"
            server = Server(github, state, url, _free_port(), log)
            github.app.webhook_url = f"http://127.0.0.1:{server.port}/webhook"
            repositories = [
                github.repository(name, _of(name, BEFORE)) for name in (f"acme/platform-{i}" for i in range(4))
            ]
            for repo in repositories:
                github.install(repo)
            user = github.user("alice")
            for repo in repositories:
                github.collaborator(repo, user)
            load = Load(github, user, repositories, rng)
            github.faults.extend(
                Fault(effect, times=None, probability=share / len(EFFECTS), seed=seed + i)
                for i, effect in enumerate(EFFECTS)
            )
            started = time.monotonic()
            await server.start()
            for _ in range(kills):
                for _ in range(rng.randint(1, 3)):
                    load.act()
                    await asyncio.sleep(rng.uniform(0, 0.7))
                await asyncio.sleep(rng.uniform(0, 5))
                await server.kill()
                await server.start()
            say(f"{kills} kills in {time.monotonic() - started:.0f} s; people did {dict(load.acts)}")
            hits = sum(fault.hits for fault in github.faults)
            quiet = await until(
                lambda: not shown(github, load) and not (undone(url).keys() & {"queued", "running"}), patience
            )
            total, hits = len(github.requests), sum(fault.hits for fault in github.faults)
            say(f"{total} requests to GitHub, {hits} of them made to fail; {'quiet' if quiet else 'not quiet'} after")
            say(f"{time.monotonic() - started:.0f} s; deliveries {dict(undone(url))}")
            await server.kill(signal.SIGTERM)
            wrong = shown(github, load) + lost(github, url) + [str(each) for each in github.violations]
            for line in wrong:
                say(f"WRONG {line}")
            if wrong and "ARGOFIX_CHAOS_LOG" in os.environ:
                Path(os.environ["ARGOFIX_CHAOS_LOG"]).write_bytes(log.read_bytes())
            say(
                "every acknowledged delivery is done, each effect is there once"
                if not wrong
                else "NOT as it should be"
            )
            return 1 if wrong else 0


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=float, default=0.1, help="share of requests to GitHub that fail")
    parser.add_argument("--patience", type=float, default=600.0, help="seconds for everything to settle")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    words = (arguments.kills, arguments.seed, arguments.faults, arguments.patience)
    if arguments.database == "sqlite":
        return asyncio.run(run(*words, None))
    with postgresql() as database:
        return asyncio.run(run(*words, database.database()))


if __name__ == "__main__":
    raise SystemExit(main())
