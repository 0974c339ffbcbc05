"""Requests to GitHub: in whose name, what is tried again and what is not, and what the errors mean."""

import asyncio
import random

import aiohttp
import pytest

from bot.github.app import FIX, READ, REPORT, GitHubApp
from bot.github.client import ATTEMPTS, GitHub, Wire
from bot.github.endpoints import checks, contents, repos
from bot.github.errors import (
    BadRequest,
    Forbidden,
    GitHubError,
    NotFound,
    RateLimited,
    ServerFault,
    Suspended,
    Unauthorised,
    Unreachable,
)
from tests.bot.clocks import JumpingClock
from tests.github import Fault, Installation, Repository, SimulatedGitHub, faults

REPO = "/repos/octo/deploy"


@pytest.fixture
def api(app: GitHubApp, repo: Repository, installation: Installation) -> GitHub:
    return app.installation(installation.id, repo.id, FIX)


def tokens_made(github: SimulatedGitHub) -> int:
    return sum(r.operation == "apps/create-installation-access-token" and r.status == 201 for r in github.requests)


async def test_a_token_is_narrowed_and_shared(
    github: SimulatedGitHub, app: GitHubApp, repo: Repository, installation: Installation
) -> None:
    for _ in range(3):
        await app.installation(installation.id, repo.id, READ).getitem(REPO)
    (token,) = github.tokens.values()
    assert token.repositories == frozenset({repo.id})
    assert token.permissions["contents"] == "read"
    assert "checks" not in token.permissions
    await app.installation(installation.id, repo.id, REPORT).getitem(REPO)
    assert tokens_made(github) == 2


async def test_a_refused_token_is_replaced_once(github: SimulatedGitHub, api: GitHub) -> None:
    await api.getitem(REPO)
    github.tokens.clear()
    await api.getitem(REPO)
    assert tokens_made(github) == 2
    github.faults.append(Fault(faults.bad_credentials(), path="/repos/", times=None))
    with pytest.raises(Unauthorised):
        await api.getitem(REPO)


@pytest.mark.parametrize(
    "effect", [faults.server_error(502), faults.server_error(503), faults.dropped(), faults.half_body()]
)
async def test_reading_survives_faults(
    github: SimulatedGitHub, api: GitHub, clock: JumpingClock, effect: faults.Effect
) -> None:
    github.faults.append(Fault(effect, path="/repos/", times=ATTEMPTS - 1))
    assert (await repos.get(api, "octo/deploy")).full_name == "octo/deploy"
    # aiohttp itself repeats a GET once when a kept connection turns out to be closed.
    assert 1 <= len(clock.slept) <= ATTEMPTS - 1
    assert clock.slept == sorted(clock.slept)
    github.faults.append(Fault(effect, path="/repos/", times=None))
    with pytest.raises(ServerFault):
        await api.getitem(REPO)


async def test_a_server_that_is_not_there(clock: JumpingClock, github: SimulatedGitHub) -> None:
    async with aiohttp.ClientSession() as session:
        wire = Wire(session, "http://127.0.0.1:1/api/v3", clock, random.Random(1))
        app = GitHubApp(wire, app_id=1, private_key=github.app.private_key)
        with pytest.raises(Unreachable) as caught:
            await app.as_app().post("/app/hook/deliveries/1/attempts", None)
    assert len(clock.slept) == ATTEMPTS - 1  # nothing was sent, so even a POST may be repeated
    assert "POST /api/v3/app/hook/deliveries/1/attempts" in str(caught.value)


@pytest.mark.parametrize("effect", [faults.secondary_limit(2), faults.too_many_requests(1)])
async def test_a_moment_is_waited_for_even_by_a_write(
    github: SimulatedGitHub, api: GitHub, repo: Repository, clock: JumpingClock, effect: faults.Effect
) -> None:
    github.faults.append(Fault(effect, method="POST", path="/git/refs"))
    await contents.create_branch(api, "octo/deploy", "argofix/x", repo.branch("main") or "")
    assert repo.branch("argofix/x") == repo.branch("main")
    assert len(clock.slept) == 1


@pytest.mark.parametrize(
    ("effect", "wait"),
    [
        (faults.secondary_limit(20), 20),
        (faults.too_many_requests(5), 5),
        (faults.secondary_limit(), 60),
        (faults.too_many_requests(), 60),
    ],
)
async def test_a_longer_limit_goes_back_to_the_queue_at_once(
    github: SimulatedGitHub, api: GitHub, repo: Repository, clock: JumpingClock, effect: faults.Effect, wait: float
) -> None:
    github.faults.append(Fault(effect, method="POST", path="/git/refs"))
    with pytest.raises(RateLimited) as caught:
        await contents.create_branch(api, "octo/deploy", "argofix/x", repo.branch("main") or "")
    assert clock.slept == []
    assert caught.value.delay == pytest.approx(wait)
    assert not caught.value.counts


