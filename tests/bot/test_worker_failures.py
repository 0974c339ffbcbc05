"""What becomes of a delivery whose run fails, and what a run knows about that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.process.errors import PermanentError, TemporaryError
from bot.queue.deliveries import Delivery, State
from bot.server.context import Context
from bot.server.worker import Limits
from tests.bot.queue.samples import delivery as made
from tests.bot.server.test_worker import Bench, bench

__all__ = ["bench"]


class Limited(TemporaryError):
    counts = False


@pytest.mark.parametrize(
    ("errors", "state", "attempts", "result"),
    [
        ([ValueError("one"), OSError("two")], State.QUEUED, 1, "ValueError: one; OSError: two"),
        ([TemporaryError("later", delay=5), PermanentError("it is gone")], State.DEAD, 0, "later; it is gone"),
        ([TemporaryError("later"), Limited("limit", delay=600)], State.QUEUED, 1, "later; limit"),
        ([Limited("limit", delay=600), Limited("limit", delay=60)], State.QUEUED, 0, "limit"),
        ([PermanentError("it is gone"), KeyError("k")], State.QUEUED, 1, "it is gone; KeyError: 'k'"),
    ],
)
async def test_errors_that_come_together_are_told_one_by_one(
    bench: Bench, errors: list[Exception], state: State, attempts: int, result: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Tasks side by side fail as a group, of which Python says no more than how many there are."""

    async def handle(_delivery: Delivery, _context: Context) -> None:
        raise ExceptionGroup("unhandled errors in a TaskGroup", [ExceptionGroup("inner", errors[:1]), *errors[1:]])

    bench.start(handle)
    await bench.give("d1")
    found = await bench.until("d1", state, attempts=attempts)
    while not found.result:
        found = await bench.until("d1", state, attempts=attempts)
    assert (found.result, found.attempts) == (result, attempts)
    if state is State.QUEUED and any(isinstance(error, Limited) for error in errors):
        assert found.not_before - bench.clock.now() >= 600
    failed = [vars(record)["reason"] for record in caplog.records if record.message == "the handler failed"]
    mistakes = [error for error in errors if not isinstance(error, PermanentError | TemporaryError)]
    assert failed == [f"{type(error).__name__}: {error}" for error in mistakes]


@pytest.mark.parametrize(
    ("limits", "age", "attempts", "counts", "last"),
    [
        (Limits(attempts=3), 0, 0, True, False),
        (Limits(attempts=3), 0, 2, True, True),
        (Limits(attempts=3), 0, 2, False, False),
        (Limits(attempts=3, give_up_after=3600), 3599, 0, True, False),
        (Limits(attempts=3, give_up_after=3600), 3601, 0, True, True),
        (Limits(attempts=3, give_up_after=3600), 3601, 0, False, True),
    ],
)
async def test_a_run_knows_whether_another_comes_after_it(
    bench: Bench, limits: Limits, age: float, attempts: int, counts: bool, last: bool
) -> None:
    """As it is when it fails, not as it was when it began; and what it is told is what happens."""
    said: list[bool] = []
    facts: list[tuple[int, str]] = []

    async def handle(_delivery: Delivery, context: Context) -> None:
        bench.clock.time += age
        error = TemporaryError("down") if counts else Limited("limit", delay=10)
        facts.append((context.attempt.number, context.attempt.told))
        said.append(context.attempt.is_last(error))
        raise error

    given = replace(made("d1"), received_at=bench.clock.now(), attempts=attempts)
    await bench.store.adopt([given])
    bench.start(handle, limits)
    found = await bench.until("d1", State.DEAD if last else State.QUEUED)
    while not found.result:
        found = await bench.until("d1", State.DEAD if last else State.QUEUED)
    assert said == [last]
    assert facts == [(attempts + 1, f", after {attempts + 1} attempts" if attempts else "")]
