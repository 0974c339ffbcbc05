"""What rules say of the version that a bump goes to. Planners know no rules, so whoever proves a bump brings them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from checks.planning.bumps.plan import BumpPlan, Escape
from checks.planning.proof import Row
from gitops.discovery.snapshot import Snapshot
from gitops.resources.rendering import Rendering


@dataclass(frozen=True, slots=True)
class Judged:
    """`rows` are promises about the new version; `cautions` sentences about what else comes with it, without a full
    stop. `escapes` may settle what does not hold."""

    rows: tuple[Row, ...] = ()
    cautions: tuple[str, ...] = ()
    escapes: tuple[Escape, ...] = ()


Judge = Callable[[Snapshot, Snapshot, Rendering, Rendering, BumpPlan], Judged]
"""From the commit before and after the edits, and the overlay's rendering before and after."""


def unjudged(_before: Snapshot, _after: Snapshot, _old: Rendering, _new: Rendering, _plan: BumpPlan) -> Judged:
    """No rules."""
    return Judged()
