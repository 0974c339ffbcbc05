"""From findings to proven fixes: one plan per pair of keeper and loser."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from checks.model import Finding, Removal
from checks.ownership.conflicts import Partitions
from checks.ownership.holder import Held, Holders
from checks.ownership.proof import Expectation, Proof, Row, prove
from checks.policy import Policy
from gitops.deletions.data import may_lose
from gitops.errors import GitopsError
from gitops.kustomization import Reference
from gitops.live import Live
from gitops.removal import CannotRemove, remove_entries
from gitops.rendering import Output, RenderRequest
from gitops.snapshot import ApplicationKey, OwnedId, Snapshot
from gitops.sources import Analysis
from gitops.spans import Applicability, Edit, Fix
from gitops.tree import Tree

# Trying entries one by one when the whole pair cannot be proven costs a discovery each.
MAX_SINGLE_TRIALS = 12

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")

Planning = Generator[Sequence[RenderRequest], Mapping[str, Output], "Planned"]


@dataclass(frozen=True, slots=True)
class FixPlan:
    """A proven fix.

    `key` names the pair in marks and branches, the same for as long as the two Applications are called so and stay in
    their root. `references` are the entries it takes out, `edits` the lines, `findings` what it settles. `keeper`
    equals `loser` when one Application brings a resource twice. `held` tells whether the loser holds the live
    objects; it is empty when nobody could be asked.
    """

    key: str
    keeper: ApplicationKey
    loser: ApplicationKey
    references: tuple[Reference, ...]
    edits: tuple[Edit, ...]
    findings: tuple[Finding, ...]
    resources: tuple[OwnedId, ...]
    proof: Proof
    applicability: Applicability
    held: Mapping[OwnedId, Held] = field(default_factory=dict)

    @property
    def cautions(self) -> tuple[str, ...]:
        return self.proof.cautions


@dataclass(frozen=True, slots=True)
class Planned:
    """The findings, now with their fixes, and the plans behind those."""

    findings: tuple[Finding, ...]
    plans: tuple[FixPlan, ...]


@dataclass(frozen=True, slots=True)
class _Trial:
    references: tuple[Reference, ...]
    edits: tuple[Edit, ...]
    proof: Proof


def plan_fixes(
    snapshot: Snapshot,
    analysis: Analysis,
    findings: Sequence[Finding],
    policy: Policy,
    live: Live | None = None,
) -> Planning:
    """Prove what the findings propose. Findings whose proposal cannot be proven say why."""
    partitions, holders = Partitions(snapshot, policy, live), Holders(snapshot, policy, live)
    pairs: dict[tuple[ApplicationKey, ApplicationKey], list[tuple[Finding, Removal]]] = {}
    for finding in findings:
        for removal in finding.removals if finding.suppressed is None else ():
            pairs.setdefault((removal.keeper, removal.loser), []).append((finding, removal))
    plans: list[FixPlan] = []
    refused: dict[int, str] = {}
    for (keeper, loser), members in pairs.items():
        by_reference: dict[Reference, set[OwnedId]] = {}
        for _, removal in members:
            by_reference.setdefault(removal.reference, set()).add(removal.resource)
        if any(by_reference.keys() <= set(plan.references) for plan in plans):
            continue  # another pair's plan takes the same entries out, proven for everyone who renders them
        trial, failures = yield from _try(snapshot, analysis, keeper, loser, by_reference, partitions)
        for finding, removal in members:
            if removal.reference in failures:
                refused[id(finding)] = failures[removal.reference]
        if trial is None:
            continue
        taken = set(trial.references)
        settled = tuple(finding for finding, removal in members if removal.reference in taken)
        resources = tuple(removal.resource for _, removal in members if removal.reference in taken)
        risky = trial.proof.cautions or any(may_lose(snapshot, o) for o in resources)
        applicability = Applicability.UNSAFE if risky else Applicability.SAFE
        plans.append(
            FixPlan(
                _key(snapshot, keeper, loser),
                keeper,
                loser,
                trial.references,
                trial.edits,
                settled,
                resources,
                trial.proof,
                applicability,
                _held(snapshot, loser, resources, holders) if not trial.proof.cautions else {},
            )
        )
    return Planned(tuple(_with_fix(f, plans, refused.get(id(f))) for f in findings), tuple(plans))


def _held(
    snapshot: Snapshot, loser: ApplicationKey, resources: Sequence[OwnedId], holders: Holders
) -> Mapping[OwnedId, Held]:
    application = snapshot.by_key[loser].application
    return {owned_id: holders.held_by(owned_id, application) for owned_id in resources}


def _key(snapshot: Snapshot, keeper: ApplicationKey, loser: ApplicationKey) -> str:
    names = [key[2] for key in dict.fromkeys((keeper, loser))]
    key = _UNSAFE.sub("-", "--".join(names)).strip("-.")[:80]
    # The same pair may stand in several roots (one overlay per cluster); then the root belongs to its name.
    if any(sum(other[2] == name for other in snapshot.by_key) > 1 for name in names):
        key += "-" + hashlib.sha256("\0".join((*keeper, *loser)).encode()).hexdigest()[:6]
    return key


def edits_for(tree: Tree, references: Sequence[Reference]) -> tuple[Edit, ...]:
    """The edits that take these entries out of their files. Raises `CannotRemove`."""
    by_file: dict[str, list[Reference]] = {}
    for reference in dict.fromkeys(references):
        by_file.setdefault(reference.kustomization, []).append(reference)
    edits: list[Edit] = []
    for path, listed in by_file.items():
        resolved = tree.resolve(path)
        if resolved != path:
            raise CannotRemove(f"{path} is a symlink")
        edits.extend(remove_entries(path, tree.read(path), listed))
    return tuple(edits)


def _try(
    snapshot: Snapshot,
    analysis: Analysis,
    keeper: ApplicationKey,
    loser: ApplicationKey,
    by_reference: Mapping[Reference, set[OwnedId]],
    partitions: Partitions,
) -> Generator[Sequence[RenderRequest], Mapping[str, Output], tuple[_Trial | None, dict[Reference, str]]]:
    def attempt(
        references: Sequence[Reference],
    ) -> Generator[Sequence[RenderRequest], Mapping[str, Output], _Trial]:
        try:
            edits = edits_for(snapshot.tree, references)
        except GitopsError as error:
            return _Trial(tuple(references), (), Proof((Row("The entry can be taken out", str(error), False),)))
        lost = frozenset().union(*(by_reference[reference] for reference in references))
        expected = Expectation(keeper, loser, lost)
        proof = yield from prove(snapshot, analysis, edits, expected, partitions.of)
        return _Trial(tuple(references), edits, proof)

    everything = list(by_reference)
    trial = yield from attempt(everything)
    if trial.proof.holds:
        return trial, {}
    if len(everything) == 1 or len(everything) > MAX_SINGLE_TRIALS:
        return None, dict.fromkeys(everything, trial.proof.failure)
    failures: dict[Reference, str] = {}
    for reference in everything:
        single = yield from attempt([reference])
        if not single.proof.holds:
            failures[reference] = single.proof.failure
    good = [reference for reference in everything if reference not in failures]
    if not good or len(good) == len(everything):
        return None, failures or dict.fromkeys(everything, trial.proof.failure)
    trial = yield from attempt(good)
    if trial.proof.holds:
        return trial, failures
    return None, {**dict.fromkeys(good, trial.proof.failure), **failures}


def _with_fix(finding: Finding, plans: Sequence[FixPlan], refusal: str | None) -> Finding:
    wanted = {removal.reference for removal in finding.removals}
    if not wanted:
        return finding
    edits: dict[Edit, None] = {}
    unsafe = False
    taken: list[Reference] = []
    for plan in plans:
        for reference in plan.references:
            if reference not in wanted:
                continue
            taken.append(reference)
            unsafe = unsafe or plan.applicability is Applicability.UNSAFE
            for edit in plan.edits:
                own = edit.span.line <= reference.span.line <= edit.span.end_line
                if edit.span.path == reference.kustomization and (own or "[]" in edit.replacement):
                    edits[edit] = None
    if not edits:
        reason = refusal or "the fix could not be proven"
        topic = replace(finding.topic, advice=f"{finding.topic.advice} argofix offers no edit: {reason}.")
        return replace(finding, topic=topic, message=f"{finding.message}; no fix is offered: {reason}")
    what = " and ".join(f"`{reference.value}`" for reference in dict.fromkeys(taken))
    title = f"Remove {what} from {taken[0].kustomization}"
    applicability = Applicability.UNSAFE if unsafe else Applicability.SAFE
    return replace(finding, fix=Fix(title, tuple(edits), applicability))
