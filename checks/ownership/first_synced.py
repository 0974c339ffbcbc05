"""Which of several Applications is synced first: by sync waves and steps that Argo CD obeys, and by no others.

Waves are compared among Applications that come together (`gitops.facts.order.waves`). Those that an ApplicationSet
makes, and those below a parent where nothing shows that Argo CD waits between them, tell nothing: the report calls
them ignored (`sync-wave-without-effect`). Where nobody here brings the Applications, the waves are what their
author wrote for whoever does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from checks.ownership.conflicts import partitions_of
from checks.policy.file import Policy
from gitops.discovery.snapshot import ApplicationKey, Change, Owned
from gitops.facts.order.evidence import gather
from gitops.facts.order.model import Bringer
from gitops.facts.order.waves import is_obeyed, waves_of


class FirstSynced:
    """Answers for the head of a change."""

    def __init__(self, change: Change, policy: Policy) -> None:
        self._change, self._policy = change, policy

    def among(self, copies: Sequence[Owned]) -> tuple[list[Owned], str]:
        """The copies of whoever is synced first, and a reason that completes "X should keep it, since ...". All of
        them, and no reason, where nothing tells."""
        places = [self._places.get(copy.application.key) for copy in copies]
        slots = {place[:2] for place in places if place is not None}
        if len(copies) < 2 or None in places or len(slots) != 1:
            return list(copies), ""
        numbers = [place[2] for place in places if place is not None]
        first = min(numbers)
        ((bringer, _),) = slots
        if bringer is Bringer.ROLLING:
            reason = f"it is synced first (step {first} of the RollingSync)"
        elif bringer is Bringer.APPLICATION:
            reason = f"it is synced first (wave {first})"
        else:
            reason = f"its sync wave is the first ({first})"
        return [copy for copy, number in zip(copies, numbers, strict=True) if number == first], reason

    @cached_property
    def _places(self) -> dict[ApplicationKey, tuple[Bringer, ApplicationKey, int]]:
        """Of each Application whose wave counts: who brings it, and its number there."""
        head = self._change.head
        edges = gather(head, head.once(partitions_of, self._policy, self._change.live, self._change.base).of)
        return {
            key: (waves.bringer, waves.parent, number)
            for waves in waves_of(head, edges)
            if waves.bringer is Bringer.NOBODY or is_obeyed(waves, head)
            for number, keys in waves.groups
            for key in keys
        }
