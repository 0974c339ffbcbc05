"""How fast an installation is asked: what people are notified of, and the last requests of an hour."""

import itertools

import pytest

from bot.github.app import GitHubApp
from bot.github.errors import (
    RateLimited,
)
from bot.github.pace import ContentLimits, Pace, creates_content
from bot.server.readiness import limited
from tests.bot.clocks import JumpingClock

COMMENTS = "/repos/o/r/issues/1/comments"


async def test_what_people_are_notified_of_is_paced_for_an_installation(
    stub: tuple[GitHubApp, list[str]], clock: JumpingClock
) -> None:
    app, seen = stub
    for _ in range(ContentLimits().per_minute):
        await app.installation(1, 2).post(COMMENTS, {})
    with pytest.raises(RateLimited) as caught:
        await app.installation(1, 3).post("/repos/o/other/pulls", {})  # another repository of the same installation
    assert caught.value.delay == pytest.approx(60)
    assert (clock.slept, app.held()[1].limit) == ([], "content")
    await app.installation(2, 9).post(COMMENTS, {})
    for path in ("/repos/o/r/check-runs", "/repos/o/r/git/refs", "/repos/pulls/issues/git/trees"):
        await app.installation(1, 2).post(path, {})
    await app.installation(1, 2).patch("/repos/o/r/check-runs/1", {})
    assert "POST /repos/o/other/pulls" not in " ".join(seen)
    clock.time += 60
    await app.installation(1, 3).post("/repos/o/other/pulls", {})
    assert app.held() == {}


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "/repos/o/r/issues/1/comments", True),
        ("POST", "/api/v3/repos/o/r/issues/comments/1/reactions", True),
        ("POST", "/repos/o/r/issues", True),
        ("POST", "/repos/o/r/pulls", True),
        ("POST", "/repos/o/r/pulls/1/reviews", True),
        ("POST", "/repos/o/r/pulls/1/comments/2/replies", True),
        ("GET", "/repos/o/r/pulls", False),
        ("PATCH", "/repos/o/r/pulls/1", False),
        ("POST", "/repos/o/r/check-runs", False),
        ("POST", "/repos/o/pulls/check-runs", False),
        ("POST", "/repos/o/pulls/git/trees", False),
        ("POST", "/repos/o/r/issues/1/labels", False),
        ("POST", "/app/installations/1/access_tokens", False),
    ],
)
def test_which_requests_create_content(method: str, path: str, content: bool) -> None:
    assert creates_content(method, path) is content


async def test_an_hours_worth_of_content_and_no_pace_at_all(clock: JumpingClock) -> None:
    pace = Pace(clock, ContentLimits(per_minute=70, per_hour=450))
    for _ in range(450):
        assert await pace.before_content(2) == 0
        clock.time += 1
    assert await pace.before_content(2) == pytest.approx(3600 - 450)
    free = Pace(clock, ContentLimits(0, 0))
    for _ in range(2000):
        assert await free.before_content(2) == 0
    hourly = Pace(clock, ContentLimits(per_minute=0, per_hour=3))
    assert [await hourly.before_content(2) for _ in range(4)] == [0, 0, 0, pytest.approx(3600)]


def quota(left: int, reset: float, limit: int = 5000) -> dict[str, str]:
    values = {"limit": limit, "remaining": left, "reset": int(reset)}
    return {f"x-ratelimit-{name}": str(value) for name, value in values.items()}


def test_the_last_requests_of_an_hour_are_spread_over_what_is_left_of_it(clock: JumpingClock) -> None:
    """Every run takes some, and each is told how many are left: they last until the hour is over."""
    pace, end = Pace(clock), clock.now() + 1800
    left, begun = 240, []
    while clock.now() < end:
        pace.answered(quota(left, end))
        wait = pace.before_run(2)
        if wait == 0:
            begun.append(clock.now())
            left -= 8
        clock.time += max(1.0, wait)
    assert left >= 0
    assert len(begun) > 240 / 15
    assert min(b - a for a, b in itertools.pairwise(begun[1:])) > 5
    assert max(begun) > end - 600
    pace.answered(quota(5000, end + 3600))
    assert [pace.before_run(2) for _ in range(9)] == [0] * 9


def test_other_limits_and_an_hour_that_is_over_spread_nothing(clock: JumpingClock) -> None:
    pace = Pace(clock)
    pace.answered(quota(1, clock.now() + 60, 30) | {"x-ratelimit-resource": "search"})
    assert [pace.before_run(2) for _ in range(3)] == [0] * 3
    pace.answered(quota(3, clock.now() - 1))
    assert [pace.before_run(2) for _ in range(3)] == [0] * 3
    pace.answered({"x-ratelimit-remaining": "many"})
    assert pace.before_run(2) == 0
    pace.answered(quota(3, clock.now() + 600))
    assert pace.before_run(2) == pytest.approx(600, abs=1)


async def test_an_installation_that_waits_long_is_told_until_it_no_longer_does(
    stub: tuple[GitHubApp, list[str]], clock: JumpingClock
) -> None:
    app, _ = stub
    look = limited(app, clock)
    for _ in range(450):
        await app.installation(7, 2).post(COMMENTS, {})
        clock.time += 1
    began = clock.now()
    while clock.now() < began + 301:
        with pytest.raises(RateLimited):
            await app.installation(7, 2).post(COMMENTS, {})
        assert look() is None or clock.now() - began > 300
        clock.time += 60
    assert look() == "work waits for GitHub's rate limits, of installation 7 for 6 minutes (content)"
    clock.time += 3600  # the comment was deleted meanwhile: nobody came back
    assert look() is None