async def test_a_secondary_limit_without_a_time_doubles_with_each_that_follows_it(
    github: SimulatedGitHub, app: GitHubApp, api: GitHub, clock: JumpingClock, installation: Installation
) -> None:
    await api.getitem(REPO)
    github.faults.append(Fault(faults.secondary_limit(), path="/repos/", times=6))
    waits = []
    for _ in range(2):
        # Those that are on their way together hit one limit.
        found = await asyncio.gather(*(api.getitem(REPO) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(each, RateLimited) for each in found)
        held = app.held()[installation.id]
        waits.append(held.until - clock.now())
        clock.time = held.until + 1
    assert waits == [pytest.approx(60), pytest.approx(120)]
    await api.getitem(REPO)
    assert app.held() == {}


async def test_a_primary_limit_closes_the_installation_until_its_reset(
    github: SimulatedGitHub, app: GitHubApp, api: GitHub, repo: Repository, installation: Installation
) -> None:
    await api.getitem(REPO)
    github.faults.append(Fault(faults.primary_limit(), path="/repos/", times=None))
    with pytest.raises(RateLimited) as caught:
        await api.getitem(REPO)
    asked = len(github.requests)
    with pytest.raises(RateLimited) as again:
        await app.installation(installation.id, repo.id, READ).getitem(REPO)
    assert len(github.requests) == asked  # GitHub is left alone
    assert again.value.retry_at == pytest.approx(caught.value.retry_at, abs=2)


async def test_renamed_repositories_are_followed_with_the_method(
    github: SimulatedGitHub, api: GitHub, repo: Repository
) -> None:
    main = repo.branch("main") or ""
    github.rename(repo, "platform")
    assert (await repos.get(api, "octo/deploy")).full_name == "octo/platform"
    await contents.create_branch(api, "octo/deploy", "argofix/x", main)
    assert repo.branch("argofix/x") == main


async def test_a_suspended_deleted_or_narrower_installation_is_told_apart(
    github: SimulatedGitHub, app: GitHubApp, api: GitHub, repo: Repository, installation: Installation
) -> None:
    await api.getitem(REPO)
    github.suspend(installation)
    with pytest.raises(Suspended):
        await api.getitem(REPO)
    github.unsuspend(installation)
    github.accept_permissions(installation, {"metadata": "read", "contents": "read"})
    app.forget(installation.id)
    with pytest.raises(Forbidden):
        await app.installation(installation.id, repo.id, REPORT).getitem(REPO)
    github.uninstall(installation)
    app.forget(installation.id)
    with pytest.raises(NotFound):
        await app.installation(installation.id, repo.id, READ).getitem(REPO)


async def test_errors_hold_no_secret(github: SimulatedGitHub, api: GitHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    github.faults.append(Fault(faults.server_error(500), path="/repos/", times=None))
    with pytest.raises(GitHubError) as caught:
        await api.getitem(REPO)
    (token,) = github.tokens
    everything = f"{caught.value!r} {caught.value.__context__!r} {caplog.text} {api!r} {vars(api)!r}"
    assert token not in everything
    assert "PRIVATE KEY" not in everything


async def test_every_page_is_read(github: SimulatedGitHub, api: GitHub, repo: Repository) -> None:
    for i in range(230):
        repo.git.update_ref(f"refs/heads/b{i:03}", repo.branch("main") or "")
    runs = [
        await checks.create(
            api,
            "octo/deploy",
            name=f"c{i}",
            head_sha=repo.branch("main") or "",
            report=checks.Report("t", "s"),
            now=0,
            app_id=github.app.id,
        )
        for i in range(105)
    ]
    found = await checks.for_ref(api, "octo/deploy", repo.branch("main") or "")
    assert {run.id for run in found} == {run.id for run in runs}


async def test_a_token_is_renewed_five_minutes_before_it_expires(
    stub: tuple[GitHubApp, list[str]], clock: JumpingClock
) -> None:
    app, seen = stub
    api = app.installation(1, 2)
    await api.getitem("/x")
    clock.time += 54 * 60
    await api.getitem("/x")
    assert sum("access_tokens" in line for line in seen) == 1
    clock.time += 2 * 60
    await api.getitem("/x")
    assert sum("access_tokens" in line for line in seen) == 2
    assert seen[-1].endswith("ghs_tok4")


@pytest.mark.parametrize("path", ["/away", "/circle"])
async def test_a_token_is_never_carried_elsewhere(stub: tuple[GitHubApp, list[str]], path: str) -> None:
    with pytest.raises(BadRequest):
        await stub[0].installation(1, 2).getitem(path)


@pytest.mark.parametrize("path", ["/repos/../app", "/repos/%2e%2E/app", "/repos/{a}/app", "/repos/./{+a}/app"])
async def test_a_path_that_leads_elsewhere_is_never_asked_for(
    github: SimulatedGitHub, api: GitHub, path: str
) -> None:
    seen = len(github.requests)
    with pytest.raises(BadRequest, match="never asked for"):
        await api.getitem(path, a="..")
    assert len(github.requests) == seen
