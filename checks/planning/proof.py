"""What a proof says: the promises of a change that were checked, and what could not be looked at.

What cannot be proven is not offered.
"""

from __future__ import annotations

from dataclasses import dataclass

from checks.coverage import NOTHING, Coverage
from gitops.resources.rendering import NotAnalysed, RenderFailed, Rendering


@dataclass(frozen=True, slots=True)
class Row:
    """One promise that was checked. `detail` tells what was seen; where nothing was looked at there is no row."""

    statement: str
    detail: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """`rows` in the order in which they were checked; `cautions` are true statements that a person should read;
    `coverage` is what was seen before and after the edits. `unproven` is a sentence without a full stop that says
    what of the change itself could not be rendered, '' when all of it was."""

    rows: tuple[Row, ...]
    cautions: tuple[str, ...] = ()
    coverage: Coverage = NOTHING
    unproven: str = ""

    @property
    def holds(self) -> bool:
        """Whether every promise that was checked is kept. Where nothing was checked nothing holds."""
        return bool(self.rows) and all(row.holds for row in self.rows)

    @property
    def failure(self) -> str:
        """The first statement that does not hold, as a sentence without a full stop."""
        return next((f"{row.statement}: {row.detail}" for row in self.rows if not row.holds), "")


def reason_of(rendering: Rendering) -> str:
    """Why there are no resources, '' where there are."""
    if isinstance(rendering, RenderFailed):
        return rendering.message
    return rendering.reason if isinstance(rendering, NotAnalysed) else ""
