"""Asking again: how long, how often, and when not."""

from __future__ import annotations

import random
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.errors import Answer, limit_wait
from bot.http.retry import LONGEST, Again, Attempts, retry_after, until_answered
from tests.bot.clocks import JumpingClock

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("86400", LONGEST),
        ("9" * 5000, LONGEST),
        ("-5", None),
        ("1.5", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        ("٣", None),
        ("soon", None),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW + 90), 90.0),  # with -0000 in place of GMT
        ("Friday, 15-Jan-27 08:01:00 GMT", 60.0),  # the form of RFC 850, which is still to be read
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST),
        ("Fri, 31 Dec 9999 23:59:59 -2359", LONGEST),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("Fri, 99 Jan 2027 08:01:00 GMT", None),
    ],
)
def test_what_a_host_asks_for(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds


@given(st.text(max_size=40) | st.integers().map(str) | st.floats().map(str) | st.datetimes().map(str))
def test_whatever_a_host_says_is_a_time_or_nothing(text: str) -> None:
    found = retry_after(text, NOW)
    assert found is None or 0.0 <= found <= LONGEST


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "9" * 30},
        {"retry-after": "nan"},
        {"retry-after": "-1"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 30},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "inf"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"},
    ],
)
def test_no_answer_closes_github_for_good(headers: dict[str, str]) -> None:
    wait = limit_wait(Answer(429, headers, None), NOW, hits=0)
    assert wait is not None
    assert 1.0 <= wait <= LONGEST + 1.0


class Asked:
    """Gives what it was told to, one after the other."""

    def __init__(self, *answers: Again | str) -> None:
        self.answers = list(answers)

    async def __call__(self) -> Again | str:
        return self.answers.pop(0)


FIRST, SECOND, THIRD = (Again(ValueError(name)) for name in ("first", "second", "third"))


async def ask(asked: Asked, clock: JumpingClock, left: float = 1e9) -> str:
    until = clock.now() + left
    return await until_answered(
        asked, Attempts(3, base=4.0, cap=6.0), clock=clock, jitter=random.Random(1), left=lambda: until - clock.now()
    )


async def test_it_waits_longer_each_time_up_to_the_cap_and_with_jitter() -> None:
    clock = JumpingClock()
    assert await ask(Asked(FIRST, SECOND, "fine"), clock) == "fine"
    first, second = clock.slept
    assert 2.0 < first < 4.0
    assert 3.0 < second < 6.0


async def test_the_last_attempt_tells_why() -> None:
    clock, asked = JumpingClock(), Asked(FIRST, SECOND, THIRD, "never asked")
    with pytest.raises(ValueError, match="third"):
        await ask(asked, clock)
    assert (len(clock.slept), asked.answers) == (2, ["never asked"])


async def test_what_a_host_asks_for_is_waited_and_nothing_is_no_wait() -> None:
    clock = JumpingClock()
    error = ValueError("limited")
    assert await ask(Asked(Again(error, 17.0), Again(error, 0.0), "fine"), clock) == "fine"
    assert clock.slept == [17.0]


async def test_there_is_no_waiting_for_longer_than_there_is_time() -> None:
    clock = JumpingClock()
    with pytest.raises(ValueError, match="second"):
        await ask(Asked(FIRST, SECOND, "never asked"), clock, left=5.0)
    assert len(clock.slept) == 1
