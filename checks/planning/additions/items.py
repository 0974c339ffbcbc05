"""The items that there are; one that nobody has built is in no list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from checks.planning.additions import certificates, dns01, monitoring, probes, redis, smoke_test, spread
from checks.planning.additions.plan import AdditionPlan
from checks.policy.file import Policy
from gitops.discovery.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Item:
    """`plan` raises `NotPossible` where there is nothing to add or nowhere to put it, and `GitopsError` for a file
    that does not take it."""

    name: str
    help: str
    plan: Callable[[Snapshot, Policy], AdditionPlan]


ITEMS: Final[Mapping[str, Item]] = {
    one.name: one
    for one in (
        Item(spread.ITEM, spread.HELP, spread.plan),
        Item(redis.ITEM, redis.HELP, redis.plan),
        Item(monitoring.ITEM, monitoring.HELP, monitoring.plan),
        Item(certificates.ITEM, certificates.HELP, certificates.plan),
        Item(probes.ITEM, probes.HELP, probes.plan),
        Item(dns01.ITEM, dns01.HELP, dns01.plan),
        Item(smoke_test.ITEM, smoke_test.HELP, smoke_test.plan),
    )
}
