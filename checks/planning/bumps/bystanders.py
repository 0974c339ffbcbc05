"""The Applications that a bump must not change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from checks.coverage import Sight, named
from checks.wording import listed
from gitops.discovery.snapshot import ApplicationKey, State

_NAMED = 3


@dataclass
class Bystanders:
    """Labels of Applications, each in one place: `compared` were rendered before and after and are the same, `apart`
    were not analysed and read no edited file, `blind` (with what was seen of them) may read any file or were seen in
    part, and `broken` would change."""

    compared: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    blind: list[tuple[Sight, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def take(self, state: State, sight: Sight) -> None:
        """One in which nothing was seen to change, and that reads no edited file as far as is known."""
        label = state.application.label
        if sight is Sight.WHOLE:
            self.compared.append(label)
        elif sight is Sight.NOT_ANALYSED and not any(source.ref for source in state.application.sources):
            self.apart.append(label)
        else:
            self.blind.append((sight, label))

    @property
    def looked_at(self) -> bool:
        """Whether anything is known of any of them."""
        return bool(self.compared or self.apart or self.broken)

    @property
    def statement(self) -> str:
        told = ", of those that were compared" if self.blind and not self.broken else ""
        return f"No other Application changes{told}"

    @property
    def detail(self) -> str:
        if self.broken:
            return f"{listed(self.broken, _NAMED)} would change"
        count, total = len(self.compared), len(self.compared) + len(self.apart) + len(self.blind)
        many = str(count) if count == total else f"{count} of {total}"
        parts = [f"{many} compared, byte for byte the same"] if count else []
        if self.apart:
            was, read = ("was", "reads") if len(self.apart) == 1 else ("were", "read")
            parts.append(f"{len(self.apart)} that {was} not analysed {read} none of the edited files")
        if self.blind:
            parts.append(f"not compared: {named(self.blind, _NAMED)}")
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
