"""Faults on demand."""

import asyncio

import aiohttp
import pytest

from tests.github import Fault, Repository, SimulatedGitHub, faults
from tests.github_sim.conftest import Client

HERE = "/repos/octo/deploy"
LABELS = f"{HERE}/labels"


@pytest.mark.parametrize(
    ("effect", "status", "header"),
    [
        (faults.secondary_limit(), 403, None),
        (faults.secondary_limit(60), 403, ("Retry-After", "60")),
        (faults.too_many_requests(1), 429, ("Retry-After", "1")),
        (faults.primary_limit(), 403, ("X-RateLimit-Remaining", "0")),
        (faults.bad_credentials(), 401, None),
        (faults.server_error(502), 502, ("Content-Type", "text/html; charset=utf-8")),
    ],
)
async def test_an_error_replaces_the_answer_once(
    github: SimulatedGitHub,
    repo: Repository,
    api: Client,
    effect: faults.Effect,
    status: int,
    header: tuple[str, str] | None,
) -> None:
    github.faults.append(Fault(effect, method="POST", path=r"/labels$"))
    assert (await api("POST", LABELS, {"name": "x"}))[0] == status
    assert header is None or api.headers[header[0]] == header[1]
    assert not repo.labels
    again = (await api("POST", LABELS, {"name": "x"}))[0]
    assert again == (403 if effect.exhaust else 201)


@pytest.mark.parametrize("acts", [False, True])
async def test_a_connection_drops_before_or_after(
    github: SimulatedGitHub, repo: Repository, api: Client, acts: bool
) -> None:
    github.faults.append(Fault(faults.dropped(acts=acts), skip=1))
    await api("GET", HERE)
    with pytest.raises(aiohttp.ClientError):
        await api("POST", LABELS, {"name": "x"})
    assert bool(repo.labels) is acts


async def test_half_a_body(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    github.faults.append(Fault(faults.half_body()))
    with pytest.raises(aiohttp.ClientPayloadError):
        await api("GET", HERE)
    assert (await api("GET", HERE))[0] == 200


async def test_a_request_can_be_held(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    gate = asyncio.Event()
    github.faults.append(Fault(faults.held(gate), method="POST"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(api("POST", LABELS, {"name": "x"}))
        await api("GET", HERE)
        assert not repo.labels and not task.done()
        gate.set()
    assert task.result()[0] == 201


async def test_chance_is_seeded(github: SimulatedGitHub, api: Client) -> None:
    def fault() -> Fault:
        return Fault(faults.server_error(500), times=None, probability=0.5, seed=7)

    outcomes = []
    for _ in range(2):
        github.faults[:] = [fault()]
        outcomes.append([(await api("GET", HERE))[0] for _ in range(12)])
    assert outcomes[0] == outcomes[1] and {200, 500} == set(outcomes[0])


async def test_waiting_tells_what_was_seen(github: SimulatedGitHub, api: Client) -> None:
    with pytest.raises(TimeoutError, match="access_tokens 201"):
        await github.wait_for(lambda: False, within=0.01)
