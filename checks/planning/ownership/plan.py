"""From findings to proven fixes: one plan per pair of keeper and loser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from checks.model import Finding, Removal
from checks.ownership.conflicts import partitions_of
from checks.ownership.holder import Held, Holders
from checks.ownership.ways import Way
from checks.planning.ownership.advice import sentence, title, without_way
from checks.planning.ownership.pair import Pair
from checks.planning.ownership.trials import Outcomes, Trials
from checks.planning.proposal import Proposal
from checks.policy.file import Policy
from checks.wording import counted
from gitops.applications.live import Live
from gitops.discovery.snapshot import ApplicationKey, OwnedId, Snapshot
from gitops.discovery.sources import Analysis
from gitops.facts.deletions.data import may_lose
from gitops.files.errors import GitopsError
from gitops.files.spans import Applicability, Fix
from gitops.files.tree import Tree
from gitops.kustomize.steps import Step, edits_for
from gitops.resources.rendering import Asking


@dataclass(frozen=True, slots=True)
class FixPlan(Proposal):
    """A proven fix.

    `key` names the pair in marks and branches (`Pair.key`). `steps` are what it does, `findings` what it settles,
    `ways` the steps by which each resource goes. `keeper` equals `loser` when one Application brings a resource
    twice. `held` tells whether the loser holds the live objects; it is empty when nobody could be asked. `names` are
    how the two are called.
    """

    key: str
    keeper: ApplicationKey
    loser: ApplicationKey
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]
    resources: tuple[OwnedId, ...]
    applicability: Applicability
    held: Mapping[OwnedId, Held] = field(default_factory=dict)
    names: tuple[str, str] = ("", "")
    ways: tuple[tuple[OwnedId, Way], ...] = ()

    @property
    def pair(self) -> Pair:
        return Pair(self.keeper, self.loser)

    @property
    def keeper_name(self) -> str:
        """The keeper as people read it, `namespace/name` where the name alone is not enough."""
        return self.names[0] or self.keeper[2]

    @property
    def loser_name(self) -> str:
        return self.names[1] or self.loser[2]

    @property
    def title(self) -> str:
        what = counted([owned.id for owned in self.resources])
        if self.keeper == self.loser:
            return f"Bring {what} into {self.loser_name} only once"
        return f"Take {what} out of {self.loser_name}"


@dataclass(frozen=True, slots=True)
class Planned:
    """The findings, now with their fixes, and the plans behind those."""

    findings: tuple[Finding, ...]
    plans: tuple[FixPlan, ...]


def plan_fixes(
    snapshot: Snapshot,
    analysis: Analysis,
    findings: Sequence[Finding],
    policy: Policy,
    live: Live | None = None,
) -> Asking[Planned]:
    """Prove what the findings propose. Findings whose proposals cannot be proven say why, and tell nobody to follow
    them."""
    partitions, holders = snapshot.once(partitions_of, policy, live, None), Holders(snapshot, policy, live)
    pairs: dict[tuple[ApplicationKey, ApplicationKey], list[tuple[Finding, Removal]]] = {}
    for finding in findings:
        for removal in finding.removals if finding.suppressed is None else ():
            pairs.setdefault((removal.keeper, removal.loser), []).append((finding, removal))
    plans: list[FixPlan] = []
    by_step: dict[Step, list[frozenset[Step]]] = {}  # the steps of each plan
    outcomes = Outcomes()
    for (keeper, loser), members in pairs.items():
        waiting = [removal for _, removal in members if not _is_planned(removal, by_step, outcomes)]
        trial = yield from Trials(snapshot, analysis, keeper, loser, partitions.of).run(waiting, outcomes)
        if trial is None:
            continue
        taken = {id(way) for way in trial.ways}
        settled = [(f, r, way) for f, r in members if (way := outcomes.way(r)) is not None and id(way) in taken]
        resources = tuple(removal.resource for _, removal, _ in settled)
        risky = trial.proof.cautions or any(may_lose(snapshot, o) for o in resources)
        plans.append(
            FixPlan(
                Pair(keeper, loser).key(snapshot.names),
                keeper,
                loser,
                trial.steps,
                tuple(finding for finding, _, _ in settled),
                resources,
                Applicability.UNSAFE if risky else Applicability.SAFE,
                _held(snapshot, loser, resources, holders) if not trial.proof.cautions else {},
                (_label(snapshot, keeper), _label(snapshot, loser)),
                tuple((removal.resource, way) for _, removal, way in settled),
                edits=trial.edits,
                proof=trial.proof,
            )
        )
        all_steps = frozenset(trial.steps)
        for step in all_steps:
            by_step.setdefault(step, []).append(all_steps)
    sizes = Counter(finding.topic.key for finding in findings)
    teller = _Teller(snapshot, plans, outcomes)
    told = tuple(teller.told(f, "it" if sizes[f.topic.key] == 1 else "them") for f in findings)
    return Planned(told, tuple(plans))


def fitting(tree: Tree, plans: Sequence[FixPlan]) -> tuple[list[FixPlan], list[FixPlan]]:
    """Plans whose edits can be made at once, and those that have to wait, since they touch the same lines."""
    if _fit(tree, plans):
        return list(plans), []
    now: list[FixPlan] = []
    later: list[FixPlan] = []
    for plan in plans:
        (now if _fit(tree, (*now, plan)) else later).append(plan)
    return now, later


def _fit(tree: Tree, plans: Sequence[FixPlan]) -> bool:
    try:
        edits_for(tree, [step for plan in plans for step in plan.steps])
    except GitopsError:
        return False
    return True


def _is_planned(removal: Removal, by_step: Mapping[Step, Sequence[frozenset[Step]]], outcomes: Outcomes) -> bool:
    """Whether another pair's plan does what settles this one too, proven for everyone who renders it. `by_step` are
    the plans that have a step."""
    for way in removal.ways:
        if any(steps.issuperset(way) for steps in by_step.get(way[0], ())):
            outcomes.accept([removal], way)
            return True
    return False


def _label(snapshot: Snapshot, key: ApplicationKey) -> str:
    return snapshot.by_key[key].application.label


def _held(
    snapshot: Snapshot, loser: ApplicationKey, resources: Sequence[OwnedId], holders: Holders
) -> Mapping[OwnedId, Held]:
    application = snapshot.by_key[loser].application
    return {owned_id: holders.held_by(owned_id, application) for owned_id in resources}


class _Teller:
    """Puts what is proven into the findings. What many go by is worked out once."""

    def __init__(self, snapshot: Snapshot, plans: Sequence[FixPlan], outcomes: Outcomes) -> None:
        self._snapshot, self._outcomes = snapshot, outcomes
        self._plans: dict[Step, list[tuple[frozenset[Step], bool]]] = {}
        for plan in plans:
            steps = frozenset(plan.steps)
            for step in steps:
                self._plans.setdefault(step, []).append((steps, plan.applicability is Applicability.UNSAFE))
        self._planned: dict[int, list[bool]] = {}
        self._fixes: dict[tuple[int, ...], Fix] = {}

    def told(self, finding: Finding, it: str) -> Finding:
        """The finding with what is proven of its removals: told, and offered as a fix where a machine may do it."""
        if not finding.removals or finding.suppressed is not None:
            return finding
        sentences: list[str] = []
        reasons: list[str] = []
        proven: list[Way] = []
        for removal in finding.removals:
            loser = _label(self._snapshot, removal.loser)
            way = self._outcomes.way(removal)
            if way is None:
                reason = without_way(removal.cause, self._outcomes.reason(removal))
                reasons.append(reason)
                sentences.append(f"argofix offers no edit that takes {it} out of `{loser}`: {reason}.")
            else:
                sentences.append(sentence(way, loser))
                proven.append(way)
        advice = " ".join(dict.fromkeys(filter(None, (finding.topic.advice, *sentences))))
        message = finding.message
        if reasons:
            message += f"; no fix is offered: {'; '.join(dict.fromkeys(reasons))}"
        return replace(
            finding,
            topic=replace(finding.topic, advice=advice),
            message=message,
            steps=tuple(dict.fromkeys(step for way in proven for step in way)),
            fix=self._fix([way for way in proven if self._in_plans(way)]),
        )

    def _in_plans(self, way: Way) -> list[bool]:
        """Of each plan that does all of this whether it is unsafe."""
        if id(way) not in self._planned:
            self._planned[id(way)] = [
                unsafe for steps, unsafe in self._plans.get(way[0], ()) if steps.issuperset(way)
            ]
        return self._planned[id(way)]

    def _fix(self, ways: Sequence[Way]) -> Fix | None:
        key = tuple(id(way) for way in ways)
        if ways and key not in self._fixes:
            steps = tuple(dict.fromkeys(step for way in ways for step in way))
            unsafe = any(True in self._in_plans(way) for way in ways)
            applicability = Applicability.UNSAFE if unsafe else Applicability.SAFE
            self._fixes[key] = Fix(title(steps), edits_for(self._snapshot.tree, steps), applicability)
        return self._fixes.get(key)
