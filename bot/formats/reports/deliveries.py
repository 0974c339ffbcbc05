"""Deliveries for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.formats.writing.lines import plain
from bot.queue.deliveries import Delivery, State

_HEADINGS = ("STATE", "ID", "EVENT", "REPOSITORY", "RECEIVED", "ATTEMPTS", "RESULT")


def table(deliveries: Sequence[Delivery], counts: Mapping[State, int]) -> str:
    """One line each, and how many there are altogether."""
    rows: list[tuple[str, ...]] = [_HEADINGS] if deliveries else []
    for d in deliveries:
        row = (
            d.state.value,
            d.id,
            d.event,
            d.repository or "-",
            _time(d.received_at),
            str(d.attempts),
            _short(d.result),
        )
        rows.append(tuple(map(plain, row)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    total = ", ".join(f"{counts[state]} {state.value}" for state in State)
    return "\n".join([*lines, *([""] if lines else []), total]) + "\n"


def details(delivery: Delivery, *, payload: bool) -> str:
    """Everything about one; its payload, if wanted, after an empty line."""
    fields = [(name, value) for name, value in _fields(delivery).items() if value not in (None, "")]
    width = max(len(name) for name, _ in fields) + 2
    text = "".join(f"{name + ':':<{width}}{plain(str(value))}\n" for name, value in fields)
    return text + (f"\n{_pretty(delivery.payload)}\n" if payload else "")


def as_json(deliveries: Sequence[Delivery], counts: Mapping[State, int]) -> str:
    """`{"schema": 1, "counts": {state: number}, "deliveries": [...]}`."""
    found = {
        "schema": 1,
        "counts": {state.value: counts[state] for state in State},
        "deliveries": [_fields(delivery) for delivery in deliveries],
    }
    return json.dumps(found, indent=2) + "\n"


def details_as_json(delivery: Delivery, *, payload: bool) -> str:
    """`{"schema": 1, "delivery": {...}}`; `payload` is GitHub's, null once it was emptied."""
    fields = _fields(delivery)
    if payload:
        fields["payload"] = json.loads(delivery.payload) if delivery.payload else None
    return json.dumps({"schema": 1, "delivery": fields}, indent=2) + "\n"


def _fields(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "state": delivery.state.value,
        "event": delivery.event,
        "repository": delivery.repository,
        "lane": delivery.lane,
        "received": _time(delivery.received_at),
        "attempts": delivery.attempts,
        "not_before": _time(delivery.not_before) if delivery.state is State.QUEUED else None,
        "finished": None if delivery.finished_at is None else _time(delivery.finished_at),
        "result": delivery.result,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"


def _pretty(payload: bytes) -> str:
    return (
        json.dumps(json.loads(payload), indent=2) if payload else "(the payload is emptied once a delivery is done)"
    )
