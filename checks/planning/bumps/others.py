"""The Applications that a bump must not change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from checks.coverage import Sight
from checks.planning.bystanders import Bystanders
from gitops.discovery.snapshot import ApplicationKey, State


@dataclass
class Others(Bystanders):
    """`apart` are the labels of those that were not analysed and read no edited file. What is not analysed and may
    read any file is blind."""

    apart: list[str] = field(default_factory=list)

    def take(self, state: State, sight: Sight) -> None:
        """One in which nothing was seen to change, and that reads no edited file as far as is known."""
        if sight is Sight.NOT_ANALYSED and not any(source.ref for source in state.application.sources):
            self.apart.append(state.application.label)
        else:
            super().take(state, sight)

    @property
    def _more(self) -> int:
        return len(self.apart)

    def _more_details(self) -> Iterator[str]:
        if self.apart:
            was, read = ("was", "reads") if len(self.apart) == 1 else ("were", "read")
            yield f"{len(self.apart)} that {was} not analysed {read} none of the edited files"


def numbered(states: Sequence[State]) -> dict[tuple[ApplicationKey, int], State]:
    """Applications by key; several of one key are counted."""
    count: Counter[ApplicationKey] = Counter()
    found: dict[tuple[ApplicationKey, int], State] = {}
    for state in states:
        key = state.application.key
        found[key, count[key]] = state
        count[key] += 1
    return found


def below(path: str, directory: str) -> bool:
    return directory not in ("", ".") and path.startswith(f"{directory.strip('/')}/")
