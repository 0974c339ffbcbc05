"""Ten thousand broken repositories through the engine, ten thousand broken webhooks through the server.

    python -m benchmarks.fuzz                                  both, 10,000 each
    python -m benchmarks.fuzz --webhooks 0 --repositories 500  fewer
    python -m benchmarks.fuzz --webhooks 0 --repositories 0 --hostile 500      see `benchmarks.hostile`
    python -m benchmarks.fuzz --webhooks 0 --repositories 0 --frames 500       see `benchmarks.frames`

Hypothesis makes them and shrinks what fails. A repository fails when judging or writing about it raises or takes
five minutes; a webhook when the answer is none that docs/operations.md lists, when the server dies, or when a
delivery that was taken ends in an error that nobody meant. Exit status 1 when anything failed.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import logging
import re
import tempfile
import time
from collections import Counter
from pathlib import Path

import aiohttp
from hypothesis import HealthCheck, Phase, given, settings

from benchmarks import frames, hostile
from bot.rendering.driver import Engine
from gitops.files.tree import Tree
from tests.github import SimulatedGitHub
from tests.handlers.conftest import Bot
from tests.mangled import judged, repositories, webhooks

_ANSWERS = {200, 202, 400, 401, 413}
_UNMEANT = re.compile(r"\w*(Error|Exception): ")  # how the worker words what no handler meant to raise
_BATCH = 500


def _settings(count: int) -> settings:
    return settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def fuzz_repositories(count: int) -> None:
    """Raises what an example raised."""
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="argofix-fuzz-") as directory, asyncio.Runner() as runner:
        engine = runner.run(Engine.start(Path(directory)))
        longest = 0.0

        @_settings(count)
        @given(tree=repositories())
        def one(tree: Tree) -> None:
            nonlocal longest
            started = time.monotonic()
            evaluation = runner.run(judged(engine, tree))
            longest = max(longest, time.monotonic() - started)
            seen["repositories"] += 1
            seen["with a finding"] += bool(evaluation.findings)
            seen["with a proven fix"] += bool(evaluation.plans)

        started = time.monotonic()
        one()
        print(f"{dict(seen)} in {time.monotonic() - started:.0f} s, the longest took {longest:.1f} s", flush=True)
        runner.run(engine.close())


def fuzz_webhooks(count: int) -> None:
    """Raises `AssertionError` for the first thing that is not as it should be."""
    answers: Counter[int] = Counter()
    made: list[tuple[str, bytes]] = []

    @_settings(count)
    @given(webhook=webhooks())
    def one(webhook: tuple[str, bytes]) -> None:
        made.append(webhook)

    one()

    async def send() -> None:
        async with SimulatedGitHub() as github, aiohttp.ClientSession() as session:
            with tempfile.TemporaryDirectory(prefix="argofix-fuzz-") as directory:
                bot = Bot(github, Path(directory))
                github.clock = bot.clock.date
                await bot.start()
                for at, (event, body) in enumerate(made):
                    answers[await _post(session, bot, github.app.webhook_secret, at, event, body)] += 1
                    if at % _BATCH == 0:
                        await bot.idle()
                await bot.idle()
                assert answers.keys() <= _ANSWERS, answers
                dead = Counter(await bot.dead())
                await bot.stop()
                unmeant = [f"{result} ({n} times)" for result, n in dead.items() if _UNMEANT.match(result)]
                assert not unmeant, unmeant
                print(f"{len(made)} webhooks, answers {dict(answers)}, {sum(dead.values())} given up", flush=True)

    asyncio.run(send())


async def _post(session: aiohttp.ClientSession, bot: Bot, secret: str, at: int, event: str, body: bytes) -> int:
    assert bot.running is not None
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": f"fuzz-{at}",
        "X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
    }
    url = f"http://127.0.0.1:{bot.running.port}/webhook"
    async with session.post(url, data=body, headers=headers) as answer:
        return answer.status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--webhooks", type=int, default=10_000)
    parser.add_argument("--repositories", type=int, default=10_000)
    parser.add_argument("--hostile", type=int, default=0)
    parser.add_argument("--frames", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600.0, help="begin no hostile pull request after that")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if arguments.webhooks:
        fuzz_webhooks(arguments.webhooks)
    if arguments.repositories:
        fuzz_repositories(arguments.repositories)
    if arguments.frames and (faults := frames.run(arguments.frames, arguments.seed)):
        print(*faults, sep="\n", flush=True)
        return 1
    if arguments.hostile:
        with tempfile.TemporaryDirectory(prefix="argofix-fuzz-") as directory:
            watched = asyncio.run(hostile.run(Path(directory), arguments.hostile, arguments.seed, arguments.seconds))
        print(watched.told(), *watched.raised, sep="\n", flush=True)
        return 1 if watched.raised else 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
