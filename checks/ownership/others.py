"""What becomes of the Applications that a fix is not about: who was compared, who changes along, who was not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field

from checks.coverage import Sight, blind_of, named, sights_of
from checks.wording import listed
from gitops.discovery.snapshot import ApplicationKey, Snapshot, State

_NAMED = 3


@dataclass
class Others:
    """Labels of Applications, each in one place. `compared` counts those that render the same before and after,
    `blind` (with what was seen of them) could not be compared, or in part only. `parents` bring in the very
    Application that changes, `allowed` had the same superfluous copies, `broken` would change in another way.
    `elsewhere` are the keys of those of other roots that render the same entry.
    """

    compared: int = 0
    blind: list[tuple[Sight, str]] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    elsewhere: list[ApplicationKey] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def same(self, state: State, sight: Sight) -> None:
        """One in which nothing was seen to change."""
        label = state.application.label
        if sight is Sight.WHOLE:
            self.compared += 1
        else:
            self.blind.append((sight, label))

    def unchanged(self, before: Snapshot, but: Set[ApplicationKey]) -> None:
        """All of a commit but these: what they are rendered from has not changed."""
        sights = before.once(sights_of)
        self.compared += len(sights) - len(before.once(blind_of)) - sum(sights[key] is Sight.WHOLE for key in but)
        for key in before.once(blind_of):
            if key not in but:
                self.blind.append((sights[key], before.by_key[key].application.label))

    @property
    def along(self) -> int:
        """How many change as they should."""
        return len(self.parents) + len(self.allowed) + len(self.elsewhere)

    @property
    def total(self) -> int:
        return self.compared + len(self.blind) + self.along + len(self.broken)

    @property
    def looked_at(self) -> bool:
        """Whether any was compared; else there is nothing to say of them."""
        return self.total > len(self.blind)

    @property
    def statement(self) -> str:
        if self.broken or not self.along:
            text = "No other Application changes"
        else:
            text = "Other Applications change by this edit only"
        return f"{text}, of those that were compared" if self.blind and not self.broken else text

    @property
    def detail(self) -> str:
        if self.broken:
            return f"{listed(self.broken, _NAMED)} would change"
        count, total = self.compared, self.total
        parts: list[str] = []
        if count or not self.along:
            many = str(count) if count == total else f"{count} of {total}"
            parts.append(f"{many} compared, byte for byte the same")
        if self.allowed:
            loses = "loses" if len(self.allowed) == 1 else "lose"
            parts.append(f"{listed(self.allowed, _NAMED)} {loses} the same entry, which is superfluous there too")
        if self.parents:
            bring = "brings" if len(self.parents) == 1 else "bring"
            parts.append(f"{listed(self.parents, _NAMED)} {bring} the Application that changes")
        if self.elsewhere:
            names = [key[2] for key in self.elsewhere]
            lose = "loses" if len(names) == 1 else "lose"
            parts.append(f"{listed(names, _NAMED)} of another root {lose} the same entry")
        if self.blind:
            parts.append(f"not compared: {named(self.blind, _NAMED)}")
        return "; ".join(parts)

    def cautions(self, states: Mapping[ApplicationKey, State]) -> Iterator[str]:
        """One sentence for each that changes along and may be deployed elsewhere."""
        for key in self.elsewhere:
            application = states[key].application
            yield (
                f"`{application.label}` of the root `{application.root}` renders the same entry, so it changes too: "
                "check that it is not deployed to a cluster where nothing else brings these resources"
            )
