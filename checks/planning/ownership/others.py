"""What becomes of the Applications that a fix is not about: who was compared, who changes along, who was not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field

from checks.coverage import Sight, blind_of, sights_of
from checks.planning.bystanders import NAMED, Bystanders
from checks.wording import listed
from gitops.discovery.snapshot import ApplicationKey, Snapshot, State


@dataclass
class Others(Bystanders):
    """Labels of Applications that change along, as they may: `parents` bring in the very Application that changes,
    `allowed` had the same superfluous copies. `elsewhere` are the keys of those of other roots that render the same
    entry.
    """

    parents: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    elsewhere: list[ApplicationKey] = field(default_factory=list)

    def unchanged(self, before: Snapshot, but: Set[ApplicationKey]) -> None:
        """All of a commit but these: what they are rendered from has not changed."""
        sights = before.once(sights_of)
        self.compared += len(sights) - len(before.once(blind_of)) - sum(sights[key] is Sight.WHOLE for key in but)
        for key in before.once(blind_of):
            if key not in but:
                self.blind.append((sights[key], before.by_key[key].application.label))

    @property
    def _more(self) -> int:
        return len(self.parents) + len(self.allowed) + len(self.elsewhere)

    @property
    def _promise(self) -> str:
        return "Other Applications change by this edit only" if self._more else "No other Application changes"

    def _more_details(self) -> Iterator[str]:
        if self.allowed:
            loses = "loses" if len(self.allowed) == 1 else "lose"
            yield f"{listed(self.allowed, NAMED)} {loses} the same entry, which is superfluous there too"
        if self.parents:
            bring = "brings" if len(self.parents) == 1 else "bring"
            yield f"{listed(self.parents, NAMED)} {bring} the Application that changes"
        if self.elsewhere:
            names = [key[2] for key in self.elsewhere]
            lose = "loses" if len(names) == 1 else "lose"
            yield f"{listed(names, NAMED)} of another root {lose} the same entry"

    def cautions(self, states: Mapping[ApplicationKey, State]) -> Iterator[str]:
        """One sentence for each that changes along and may be deployed elsewhere."""
        for key in self.elsewhere:
            application = states[key].application
            yield (
                f"`{application.label}` of the root `{application.root}` renders the same entry, so it changes too: "
                "check that it is not deployed to a cluster where nothing else brings these resources"
            )
