"""What each open pull request was judged by, and what it touches: so that a push to its base tells whom it concerns.

It is only remembered in this process. A pull request that is not known here is judged again: that costs time, and a
verdict that is no longer true would cost trust.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.process.bounded import Bounded
from gitops.facts.touched import Touched

_HELD = 64 * 2**20  # bytes; a pull request of the usual size takes some ten thousand
_NAME_BYTES = 120


@dataclass(frozen=True, slots=True)
class Verdict:
    """That the check runs of a head tell what is right for the commits `base`, which it would be merged into, and
    `default`, whose configuration counts."""

    base: str
    default: str
    touched: Touched


Subject = tuple[int, int, str]  # repository, number of the pull request, head commit


class Verdicts:
    def __init__(self) -> None:
        self._known: Bounded[Subject, Verdict] = Bounded(
            _HELD, lambda verdict: 1_000 + _NAME_BYTES * verdict.touched.count
        )

    def get(self, subject: Subject) -> Verdict | None:
        return self._known.get(subject)

    def keep(self, subject: Subject, verdict: Verdict) -> None:
        self._known[subject] = verdict
