"""Several whole servers on one PostgreSQL, beside a simulated GitHub."""

from __future__ import annotations

from pathlib import Path

from bot.queue.deliveries import State
from tests.bot.queue.beds import PostgresqlBed
from tests.bot.queue.fixtures import postgresql_bed, postgresql_server
from tests.github import SimulatedGitHub, User
from tests.handlers.conftest import FAILED, GOOD, PASSED, Bot, SteadyClock, checked, proposed

__all__ = ["postgresql_bed", "postgresql_server"]


async def test_a_server_that_goes_leaves_its_work_to_the_other(
    github: SimulatedGitHub, postgresql_bed: PostgresqlBed, tmp_path: Path, alice: User
) -> None:
    one, two = (Bot(github, tmp_path / name, SteadyClock(), database_url=postgresql_bed.url) for name in "ab")
    await one.start()
    await two.start()
    try:
        repo, pull = await proposed(github, alice)
        assert await checked(github, pull) == FAILED
        await two.idle()

        # The next webhook still goes to the second one, which is told to stop before it can have ended.
        repo.push("copy", GOOD, author=alice)
        await github.settle()
        await two.stop()
        await one.idle()
        assert await checked(github, pull) == PASSED
        assert one.running is not None
        counts = await one.running.worker.store.counts()
        assert counts[State.DONE] == sum(counts.values()) > 1
    finally:
        await two.stop()
        await one.stop()
