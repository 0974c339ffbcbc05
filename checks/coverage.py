"""How much of a repository was looked at: what a sentence with `all`, `no other` or `nothing` in it stands on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from checks.wording import listed
from gitops.discovery.snapshot import ApplicationKey, Snapshot, State
from gitops.resources.rendering import NotAnalysed, RenderFailed


class Sight(IntEnum):
    """What was seen of an Application, the best first."""

    WHOLE = 0
    PARTLY = 1  # some of its sources were not analysed
    NOT_ANALYSED = 2
    FAILED = 3  # it does not render

    def words(self, count: int) -> str:
        """What becomes of so many, as a clause without its subject."""
        one = count == 1
        match self:
            case Sight.WHOLE:
                return "was rendered" if one else "were rendered"
            case Sight.PARTLY:
                return "was analysed in part" if one else "were analysed in part"
            case Sight.NOT_ANALYSED:
                return "was not analysed" if one else "were not analysed"
            case Sight.FAILED:
                return "does not render" if one else "do not render"


_UNSEEN = (Sight.FAILED, Sight.NOT_ANALYSED, Sight.PARTLY)


def sight_of(state: State) -> Sight:
    rendering = state.rendering
    if isinstance(rendering, RenderFailed):
        return Sight.FAILED
    if isinstance(rendering, NotAnalysed):
        return Sight.NOT_ANALYSED
    return Sight.PARTLY if rendering.gaps else Sight.WHOLE


def sights_of(snapshot: Snapshot) -> Mapping[ApplicationKey, Sight]:
    """What was seen of each Application; of several with one key the worst."""
    found: dict[ApplicationKey, Sight] = {}
    for state in snapshot.states:
        key = state.application.key
        found[key] = max(found.get(key, Sight.WHOLE), sight_of(state))
    return found


def counts_of(snapshot: Snapshot) -> Mapping[Sight, int]:
    """How many Applications were seen how well."""
    return Counter(snapshot.once(sights_of).values())


def blind_of(snapshot: Snapshot) -> tuple[ApplicationKey, ...]:
    """The Applications that were not seen whole."""
    return tuple(key for key, sight in snapshot.once(sights_of).items() if sight is not Sight.WHOLE)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a commit was seen, or of two of them: then the worse sight of each Application counts.

    `applications` counts them by sight; `sets` are ApplicationSets of which nobody knows all that they make, `files`
    files and roots that cannot be read; `truncated` tells that there are more than argofix looks at.
    """

    applications: Mapping[Sight, int]
    sets: int = 0
    files: int = 0
    truncated: bool = False

    @classmethod
    def of(cls, *snapshots: Snapshot) -> Coverage:
        """Of commits that have the same Applications; of others the sights of both count."""
        first, *more = snapshots
        known = first.once(sights_of)
        worst: dict[ApplicationKey, Sight] = {}
        for snapshot in more:
            for key in (*snapshot.since(first), *(snapshot.by_key.keys() - known.keys())):
                seen = worst.get(key, known.get(key, Sight.WHOLE))
                worst[key] = max(seen, sight_of(snapshot.by_key[key]))
        counts = Counter(first.once(counts_of))
        counts.subtract(Counter(known[key] for key in worst if key in known))
        counts.update(worst.values())
        # What Argo CD itself refuses makes nothing; all else that is unknown may make anything.
        unknown = [each for snapshot in snapshots for each in snapshot.unknown if each.refused is None]
        sets = {(each.namespace, each.name) for each in unknown if each.is_set}
        files = {each.span.path for each in unknown if not each.is_set}
        truncated = any(snapshot.truncated for snapshot in snapshots)
        return cls(+counts, len(sets), len(files), truncated)

    @property
    def total(self) -> int:
        return sum(self.applications.values())

    @property
    def seen(self) -> int:
        return self.applications.get(Sight.WHOLE, 0)

    @property
    def whole(self) -> bool:
        """Whether there is nothing that was not seen."""
        return not self.unseen

    @property
    def unseen(self) -> tuple[str, ...]:
        """What was not seen, one clause each (`16 do not render`); those without a subject are about Applications."""
        return (*by_sight(self.applications), *self.unknown)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Why there may be Applications that nobody counted, one clause each."""
        found: list[str] = []
        if self.sets:
            make = "ApplicationSet makes" if self.sets == 1 else "ApplicationSets make"
            found.append(f"what {self.sets} {make} is not all known")
        if self.files:
            found.append(f"{self.files} {'file' if self.files == 1 else 'files'} could not be read")
        if self.truncated:
            found.append("there are more Applications than argofix looks at")
        return tuple(found)

    def sentence(self, when: str = "") -> str:
        """How many of the Applications were rendered, and what is to be said of the others: a sentence."""
        when = f" {when}" if when else ""
        if self.seen == self.total:
            who = {0: "No Application", 1: "The only Application"}.get(self.total, f"All {self.total} Applications")
            text = f"{who} {'was' if self.total <= 1 else 'were'} rendered{when}"
        else:
            text = f"{self.seen} of {self.total} Applications {'was' if self.seen == 1 else 'were'} rendered{when}"
        return f"{'; '.join((text, *self.unseen))}."


NOTHING = Coverage({})


def not_looked_at(states: Iterable[State], coverage: Coverage = NOTHING, most: int = 3) -> str:
    """What of these Applications was not seen whole, with their names, and what of `coverage` nobody counted: a
    sentence, '' where that is nothing."""
    worst: dict[ApplicationKey, tuple[Sight, str]] = {}
    for state in states:
        told = (sight_of(state), f"`{state.application.label}`")
        worst[state.application.key] = max(worst.get(state.application.key, told), told)
    blind = [one for one in worst.values() if one[0] is not Sight.WHOLE]
    # `1 Application that does not render and 2 that were not analysed (...)`
    names = named(blind, most).replace(" that ", f" {'Applications' if blind[1:] else 'Application'} that ", 1)
    clauses = (*((names,) if names else ()), *coverage.unknown)
    return f"Not looked at: {'; '.join(clauses)}." if clauses else ""


def by_sight(counts: Mapping[Sight, int]) -> tuple[str, ...]:
    """What was not seen whole: `16 do not render`, `2 were not analysed`."""
    return tuple(f"{counts[sight]} {sight.words(counts[sight])}" for sight in _UNSEEN if counts.get(sight))


def named(blind: Iterable[tuple[Sight, str]], most: int = 3) -> str:
    """The same with names: `16 that do not render and 2 that were not analysed (a, b, c and 15 more)`; '' for
    nobody."""
    found = sorted(blind, key=lambda pair: _UNSEEN.index(pair[0]))
    if not found:
        return ""
    counts = Counter(sight for sight, _ in found)
    clauses = [f"{counts[sight]} that {sight.words(counts[sight])}" for sight in _UNSEEN if counts[sight]]
    names = Counter(name for _, name in found)  # several roots may have one of a name
    rest = len(found) - sum(names[name] for name in list(names)[:most])
    shown = list(names)[:most] + [""] * rest
    return f"{listed(clauses, len(clauses))} ({listed(shown, most)})"


def of_both(one: State, other: State) -> Sight:
    """What was seen of an Application on both sides of a change."""
    return max(sight_of(one), sight_of(other))
