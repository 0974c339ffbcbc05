"""How many pull requests a server judges, how soon each hears of it, and what that costs of GitHub's limits.

    python -m benchmarks.throughput                                      1 and 30 at once, over 1 and 10 installations
    python -m benchmarks.throughput --pulls 300 --installations 10       one of them

`argofix serve` is a process of its own; GitHub is the simulated one, in this process, with its 5,000 requests an hour
for each installation and no pace of answers but its own. Each installation has one repository, whose work goes on one
after the other; each pull request brings a conflict, so that there are findings, annotations and a comment. The
renderings are new to the first of a repository and known to the others.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos import KUSTOMIZATION, Server
from demo.story import BEFORE, PROPOSED, REPO_URL
from tests.github import PullRequest, Repository, SimulatedGitHub

GATE = "argofix"
LIMIT = 5000
LONGEST = 900.0  # seconds for one figure


def say(name: str, value: str) -> None:
    print(f"{name:<58} {value}", flush=True)


@dataclass
class Seen:
    """Seconds after it was opened at which each pull request had its first run, and its conclusion."""

    opened: dict[int, float] = field(default_factory=dict)
    first: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)

    def look(self, pulls: Sequence[PullRequest]) -> bool:
        now = time.perf_counter()
        for number, pull in enumerate(pulls):
            run = pull.checks.get(GATE) if number not in self.ended else None
            if run is not None:
                self.first.setdefault(number, now - self.opened[number])
                if run.status == "completed":
                    assert run.conclusion == "failure", run.summary
                    self.ended[number] = now - self.opened[number]
        return len(self.ended) == len(pulls)


def spread(times: dict[int, float]) -> str:
    values = sorted(times.values())
    return f"{values[len(values) // 2]:.2f} / {values[-1]:.2f} s"


async def measure(pulls: int, installations: int) -> None:
    with tempfile.TemporaryDirectory(prefix="argofix-bench-") as scratch:
        async with SimulatedGitHub() as github:
            github.rate_limit = LIMIT
            with closing(socket.socket()) as listener:
                listener.bind(("127.0.0.1", 0))
                port = listener.getsockname()[1]
            state = Path(scratch) / "state"
            server = Server(github, state, f"sqlite:///{state}/argofix.db", port, Path(scratch) / "log")
            server.environment["ARGOFIX_RECONCILE_INTERVAL"] = "0"
            github.app.webhook_url = f"http://127.0.0.1:{port}/webhook"
            await server.start()
            try:
                await _measure(github, server, pulls, installations)
            except BaseException:
                print(server.log.read_text()[-3000:])
                raise
            finally:
                await server.kill(signal.SIGTERM)


async def _measure(github: SimulatedGitHub, server: Server, count: int, installations: int) -> None:
    alice = github.user("alice")
    repositories: list[Repository] = []
    for number in range(installations):
        name = f"acme-{number}/platform"
        old, new = REPO_URL.encode(), f"https://github.com/{name}".encode()
        files = {path: data.replace(old, new) if isinstance(data, bytes) else data for path, data in BEFORE.items()}
        repositories.append(github.repository(name, files))
        github.install(repositories[-1])
    for number in range(count):
        repo = repositories[number % installations]
        repo.push(f"change-{number}", {KUSTOMIZATION: PROPOSED[KUSTOMIZATION], "n.txt": str(number)}, author=alice)
    await _quiet(github, server)
    before, seen, pulls = len(github.requests), Seen(), []
    begun = time.perf_counter()
    for number in range(count):
        seen.opened[number] = time.perf_counter()
        repo = repositories[number % installations]
        pulls.append(github.open_pull(repo, f"change-{number}", title=f"Change {number}", user=alice))
    await github.wait_for(lambda: seen.look(pulls), within=LONGEST)
    seconds = time.perf_counter() - begun
    await _quiet(github, server)
    asked = [request for request in github.requests[before:] if ".git/" not in request.path]
    writes = [request for request in asked if request.method != "GET"]
    title = f"{count} at once over {installations} installation{'s' if installations > 1 else ''}"
    say(f"{title}: first run, median / last", spread(seen.first))
    say("  conclusion, median / last", spread(seen.ended))
    say("  evaluations an hour at this speed", f"{count / seconds * 3600:,.0f}")
    each = len(asked) / count
    say("  requests of the API an evaluation (writes)", f"{each:.1f} ({len(writes) / count:.1f})")
    say("  evaluations an hour that GitHub's limit allows", f"{LIMIT / each:,.0f} an installation")


async def _quiet(github: SimulatedGitHub, server: Server) -> None:
    """Until nothing is asked of GitHub for a second."""
    while True:
        assert server.process is not None and server.process.returncode is None, server.log.read_text()[-2000:]
        asked = len(github.requests)
        await asyncio.sleep(1.0)
        if asked and asked == len(github.requests):
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pulls", type=int, nargs="*", default=[1, 30])
    parser.add_argument("--installations", type=int, nargs="*", default=[1, 10])
    arguments = parser.parse_args()
    for installations in arguments.installations:
        for pulls in arguments.pulls:
            say("processors / load of the last minute", f"{os.cpu_count()} / {os.getloadavg()[0]:.2f}")
            asyncio.run(measure(pulls, installations))


if __name__ == "__main__":
    main()
