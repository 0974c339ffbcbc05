"""Deliveries of a made-up repository."""

from __future__ import annotations

from bot.queue.deliveries import Delivery, delivery_of
from tests.bot.payloads import encoded, pull_request

NOW = 1_800_000_000.0


def delivery(
    name: str,
    *,
    repo: int = 42,
    number: int = 1,
    action: str = "synchronize",
    at: float = NOW,
    installation: int = 11,
    rank: int = 0,
) -> Delivery:
    payload = pull_request(action, repo=repo, number=number) | {"installation": {"id": installation}}
    return delivery_of(name, "pull_request", encoded(payload), at, rank=rank)
