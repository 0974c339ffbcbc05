"""The Applications that a change is not about: who was compared, who was not, and who would change all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from checks.coverage import Sight, named
from checks.planning.proof import Row
from checks.wording import listed
from gitops.discovery.snapshot import State

NAMED = 3  # so many are named in a sentence


@dataclass
class Bystanders:
    """Each Application counts in one place. `compared` counts those that were rendered before and after and are the
    same; `blind` (what was seen of them, and their labels) could not be compared, or in part only; `broken` are the
    labels of those that would change."""

    compared: int = 0
    blind: list[tuple[Sight, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def take(self, state: State, sight: Sight) -> None:
        """One in which nothing was seen to change."""
        if sight is Sight.WHOLE:
            self.compared += 1
        else:
            self.blind.append((sight, state.application.label))

    def row(self) -> Row | None:
        """What is to be said of them; None where none was looked at."""
        if self.total == len(self.blind):
            return None
        if self.broken:
            return Row("No other Application changes", f"{listed(self.broken, NAMED)} would change", holds=False)
        told = ", of those that were compared" if self.blind else ""
        return Row(f"{self._promise}{told}", "; ".join(self._details()), holds=True)

    @property
    def total(self) -> int:
        return self.compared + len(self.blind) + len(self.broken) + self._more

    @property
    def _more(self) -> int:
        """How many are counted elsewhere than here."""
        return 0

    @property
    def _promise(self) -> str:
        return "No other Application changes"

    def _details(self) -> Iterator[str]:
        if self.compared:
            many = str(self.compared) if self.compared == self.total else f"{self.compared} of {self.total}"
            yield f"{many} compared, byte for byte the same"
        yield from self._more_details()
        if self.blind:
            yield f"not compared: {named(self.blind, NAMED)}"

    def _more_details(self) -> Iterator[str]:
        yield from ()


def same(one: State, other: State) -> bool:
    """Whether each source renders the same."""
    return [part.rendering for part in one.parts] == [part.rendering for part in other.parts]
