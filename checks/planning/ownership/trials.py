"""Which of the proposed ways hold: each is applied to the tree, and what it can reach is found and rendered again.

All of a pair's first choices are tried together, which mostly settles it in one rendering. Only when that fails they
are tried one by one, and then what held together once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from checks.model import Removal
from checks.ownership.ways import Way
from checks.planning.ownership.proof import Expectation, prove
from checks.planning.proof import Proof, Row
from gitops.applications.application import Application
from gitops.discovery.snapshot import ApplicationKey, Snapshot
from gitops.discovery.sources import Analysis
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit
from gitops.kustomize.steps import Exclude, Retire, Step, edits_for
from gitops.resources.rendering import Asking

# Each costs a discovery where it changes who brings in whom.
MAX_TRIALS = 16


@dataclass(frozen=True, slots=True)
class Trial:
    """Ways that were tried together, all their steps, and what came of it."""

    ways: tuple[Way, ...]
    steps: tuple[Step, ...]
    edits: tuple[Edit, ...]
    proof: Proof


@dataclass(slots=True)
class Outcomes:
    """For each removal the way that was proven, or why none was."""

    _ways: dict[object, Way] = field(default_factory=dict)
    _refused: dict[object, str] = field(default_factory=dict)

    def accept(self, removals: Sequence[Removal], way: Way) -> None:
        for removal in removals:
            self._ways[removal.key] = way

    def refuse(self, removals: Sequence[Removal], reason: str) -> None:
        for removal in removals:
            self._refused.setdefault(removal.key, reason)

    def way(self, removal: Removal) -> Way | None:
        return self._ways.get(removal.key)

    def reason(self, removal: Removal) -> str:
        return self._refused.get(removal.key, "")


@dataclass(slots=True)
class _Class:
    """Removals that the same ways would settle."""

    removals: list[Removal]
    ways: list[Way]


class Trials:
    """The trials of one keeper and one loser. `together` names the Applications that surely share one Argo CD."""

    def __init__(
        self,
        snapshot: Snapshot,
        analysis: Analysis,
        keeper: ApplicationKey,
        loser: ApplicationKey,
        together: Callable[[Application], str],
    ) -> None:
        self._snapshot = snapshot
        self._analysis = analysis
        self._pair = (keeper, loser)
        self._together = together
        self._left = MAX_TRIALS

    def run(self, removals: Sequence[Removal], outcomes: Outcomes) -> Asking[Trial | None]:
        """Settle the removals in `outcomes`. The trial to make a plan of, None when there is none."""
        classes: dict[tuple[Way, ...], _Class] = {}
        for removal in removals:
            classes.setdefault(removal.ways, _Class([], list(removal.ways))).removals.append(removal)
        yield from self._retire(list(classes.values()), outcomes)
        open_: list[_Class] = []
        for one in classes.values():
            self._keep_editable(one, outcomes)
            if one.ways:
                open_.append(one)
        if not open_:
            return None
        trial = yield from self._attempt([(one.ways[0], one.removals) for one in open_])
        if trial.proof.holds:
            for one in open_:
                outcomes.accept(one.removals, one.ways[0])
            return trial
        return (yield from self._one_by_one(open_, trial, outcomes))

    def _retire(self, classes: Sequence[_Class], outcomes: Outcomes) -> Asking[None]:
        """The whole loser, where everything that it brings is superfluous: advice only, never an edit."""
        concerned = [one for one in classes if one.ways and isinstance(one.ways[0][0], Retire)]
        if not concerned:
            return
        way = concerned[0].ways[0]
        everything = [removal for one in concerned for removal in one.removals]
        trial = yield from self._attempt([(way, everything)])
        for one in concerned:
            if trial.proof.holds:
                outcomes.accept(one.removals, way)
                one.ways.clear()
            else:
                outcomes.refuse(one.removals, trial.proof.failure)
                one.ways.pop(0)

    def _keep_editable(self, one: _Class, outcomes: Outcomes) -> None:
        editable: list[Way] = []
        refusals: list[str] = []
        for way in one.ways:
            try:
                edits_for(self._snapshot.tree, way)
            except GitopsError as error:
                refusals.append(str(error))
            else:
                editable.append(way)
        one.ways = editable
        if refusals and not editable:
            outcomes.refuse(one.removals, refusals[0])

    def _one_by_one(self, classes: Sequence[_Class], first: Trial, outcomes: Outcomes) -> Asking[Trial | None]:
        good: list[tuple[Way, Sequence[Removal], Trial]] = []
        for one in classes:
            for way in one.ways:
                if len(classes) == 1 and way == one.ways[0]:
                    trial = first
                elif self._left <= 0:
                    outcomes.refuse(one.removals, "there is too much to try one by one")
                    break
                else:
                    trial = yield from self._attempt([(way, one.removals)])
                if trial.proof.holds:
                    good.append((way, one.removals, trial))
                    break
                outcomes.refuse(one.removals, trial.proof.failure)
        if not good:
            return None
        trial = good[0][2]
        if len(good) > 1:
            trial = yield from self._attempt([(way, removals) for way, removals, _ in good])
            if not trial.proof.holds:
                # Each holds alone, and not all of them together: one, and the rest when that one is merged.
                for _, removals, _ in good[1:]:
                    outcomes.refuse(removals, f"together with another fix it would not hold: {trial.proof.failure}")
                good, trial = good[:1], good[0][2]
        for way, removals, _ in good:
            outcomes.accept(removals, way)
        return trial

    def _attempt(self, chosen: Sequence[tuple[Way, Sequence[Removal]]]) -> Asking[Trial]:
        self._left -= 1
        ways = tuple(way for way, _ in chosen)
        steps = tuple(dict.fromkeys(step for way in ways for step in way))
        keeper, loser = self._pair
        try:
            edits = edits_for(self._snapshot.tree, steps)
        except GitopsError as error:
            return Trial(ways, steps, (), Proof((Row("The entry can be taken out", str(error), holds=False),)))
        lost = frozenset(removal.resource for _, removals in chosen for removal in removals)
        retired = any(isinstance(step, Retire) for step in steps)
        narrowed = any(isinstance(step, Exclude) for step in steps)
        expected = Expectation(keeper, loser, lost, retired, narrowed)
        proof = yield from prove(self._snapshot, self._analysis, edits, expected, self._together)
        return Trial(ways, steps, edits, proof)
