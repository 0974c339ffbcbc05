"""Secondary rate limits, once they are switched on."""

from __future__ import annotations

import asyncio

from tests.github import Clock, Fault, Repository, SimulatedGitHub, faults
from tests.github.limits import SecondaryLimits
from tests.github_sim.conftest import Client

HERE = "/repos/octo/deploy"


async def test_points_are_counted_by_the_minute(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    clock = github.clock = Clock()
    github.secondary = SecondaryLimits(points_per_minute=7)
    assert (await api("POST", f"{HERE}/labels", {"name": "x"}))[0] == 201
    assert [(await api("GET", HERE))[0] for _ in range(3)] == [200, 200, 403]
    assert 1 <= int(api.headers["Retry-After"]) <= 60
    assert github.secondary.hits == ["points"]
    clock.advance(seconds=61)
    assert (await api("GET", HERE))[0] == 200


async def test_content_is_counted_by_the_minute_and_the_hour(
    github: SimulatedGitHub, repo: Repository, api: Client
) -> None:
    clock = github.clock = Clock()
    github.secondary = SecondaryLimits(content_per_minute=2, content_per_hour=3, status=429)
    repo.push("feature", {"a": "a"})
    github.open_pull(repo, "feature")

    async def comment() -> int:
        return (await api("POST", f"{HERE}/issues/1/comments", {"body": "hello"}))[0]

    assert [await comment() for _ in range(3)] == [201, 201, 429]
    body = {"name": "n", "head_sha": repo.branch("feature")}
    assert (await api("POST", f"{HERE}/check-runs", body))[0] == 201  # creates nothing that notifies people
    clock.advance(seconds=61)
    assert [await comment() for _ in range(2)] == [201, 429]
    assert int(api.headers["Retry-After"]) > 3000
    assert github.secondary.hits == ["content/minute", "content/hour"]


async def test_too_many_at_once(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    github.secondary = SecondaryLimits(concurrent=2)
    gate = asyncio.Event()
    github.faults.append(Fault(faults.held(gate), times=2))
    async with asyncio.TaskGroup() as group:
        held = [group.create_task(api("GET", HERE)) for _ in range(2)]
        while github.busy < 2:  # noqa: ASYNC110 - nobody is told that a request has begun
            await asyncio.sleep(0.001)
        assert (await api("GET", HERE))[0] == 403
        gate.set()
    assert [task.result()[0] for task in held] == [200, 200]
