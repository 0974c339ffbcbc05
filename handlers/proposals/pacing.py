"""How often the checklist's issue is written without anybody asking: a minute after something happened, so that what
belongs together is written once; not twice in ten minutes; not more than thirty times a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.formats.doctor.memory import Memory

DEBOUNCE = 60.0
BETWEEN = 600.0
A_DAY = 30
_DAY = 86_400.0


def day_of(now: float) -> str:
    """The day, UTC."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def due(memory: Memory, now: float) -> float:
    """When it may be written next; `now` or earlier where it may be at once. Times are in seconds since the epoch."""
    earliest = min(memory.written, now) + BETWEEN if memory.written else now
    if memory.day == day_of(now) and memory.count >= A_DAY:
        earliest = max(earliest, (now // _DAY + 1) * _DAY)
    return earliest


def after_writing(memory: Memory, now: float, *, asked: bool) -> Memory:
    """What is remembered of a writing at `now`; one that somebody asked for keeps no other waiting."""
    today = day_of(now)
    if asked:
        return memory
    count = memory.count if memory.day == today else 0
    return replace(memory, written=now, day=today, count=count + 1)
