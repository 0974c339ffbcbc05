"""What is told of Applications that stand in the repository and that no cluster gets."""

from __future__ import annotations

from checks.wording import listed, plural
from gitops.discovery.snapshot import Cause, NotDeployed, Snapshot

_SHOWN = 3


def not_deployed(snapshot: Snapshot) -> str:
    """One sentence, grouped by cause; empty when there are none. `--format json` has each with its reason."""
    if not snapshot.not_deployed:
        return ""
    groups: dict[Cause, list[NotDeployed]] = {}
    for one in snapshot.not_deployed:
        groups.setdefault(one.cause, []).append(one)
    parts = [f"{cause.value}: {listed([_place(one) for one in group], _SHOWN)}" for cause, group in groups.items()]
    count = plural("manifest", len(snapshot.not_deployed))
    return f"Not deployed: {count} of Applications. {'; '.join(parts)}."


def _place(one: NotDeployed) -> str:
    return f"{one.name} ({one.span})" if one.name else str(one.span)
