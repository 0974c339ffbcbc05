"""The Applications that a bump must not change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from gitops.rendering import NotAnalysed
from gitops.snapshot import ApplicationKey, State

_NAMED = 3


@dataclass
class Bystanders:
    """How many were rendered before and after and are the `same`, how many could not be rendered and read no edited
    file (`blind`) or take files from anywhere (`unsure`), and which would change (`broken`)."""

    same: int = 0
    blind: int = 0
    unsure: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def seen(self) -> int:
        return self.same + self.blind + len(self.broken)

    def take(self, state: State) -> None:
        if not isinstance(state.rendering, NotAnalysed):
            self.same += 1
        elif any(source.ref for source in state.application.sources):
            self.unsure += 1
        else:
            self.blind += 1

    def __str__(self) -> str:
        if self.broken:
            return f"{', '.join(self.broken[:_NAMED])} would change"
        parts = [f"{self.same} rendered again, byte for byte the same"] if self.same else []
        parts += [f"{self.blind} that cannot be rendered here read none of the edited files"] if self.blind else []
        parts += [f"{self.unsure} that cannot be rendered here were not compared"] if self.unsure else []
        return "; ".join(parts)


def numbered(states: Sequence[State]) -> dict[tuple[ApplicationKey, int], State]:
    """Applications by key; several of one key are counted."""
    count: Counter[ApplicationKey] = Counter()
    found: dict[tuple[ApplicationKey, int], State] = {}
    for state in states:
        key = state.application.key
        found[key, count[key]] = state
        count[key] += 1
    return found


def same(one: State, other: State) -> bool:
    return [part.rendering for part in one.parts] == [part.rendering for part in other.parts]


def below(path: str, directory: str) -> bool:
    return directory not in ("", ".") and path.startswith(f"{directory.strip('/')}/")
